// What every page does: times in the reader's zone, and the keyboard.

import { sayTimes } from "./times.js";

export const typing = (target) => target.closest("input, select, textarea, [contenteditable]");

function walk(step) {
  const items = [...document.querySelectorAll("[data-walk]")];
  if (!items.length) return;
  const here = items.indexOf(document.activeElement?.closest("[data-walk]"));
  const next = items[Math.max(0, Math.min(items.length - 1, here + step))];
  const target = next.querySelector("a") ?? next;
  target.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

function showKeys() {
  const keys = document.getElementById("keys");
  if (keys && !keys.open) keys.showModal();
}

const actions = {
  "/": () => {
    const search = document.querySelector("[data-search]");
    search?.focus();
    search?.select();
  },
  j: () => walk(1),
  k: () => walk(-1),
  "?": showKeys,
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (typing(event.target) || document.querySelector("dialog[open]")) return;
  const action = actions[event.key];
  if (!action) return;
  event.preventDefault();
  action();
});

document.querySelector("[data-keys]")?.addEventListener("click", showKeys);
sayTimes(document);
