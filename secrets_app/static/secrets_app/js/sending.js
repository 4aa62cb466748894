// The create page while files are on their way: how far it is, a way to stop, a question before the page is closed.

import { byId } from "./page.js";
import { showProgress } from "./transfer.js";
import { upload } from "./upload.js";

const form = byId("create");
const bar = byId("upload-bar");

const askFirst = (event) => event.preventDefault();

/** What is being sent is not to be changed meanwhile. */
function setRunning(running) {
  for (const part of form.children) part.inert = running && part.id !== "upload";
  bar.removeAttribute("value"); // unknown, until the first segment is there
  byId("upload-percent").textContent = "";
  byId("upload-status").textContent = running ? byId("upload-status").dataset.encrypting : "";
  byId("upload").hidden = !running;
  if (running) byId("upload").focus();
}

/** Sends it all. @returns the server's answer; throws as `upload` does */
export async function share(contents, settings) {
  const control = new AbortController();
  const stop = () => control.abort();
  const listeners = [[byId("cancel"), "click", stop], [window, "pagehide", stop], [window, "beforeunload", askFirst]];
  for (const [target, event, listener] of listeners) target.addEventListener(event, listener);
  setRunning(true);
  try {
    const progress = (done, total) => showProgress("upload", done, total);
    return await upload(contents, settings, { progress, signal: control.signal });
  } finally {
    for (const [target, event, listener] of listeners) target.removeEventListener(event, listener);
    setRunning(false);
    byId("hitch").hidden = true;
  }
}
