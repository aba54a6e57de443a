// The queue by keyboard: each key presses the button that shows it. The quote is heard in place.

import { typing } from "./site.js";

const LEAD = 1; // seconds before and after the quote

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing) return;
  if (typing(event.target) || document.querySelector("dialog[open]")) return;
  if (event.key === " " && event.target.closest("button, a, summary")) return;
  const target = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (!target) return;
  event.preventDefault();
  target.click();
  if (target.matches("summary")) target.parentElement.querySelector("select, input:not([type=hidden])").focus();
});

const play = document.querySelector("[data-from]");
const sound = document.getElementById("sound");

play?.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  if (!sound.paused) {
    sound.pause();
    return;
  }
  const from = Math.max(0, Number(play.dataset.from) - LEAD);
  const to = Number(play.dataset.to) + LEAD;
  if (sound.currentTime < from || sound.currentTime >= to) sound.currentTime = from;
  sound.ontimeupdate = () => { if (sound.currentTime >= to) sound.pause(); };
  sound.play().catch(() => {}); // what is broken tells so itself
});
sound?.addEventListener("error", () => { document.getElementById("sound-error").hidden = false; });
