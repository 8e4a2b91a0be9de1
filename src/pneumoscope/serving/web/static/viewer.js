// The film on a canvas: window and level, zoom, move, invert, rotate, and the heatmap over it.
const canvas = document.querySelector("#film");
const PLAIN = { centre: 127.5, width: 255, zoom: 1, x: 0, y: 0, turns: 0, invert: false };
const LARGEST = 12;

class Viewer {
  constructor(target) {
    this.canvas = target;
    this.context = target.getContext("2d");
    this.said = document.querySelector("#viewer-said");
    this.output = document.querySelector("#window");
    this.view = { ...PLAIN, heat: Boolean(target.dataset.heat) };
    this.pointers = new Map();
  }

  async open() {
    try {
      const film = await load(this.canvas.dataset.pixels);
      this.heat = this.canvas.dataset.heat ? await load(this.canvas.dataset.heat) : null;
      this.layer = new OffscreenCanvas(film.naturalWidth, film.naturalHeight);
      const inside = this.layer.getContext("2d", { willReadFrequently: true });
      inside.drawImage(film, 0, 0);
      this.shown = inside.getImageData(0, 0, this.layer.width, this.layer.height);
      this.grey = new Uint8Array(this.shown.data.length / 4);
      for (let place = 0; place < this.grey.length; place += 1) this.grey[place] = this.shown.data[4 * place];
    } catch {
      this.said.textContent = "There is no picture of this film.";
      this.canvas.hidden = true;
      document.querySelector(".tools").hidden = true;
      return;
    }
    this.said.hidden = true;
    new ResizeObserver(() => this.fit()).observe(this.canvas);
    this.listen();
    this.fit();
  }

  fit() {
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(this.canvas.clientWidth * ratio);
    this.canvas.height = Math.round(this.canvas.clientHeight * ratio);
    this.paint(true);
  }

  // Grey values through the window, once a frame at most.
  paint(window = false) {
    this.stale = this.stale || window;
    if (this.due) return;
    this.due = requestAnimationFrame(() => {
      this.due = 0;
      if (this.stale) this.develop();
      this.stale = false;
      this.draw();
    });
  }

  develop() {
    const { centre, width, invert } = this.view;
    const table = new Uint8ClampedArray(256);
    for (let grey = 0; grey < 256; grey += 1) {
      const value = ((grey - centre) / width + 0.5) * 255;
      table[grey] = invert ? 255 - Math.max(0, Math.min(255, value)) : value;
    }
    const words = new Uint32Array(this.shown.data.buffer);
    const colours = Uint32Array.from(table, (grey) => 0xff000000 | (grey << 16) | (grey << 8) | grey);
    for (let place = 0; place < words.length; place += 1) words[place] = colours[this.grey[place]];
    this.layer.getContext("2d").putImageData(this.shown, 0, 0);
    this.output.textContent = `window ${Math.round(width)}, level ${Math.round(centre)}`;
  }

  draw() {
    const { context, canvas: target, view, layer } = this;
    const sideways = view.turns % 2 === 1;
    const wide = sideways ? layer.height : layer.width;
    const high = sideways ? layer.width : layer.height;
    const scale = Math.min(target.width / wide, target.height / high) * view.zoom;
    context.resetTransform();
    context.fillStyle = "#000";
    context.fillRect(0, 0, target.width, target.height);
    context.imageSmoothingEnabled = scale < 4;
    context.imageSmoothingQuality = "high";
    const ratio = window.devicePixelRatio || 1;
    context.translate(target.width / 2 + view.x * ratio, target.height / 2 + view.y * ratio);
    context.rotate((view.turns * Math.PI) / 2);
    context.scale(scale, scale);
    context.drawImage(layer, -layer.width / 2, -layer.height / 2);
    if (view.heat && this.heat) {
      context.drawImage(this.heat, -layer.width / 2, -layer.height / 2, layer.width, layer.height);
    }
    target.dataset.drawn = String(Number(target.dataset.drawn || 0) + 1);
  }

  zoom(factor, at) {
    const box = this.canvas.getBoundingClientRect();
    const x = (at?.x ?? box.width / 2) - box.width / 2;
    const y = (at?.y ?? box.height / 2) - box.height / 2;
    const zoom = Math.max(1, Math.min(LARGEST, this.view.zoom * factor));
    const real = zoom / this.view.zoom;
    this.view.x = zoom === 1 ? 0 : x - (x - this.view.x) * real;
    this.view.y = zoom === 1 ? 0 : y - (y - this.view.y) * real;
    this.view.zoom = zoom;
    this.paint();
  }

