// How loud each side is along the call, drawn behind the player's track; what has played is darker.

const WIDTH = 1000;
const HALF = 50; // of the picture's height
const QUIETEST = 40; // of 255: a recording with less in it is drawn as quiet as it is

export class Waveform {
  constructor(svg, sides, seconds) {
    this.svg = svg;
    this.sides = sides;
    this.seconds = seconds;
    this.past = svg.querySelector("clipPath rect");
    this.#draw();
  }

  /** Show that the player is at `second`. */
  place(second) {
    this.past.setAttribute("width", Math.min(WIDTH, (WIDTH * second) / this.seconds).toFixed(2));
  }

  async #draw() {
    const answer = await fetch(this.svg.dataset.src).catch(() => null);
    if (!answer?.ok) return; // the player tells itself what it cannot play
    const { channels } = await answer.json();
    const most = Math.max(QUIETEST, ...channels.flatMap((channel) => channel.levels));
    const [above, below] = [channels[0], channels.at(-1)].map((channel) => channel.levels);
    const shape = half(above, -HALF / most) + half(below, HALF / most);
    for (const path of this.svg.querySelectorAll("path")) path.setAttribute("d", shape);
    if (channels.length < 2) return;
    [...this.sides.children].forEach((side, i) => { side.textContent = channels[i].speaker; });
    this.sides.hidden = false;
  }
}

/** The outline of levels on one side of the middle; `unit` is the height of a level of one. */
function half(levels, unit) {
  const step = WIDTH / levels.length;
  const tops = levels.map((level, i) => `V${(HALF + level * unit).toFixed(1)}H${((i + 1) * step).toFixed(1)}`);
  return `M0 ${HALF}${tops.join("")}V${HALF}Z`;
}
