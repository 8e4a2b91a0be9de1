// Upload of many films: two at a time, each with its progress; results are polled by htmx.
const form = document.querySelector("#upload");
const input = document.querySelector("#files");
const list = document.querySelector("#progress");
const results = document.querySelector("#results");
const batch = results.dataset.batch;
const told = document.querySelector("#taken");
const taken = [0, 0];
const waiting = [];
let busy = 0;

form.classList.add("scripted");
input.addEventListener("change", () => { add(input.files); form.reset(); });
form.addEventListener("submit", (event) => event.preventDefault());
for (const name of ["dragenter", "dragover"]) {
  form.addEventListener(name, (event) => { event.preventDefault(); form.classList.add("over"); });
}
for (const name of ["dragleave", "drop"]) form.addEventListener(name, () => form.classList.remove("over"));
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => { event.preventDefault(); add(event.dataTransfer.files); });

function add(files) {
  for (const file of files) {
    const item = document.createElement("li");
    const name = document.createElement("span");
    const bar = document.createElement("progress");
    const said = document.createElement("span");
    name.className = "name";
    name.textContent = file.name;
    bar.max = 1;
    bar.value = 0;
    said.className = "soft";
    said.textContent = "waits";
    item.append(name, bar, said);
    list.append(item);
    waiting.push({ file, item, bar, said });
  }
  next();
}

function next() {
  while (busy < 2 && waiting.length) send(waiting.shift());
}

function send({ file, item, bar, said }) {
  busy += 1;
  const body = new FormData();
  body.append("batch", batch);
  body.append("file", file);
  const request = new XMLHttpRequest();
  request.open("POST", "/upload");
  request.setRequestHeader("Accept", "application/json");
  request.upload.onprogress = (event) => {
    if (event.lengthComputable) bar.value = event.loaded / event.total;
    said.textContent = "is sent";
  };
  request.onloadend = () => {
    busy -= 1;
    bar.remove();
    tell(item, said, request);
    next();
  };
  request.send(body);
}

function tell(item, said, request) {
  let answer = {};
  try { answer = JSON.parse(request.responseText); } catch { /* no answer, or none of ours */ }
  const one = answer.files?.[0];
  if (request.status === 200 && one?.film) {
    item.remove();
    count(one.new);
    show();
  } else {
    said.textContent = one?.said || answer.detail || "The station does not answer; try again.";
    item.classList.add("bad");
  }
}

function count(fresh) {
  taken[fresh ? 0 : 1] += 1;
  told.hidden = false;
  told.textContent = `${taken[0]} taken` + (taken[1] ? `, ${taken[1]} known already` : "");
}

function show() {
  if (!results.hidden) return;
  results.hidden = false;
  htmx.ajax("GET", `/batches/${batch}`, { target: "#results", swap: "innerHTML" });
}
