// The files of an opened secret: a row for each with its name, size, a look inside where that is harmless, and saving.

import { visibleName, safeName, uniqueNames } from "./names.js";
import { announce, byId, bytes, sentence, setBusy } from "./page.js";
import { draw, look } from "./preview.js";
import { fits, zip } from "./zip.js";
export { download } from "./download.js";
export { showProgress } from "./transfer.js";

const REVOKE_MS = 60_000; // long after a browser has taken the data

const unsaved = new Set();

// What is on this page alone would be lost with it.
const askFirst = (event) => { if (unsaved.size) event.preventDefault(); };

/** Hands data to the browser's downloads. Its type tells no program to open it. */
function save(data, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([data], { type: "application/octet-stream" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), REVOKE_MS);
}

function saveFile(button, file) {
  save(file.data, safeName(file.name));
  unsaved.delete(file);
  announce(sentence(button, { name: visibleName(file.name) }, "done"));
}

async function saveAll(button, entries) {
  setBusy(button, true);
  save(await zip(entries), `${button.dataset.name}.zip`);
  setBusy(button, false);
  unsaved.clear();
  announce(button.dataset.done);
}

function showText(part, { text, whole }) {
  part.querySelector("textarea").value = text;
  part.querySelector("textarea").hidden = false;
  part.querySelector("[data-beginning]").hidden = whole;
}

async function fillPreview(part, file, seen) {
  if (!seen.picture) return showText(part, seen);
  const canvas = part.querySelector("canvas");
  try {
    await draw(file.data, seen.picture, canvas);
    canvas.hidden = false;
  } catch {
    part.querySelector("[data-damaged]").hidden = false;
  }
}

async function offerPreview(row, file) {
  const seen = await look(file.data);
  if (!seen) return;
  const part = row.querySelector("details");
  for (const each of part.querySelectorAll("[data-text]")) {
    each.setAttribute("aria-label", sentence(each, { name: visibleName(file.name) }));
  }
  part.hidden = false;
  part.addEventListener("toggle", () => fillPreview(part, file, seen), { once: true });
}

function rowOf(file) {
  const row = byId("received-row").content.cloneNode(true).firstElementChild;
  const button = row.querySelector("button");
  row.querySelector("[data-file-name]").textContent = visibleName(file.name);
  row.querySelector("[data-file-size]").textContent = bytes(file.data.size);
  button.setAttribute("aria-label", sentence(button, { name: visibleName(file.name) }));
  button.addEventListener("click", () => saveFile(button, file));
  offerPreview(row, file);
  return row;
}

/** @param {{name: string, type: string, data: Blob|Uint8Array}[]} received */
export function showFiles(received) {
  const files = received.map((file) => ({ ...file, data: new Blob([file.data]) }));
  for (const file of files) unsaved.add(file);
  byId("received-list").replaceChildren(...files.map(rowOf));
  byId("received").hidden = false;
  const names = uniqueNames(files.map(({ name }) => name));
  const entries = files.map(({ data }, at) => ({ name: names[at], data }));
  const all = byId("save-all");
  all.hidden = files.length < 2 || !fits(entries);
  all.addEventListener("click", () => saveAll(all, entries));
  window.addEventListener("beforeunload", askFirst);
}
