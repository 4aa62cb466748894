// The open page: says what the link is good for without touching anything, and opens it when the reader asks.
// The claim, a random number, makes a second try the same try: after a cut line or a reload it shows the secret
// again, to this reader alone. It lives in history.state, which survives a reload and goes with the tab.

import {
  BadEnvelope, derive, fromBase64Url, openWith, parseLink, randomBytes, secretId, toBase64Url,
} from "./envelope.js";
import {
  announce, byId, bytes, call, clock, dateAndTime, fill, inTime, Offline, persist, Refused, setBusy, showText, startScript,
} from "./page.js";

const CLAIM_BYTES = 16;
const LARGE_BYTES = 500_000_000; // more than a browser of today should be asked to hold without a word
const MASK = "••••••••";

let key;
let id;

// What the page shows

const section = (state) => document.querySelector(`[data-state="${state}"]`);

function show(state) {
  for (const each of document.querySelectorAll("[data-state]")) each.hidden = each.dataset.state !== state;
  section(state).classList.remove("without-script");
  byId("hitch").hidden = true;
  const heading = section(state).querySelector("h1");
  if (state !== "ready") heading.focus({ preventScroll: true });
}

function showEnded({ state, at }) {
  const line = section(state)?.querySelector("[data-text]");
  if (!line) return show("trouble");
  fill(line, { date: dateAndTime(new Date(at)) });
  // Opened by this very page, and now reloaded too late: no reason for alarm.
  const mine = state === "opened" && kept()?.opened;
  for (const alarm of section(state).querySelectorAll(".notice")) alarm.hidden = Boolean(mine);
  return show(state);
}

function showReady({ passphrase, size, expires_at: expires }) {
  show("ready");
  byId("passphrase-field").hidden = !passphrase;
  if (!expires) return;
  const date = new Date(expires);
  fill(byId("ready-facts"), {
    relative: inTime((date - Date.now()) / 1000), date: dateAndTime(date), size: bytes(size),
  });
  byId("ready-large").hidden = size < LARGE_BYTES;
}

// The claim

/** What this tab knows of its own claim on this secret; `opened`: it got the content once. */
const kept = () => (history.state?.id === id ? history.state : null);

const keep = (state) => history.replaceState({ id, ...state }, "");

function claimValue() {
  if (!kept()) keep({ claim: toBase64Url(randomBytes(CLAIM_BYTES)) });
  return kept().claim;
}

/** Asks for the content. Shows it, or what became of it; `wrong` is called for a wrong passphrase. */
async function claim(passphrase, wrong) {
  const { contentKey, proof } = await derive(key, passphrase);
  const body = { proof: toBase64Url(proof), claim: claimValue() };
  const answer = await persist(() => call(`/secrets/${id}/claim`, body));
  if (answer.status === 200) return receive(contentKey, answer);
  if (answer.status === 403) return wrong();
  if (answer.status === 410) return showEnded(answer.data);
  return show(answer.status === 404 ? "unknown" : "trouble");
}

// The secret itself

/** When the hold ends, by this computer's clock. */
const endOfHold = (until, now) => Date.now() + (new Date(until) - now);

/** The code for files, which comes when it is needed. */
const filesPart = () => persist(() => import("./received.js").catch(() => { throw new Offline(); }));

// It is nobody else's by now: closing the page would lose it for good.
const askFirst = (event) => event.preventDefault();

/** By segment: what has files, or is long. */
async function fetchAll(contentKey, { data, now }) {
  const { download, showProgress } = await filesPart();
  let end = endOfHold(data.hold_until, now);
  show("receiving");
  const secret = { id, contentKey, claim: kept().claim, segments: data.segments };
  window.addEventListener("beforeunload", askFirst);
  try {
    const contents = await download(secret, (done, total, answer) => {
      showProgress("download", done, total);
      end = Math.max(end, endOfHold(answer.headers.get("Hold-Until"), answer.now));
    });
    return { contents, end };
  } finally {
    window.removeEventListener("beforeunload", askFirst);
  }
}

const openInline = async (contentKey, { data, now }) => ({
  contents: await openWith(contentKey, id, fromBase64Url(data.envelope)), end: endOfHold(data.hold_until, now),
});

async function receive(contentKey, answer) {
  try {
    const { contents, end } = await (answer.data.segments ? fetchAll : openInline)(contentKey, answer);
    const files = contents.files.length ? await filesPart() : null;
    keep({ claim: kept().claim, opened: true });
    show("shown");
    showContents(contents, files);
    countDown(end);
  } catch (error) {
    if (error instanceof BadEnvelope) return show("broken");
    if (error instanceof Refused) return show("late");
    throw error;
  }
}

