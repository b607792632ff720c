"use strict";
// The page of the debugger: shows one step, and moves by buttons, keys and the slider.
const byId = (id) => document.getElementById(id);
const SECOND = 1000;
let steps = [], sources = {}, at = 0, timer = 0;

function show(index) {
  at = Math.max(0, Math.min(steps.length - 1, index));
  const kind = (text) => text.split(" ")[0];
  const closed = new Set([...document.querySelectorAll("details:not([open]) summary")].map((s) => kind(s.textContent)));
  byId("title").textContent = steps[at].title;
  byId("step").innerHTML = steps[at].html;
  for (const pre of document.querySelectorAll("[data-source]")) {
    pre.textContent = sources[pre.dataset.source];
    pre.parentElement.open = !closed.has(kind(pre.dataset.source));
  }
  byId("slider").value = at;
  byId("first").disabled = byId("back").disabled = at === 0;
  byId("last").disabled = byId("next").disabled = at === steps.length - 1;
  if (at === steps.length - 1) pause();
}

function pause() {
  clearInterval(timer);
  timer = 0;
  byId("play").textContent = "play";
}

function play() {
  if (timer) return pause();
  if (at === steps.length - 1) show(0);
  timer = setInterval(() => show(at + 1), SECOND);
  byId("play").textContent = "pause";
}

const actions = { first: () => show(0), back: () => show(at - 1), play, next: () => show(at + 1),
  last: () => show(steps.length - 1) };
const keys = { ArrowLeft: "back", ArrowRight: "next", " ": "play", Home: "first", End: "last", b: "back", n: "next" };
for (const [name, action] of Object.entries(actions)) byId(name).addEventListener("click", action);
byId("slider").addEventListener("input", (event) => show(+event.target.value));
document.addEventListener("keydown", (event) => {
  const name = keys[event.key];
  const own = event.target.closest("button, summary, input");
  if (!name || event.ctrlKey || event.metaKey || event.altKey || (own && event.key === " ")) return;
  event.preventDefault();
  actions[name]();
});

async function start() {
  const packed = Uint8Array.from(atob(JSON.parse(byId("data").textContent)), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  ({ steps, sources } = JSON.parse(await new Response(stream).text()));
  show(location.hash ? +location.hash.slice(1) - 1 : 0);
  document.body.dataset.ready = Math.round(performance.now());
}
start();
