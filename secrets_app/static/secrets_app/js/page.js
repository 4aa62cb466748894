// What the create page and the open page share: settings, sentences, small controls, calls to the API.
// Every word a reader sees stands in the template, translated; script only fills in values.

export const byId = (id) => document.getElementById(id);
export const config = JSON.parse(byId("page-config").textContent);

const root = document.documentElement;
// The page's language as the reader's own region writes it; plain English here is British.
const locale = navigator.languages.find((one) => one.startsWith(`${root.lang}-`)) ?? (root.lang === "en" ? "en-GB" : root.lang);
const SECONDS = { day: 86400, hour: 3600, minute: 60, second: 1 };
const TIMEOUT_MS = 60_000;
const COPIED_MS = 2500;

/** The request got no answer: offline, cut, or too slow. */
export class Offline extends Error {}

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

/**
 * One call: POST with a body, else GET. Throws Offline.
 * @returns {Promise<{status: number, data: object, now: Date, wait: number}>} `wait` in seconds, from Retry-After
 */
export async function call(path, body) {
  const options = body && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  try {
    const response = await fetch(config.api + path, { ...options, signal: AbortSignal.timeout(TIMEOUT_MS) });
    const json = /json/.test(response.headers.get("Content-Type") ?? "");
    const data = json ? JSON.parse(await response.text()) : {};
    const now = new Date(response.headers.get("Date") ?? Date.now()); // the server's clock, for its own times
    return { status: response.status, data, now, wait: Number(response.headers.get("Retry-After")) || 0 };
  } catch {
    throw new Offline();
  }
}
