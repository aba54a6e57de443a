// "Tue 14 Oct, 10:32" in the reader's zone; within a day "today". The server wrote it in UTC.

const parts = new Intl.DateTimeFormat("en-GB", {
  weekday: "short", day: "numeric", month: "short", year: "numeric",
  hour: "2-digit", minute: "2-digit", hourCycle: "h23",
});

function pieces(when) {
  return Object.fromEntries(parts.formatToParts(when).map((part) => [part.type, part.value]));
}

function say(when, now) {
  const p = pieces(when);
  const n = pieces(now);
  const today = p.day === n.day && p.month === n.month && p.year === n.year;
  const day = today ? "Today" : `${p.weekday} ${p.day} ${p.month}${p.year === n.year ? "" : ` ${p.year}`}`;
  return `${day}, ${p.hour}:${p.minute}`;
}

/** Rewrite the times below `root`; one known by its day alone is left as it is. */
export function sayTimes(root) {
  const now = new Date();
  for (const time of root.querySelectorAll("time[datetime]:not([data-day])")) {
    time.textContent = say(new Date(time.dateTime), now);
    time.title = time.dateTime;
  }
}

/** A place in a recording: "1:23", "1:02:03". */
export function clock(seconds) {
  const whole = Math.floor(seconds);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n) => String(n).padStart(2, "0");
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}
