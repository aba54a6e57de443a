// The transcript's words: heard by a click or Enter, walked by arrows, lit while they are said.

const PATIENCE_MS = 4000; // after the reader scrolls, following waits so long

export class Words {
  #words = []; // { start, parts: [span, …] }: a quote's edge may lie within a word
  #now = -1;
  #scrolled = 0;
  #here = null;

  constructor(root, hear) {
    this.root = root;
    this.hear = hear;
    for (const text of root.querySelectorAll("[data-w]")) this.#split(text);
    this.#stop(this.#words[0]?.parts[0]);
    root.addEventListener("click", (event) => this.#clicked(event));
    root.addEventListener("keydown", (event) => this.#key(event));
    for (const name of ["wheel", "touchmove"]) {
      addEventListener(name, () => { this.#scrolled = Date.now(); }, { passive: true });
    }
  }

  /** Light the word said at `second`; `follow` brings it into view. */
  show(second, follow) {
    const index = this.#at(second);
    if (index === this.#now) return;
    this.#words[this.#now]?.parts.forEach((span) => span.classList.remove("now"));
    this.#words[index]?.parts.forEach((span) => span.classList.add("now"));
    this.#now = index;
    if (follow) this.reveal();
  }

  /** Bring the lit word into view, unless the reader is scrolling. */
  reveal() {
    if (this.#now >= 0) this.#bring(this.#words[this.#now].parts[0]);
  }

  /** Put `fresh` in place of a turn's text, marked otherwise. */
  renew(old, fresh) {
    const first = old.querySelector("[data-i]")?.dataset.i;
    old.replaceWith(fresh);
    if (first === undefined) return;
    this.#split(fresh, Number(first));
    this.#words[this.#now]?.parts.forEach((span) => span.classList.add("now"));
    if (!this.#here.isConnected) this.#stop(this.#words[first].parts[0]);
  }

  /** Put each word in a span of its own. The text is its words joined by one blank each. */
  #split(text, first = this.#words.length) {
    let hundredths = 0;
    const starts = text.dataset.w.split(" ").map((step) => (hundredths += Number(step)) / 100);
    starts.forEach((start, i) => { this.#words[first + i] = { start, parts: [] }; });
    let index = first;
    for (const node of textNodes(text)) {
      const bits = node.data.split(" ");
      const fresh = document.createDocumentFragment();
      bits.forEach((bit, i) => {
        if (i > 0) {
          fresh.append(" ");
          index += 1;
        }
        if (bit) fresh.append(this.#span(bit, index));
      });
      node.replaceWith(fresh);
    }
  }

  #span(bit, index) {
    const span = document.createElement("span");
    span.textContent = bit;
    span.tabIndex = -1;
    span.dataset.i = index;
    this.#words[index]?.parts.push(span);
    return span;
  }

  #at(second) {
    let [low, high] = [0, this.#words.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#words[middle].start <= second + 0.01) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  #bring(span) {
    if (Date.now() - this.#scrolled < PATIENCE_MS) return;
    const box = span.getBoundingClientRect();
    if (box.top > 0 && box.bottom < innerHeight - 128) return;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    span.scrollIntoView({ block: "center", behavior: still ? "auto" : "smooth" });
  }

  #clicked(event) {
    const span = event.target.closest("[data-i]");
    if (!span || String(getSelection()).trim()) return; // selecting text is not asking to hear it
    this.#stop(span);
    this.hear(this.#words[span.dataset.i].start);
  }

  #key(event) {
    const span = event.target.closest("[data-i]");
    if (!span || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (event.key === "Enter") {
      this.hear(this.#words[span.dataset.i].start);
    } else if (step) {
      const next = this.#words[Number(span.dataset.i) + step]?.parts[0];
      if (next) this.#stop(next).focus();
    } else {
      return;
    }
    event.preventDefault();
  }

  /** The transcript is one stop for the Tab key: the word last walked to. */
  #stop(span) {
    if (this.#here) this.#here.tabIndex = -1;
    if (span) span.tabIndex = 0;
    this.#here = span;
    return span;
  }
}

/** What was said in a turn, without the labels of its marks. */
export function textNodes(text) {
  const walker = document.createTreeWalker(text, NodeFilter.SHOW_TEXT, (node) =>
    node.parentElement.closest(".tag") ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT);
  const nodes = [];
  while (walker.nextNode()) nodes.push(walker.currentNode);
  return nodes;
}
