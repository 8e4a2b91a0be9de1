// Keys of the worklist: arrows go through the films, "/" goes to the search.
"use strict";
document.addEventListener("keydown", (event) => {
  const field = event.target.closest("input, select, textarea");
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/" && !field) {
    event.preventDefault();
    document.querySelector("#filters input[type=search]").focus();
  }
  if (!["ArrowDown", "ArrowUp"].includes(event.key) || field) return;
  const films = [...document.querySelectorAll("#rows td.name a")];
  if (!films.length) return;
  const at = films.indexOf(document.activeElement);
  const step = event.key === "ArrowDown" ? 1 : -1;
  event.preventDefault();
  films[at < 0 ? 0 : Math.max(0, Math.min(films.length - 1, at + step))].focus();
});
for (const field of document.querySelectorAll("#filters select, #filters input[type=radio], #filters input[type=date]")) {
  field.addEventListener("change", () => field.form.requestSubmit());
}
