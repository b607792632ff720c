"use strict";
// The page of a graph. place() and apart() do what layout.py does, with the same numbers; the rest is graph_view.py's
// scene: where the boxes are that are to be seen, and the lines between them.
const ACROSS = 24, DOWN = 44, SWEEPS = 4, INSIDE = 14, TITLE = 30, MARGIN = 16, WIDE = 5, MANY = 1500;
const READABLE = 0.75, FITTING = 0.6;  // how much smaller a picture may become; the latter where it fits its place then
const byId = (id) => document.getElementById(id);
const canvas = byId("canvas"), svg = canvas.querySelector("svg");
const layer = svg.appendChild(document.createElementNS(svg.namespaceURI, "g"));
let boxes, edges, chosen = -1;

// --- places ----------------------------------------------------------------------------------------------------------

function apart(goals, widths) {
  const blocks = [], offsets = [];
  let offset = 0;
  goals.forEach((goal, k) => {
    if (k) offset += (widths[k - 1] + widths[k]) / 2 + ACROSS;
    offsets.push(offset);
    let total = goal - offset, n = 1;
    while (blocks.length && blocks.at(-1)[0] / blocks.at(-1)[1] > total / n) {
      const [before, m] = blocks.pop();
      total += before;
      n += m;
    }
    blocks.push([total, n]);
  });
  const starts = blocks.flatMap(([total, n]) => Array(n).fill(total / n));
  return starts.map((start, k) => start + offsets[k]);
}

function place(box) {
  const above = new Map(), below = new Map(), size = box.children.map((c) => [boxes[c].width, boxes[c].height]);
  const add = (map, key, value) => map.has(key) ? map.get(key).push(value) : map.set(key, [value]);
  for (const link of Object.values(box.links)) {
    const known = link.filter((n) => n >= 0);
    for (let k = 1; k < known.length; k++) {
      add(below, known[k - 1], known[k]);
      add(above, known[k], known[k - 1]);
    }
  }
  const x = [], y = [], width = (v) => v < size.length ? size[v][0] : 10, height = (v) => v < size.length ? size[v][1] : 0;
  let top = 0;
  const settle = (row, goals) => apart(goals, row.map(width)).forEach((found, k) => { x[row[k]] = found; });
  for (const row of box.rows) {
    const tall = Math.max(...row.map(height));
    for (const v of row) y[v] = top + tall / 2;
    top += tall + DOWN;
    settle(row, row.map(() => 0));
  }
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const linked = sweep % 2 ? above : below;
    for (const row of sweep % 2 ? box.rows : [...box.rows].reverse()) {
      settle(row, row.map((v) => {
        const others = linked.get(v);
        return others ? others.reduce((sum, u) => sum + x[u], 0) / others.length : x[v];
      }));
    }
  }
  const all = [...x.keys()];
  const left = Math.min(...all.map((v) => x[v] - width(v) / 2)), right = Math.max(...all.map((v) => x[v] + width(v) / 2));
  box.at = all.map((v) => [x[v] - (left + right) / 2, y[v]]);
  const title = Math.min(0.6 * 13 * box.title.length + 24, 260);
  box.width = Math.max(right - left + 2 * INSIDE, title);
  box.height = top - DOWN + (box.parent < 0 ? INSIDE : TITLE) + INSIDE;
}

const at = (box, i) => [box.left + box.width / 2 + box.at[i][0],
  box.top + (box.parent < 0 ? INSIDE : TITLE) + box.at[i][1]];

function visibleBoxes() {
  const found = [0];
  for (let k = 0; k < found.length; k++) if (boxes[found[k]].open) found.push(...boxes[found[k]].children);
  return found;
}

function arrange(visible) {
  for (const b of [...visible].reverse()) {
    const box = boxes[b];
    if (box.open) place(box); else { box.width = box.w; box.height = box.h; }
  }
  boxes[0].left = boxes[0].top = MARGIN;
  for (const b of visible) {
    if (!boxes[b].open) continue;
    boxes[b].children.forEach((c, i) => {
      const [x, y] = at(boxes[b], i);
      boxes[c].left = x - boxes[c].width / 2;
      boxes[c].top = y - boxes[c].height / 2;
    });
  }
}

