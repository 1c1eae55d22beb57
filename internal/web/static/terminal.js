// Output of programs as lines of text and spans, by the same rules as ansi.py: colours become classes, everything else
// that is meant for terminals is taken out. Nothing is ever read as HTML.

const MOST_LINES = 10000;
const LONGEST_LINE = 4000;
const TOKEN = new RegExp(
  "\\x1b\\[([0-9;:]{0,64})m" +
  "|\\x1b(?:\\[[0-?]*[ -/]*[@-~]|\\][^\\x07\\x1b]*(?:\\x07|\\x1b\\\\)|[()][0-9A-Za-z]|[@-Z\\\\^_`-~=>78])" +
  "|([\\r\\n])" +
  "|[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f]", "g");
const OPEN = /\x1b(?:\[[0-?]{0,64}[ -/]{0,4}|\][^\x07\x1b]{0,200}\x1b?|[()])?$/;
const ON = { 1: "b", 2: "d", 3: "i", 4: "u" };
const OFF = { 22: "bd", 23: "i", 24: "u" };

class Style {
  flags = new Set();
  colors = {};

  get classes() {
    return [...[...this.flags].sort(), ...Object.keys(this.colors).sort().map((kind) => this.colors[kind])].join(" ");
  }

  apply(parameters) {
    const codes = parameters.replaceAll(":", ";").split(";").map((code) => Number(code.slice(0, 4)));
    while (codes.length) {
      const code = codes.shift();
      if (code === 38 || code === 48) this.#extended(code === 38 ? "f" : "g", codes);
      else this.#set(code);
    }
  }

  #set(code) {
    if (code === 0) { this.flags.clear(); this.colors = {}; }
    else if (ON[code]) this.flags.add(ON[code]);
    else if (OFF[code]) for (const flag of OFF[code]) this.flags.delete(flag);
    else if (code === 39 || code === 49) delete this.colors[code === 39 ? "f" : "g"];
    else if ((code >= 30 && code <= 37) || (code >= 40 && code <= 47)) this.#color(code < 40 ? "f" : "g", code % 10);
    else if ((code >= 90 && code <= 97) || (code >= 100 && code <= 107)) this.#color(code < 100 ? "f" : "g", code % 10 + 8);
  }

  #color(kind, number) {
    this.colors[kind] = kind + number;
  }

  #extended(kind, codes) {
    const mode = codes.shift();
    const values = codes.splice(0, { 5: 1, 2: 3 }[mode] ?? 0);
    delete this.colors[kind];
    if (mode === 5 && values[0] < 16) this.#color(kind, values[0]);
  }
}

/** Takes bytes of a step's log piece by piece; `flush` puts what is new into `box`, which keeps its last lines. */
export class Terminal {
  #decoder = new TextDecoder();
  #style = new Style();
  #done = [];
  #line = document.createElement("div");
  #length = 0;
  #returned = false;
  #rest = "";
  #cut = false;

  constructor(box) {
    this.box = box;
  }

  feed(bytes) {
    let text = this.#rest + this.#decoder.decode(bytes, { stream: true });
    this.#rest = OPEN.exec(text)?.[0] ?? "";
    text = text.slice(0, text.length - this.#rest.length);
    let place = 0;
    for (const token of text.matchAll(TOKEN)) {
      this.#print(text.slice(place, token.index));
      place = token.index + token[0].length;
      if (token[1] !== undefined) this.#style.apply(token[1]);
      else if (token[2] === "\r") this.#returned = true;
      else if (token[2]) this.#endLine();
    }
    this.#print(text.slice(place));
  }

  /** Returns whether lines at the beginning had to go. */
  flush() {
    const fresh = this.#done.splice(0);
    if (this.#line.hasChildNodes() && !this.#line.isConnected) fresh.push(this.#line);
    // Counted once: the browser counts children anew after every change.
    const surplus = this.box.childElementCount + fresh.length - MOST_LINES;
    for (let old = Math.min(surplus, this.box.childElementCount); old > 0; old -= 1) this.box.firstElementChild.remove();
    const lines = document.createDocumentFragment();
    for (const line of fresh.slice(-MOST_LINES)) lines.append(line);
    this.box.append(lines);
    const cut = this.#cut || surplus > 0;
    this.#cut = false;
    return cut;
  }

  #print(text) {
    if (text && this.#returned) {
      this.#line.replaceChildren();
      this.#length = 0;
      this.#returned = false;
    }
    while (text) {
      const room = LONGEST_LINE - this.#length;
      this.#add(text.slice(0, room));
      text = text.slice(room);
      if (text) this.#endLine();
    }
  }

  #add(text) {
    const classes = this.#style.classes;
    const part = document.createElement("span");
    part.textContent = text;
    part.className = classes;
    this.#line.append(classes ? part : text);
    this.#length += text.length;
  }

  #endLine() {
    if (!this.#line.isConnected) this.#done.push(this.#line);
    if (this.#done.length > 2 * MOST_LINES) {
      this.#done.splice(0, MOST_LINES);
      this.#cut = true;
    }
    this.#line = document.createElement("div");
    this.#length = 0;
    this.#returned = false;
  }
}
