// Fetches an opened secret segment by segment, checks each, and keeps them as Blobs, which a browser may put on disk.
// Nothing is given out before the last one: it alone says that nothing is missing.

import { BadEnvelope, openSegment, unpackHeader } from "./envelope.js";
import { call } from "./page.js";
import { inRounds, SEGMENT_SECONDS, succeeded } from "./transfer.js";

const bytesOf = async (blob) => new Uint8Array(await blob.arrayBuffer());

async function readHeader(plaintext) {
  const start = await bytesOf(plaintext.slice(0, 4));
  if (start.length < 4) throw new BadEnvelope("there is no header");
  const length = 4 + new DataView(start.buffer).getUint32(0);
  return unpackHeader(await bytesOf(plaintext.slice(0, length)));
}

async function checkPadding(padding) {
  const reader = padding.stream().getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    if (part.value.some((byte) => byte)) throw new BadEnvelope("the padding isn't zeros");
  }
}

/** As `unpack` of envelope.js, for what is too large for one array. @param {Blob} plaintext */
async function unpackBlob(plaintext) {
  const header = await readHeader(plaintext);
  let at = header.length;
  const files = header.files.map(({ name, type, size }) => ({ name, type, data: plaintext.slice(at, (at += size)) }));
  if (at > plaintext.size) throw new BadEnvelope("the files are longer than the plaintext");
  await checkPadding(plaintext.slice(at));
  return { text: header.text, files };
}

/**
 * What is in a secret whose segments are fetched one by one. Throws BadEnvelope, or Refused when the hold is over.
 * @param {{id: string, contentKey: Uint8Array, claim: string, segments: number}} secret
 * @param {(done: number, total: number, answer: object) => void} progress gets each answer, which tells the hold
 * @returns {Promise<{text: ?string, files: {name: string, type: string, data: Blob}[]}>}
 */
export async function download({ id, contentKey, claim, segments }, progress) {
  const chunks = new Map();
  const missing = async () => Array.from({ length: segments }, (_, number) => number).filter((one) => !chunks.has(one));
  await inRounds(missing, async (number) => {
    const answer = succeeded(await call(`/secrets/${id}/segments/${number}`, { claim }, { seconds: SEGMENT_SECONDS }));
    const last = number === segments - 1;
    chunks.set(number, new Blob([await openSegment(contentKey, id, number, last, answer.data)]));
    progress(chunks.size, segments, answer);
  });
  return unpackBlob(new Blob(Array.from({ length: segments }, (_, number) => chunks.get(number))));
}