// --- lines -----------------------------------------------------------------------------------------------------------

const chain = (b) => b < 0 ? [] : [b, ...chain(boxes[b].parent)];

function shown(b) {
  let found = b;
  for (let at = boxes[b].parent; at >= 0; at = boxes[at].parent) if (!boxes[at].open) found = at;
  return found;
}

function between(u, v) {
  let a = u, b = v;
  const out = [], inward = [];
  const kept = (box, start, end) => box.links[`${start},${end}`].slice(1, -1).map((i) => at(box, i));
  while (boxes[a].parent !== boxes[b].parent) {
    if (boxes[a].depth >= boxes[b].depth) {
      out.push(...kept(boxes[boxes[a].parent], boxes[a].index, -1));
      a = boxes[a].parent;
    } else {
      inward.unshift(...kept(boxes[boxes[b].parent], -1, boxes[b].index));
      b = boxes[b].parent;
    }
  }
  return [...out, ...kept(boxes[boxes[a].parent], boxes[a].index, boxes[b].index), ...inward];
}

function path(u, v, aside) {
  const a = boxes[u], b = boxes[v], middle = between(u, v);
  const first = [a.left + a.width / 2, a.top + a.height], x = b.left + b.width / 2;
  const toward = (middle.length ? middle.at(-1) : first)[0] - x;
  const last = [x + Math.max(-b.width / 2 + 12, Math.min(b.width / 2 - 12, toward / 4)), b.top];
  const points = [first, ...middle, last].map(([px, py]) => [px + aside, py]);
  let text = `M${points[0][0].toFixed(1)} ${points[0][1].toFixed(1)}`;
  for (let k = 1; k < points.length; k++) {
    const [[x1, y1], [x2, y2]] = [points[k - 1], points[k]], half = ((y1 + y2) / 2).toFixed(1);
    text += `C${x1.toFixed(1)} ${half} ${x2.toFixed(1)} ${half} ${x2.toFixed(1)} ${y2.toFixed(1)}`;
  }
  return text;
}

function lines() {
  const found = new Map();
  for (const [from, to, backward, tip] of edges) {
    const u = shown(from), v = shown(to);
    if (u === v) continue;
    const key = `${u},${v}`, before = found.get(key);
    if (before) before.backward ||= backward; else found.set(key, { u, v, backward, tip });
  }
  return found.values();
}

// --- drawing ---------------------------------------------------------------------------------------------------------

