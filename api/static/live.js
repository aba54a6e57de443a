// Parts of a page that the server renders afresh while something is on the way.

import { sayTimes } from "./times.js";

const EVERY_MS = 2000;

/** Put `fresh` in place of `old` where it differs; below [data-parts] child by child, and what more
    there is at its end, so that focus, selection, scrolling and a half-done click on what did not
    change are left alone. */
export function freshen(old, fresh) {
  if (old.outerHTML === fresh.outerHTML) return;
  const [before, after] = [[...old.children], [...fresh.children]];
  if ("parts" in old.dataset && before.every((child, i) => child.id === after[i]?.id)) {
    before.forEach((child, i) => freshen(child, after[i]));
    old.append(...after.slice(before.length));
    return;
  }
  const focused = old.contains(document.activeElement) && document.activeElement;
  old.replaceWith(fresh);
  if (focused) again(fresh, focused)?.focus({ preventScroll: true });
}

function again(root, focused) {
  const address = focused.getAttribute("href") ?? focused.closest("form")?.getAttribute("action");
  const alike = `${focused.tagName}[href="${CSS.escape(address ?? "")}"]`;
  return root.querySelector(alike) ?? root.querySelector("a, button");
}

/** Fetch a fragment of the page; its times said as the reader says them. */
async function fetched(url) {
  const answer = await fetch(url, { headers: { accept: "text/html" } });
  if (!answer.ok || answer.redirected) throw new Error(`${url}: ${answer.status}`);
  const template = document.createElement("template");
  template.innerHTML = await answer.text();
  sayTimes(template.content);
  return template.content;
}

/** Ask every two seconds for what `url()` gives while anything below `root` is on the way, and
    hand it to `show`. Returns a function that asks at once. */
export function watch(root, url, show) {
  let timer = 0;
  const later = () => {
    clearTimeout(timer);
    if (root.querySelector("[data-underway]")) timer = setTimeout(ask, EVERY_MS);
  };
  const ask = async () => {
    try {
      if (!document.hidden) show(await fetched(url()));
    } catch {
      // The server may be restarting: what is shown stays, and the next round asks again.
    }
    later();
  };
  later();
  return ask;
}

const AGAIN_MS = 5000;

/** While anything below `root` is on the way, listen to the server's `events`, and with each one
    fetch `url` and hand it to `show`. A tab that nobody sees lets go of its connection, of which
    a browser allows few. */
export function follow(root, events, url, show) {
  let source = null;
  let asked = Promise.resolve();
  const stop = () => {
    source?.close();
    source = null;
  };
  const listen = () => {
    if (source || document.hidden || !root.querySelector("[data-underway]")) return;
    source = new EventSource(events);
    source.onmessage = () => { asked = asked.then(ask); };
    source.onerror = () => { if (source?.readyState === EventSource.CLOSED) later(); };
  };
  // A new stream begins with where the call is now, so that nothing is missed.
  const later = () => {
    stop();
    setTimeout(listen, AGAIN_MS);
  };
  const ask = async () => {
    try {
      show(await fetched(url));
      if (!root.querySelector("[data-underway]")) stop();
    } catch {
      later(); // the server may be restarting: what is shown stays
    }
  };
  document.addEventListener("visibilitychange", () => (document.hidden ? stop() : listen()));
  listen();
}
