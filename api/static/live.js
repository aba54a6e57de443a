// Parts of a page that the server renders afresh while something is on the way.

import { sayTimes } from "./times.js";

const EVERY_MS = 2000;
const ids = (parent) => [...parent.children].map((child) => child.id).join();

/** Put `fresh` in place of `old` where it differs; below [data-parts] child by child, so that
    focus, selection and a half-done click on what did not change are left alone. */
export function freshen(old, fresh) {
  if (old.outerHTML === fresh.outerHTML) return;
  if ("parts" in old.dataset && ids(old) === ids(fresh)) {
    const children = [...fresh.children];
    [...old.children].forEach((child, i) => freshen(child, children[i]));
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