function element(tag, attributes, parent) {
  const made = document.createElementNS(svg.namespaceURI, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return parent.appendChild(made);
}

function tipped(made, tip) {
  element("title", {}, made).textContent = tip;
}

function draw() {
  const visible = visibleBoxes(), scene = document.createDocumentFragment();
  arrange(visible);
  for (const b of visible) if (boxes[b].open && boxes[b].parent >= 0) drawOpen(b, scene);
  for (const { u, v, backward, tip } of lines()) {
    tipped(element("path", { d: path(u, v, 0), class: "forward" }, scene), tip);
    if (backward) tipped(element("path", { d: path(u, v, WIDE), class: "backward" }, scene), tip);
  }
  for (const b of visible) if (!boxes[b].open) drawCard(b, scene);
  layer.replaceChildren(scene);
  svg.setAttribute("viewBox", `0 0 ${boxes[0].width + 2 * MARGIN} ${boxes[0].height + 2 * MARGIN}`);
  fit();
}

function fit() {
  const width = boxes[0].width + 2 * MARGIN, height = boxes[0].height + 2 * MARGIN;
  const whole = (canvas.clientWidth - 2 * MARGIN) / width;
  const scale = Math.min(1, whole < FITTING ? READABLE : whole);
  svg.setAttribute("width", width * scale);
  svg.setAttribute("height", height * scale);
}

function tell(html) {
  byId("told").innerHTML = html;
  byId("told").hidden = !html;
  fit();
}

function drawOpen(b, parent) {
  const box = boxes[b], g = element("g", { class: "box", tabindex: 0, role: "button", "data-box": b }, parent);
  element("rect", { x: box.left, y: box.top, width: box.width, height: box.height, rx: 8, class: "module" }, g);
  const title = box.title.length > 40 ? `${box.title.slice(0, 20)}…${box.title.slice(-19)}` : box.title;
  element("text", { x: box.left + 12, y: box.top + 20, class: "soft strong" }, g).textContent = `▾ ${title}`;
}

function drawCard(b, parent) {
  const box = boxes[b], classes = b === chosen ? "box chosen" : "box";
  const where = `translate(${box.left.toFixed(1)} ${box.top.toFixed(1)})`;
  element("g", { class: classes, tabindex: 0, role: "button", "data-box": b, transform: where }, parent).innerHTML = box.svg;
}

function choose(b) {
  const box = boxes[b];
  if (box.children) {
    box.open = !box.open;
    draw();
    svg.querySelector(`[data-box="${b}"]`)?.focus({ preventScroll: true });
  } else {
    chosen = b;
    for (const g of svg.querySelectorAll("g.box")) g.classList.toggle("chosen", +g.dataset.box === b);
  }
  if (!box.children || !byId("told").hidden) tell(box.told);
}

function setAll(open) {
  if (open && boxes[0].steps > MANY) {
    tell(`<p>${boxes[0].steps} steps are too many to read at once: open the modules one by one.</p>`);
    return;
  }
  boxes.forEach((box, b) => { if (box.children && b) box.open = open; });
  draw();
}

function find(text) {
  const wanted = text.trim().toLowerCase();
  const hit = (box) => String(box.step) === wanted || box.title.toLowerCase().includes(wanted);
  const order = [...boxes.keys()].slice(1), from = order.filter((b) => b > chosen).concat(order.filter((b) => b <= chosen));
  const b = wanted ? from.find((k) => hit(boxes[k])) : undefined;
  if (b === undefined) return;
  for (let k = boxes[b].parent; k > 0; k = boxes[k].parent) boxes[k].open = true;
  chosen = b;
  draw();
  tell(boxes[b].told);
  svg.querySelector(`[data-box="${b}"]`)?.scrollIntoView({ block: "center", inline: "center" });
}

// --- the start -------------------------------------------------------------------------------------------------------

svg.addEventListener("click", (event) => {
  const g = event.target.closest("[data-box]");
  if (g) choose(+g.dataset.box); else tell("");
});
window.addEventListener("resize", fit);
svg.addEventListener("keydown", (event) => {
  const g = event.target.closest("[data-box]");
  if (g && (event.key === "Enter" || event.key === " ")) {
    event.preventDefault();
    choose(+g.dataset.box);
  }
});
for (const name of ["forward", "backward"]) {
  byId(name).addEventListener("change", (event) => svg.classList.toggle(`without-${name}`, !event.target.checked));
}
byId("open").addEventListener("click", () => setAll(true));
byId("close").addEventListener("click", () => setAll(false));
byId("find").addEventListener("keydown", (event) => { if (event.key === "Enter") find(event.target.value); });

async function start() {
  const packed = Uint8Array.from(atob(JSON.parse(byId("data").textContent)), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  ({ boxes, edges } = JSON.parse(await new Response(stream).text()));
  for (const box of boxes) {
    box.depth = box.parent < 0 ? 0 : boxes[box.parent].depth + 1;
    box.children?.forEach((c, i) => { boxes[c].index = i; });
  }
  draw();
  canvas.scrollLeft = (canvas.scrollWidth - canvas.clientWidth) / 2;
  if (location.hash) find(decodeURIComponent(location.hash.slice(1)));
  document.body.dataset.ready = Math.round(performance.now());
}
start();
