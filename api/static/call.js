// A call: hear it, see which word is said, and go from a quote to its second.

import { follow, freshen } from "./live.js";
import { missing } from "./missed.js";
import { Player } from "./player.js";
import { reviewing } from "./review.js";
import { share, sharing, stretchOf } from "./share.js";
import { Waveform } from "./waveform.js";
import { Words } from "./words.js";

const main = document.getElementById("main");
const live = document.getElementById("live");
const sound = document.getElementById("sound");
const player = sound && new Player(document.getElementById("player"));
const words = player && new Words(main, (second) => player.playFrom(second));

reviewing(main, (old, fresh) => (words ? words.renew(old, fresh) : old.replaceWith(fresh)));
missing(document.getElementById("missed"), document.getElementById("missed-here"));
sharing(main);

// Of what a link leads to, a narrow window has room for the quote or for its turn.
const roomy = matchMedia("(min-width: 60.0625rem)").matches || !location.hash.startsWith("#insight-");
const clip = document.getElementById("clip");
if (clip && roomy) onLoad(() => main.querySelector(".turn.clip")?.scrollIntoView({ block: "center" }));

if (player) {
  const end = Number(document.getElementById("place").max);
  const wave = new Waveform(document.getElementById("wave"), document.getElementById("whose"), end);
  player.onplace = (second) => {
    words.show(second, player.playing);
    wave.place(second);
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-t], a.at");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    history.replaceState(null, "", link.getAttribute("href"));
    player.playFrom(link.dataset.t ? Number(link.dataset.t) : stretchOf(link.parentElement)[0]);
  });
  document.getElementById("copy").addEventListener("click", (event) => {
    share(event.target, new URL(`${location.pathname}?t=${player.second.toFixed(1)}`, location.href).href);
  });
  if (clip) {
    const [from, until] = [Number(clip.dataset.from), Number(clip.dataset.to ?? Infinity)];
    player.seek(from, until);
    document.getElementById("hear-clip").addEventListener("click", () => player.playFrom(from, until));
  }

  const asked = Number(new URLSearchParams(location.search).get("t") ?? NaN);
  const insight = location.hash.startsWith("#insight-") && document.querySelector(`${location.hash} [data-t]`);
  const second = Number.isFinite(asked) ? asked : Number(insight ? insight.dataset.t : NaN);
  if (Number.isFinite(second) && !clip) {
    player.seek(second);
    if (roomy) onLoad(() => words.reveal());
  }
}

/** After the browser went to the address's own place. */
function onLoad(go) {
  addEventListener("load", () => setTimeout(go));
}

const QUIET_MS = 30000; // a screen reader is told how far hearing is so often
const heard = document.getElementById("heard");
let told = Date.now();

function tell(progress) {
  if (Date.now() - told < QUIET_MS) return;
  heard.textContent = progress;
  told = Date.now();
}

const MINED_NEXT = ["heard", "mining"];

follow(main, live.dataset.events, live.dataset.live, (fragment) => {
  const fresh = fragment.getElementById("state");
  if (heard && fresh.dataset.state === "hearing") {
    freshen(document.getElementById("so-far"), fragment.getElementById("so-far"));
    tell(fresh.querySelector("p").textContent);
  }
  const old = document.getElementById("state");
  const states = [old.dataset.state, fresh.dataset.state];
  // One that waits to be mined is tried again and again, which brings nothing new to read.
  const unchanged = states[0] === states[1] || states.every((state) => MINED_NEXT.includes(state));
  if (unchanged || fresh.dataset.state === "waiting") {
    freshen(old, fresh);
  } else if (player?.playing) {
    freshen(old, fresh);
    const more = Object.assign(document.createElement("a"), { href: location.href, textContent: "Show what was found" });
    document.getElementById("state").append(more);
  } else {
    location.reload();
  }
});
