// A call: hear it, see which word is said, and go from a quote to its second.

import { freshen, watch } from "./live.js";
import { missing } from "./missed.js";
import { Player } from "./player.js";
import { reviewing } from "./review.js";
import { Words } from "./words.js";

const main = document.getElementById("main");
const live = document.getElementById("live");
const sound = document.getElementById("sound");
const player = sound && new Player(document.getElementById("player"));
const words = player && new Words(main, (second) => player.playFrom(second));

reviewing(main, (old, fresh) => (words ? words.renew(old, fresh) : old.replaceWith(fresh)));
missing(document.getElementById("missed"), document.getElementById("missed-here"));

if (player) {
  player.onplace = (second) => words.show(second, player.playing);

  main.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-t]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    history.replaceState(null, "", link.href);
    player.playFrom(Number(link.dataset.t));
  });

  const asked = Number(new URLSearchParams(location.search).get("t") ?? NaN);
  const insight = location.hash.startsWith("#insight-") && document.querySelector(`${location.hash} [data-t]`);
  const second = Number.isFinite(asked) ? asked : Number(insight ? insight.dataset.t : NaN);
  if (Number.isFinite(second)) {
    player.seek(second);
    // After the browser went to the quote; on a narrow window that is all there is room for.
    const beside = matchMedia("(min-width: 60.0625rem)").matches;
    if (beside || !location.hash) addEventListener("load", () => setTimeout(() => words.reveal()));
  }
}

watch(main, () => live.dataset.live, (fragment) => {
  const fresh = fragment.getElementById("state");
  const old = document.getElementById("state");
  if (fresh.dataset.state === old.dataset.state || fresh.dataset.state === "waiting") {
    freshen(old, fresh);
  } else if (player?.playing) {
    freshen(old, fresh);
    const more = Object.assign(document.createElement("a"), { href: location.href, textContent: "Show what was found" });
    document.getElementById("state").append(more);
  } else {
    location.reload();
  }
});
