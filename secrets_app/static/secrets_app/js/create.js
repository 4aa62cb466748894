// The create page: encrypt here, send only what nobody can read, show the link. Nothing typed is lost if that fails.

import { derive, newLinkKey, proofHash, sealWith, secretId, toBase64Url } from "./envelope.js";
import {
  byId, bytes, call, config, dateAndTime, fill, inTime, Offline, sentence, setBusy, showText, startScript, whenOpened,
} from "./page.js";

const PROBLEMS = { 413: "large", 429: "busy" };

const form = byId("create");
const button = byId("create-button");
const text = form.elements.text;
const used = () => new TextEncoder().encode(text.value).length;

// The form

function count() {
  const place = byId("text-count");
  const over = used() > config.limits.max_text_bytes;
  fill(place, amounts());
  place.classList.toggle("over", over);
  text.setAttribute("aria-invalid", String(over));
}

function showProblem(name, values = {}) {
  const box = byId("problem");
  for (const line of box.querySelectorAll("[data-problem]")) {
    line.hidden = line.dataset.problem !== name;
    if (!line.hidden && line.dataset.text) fill(line, values);
  }
  box.hidden = false;
  box.focus();
}

function findProblem() {
  if (!text.value) return "empty";
  if (form.elements.passphrase.required && !form.elements.passphrase.value) return "passphrase";
  return used() > config.limits.max_text_bytes ? "long" : null;
}

/** What is used of the limit, to the byte where rounding would say the same of both. */
function amounts() {
  const limit = config.limits.max_text_bytes;
  const exact = used() > limit && bytes(used()) === bytes(limit);
  return { used: bytes(used(), exact), limit: bytes(limit, exact) };
}

const values = (wait = 60) => ({ ...amounts(), relative: inTime(wait) });

const say = (step) => {
  byId("progress").textContent = step ? byId("progress").dataset[step] : "";
};

async function encrypt(key, passphrase) {
  const id = await secretId(key);
  const { contentKey, proof } = await derive(key, passphrase);
  const envelope = await sealWith(contentKey, id, { text: text.value });
  return {
    id,
    proof_hash: toBase64Url(await proofHash(proof)),
    envelope: toBase64Url(envelope),
    ttl: Number(form.elements.ttl.value),
    passphrase: Boolean(passphrase),
  };
}

async function create() {
  const key = newLinkKey();
  const passphrase = form.elements.passphrase.value;
  say("encrypting");
  const request = await encrypt(key, passphrase);
  say("sending");
  const { status, data, wait } = await call("/secrets", request);
  if (status === 201) return showMade(key, data, request);
  return showProblem(PROBLEMS[status] ?? (status < 500 ? "refused" : "broken"), values(wait));
}

async function submit(event) {
  event.preventDefault();
  byId("problem").hidden = true;
  const problem = findProblem();
  if (problem) return showProblem(problem, values());
  setBusy(button, true);
  try {
    await create();
  } catch (error) {
    showProblem(error instanceof Offline ? "offline" : "broken");
  } finally {
    say(null);
    setBusy(button, false);
  }
}

// The result

// Until the link is copied, closing the page loses it for good: the browser asks first.
const askFirst = (event) => event.preventDefault();

function showLink(key, expires, passphrase) {
  const link = `${config.origin}/secret#${key}`;
  const facts = { link, date: dateAndTime(expires), relative: inTime((expires - Date.now()) / 1000) };
  const message = byId("message");
  const note = passphrase ? message.dataset.passphrase : "";
  showText(byId("link"), link);
  showText(message, sentence(message, { ...facts, passphrase: note }).replace("\n\n\n", "\n\n").trim());
  fill(byId("made-expiry"), facts);
  byId("made-passphrase").hidden = !passphrase;
  drawQr(link);
}

function showReceipt(receipt) {
  const path = config.receipt + receipt;
  showText(byId("receipt-link"), config.origin + path);
  byId("receipt-open").href = path;
  byId("burn-form").addEventListener("submit", (event) => burn(event, receipt));
}

function showMade(key, { receipt, expires_at: expires }, { passphrase }) {
  showLink(key, new Date(expires), passphrase);
  showReceipt(receipt);
  form.reset(); // The plaintext need not stay behind the result.
  byId("making").hidden = true;
  byId("made").hidden = false;
  byId("made-heading").focus();
  window.addEventListener("beforeunload", askFirst);
}

function drawQr(link) {
  return whenOpened("qr", async () => {
    const { draw } = await import("./qr.js");
    draw(link, byId("qr-place"));
  });
}

function showBurned() {
  window.removeEventListener("beforeunload", askFirst);
  byId("made-heading").textContent = byId("made-heading").dataset.burned;
  byId("made-expiry").hidden = true;
  byId("ticket").hidden = true;
  byId("burned").hidden = false;
  byId("burned").focus();
}

function showBurnProblem(name) {
  const problem = byId("burn-problem");
  problem.textContent = problem.dataset[name];
  problem.hidden = false;
}

async function burn(event, receipt) {
  event.preventDefault();
  const { submitter } = event;
  setBusy(submitter, true);
  try {
    const { status } = await call(`/receipts/${receipt}/burn`, {});
    if (status === 200 || status === 410) showBurned();
    else showBurnProblem("failed");
  } catch {
    showBurnProblem("offline");
  } finally {
    setBusy(submitter, false);
  }
}

// Start

function loadGenerator() {
  return whenOpened("generator", async () => {
    const { startGenerator } = await import("./generator.js");
    await startGenerator(text);
  });
}

function start() {
  if (!startScript()) return;
  button.disabled = false;
  text.addEventListener("input", count);
  form.addEventListener("submit", submit);
  byId("made").addEventListener("copied", () => window.removeEventListener("beforeunload", askFirst));
  loadGenerator();
  count();
}

start();
