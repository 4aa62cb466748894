// What the create page and the open page share: settings, sentences, small controls, calls to the API.
// Every word a reader sees stands in the template, translated; script only fills in values.

export const byId = (id) => document.getElementById(id);
export const config = JSON.parse(byId("page-config").textContent);

const root = document.documentElement;
// The page's language as the reader's own region writes it; plain English here is British.
const locale = navigator.languages.find((one) => one.startsWith(`${root.lang}-`)) ?? (root.lang === "en" ? "en-GB" : root.lang);
const SECONDS = { day: 86400, hour: 3600, minute: 60, second: 1 };
const TIMEOUT_SECONDS = 60;
const LONGEST_PAUSE = 30; // seconds between tries while offline
const COPIED_MS = 2500;

/** The request got no answer: offline, cut, or too slow. */
export class Offline extends Error {}

/** An answer that no repetition would change. */
export class Refused extends Error {
  constructor(answer) {
    super(`refused with ${answer.status}`);
    this.answer = answer;
  }
}

/** Tells the style sheet whether this browser can encrypt here; if not, the plain form is shown. @returns {boolean} */
export function startScript() {
  const able = Boolean(globalThis.crypto?.subtle); // absent on plain http, but for localhost
  root.dataset.script = able ? "on" : "off";
  return able;
}

// Sentences

const insert = (sentence, values) => sentence.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

/** The element's own translated sentence with the values in it. */
export const sentence = (element, values, name = "text") => insert(element.dataset[name], values);

export function fill(element, values) {
  element.textContent = sentence(element, values);
  element.hidden = false;
}

/** @param {Date} date @returns {string} in the reader's language and zone, named */
export const dateAndTime = (date) => new Intl.DateTimeFormat(locale, {
  year: "numeric", month: "long", day: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short",
}).format(date);

/** "in 7 days". The largest unit of which there are at least two, so that rounding misleads nobody. */
export function inTime(seconds) {
  const [unit, length] = Object.entries(SECONDS).find(([, each]) => seconds >= 2 * each) ?? ["second", 1];
  return new Intl.RelativeTimeFormat(locale).format(Math.max(1, Math.round(seconds / length)), unit);
}

/** "12.3 kB", in thousands; `exact`: "12,345 bytes". */
export function bytes(count, exact = false) {
  const power = exact || count < 1000 ? 0 : count < 1_000_000 ? 1 : 2;
  const unit = ["byte", "kilobyte", "megabyte"][power];
  const options = { style: "unit", unit, unitDisplay: power ? "short" : "long", maximumFractionDigits: 1 };
  return new Intl.NumberFormat(locale, options).format(count / 1000 ** power);
}

/** A use and its limit, to the byte where rounding would say the same of both. */
export function amounts(used, limit) {
  const exact = used > limit && bytes(used) === bytes(limit);
  return { used: bytes(used, exact), limit: bytes(limit, exact) };
}

/** "43 %" */
export const percent = (part) => new Intl.NumberFormat(locale, { style: "percent" }).format(part);

/** "1:05" */
export const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;

/** Say it to screen readers; the page shows it in its own place. */
export const announce = (words) => {
  byId("announcement").textContent = words;
};

// Controls

// A textarea turns CR LF into LF; what is copied must be what was sent.
const originals = new WeakMap();

/** Show text in a read-only control, and remember exactly what it was. */
export function showText(control, text) {
  originals.set(control, text);
  control.value = text;
}

async function copy(button) {
  const control = byId(button.dataset.copies);
  try {
    await navigator.clipboard.writeText(originals.get(control) ?? control.value);
  } catch {
    control.focus(); // Refused by the browser: all is selected, for the reader to copy by hand.
    control.select();
    return;
  }
  const words = button.textContent;
  if (words !== button.dataset.done) setTimeout(() => { button.textContent = words; }, COPIED_MS);
  button.textContent = button.dataset.done;
  announce(button.dataset.done);
  button.dispatchEvent(new Event("copied", { bubbles: true }));
}

function reveal(button) {
  const control = byId(button.dataset.reveals);
  const shown = control.type === "text";
  control.type = shown ? "password" : "text";
  button.textContent = shown ? button.dataset.show : button.dataset.hide;
}

