// The board of requests: a status changed where the reader is, and the queue of doubtful pairs by
// keyboard: y is the same wish, n a different one.

import { typing } from "./site.js";
import { sayTimes } from "./times.js";

const SAME = { y: "true", n: "false" };
const PARTS = ["told", "statuses"]; // what else a status changes, by id

document.addEventListener("keydown", (event) => {
  const pair = document.activeElement?.closest("[data-pair]");
  if (!pair || !(event.key in SAME) || typing(event.target)) return;
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  event.preventDefault();
  pair.querySelector(`button[value="${SAME[event.key]}"]`).click();
});

document.addEventListener("submit", (event) => {
  const theme = event.target.closest(".status form") && event.target.closest(".board > li");
  if (!theme) return;
  event.preventDefault();
  change(theme, event.target, event.submitter);
});

async function change(theme, form, button) {
  if (theme.ariaBusy) return;
  theme.ariaBusy = "true";
  try {
    const body = new URLSearchParams(new FormData(form, button));
    const answer = await fetch(form.action, { method: "POST", body, headers: { accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    sayTimes(page);
    for (const id of PARTS) document.getElementById(id).replaceWith(page.getElementById(id));
    renew(theme, page.getElementById(theme.id), button);
  } catch {
    const alert = Object.assign(document.createElement("p"), { className: "notice bad", role: "alert" });
    alert.textContent = "The status was not kept: see whether you are still logged in, and try again.";
    document.getElementById("told").replaceChildren(alert);
  } finally {
    theme.ariaBusy = null;
  }
}

/** The theme as it is now. One that the list no longer asks for stays, with its status alone,
    until the list is left. */
function renew(theme, fresh, button) {
  if (fresh) {
    theme.replaceWith(document.adoptNode(fresh));
    fresh.querySelector(".status summary").focus({ preventScroll: true });
    return;
  }
  const status = Object.assign(document.createElement("p"), { className: "soft small", tabIndex: -1 });
  status.textContent = `Now ${button.value}`;
  theme.querySelector(".status").replaceWith(status);
  theme.classList.add("left");
  status.focus({ preventScroll: true });
}

// After a decision the next pair is at hand.
if (location.hash === "#pairs") document.querySelector("[data-pair] a")?.focus();
