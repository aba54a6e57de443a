// Reviews without leaving the page: the sound plays on, and the reader stays where they are.

import { typing } from "./site.js";

const PARTS = ["state", "refused", "track"]; // what else a review changes, by id
const VERDICTS = { y: "confirmed", n: "rejected" };

/** Send the review forms below `root` by themselves, and y and n of the insight in focus;
    `renew` puts a turn's text in place of the old. */
export function reviewing(root, renew) {
  root.addEventListener("submit", (event) => {
    const item = event.target.closest(".review") && event.target.closest("[data-turn]");
    if (!item) return;
    event.preventDefault();
    say(item, new FormData(event.target, event.submitter), renew);
  });
  document.addEventListener("keydown", (event) => {
    const verdict = VERDICTS[event.key];
    const item = document.activeElement?.closest("[data-turn]");
    if (!verdict || !item?.querySelector(".review") || typing(event.target)) return;
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    const said = new FormData();
    said.set("verdict", verdict);
    say(item, said, renew);
  });
}

async function say(item, said, renew) {
  if (item.ariaBusy) return;
  item.ariaBusy = "true";
  try {
    const page = await sent(item.querySelector(".review form").action, said);
    const fresh = page.getElementById(item.id);
    if (!fresh) throw new Error("another page came back");
    for (const id of PARTS) document.getElementById(id)?.replaceWith(page.getElementById(id));
    mark(item.dataset.turn, page, renew);
    swap(item, fresh);
  } catch {
    const alert = Object.assign(document.createElement("p"), { className: "notice bad", role: "alert" });
    alert.textContent = "Your review was not kept: see whether you are still logged in, and try again.";
    document.getElementById("refused").replaceChildren(alert);
  } finally {
    item.ariaBusy = null;
  }
}

async function sent(address, said) {
  const body = new URLSearchParams(said);
  const answer = await fetch(address, { method: "POST", body, headers: { accept: "text/html" } });
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

function mark(turn, page, renew) {
  const text = (root) => root.querySelector(`#turn-${turn} .text`);
  if (text(document)) renew(text(document), document.adoptNode(text(page)));
}

/** Focus stays with what can be done next, and what came of it is said. */
function swap(item, fresh) {
  const focused = item.contains(document.activeElement);
  const onLink = document.activeElement.tagName === "A";
  item.replaceWith(document.adoptNode(fresh));
  if (focused) (onLink ? fresh.querySelector("a") : fresh.querySelector(".review button")).focus({ preventScroll: true });
  const verdict = fresh.querySelector(".verdict")?.textContent ?? "Not reviewed";
  document.getElementById("reviewed").textContent = verdict;
}
