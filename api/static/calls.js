// The list of calls: upload recordings, and keep the list fresh while any is on the way.

import { freshen, watch } from "./live.js";
import { upload } from "./upload.js";

const AT_ONCE = 2;
const main = document.getElementById("main");
const refresh = watch(main, () => `/calls/live${location.search}`, (fragment) => {
  for (const id of ["head", "list"]) {
    freshen(document.getElementById(id), fragment.getElementById(id));
  }
});

const drop = document.getElementById("drop");
if (drop) {
  const uploads = document.getElementById("uploads");
  const status = document.getElementById("upload-status");
  const maxBytes = Number(drop.dataset.maxMb) * 1e6;
  const queue = [];
  let running = 0;

  const item = (file) => {
    const li = document.createElement("li");
    const name = document.createElement("b");
    const state = document.createElement("p");
    const bar = document.createElement("progress");
    name.textContent = file.name;
    state.textContent = "Waiting";
    bar.max = 100;
    bar.value = 0;
    bar.setAttribute("aria-label", `Sent of ${file.name}`);
    li.append(name, bar, state);
    uploads.append(li);
    return { li, bar, say: (...what) => { state.replaceChildren(...what); } };
  };

  const details = () => {
    const form = new FormData(document.getElementById("details"));
    for (const [key, value] of [...form]) {
      if (typeof value !== "string" || !value.trim()) form.delete(key);
    }
    const held = form.get("held_at");
    if (held) form.set("held_at", new Date(held).toISOString());
    return form;
  };

  const link = (text, href) => Object.assign(document.createElement("a"), { textContent: text, href });

  const arrived = (one, call) => {
    const title = link(call.title || one.file.name, `/calls/${call.id}`);
    one.say(...(call.duplicate ? ["Was here already: ", title] : ["Sent: ", title]));
    one.li.className = "sent";
  };

  const refuse = (one, why) => {
    one.li.className = "failed";
    one.say(why);
    one.bar.remove();
    status.textContent = why;
  };

  const send = async (one) => {
    const say = {
      sent: (share) => {
        const percent = Math.floor(100 * share);
        one.bar.value = percent;
        one.say(percent < 100 ? `Sending: ${percent} %` : "Checking");
      },
      waits: (seconds) => one.say(`The connection broke: it goes on in ${seconds} s`),
    };
    try {
      arrived(one, await upload(one.file, one.details, say));
    } catch (error) {
      refuse(one, error.message);
    }
    running -= 1;
    one.bar.remove();
    status.textContent = one.li.textContent;
    refresh();
    next();
  };

  const next = () => {
    while (running < AT_ONCE && queue.length) {
      running += 1;
      send(queue.shift());
    }
  };

  const bring = (files) => {
    for (const file of files) {
      const one = { file, details: details(), ...item(file) };
      if (file.size <= maxBytes) queue.push(one);
      else refuse(one, `${file.name} is larger than the ${drop.dataset.maxMb} MB taken: compress it, or have EARSHOT_MAX_UPLOAD_MB raised.`);
    }
    next();
  };

  const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
  const picker = document.getElementById("files");
  picker.addEventListener("change", () => {
    bring(picker.files);
    picker.value = "";
  });
  document.addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    drop.classList.add("over");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) drop.classList.remove("over");
  });
  document.addEventListener("drop", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    drop.classList.remove("over");
    bring(event.dataTransfer.files);
  });
  document.getElementById("details").addEventListener("submit", (event) => event.preventDefault());
  window.addEventListener("beforeunload", (event) => {
    if (running) event.preventDefault();
  });
}