// The fragment holds the key and is not sent, so the server cannot put it into the link to the other language.
const keepFragment = (link) => { link.hash = location.hash; };

document.addEventListener("click", ({ target }) => {
  const control = target.closest?.("[data-copies], [data-reveals], [data-language], [data-reload]");
  if (!control) return;
  if ("copies" in control.dataset) copy(control);
  if ("reveals" in control.dataset) reveal(control);
  if ("language" in control.dataset) keepFragment(control);
  if ("reload" in control.dataset) location.reload();
});

/**
 * Runs `load` when the part of the page with this id is first opened. A part that does not come, on a cut line,
 * is said to be missing, and tried again at the next opening.
 */
export function whenOpened(id, load) {
  const part = byId(id);
  const problem = byId(`${id}-problem`);
  part.addEventListener("toggle", async function opened() {
    if (!part.open) return;
    try {
      await load();
      problem.hidden = true;
      part.removeEventListener("toggle", opened);
    } catch {
      problem.hidden = false;
    }
  });
}

/** A spinner and no second press while something runs. */
export function setBusy(button, busy) {
  button.disabled = busy;
  button.classList.toggle("busy", busy);
}

// The API

async function read(response) {
  const type = response.headers.get("Content-Type") ?? "";
  const bytes = new Uint8Array(await response.arrayBuffer());
  const data = /json/.test(type) ? JSON.parse(new TextDecoder().decode(bytes)) : bytes;
  const now = new Date(response.headers.get("Date") ?? Date.now()); // the server's clock, for its own times
  const wait = Number(response.headers.get("Retry-After")) || 0;
  return { status: response.status, data, now, wait, headers: response.headers };
}

/**
 * One call: POST with a body, else GET, where `method` does not say otherwise. Bytes are sent as they are, anything
 * else as JSON. Throws Offline.
 * @param {{method?: string, headers?: object, signal?: AbortSignal, seconds?: number, keepalive?: boolean}} options
 * @returns {Promise<{status: number, data: object|Uint8Array, now: Date, wait: number, headers: Headers}>}
 *   `wait` in seconds, from Retry-After
 */
export async function call(path, body, { method, headers, signal, seconds = TIMEOUT_SECONDS, keepalive } = {}) {
  const binary = body instanceof Uint8Array;
  const type = body && { "Content-Type": binary ? "application/octet-stream" : "application/json" };
  const control = new AbortController();
  const stop = () => control.abort();
  const timer = setTimeout(stop, seconds * 1000);
  signal?.addEventListener("abort", stop);
  if (signal?.aborted) stop();
  try {
    return await read(await fetch(config.api + path, {
      method: method ?? (body ? "POST" : "GET"),
      headers: { ...headers, ...type },
      body: binary || !body ? body : JSON.stringify(body),
      keepalive,
      signal: control.signal,
    }));
  } catch {
    throw new Offline();
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
}

// Tries that survive a bad line

const pause = (seconds, signal) => new Promise((resolve) => {
  const over = () => {
    clearTimeout(timer);
    window.removeEventListener("online", over);
    signal?.removeEventListener("abort", over);
    resolve();
  };
  const timer = setTimeout(over, seconds * 1000);
  window.addEventListener("online", over);
  signal?.addEventListener("abort", over);
});

/** Say why nothing goes on for some seconds, which end early when the line is back. @param {AbortSignal} [signal] */
export async function showHitch(name, seconds, signal) {
  for (const line of byId("hitch").children) line.hidden = line.dataset.hitch !== name;
  fill(document.querySelector(`[data-hitch="${name}"]`), { relative: inTime(seconds) });
  byId("hitch").hidden = false;
  await pause(seconds, signal);
  byId("hitch").hidden = true;
}

/** What `attempt` answers, after as many tries as it takes: waits out a dead line and a 429. @param {AbortSignal} [signal] */
export async function persist(attempt, signal) {
  for (let seconds = 2; ; seconds = Math.min(2 * seconds, LONGEST_PAUSE)) {
    try {
      const answer = await attempt();
      if (answer.status !== 429) return answer;
      await showHitch("busy", answer.wait || seconds, signal);
    } catch (error) {
      if (!(error instanceof Offline) || signal?.aborted) throw error;
      await showHitch("offline", seconds, signal);
    }
  }
}
