// "Missed here": words selected in the transcript become the quote of the form that adds them.

import { textNodes } from "./words.js";

/** Offer `button` below a selection in one turn; it brings `form` there, filled in. */
export function missing(form, button) {
  if (!form) return;
  let chosen = null;
  document.addEventListener("selectionchange", () => {
    chosen = selected();
    button.hidden = !chosen;
    if (chosen) beside(button, chosen.box);
  });
  button.addEventListener("pointerdown", (event) => event.preventDefault()); // keeps the selection
  button.addEventListener("click", () => {
    fill(form, chosen);
    document.getElementById(`turn-${chosen.turn}`).after(form);
    form.open = true;
    getSelection().removeAllRanges();
    form.querySelector("[name=kind]:checked").focus({ preventScroll: true });
    form.scrollIntoView({ block: "nearest" });
  });
  form.addEventListener("input", (event) => {
    if (event.target.name === "quote") place(form, { turn: "", start: "", end: "" }); // typed anew
  });
}

/** The selected words of a turn with their place in its text; null for none. */
function selected() {
  const range = getSelection().rangeCount ? getSelection().getRangeAt(0) : null;
  const text = range && element(range.startContainer).closest(".transcript .text");
  if (!text || range.collapsed) return null;
  const [before, quote] = measured(text, range);
  if (!quote.trim()) return null;
  const turn = text.closest(".turn").id.replace("turn-", "");
  const start = letters(before);
  return { turn, quote, start, end: start + letters(quote), box: range.getBoundingClientRect() };
}

/** A turn's text before a range, and in it. */
function measured(text, range) {
  let [before, quote] = ["", ""];
  for (const node of textNodes(text)) {
    const start = node === range.startContainer ? range.startOffset : 0;
    const end = node === range.endContainer ? range.endOffset : node.length;
    if (!range.intersectsNode(node)) {
      if (!quote) before += node.data;
      continue;
    }
    if (!quote) before += node.data.slice(0, start);
    quote += node.data.slice(start, end);
  }
  return [before, quote];
}

const letters = (text) => [...text].length; // as Python counts: code points
const element = (node) => (node.nodeType === Node.TEXT_NODE ? node.parentElement : node);

function beside(button, box) {
  const right = document.documentElement.clientWidth - button.offsetWidth - 8;
  button.style.left = `${Math.max(8, Math.min(box.left, right)) + scrollX}px`;
  button.style.top = `${box.bottom + scrollY + 8}px`;
}

function fill(form, { turn, quote, start, end }) {
  form.querySelector("[name=quote]").value = quote;
  place(form, { turn, start, end });
}

function place(form, { turn, start, end }) {
  form.querySelector("[name=turn]").value = turn;
  form.querySelector("[name=char_start]").value = start;
  form.querySelector("[name=char_end]").value = end;
}
