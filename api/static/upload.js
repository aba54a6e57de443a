// Bring a recording: a small one in one go, a large one in pieces by tus 1.0.0, which go on where
// they stopped when the connection broke, the server was away or this page was closed.

const PIECE = 8 * 1024 * 1024; // bytes
const TUS = { "tus-resumable": "1.0.0" };
const PASSING = [0, 408, 423, 429, 460]; // and all of the server's own troubles
const PAUSES = [1, 2, 5, 10, 20, 30, 60, 60, 60, 60]; // seconds before each try that brought nothing

// Resolves to the call, with `duplicate`; an error's message says what to do. `say.sent` is told
// the share that is there, `say.waits` in how many seconds it is tried again.
export function upload(file, details, say) {
  return file.size > PIECE ? inPieces(file, described(file, details), say) : whole(file, details, say);
}

async function whole(file, details, say) {
  details.append("file", file, file.name);
  const headers = { accept: "application/json" };
  return (await send("POST", "/v1/calls", headers, details, say.sent)).response;
}

async function inPieces(file, metadata, say) {
  const kept = note(`upload ${file.size} ${file.lastModified} ${metadata}`);
  let reached = 0;
  let tries = 0;
  const came = (offset) => {
    if (offset > reached) tries = 0;
    reached = Math.max(reached, offset);
  };
  for (;;) {
    try {
      return await goOn(file, metadata, kept, came, say);
    } catch (error) {
      if (![401, 403].includes(error.status) && !error.passing) kept.forget();
      if (!error.passing || tries === PAUSES.length) throw error;
    }
    say.waits(PAUSES[tries]);
    await new Promise((done) => setTimeout(done, 1000 * PAUSES[tries]));
    tries += 1;
  }
}

// Send what the server has not yet.
async function goOn(file, metadata, kept, came, say) {
  const place = kept.read() ?? kept.write(await begin(file, metadata));
  let answer = await where(place, kept);
  while (!answer.call) {
    came(answer.offset);
    const at = answer.offset;
    const headers = { ...TUS, "content-type": "application/offset+octet-stream", "upload-offset": at };
    answer = await send("PATCH", place, headers, file.slice(at, at + PIECE), (share, bytes) =>
      say.sent((at + share * bytes) / file.size),
    );
  }
  kept.forget();
  const call = (await send("GET", `/v1/calls/${answer.call}`, {})).response;
  return { ...call, duplicate: answer.duplicate };
}

async function begin(file, metadata) {
  const headers = { ...TUS, "upload-length": file.size, "upload-metadata": metadata };
  return (await send("POST", "/v1/uploads", headers)).place;
}

async function where(place, kept) {
  try {
    return await send("HEAD", place, TUS);
  } catch (error) {
    if (error.status === 404) {
      kept.forget(); // it waited too long: begin anew
      error.passing = true;
    }
    throw error;
  }
}

// The recording's name and what is known of the call, as tus has them: UTF-8 in base64.
function described(file, details) {
  const pairs = [["filename", file.name], ...details];
  const encoded = (text) => btoa(String.fromCodePoint(...new TextEncoder().encode(text)));
  return pairs.map(([key, value]) => `${key} ${encoded(value)}`).join(",");
}

// Where an upload stands, kept in this browser; where it keeps nothing, only a page's time long.
function note(key) {
  let here = null;
  const kept = (act) => {
    try {
      return act(localStorage);
    } catch {
      return null; // storage is full, or not allowed
    }
  };
  return {
    read: () => here ?? kept((store) => store.getItem(key)),
    write: (value) => {
      here = value;
      kept((store) => store.setItem(key, value));
      return value;
    },
    forget: () => {
      here = null;
      kept((store) => store.removeItem(key));
    },
  };
}

// One request; fetch cannot tell how much was sent. Rejects with an error that has its `status`.
function send(method, url, headers, body = null, sent = () => {}) {
  const request = new XMLHttpRequest();
  request.open(method, url);
  for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
  request.upload.onprogress = (event) => sent(event.loaded / event.total, event.total);
  return new Promise((resolve, reject) => {
    request.onloadend = () => {
      const ok = request.status >= 200 && request.status < 300;
      ok ? resolve(answered(request)) : reject(refused(request));
    };
    request.send(body);
  });
}

function answered(request) {
  const header = (name) => request.getResponseHeader(name);
  return {
    response: parsed(request.responseText),
    place: header("location"),
    offset: Number(header("upload-offset")),
    call: header("earshot-call"),
    duplicate: header("earshot-duplicate") === "true",
  };
}

function refused(request) {
  const { status } = request;
  const none = "It did not get through: see that the server runs, then choose it again.";
  const why = parsed(request.responseText).detail ?? (status ? `The server answered ${status}: try again.` : none);
  return Object.assign(new Error(why), { status, passing: PASSING.includes(status) || status >= 500 });
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {}; // something between us and the server answered, or there is nothing to read
  }
}
