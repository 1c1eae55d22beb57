// Keeps a page as it would be if it were loaded again: what changed is put in place, so that focus, selection and scroll
// position stay. The log of a build that runs comes as server-sent events.

import { Terminal } from "./terminal.js";

const EVERY = 3000;
const steps = document.getElementById("steps");
const streaming = Boolean(steps?.dataset.events);
let over = false;
let running = null;
let again = false;

// --- the page ---------------------------------------------------------------------------------------------------------

function refresh() {
  again = running !== null;
  running ??= load().finally(() => {
    running = null;
    if (again) refresh();
  });
  return running;
}

async function load() {
  const address = new URL(location.href);
  if (steps) address.searchParams.set("log", "none");
  const offline = document.getElementById("offline");
  let answer;
  let text;
  try {
    answer = await fetch(address, { headers: { Accept: "text/html" }, signal: AbortSignal.timeout(15000) });
    text = await answer.text();
  } catch {
    offline.hidden = false;
    return;
  }
  offline.hidden = answer.status < 500;
  if (answer.redirected || (answer.status >= 400 && answer.status < 500)) {
    location.reload(); // the session has ended, or the thing is gone; the server says which
  } else if (answer.ok) {
    const page = new DOMParser().parseFromString(text, "text/html");
    document.title = page.title;
    merge(document.querySelector("main"), page.querySelector("main"));
  }
}

function merge(old, fresh) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  if (old.hasAttribute("data-keep")) return;
  for (const { name } of [...old.attributes]) {
    if (name !== "open" && !fresh.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (name !== "open" && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  mergeChildren(old, fresh);
}

function mergeChildren(old, fresh) {
  let place = old.firstChild;
  for (const node of [...fresh.childNodes]) {
    const known = node.id ? [...old.children].find((child) => child.id === node.id) : null;
    if (known && known !== place) old.insertBefore(known, place);
    place = known ?? place;
    if (place && place.nodeName === node.nodeName && (place.id ?? "") === (node.id ?? "")) {
      merge(place, node);
      place = place.nextSibling;
    } else {
      old.insertBefore(node, place);
    }
  }
  while (place && old !== steps) { // logs of what is no step are known here alone
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
}

async function keepFresh() {
  if (!document.hidden) await refresh();
  if (!over) setTimeout(keepFresh, EVERY);
}

// --- the log ----------------------------------------------------------------------------------------------------------

const terminals = new Map();
const encoder = new TextEncoder();
let source = null;
let offset = Number(steps?.dataset.start ?? 0);
let drawing = false;
let following = true;
let lastY = 0;

function listen() {
  if (source || over || document.hidden) return;
  source = new EventSource(`${steps.dataset.events}?offset=${offset}`);
  source.addEventListener("status", refresh);
  source.addEventListener("steps", refresh);
  source.addEventListener("log", (event) => {
    offset = Number(event.lastEventId);
    write(JSON.parse(event.data));
  });
  source.addEventListener("end", async () => {
    over = true;
    hush();
    draw();
    await refresh();
    showFollow();
  });
  source.addEventListener("error", () => {
    if (source?.readyState !== EventSource.CLOSED) return; // it connects again by itself
    hush();
    setTimeout(listen, EVERY);
  });
}

function hush() {
  source?.close();
  source = null;
}

function write(chunk) {
  if (!terminals.size) {
    for (const box of steps.querySelectorAll(".log")) box.replaceChildren(); // the stream brings it again, with what follows
  }
  const key = `${chunk.attempt}:${chunk.step}`;
  if (!terminals.has(key)) terminals.set(key, new Terminal(section(key, chunk).querySelector(".log")));
  const bytes = chunk.base64 === undefined
    ? encoder.encode(chunk.text)
    : Uint8Array.from(atob(chunk.base64), (character) => character.charCodeAt(0));
  terminals.get(key).feed(bytes);
  if (!drawing) requestAnimationFrame(draw);
  drawing = true;
}

function section(key, chunk) {
  const known = document.getElementById(`step-${key}`);
  if (known) return known;
  const made = document.getElementById("section").content.firstElementChild.cloneNode(true);
  made.id = `step-${key}`;
  made.querySelector("b").textContent = `attempt ${chunk.attempt}${chunk.step ? `, step ${chunk.step}` : ""}`;
  steps.append(made);
  return made;
}

function draw() {
  drawing = false;
  for (const terminal of terminals.values()) {
    if (terminal.flush()) document.getElementById("cut").hidden = false;
  }
  if (following) scrollTo(0, document.documentElement.scrollHeight);
  showFollow();
}

function showFollow() {
  const button = document.getElementById("follow");
  if (button) button.hidden = following || over;
}

if (streaming) {
  addEventListener("scroll", () => {
    const left = document.documentElement.scrollHeight - innerHeight - scrollY;
    if (left < 40) following = true;
    else if (scrollY < lastY) following = false;
    lastY = scrollY;
    showFollow();
  }, { passive: true });
  document.getElementById("follow").addEventListener("click", () => {
    following = true;
    draw();
  });
  document.addEventListener("visibilitychange", () => (document.hidden ? hush() : listen()));
  listen();
}

// --- all pages --------------------------------------------------------------------------------------------------------

document.addEventListener("visibilitychange", () => {
  if (!document.hidden && !over) refresh();
});

let sent = -Infinity;
document.addEventListener("submit", (event) => {
  if (event.timeStamp - sent < 1000) event.preventDefault(); // the second click of a double click
  sent = event.timeStamp;
});

setTimeout(keepFresh, EVERY);