/** @param {?object} part the code for files, if there are any */
function showContents({ text, files }, part) {
  showText(byId("secret"), text ?? "");
  const filesAlone = Boolean(part) && !text;
  byId("secret-part").hidden = filesAlone;
  byId("text-lead").hidden = filesAlone;
  byId("files-lead").hidden = !filesAlone;
  if (part) part.showFiles(files);
}

function cover({ target }) {
  const secret = byId("secret");
  const covered = target.getAttribute("aria-pressed") === "true";
  if (!covered) target.text = secret.value;
  secret.value = covered ? target.text : MASK;
  target.setAttribute("aria-pressed", String(!covered));
  target.textContent = covered ? target.dataset.hide : target.dataset.show;
}

function showErased() {
  byId("held").hidden = true;
  byId("erased").hidden = false;
  announce(byId("erased").textContent);
}

/** Only the server's copy has a time limit; what the page shows stays. */
function countDown(end) {
  const left = Math.floor((end - Date.now()) / 1000); // the server says its time in whole seconds
  if (left <= 0) return showErased();
  fill(byId("countdown"), { left: clock(left) });
  return setTimeout(() => byId("held").hidden || countDown(end), 1000);
}

async function erase(event) {
  event.preventDefault();
  const { submitter } = event;
  setBusy(submitter, true);
  const { status } = await persist(() => call(`/secrets/${id}/ack`, { claim: kept().claim }));
  setBusy(submitter, false);
  if (status < 500) showErased();
}

// The forms

function passphraseError(kind, field) {
  const error = byId(`${field}-error`);
  error.textContent = error.dataset[kind];
  error.hidden = false;
  byId(field).setAttribute("aria-invalid", "true");
  byId(field).focus();
  byId(field).select();
}

async function submit(event, field) {
  event.preventDefault();
  const needed = !byId(`${field}-field`).hidden;
  const passphrase = needed ? byId(field).value : "";
  if (needed && !passphrase) return passphraseError("empty", field);
  const button = event.target.querySelector("[type=submit]");
  setBusy(button, true);
  try {
    await claim(passphrase, () => passphraseError("wrong", field));
  } catch {
    show("trouble");
  } finally {
    setBusy(button, false);
  }
}

function paste(event) {
  event.preventDefault();
  const { value } = event.target.elements.link;
  try {
    location.hash = parseLink(value); // hashchange starts the page again
  } catch {
    location.hash = value.trim().split(/[#/]/).pop() || "?";
  }
}

// The start

/** A secret that is gone tells its end to whoever has the proof; a reload within the hold shows it again. */
function explainGone() {
  const mine = Boolean(kept());
  return claim("", () => {
    if (mine) showReady({ passphrase: true });
    else show("gone");
  });
}

async function check() {
  const { status, data } = await persist(() => call(`/secrets/${id}`));
  if (status === 404) return show("unknown");
  if (status !== 200) return show("trouble");
  return data.state === "new" ? showReady(data) : explainGone();
}

/** Links of the form /secret/KEY are printed by older programs: the key leaves the address before anything else. */
function moveKeyToFragment() {
  const [, base, rest] = /^(.*\/secret)\/(.+)$/.exec(location.pathname) ?? [];
  if (rest) history.replaceState(history.state, "", `${base}#${rest}`);
}

function keyInAddress() {
  try {
    return parseLink(decodeURIComponent(location.hash.slice(1)));
  } catch {
    return null;
  }
}

function listen() {
  byId("show-form").addEventListener("submit", (event) => submit(event, "passphrase"));
  byId("gone-form").addEventListener("submit", (event) => submit(event, "gone-passphrase"));
  byId("paste-form").addEventListener("submit", paste);
  byId("erase-form").addEventListener("submit", erase);
  byId("cover").addEventListener("click", cover);
  window.addEventListener("hashchange", () => location.reload());
}

async function start() {
  const able = startScript();
  moveKeyToFragment();
  key = keyInAddress();
  if (!able) return fillPlainForm();
  listen();
  if (location.hash.length < 2) return show("missing");
  if (!key) return show("incomplete");
  id = await secretId(key);
  return check();
}

function fillPlainForm() {
  if (key) byId("paste-form").elements.link.value = location.href;
}

start().catch(() => show("trouble"));
