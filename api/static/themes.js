// The queue of doubtful pairs by keyboard: y is the same wish, n a different one.

import { typing } from "./site.js";

const SAME = { y: "true", n: "false" };

document.addEventListener("keydown", (event) => {
  const pair = document.activeElement?.closest("[data-pair]");
  if (!pair || !(event.key in SAME) || typing(event.target)) return;
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  event.preventDefault();
  pair.querySelector(`button[value="${SAME[event.key]}"]`).click();
});

// After a decision the next pair is at hand.
if (location.hash === "#pairs") document.querySelector("[data-pair] a")?.focus();
