// The player: our own controls over the browser's audio element.

import { clock } from "./times.js";

const STEP_SECONDS = 5; // of an arrow key

export class Player {
  onplace = () => {};
  #until = Infinity; // where a stretch ends that is to be heard alone

  constructor(root) {
    this.sound = root.querySelector("audio");
    this.button = root.querySelector("#play");
    this.place = root.querySelector("#place");
    this.at = root.querySelector("#at");
    this.error = root.querySelector("#sound-error");
    this.controls = root.querySelector(".controls");
    this.sound.removeAttribute("controls");
    this.controls.hidden = false;
    this.#listen(root);
    this.#moved();
    if (this.sound.error) this.#broken();
  }

  get playing() {
    return !this.sound.paused;
  }

  get second() {
    return this.sound.currentTime;
  }

  /** Go to a second, to be heard up to `until`; works before the recording's length is known. */
  seek(second, until = Infinity) {
    this.#until = until;
    this.sound.currentTime = Math.max(0, second);
    this.#moved();
  }

  playFrom(second, until) {
    this.seek(second, until);
    this.play();
  }

  play() {
    this.sound.play().catch(() => {}); // refused or stopped: the button still says "Play"
  }

  toggle() {
    if (this.playing) this.sound.pause();
    else this.play();
  }

  #listen(root) {
    const { sound, place } = this;
    this.button.addEventListener("click", () => this.toggle());
    for (const skip of root.querySelectorAll("[data-skip]")) {
      skip.addEventListener("click", () => this.seek(sound.currentTime + Number(skip.dataset.skip)));
    }
    place.addEventListener("input", () => this.seek(Number(place.value)));
    place.addEventListener("keydown", (event) => this.#step(event));
    root.querySelector("#speed").addEventListener("change", (event) => {
      sound.playbackRate = Number(event.target.value);
    });
    for (const name of ["play", "pause", "ended"]) sound.addEventListener(name, () => this.#turned());
    for (const name of ["timeupdate", "seeked", "loadedmetadata"]) sound.addEventListener(name, () => this.#moved());
    sound.addEventListener("error", () => this.#broken());
    document.addEventListener("keydown", (event) => this.#key(event));
  }

  #key(event) {
    if (event.key !== " " || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input:not([type=range]), select, textarea, button, summary, dialog")) return;
    event.preventDefault();
    this.toggle();
  }

  #step(event) {
    const way = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
    if (!way || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.seek(this.sound.currentTime + way * STEP_SECONDS);
  }

  /** A stretch that is heard alone is over; "Play" then goes on behind it. */
  #end() {
    if (!this.playing || this.sound.currentTime < this.#until) return;
    this.sound.pause();
    this.sound.currentTime = this.#until;
    this.#until = Infinity;
  }

  #turned() {
    this.button.textContent = this.playing ? "Pause" : "Play";
    if (this.playing) requestAnimationFrame(() => this.#follow());
  }

  #follow() {
    if (!this.playing) return;
    this.#end();
    this.onplace(this.sound.currentTime);
    requestAnimationFrame(() => this.#follow());
  }

  #moved() {
    this.#end(); // in a tab that nobody sees, nothing else asks
    const second = this.sound.currentTime;
    this.place.value = second;
    this.place.setAttribute("aria-valuetext", `${clock(second)} of ${clock(Number(this.place.max))}`);
    this.at.textContent = clock(second);
    this.onplace(second);
  }

  #broken() {
    this.controls.hidden = true;
    this.error.hidden = false;
  }
}
