// Sends what was chosen: sealed here segment by segment, a few on their way at a time, as docs/files.md says.
// Of large files no more than those segments is in memory.

import {
  derive, envelopeSize, pack, proofHash, randomBytes, sealSegment, secretId, SEGMENT_BYTES, segmentCount, toBase64Url,
} from "./envelope.js";
import { call, Refused } from "./page.js";
import { Cancelled, inRounds, insist, SEGMENT_SECONDS, succeeded } from "./transfer.js";

const KEY_BYTES = 16;
const MOST_LOSSES = 3; // how often the server may miss what it had taken

/** A file cannot be read any more: changed, moved or deleted since it was chosen. */
export class Unreadable extends Error {
  name = "Unreadable";
}

async function readSegment(plaintext, number) {
  const piece = plaintext.slice(number * SEGMENT_BYTES, (number + 1) * SEGMENT_BYTES);
  let bytes;
  try {
    bytes = new Uint8Array(await piece.arrayBuffer());
  } catch {
    throw new Unreadable();
  }
  if (bytes.length !== piece.size) throw new Unreadable();
  return bytes;
}

/**
 * Seals a segment when it is first asked for, and gives the very same bytes until it is forgotten: were a file to
 * change in between, two different contents would share a nonce.
 */
function sealer(plaintext, total, contentKey, id) {
  const sealed = new Map();
  return {
    async get(number) {
      if (!sealed.has(number)) {
        const chunk = await readSegment(plaintext, number);
        sealed.set(number, await sealSegment(contentKey, id, number, number === total - 1, chunk));
      }
      return sealed.get(number);
    },
    forget: (number) => sealed.delete(number),
  };
}

const range = (first, last) => Array.from({ length: last - first + 1 }, (_, step) => first + step);

/** What an upload is for the server. @returns {Promise<{path: string, headers: object, signal: AbortSignal}>} */
async function begin(request, signal) {
  const upload = toBase64Url(randomBytes(KEY_BYTES));
  const there = { path: `/uploads/${request.id}`, headers: { "Upload-Key": upload }, signal };
  signal.addEventListener("abort", () => drop(there), { once: true });
  const answer = await call("/uploads", { ...request, upload }, { signal });
  if (answer.status >= 300) throw new Refused(answer);
  return there;
}

/** What was sent of an upload that will not be finished is erased, as far as the line allows. */
function drop({ path, headers }) {
  call(path, undefined, { method: "DELETE", headers, keepalive: true }).catch(() => {}); // also while the page closes
}

async function askMissing({ path, ...options }) {
  const { data } = await insist(() => call(path, undefined, options), options.signal);
  return data.missing.flatMap(([first, last]) => range(first, last));
}

async function sendAll(there, total, send) {
  const finish = () => call(`${there.path}/finish`, {}, { headers: there.headers, signal: there.signal });
  let known = range(0, total - 1); // at first nobody needs to be asked
  const missing = async () => {
    const numbers = known ?? await askMissing(there);
    known = null;
    return numbers;
  };
  for (let losses = 0; ; losses++) {
    await inRounds(missing, send, there.signal);
    try {
      return (await insist(finish, there.signal)).data;
    } catch (error) {
      const incomplete = error instanceof Refused && error.answer.status === 409;
      if (!incomplete || losses === MOST_LOSSES) throw error;
    }
  }
}

/**
 * Seals and sends. Throws Offline or Refused before anything is on its way, later Refused, Unreadable or Cancelled;
 * then nothing is left of it on the server, or not for long.
 * @param {import("./envelope.js").Contents} contents
 * @param {{key: string, passphrase: string, ttl: number}} settings
 * @param {{progress: (done: number, total: number) => void, signal: AbortSignal}} control
 */
export async function upload(contents, { key, passphrase, ttl }, { progress, signal }) {
  const id = await secretId(key);
  const { contentKey, proof } = await derive(key, passphrase);
  const plaintext = pack(contents);
  const total = segmentCount(plaintext.size);
  const sealed = sealer(plaintext, total, contentKey, id);
  const request = {
    id, size: envelopeSize(plaintext.size), proof_hash: toBase64Url(await proofHash(proof)), ttl, passphrase: Boolean(passphrase),
  };
  const sent = new Set();
  let there;
  try {
    there = await begin(request, signal);
    return await sendAll(there, total, async (number) => {
      const body = await sealed.get(number);
      const options = { method: "PUT", headers: there.headers, signal, seconds: SEGMENT_SECONDS };
      succeeded(await call(`${there.path}/segments/${number}`, body, options));
      sealed.forget(number);
      progress(sent.add(number).size, total);
    });
  } catch (error) {
    if (signal.aborted) throw new Cancelled();
    if (there) drop(there);
    throw error;
  }
}
