// Links to a moment or a stretch of the call: copied, or shown to be copied by hand.

import { clock } from "./times.js";

const TOLD_MS = 4000;

/** Copy what the buttons below `root` that have a [data-link] link to; each turn is given one. */
export function sharing(root) {
  for (const turn of root.querySelectorAll(".turn[data-clip]")) turn.append(buttonFor(turn));
  root.addEventListener("click", (event) => {
    const button = event.target.closest("[data-link]");
    if (button) share(button, new URL(location.pathname + button.dataset.link, location.href).href);
  });
}

/** The seconds at which a turn begins and ends, as far as they are known. */
export function stretchOf(turn) {
  return turn.dataset.clip.split(" ").filter(Boolean).map(Number);
}

function buttonFor(turn) {
  const [from, to] = stretchOf(turn);
  const button = Object.assign(document.createElement("button"), { className: "plain share", textContent: "Link" });
  button.ariaLabel = `Copy link to ${from === undefined ? "this turn" : clock(from)}`;
  const asked = [["from", from], ["to", to]].filter(([, second]) => second !== undefined);
  const query = asked.map(([name, second]) => `${name}=${second.toFixed(2)}`).join("&");
  button.dataset.link = `${query && `?${query}`}#${turn.id}`;
  return button;
}

/** Copy `link`, and say so on `button` and to a screen reader. */
export async function share(button, link) {
  if (!(await copied(link))) return byHand(link);
  const words = [...button.childNodes];
  if (button.dataset.told === undefined) {
    button.dataset.told = "";
    button.replaceChildren("Copied");
    setTimeout(() => {
      button.replaceChildren(...words);
      delete button.dataset.told;
    }, TOLD_MS);
  }
  const status = document.getElementById("copied");
  status.textContent = "";
  requestAnimationFrame(() => { status.textContent = "Link copied"; }); // also the second time
}

async function copied(link) {
  try {
    await navigator.clipboard.writeText(link); // there is none without https, but on this machine
    return true;
  } catch {
    return copiedAsBefore(link);
  }
}

/** As browsers copied before they had a clipboard for pages: still the way without https. */
function copiedAsBefore(link) {
  const focused = document.activeElement;
  const area = Object.assign(document.createElement("textarea"), { value: link, readOnly: true, className: "unseen" });
  document.body.append(area);
  area.select();
  let done = false;
  try {
    done = document.execCommand("copy");
  } catch {
    // Not allowed either.
  }
  area.remove();
  focused?.focus({ preventScroll: true });
  return done;
}

function byHand(link) {
  const dialog = document.getElementById("by-hand");
  const field = dialog.querySelector("input");
  field.value = link;
  dialog.showModal();
  field.select();
}
