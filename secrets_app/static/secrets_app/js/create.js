// The create page: encrypt here, send only what nobody can read, show the link. Nothing typed is lost if that fails.

import { derive, newLinkKey, proofHash, sealWith, secretId, toBase64Url } from "./envelope.js";
import {
  amounts, byId, call, config, dateAndTime, fill, inTime, Offline, Refused, sentence, setBusy, showText, startScript, whenOpened,
} from "./page.js";

/** What is said about an answer, or about what hindered the files. */
const PROBLEMS = { 404: "stale", 413: "large", 429: "busy", Unreadable: "unreadable" };

const form = byId("create");
const button = byId("create-button");
const text = form.elements.text;
const used = () => new TextEncoder().encode(text.value).length;
const textAmounts = () => amounts(used(), config.limits.max_text_bytes);

/** The code for files, once there was one. */
let filesPart = null;

// The form

function count() {
  const place = byId("text-count");
  const over = used() > config.limits.max_text_bytes;
  fill(place, textAmounts());
  place.classList.toggle("over", over);
  text.setAttribute("aria-invalid", String(over));
}

function showProblem(name, values = {}) {
  const box = byId("problem");
  for (const line of box.querySelectorAll("[data-problem]")) {
    line.hidden = line.dataset.problem !== name;
    if (!line.hidden && line.dataset.text) fill(line, values);
  }
  for (const more of box.querySelectorAll("[data-after]")) more.hidden = !more.dataset.after.split(" ").includes(name);
  box.hidden = false;
  box.focus();
}

function findProblem() {
  const files = filesPart?.files() ?? [];
  if (!text.value && !files.length) return "empty";
  if (form.elements.passphrase.required && !form.elements.passphrase.value) return "passphrase";
  if (used() > config.limits.max_text_bytes) return "long";
  return files.length ? filesPart.filesProblem(text.value) : null;
}

const values = (name, wait = 60) => ({
  ...(name.startsWith("files") ? filesPart.filesAmounts() : textAmounts()), relative: inTime(wait),
});

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

async function createText(key, passphrase) {
  say("encrypting");
  const request = await encrypt(key, passphrase);
  say("sending");
  const answer = await call("/secrets", request);
  if (answer.status !== 201) throw new Refused(answer);
  return answer.data;
}

function createWithFiles(key, passphrase, files) {
  return filesPart.share({ text: text.value || null, files }, { key, passphrase, ttl: Number(form.elements.ttl.value) });
}

async function create() {
  const key = newLinkKey();
  const passphrase = form.elements.passphrase.value;
  const files = filesPart?.files() ?? [];
  const made = await (files.length ? createWithFiles(key, passphrase, files) : createText(key, passphrase));
  showMade(key, made, passphrase);
}

/** Says why there is no link; nothing is to be said to who has stopped it. */
function explain(error) {
  if (error.name === "Cancelled") return button.focus();
  if (error instanceof Offline) return showProblem("offline");
  const { status, wait } = error.answer ?? {};
  const name = PROBLEMS[status ?? error.name] ?? (status < 500 ? "refused" : "broken");
  return showProblem(name, values(name, wait));
}

async function submit(event) {
  event.preventDefault();
  byId("problem").hidden = true;
  const problem = findProblem();
  if (problem) return showProblem(problem, values(problem));
  setBusy(button, true);
  const failure = await create().catch((error) => error);
  say(null);
  setBusy(button, false);
  return failure && explain(failure);
}

// Files: chosen, dropped anywhere on the page, or pasted. Their code comes with the first of them.

const busy = () => button.disabled || byId("making").hidden;

async function addFiles(files, folders = false) {
  const problem = byId("files-problem");
  problem.hidden = !folders;
  problem.textContent = problem.dataset.folders;
  if (!files.length) return;
  try {
    filesPart = await import("./chosen.js");
    filesPart.addFiles(files);
  } catch {
    problem.textContent = problem.dataset.lost;
    problem.hidden = false;
  }
}

/** What is dropped is looked at during the event itself; afterwards browsers know nothing of it any more. */
function drop(event) {
  event.preventDefault();
  form.classList.remove("dropping");
  if (busy()) return;
  const items = [...event.dataTransfer.items].filter(({ kind }) => kind === "file");
  const isFolder = (item) => Boolean(item.webkitGetAsEntry?.()?.isDirectory);
  const files = items.filter((item) => !isFolder(item)).map((item) => item.getAsFile());
  addFiles(files, files.length < items.length);
}

/** Files over the page may be dropped; a link or a piece of text goes where the browser puts it. */
function dragOver(event) {
  if (!event.dataTransfer.types.includes("Files")) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = busy() ? "none" : "copy";
  form.classList.toggle("dropping", !busy());
}

/** Where text can go and there is text, the text is meant: spreadsheets put a picture of it beside it. */
function paste(event) {
  const { files, types } = event.clipboardData;
  const intoText = event.target.matches?.("input, textarea") && types.includes("text/plain");
  if (!files.length || intoText || busy()) return;
  event.preventDefault();
  addFiles([...files]);
}

function choose({ target }) {
  addFiles([...target.files]);
  target.value = ""; // so that the same file can be chosen again
}

function listenForFiles() {
  const input = byId("files");
  if (!input) return; // the plan has none
  byId("choose-files").disabled = false;
  byId("choose-files").addEventListener("click", () => input.click());
  input.addEventListener("change", choose);
  document.addEventListener("paste", paste);
  document.addEventListener("dragover", dragOver);
  document.addEventListener("drop", (event) => { if (event.dataTransfer.types.includes("Files")) drop(event); });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) form.classList.remove("dropping"); });
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

function showMade(key, { receipt, expires_at: expires }, passphrase) {
  showLink(key, new Date(expires), passphrase);
  showReceipt(receipt);
  form.reset(); // The plaintext need not stay behind the result.
  filesPart?.forgetFiles();
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
  listenForFiles();
  count();
}

start();