  // Sideways changes how many greys are told apart, up and down how bright they are.
  window(across, down) {
    this.view.width = Math.max(4, Math.min(1020, this.view.width * Math.exp(across / 250)));
    this.view.centre = Math.max(-128, Math.min(384, this.view.centre + (down * this.view.width) / 400));
    this.paint(true);
  }

  move(across, down) {
    this.view.x += across;
    this.view.y += down;
    this.paint();
  }

  toggle(name) {
    if (name === "heat" && !this.heat) return;
    this.view[name] = !this.view[name];
    document.querySelector(`#${name}`).setAttribute("aria-pressed", String(this.view[name]));
    this.paint(name === "invert");
  }

  rotate() {
    this.view.turns = (this.view.turns + 1) % 4;
    this.paint();
  }

  reset() {
    Object.assign(this.view, PLAIN);
    document.querySelector("#invert").setAttribute("aria-pressed", "false");
    this.paint(true);
  }

  listen() {
    const target = this.canvas;
    target.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY / 400), { x: event.offsetX, y: event.offsetY });
    }, { passive: false });
    target.addEventListener("dblclick", () => this.reset());
    target.addEventListener("pointerdown", (event) => {
      target.setPointerCapture(event.pointerId);
      this.pointers.set(event.pointerId, event);
    });
    for (const name of ["pointerup", "pointercancel"]) {
      target.addEventListener(name, (event) => this.pointers.delete(event.pointerId));
    }
    target.addEventListener("pointermove", (event) => this.drag(event));
    const act = {
      heat: () => this.toggle("heat"), invert: () => this.toggle("invert"), rotate: () => this.rotate(),
      reset: () => this.reset(), nearer: () => this.zoom(1.25), farther: () => this.zoom(0.8),
    };
    for (const [name, what] of Object.entries(act)) document.querySelector(`#${name}`)?.addEventListener("click", what);
    document.addEventListener("keydown", (event) => this.press(event));
  }

  drag(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const across = event.clientX - before.clientX;
    const down = event.clientY - before.clientY;
    if (this.pointers.size > 1) this.pinch(event, across, down);
    else if (event.shiftKey || before.button === 1) this.move(across, down);
    else this.window(across, down);
    this.pointers.set(event.pointerId, event);
  }

  pinch(event, across, down) {
    const other = [...this.pointers.values()].find((pointer) => pointer.pointerId !== event.pointerId);
    const before = this.pointers.get(event.pointerId);
    const far = (pointer) => Math.hypot(pointer.clientX - other.clientX, pointer.clientY - other.clientY) || 1;
    const box = this.canvas.getBoundingClientRect();
    const at = { x: (event.clientX + other.clientX) / 2 - box.left, y: (event.clientY + other.clientY) / 2 - box.top };
    this.move(across / 2, down / 2);
    this.zoom(far(event) / far(before), at);
  }

  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input[type=text], textarea, select")) return;
    const inside = event.target === this.canvas;
    const keys = {
      h: () => this.toggle("heat"), i: () => this.toggle("invert"), r: () => this.rotate(), 0: () => this.reset(),
      "+": () => this.zoom(1.25), "=": () => this.zoom(1.25), "-": () => this.zoom(0.8),
    };
    const arrows = {
      ArrowLeft: () => this.window(-12, 0), ArrowRight: () => this.window(12, 0),
      ArrowUp: () => this.window(0, -8), ArrowDown: () => this.window(0, 8),
    };
    const what = keys[event.key.toLowerCase()] || (inside && arrows[event.key]);
    if (!what) return;
    event.preventDefault();
    what();
  }
}

function load(place) {
  return new Promise((resolve, reject) => {
    const image = new Image();
    image.onload = () => resolve(image);
    image.onerror = reject;
    image.src = place;
  });
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input[type=text], textarea, select")) return;
  const verdicts = { a: "agree", d: "disagree", e: "amend" };
  const steps = { j: "#earlier", k: "#later" };
  const key = event.key.toLowerCase();
  if (steps[key]) document.querySelector(steps[key])?.click();
  const choice = verdicts[key] && document.querySelector(`.verdict input[value=${verdicts[key]}]`);
  if (!choice) return;
  choice.checked = true;
  choice.focus();
});

if (canvas) new Viewer(canvas).open();
