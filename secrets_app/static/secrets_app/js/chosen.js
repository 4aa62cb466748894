// The files on the create page: chosen, dropped or pasted; listed, counted, removed. Nothing is read before it is sent.

import { packHeader } from "./envelope.js";
import { visibleName } from "./names.js";
import { amounts, byId, bytes, config, fill, sentence } from "./page.js";
export { share } from "./sending.js";

const HEADER_SLACK = 4096 + 65536; // bytes that the server grants the header besides twice the text

const list = byId("files-list");
let chosen = [];

const used = () => chosen.reduce((sum, { size }) => sum + size, 0);
const metas = () => chosen.map(({ name, type, size }) => ({ name, type, size }));

/** @returns {{used: string, limit: string}} */
export const filesAmounts = () => amounts(used(), config.limits.max_files_bytes);

/** @returns {{name: string, type: string, data: File}[]} */
export const files = () => chosen.map((file) => ({ name: file.name, type: file.type, data: file }));

/** What stands against sending these files with this text; null for nothing. */
export function filesProblem(text) {
  if (used() > config.limits.max_files_bytes) return "files-large";
  const most = 2 * config.limits.max_text_bytes + HEADER_SLACK;
  return packHeader(text, metas()).length > most ? "files-many" : null;
}

function rowOf(file) {
  const row = byId("file-row").content.cloneNode(true).firstElementChild;
  const name = visibleName(file.name);
  const remove = row.querySelector("button");
  row.querySelector("[data-file-name]").textContent = name;
  row.querySelector("[data-file-size]").textContent = bytes(file.size);
  remove.setAttribute("aria-label", sentence(remove, { name }));
  remove.addEventListener("click", () => removeFile(file, row));
  return row;
}

function showTotal() {
  const total = byId("files-total");
  const over = used() > config.limits.max_files_bytes;
  fill(total, filesAmounts());
  total.hidden = !chosen.length;
  total.classList.toggle("over", over);
  list.hidden = !chosen.length;
}

function removeFile(file, row) {
  chosen = chosen.filter((one) => one !== file);
  const next = row.nextElementSibling ?? row.previousElementSibling;
  row.remove();
  showTotal();
  (next?.querySelector("button") ?? byId("choose-files")).focus();
}

/** @param {File[]} added */
export function addFiles(added) {
  chosen = [...chosen, ...added];
  list.append(...added.map(rowOf));
  showTotal();
}

export function forgetFiles() {
  chosen = [];
  list.replaceChildren();
  showTotal();
}
