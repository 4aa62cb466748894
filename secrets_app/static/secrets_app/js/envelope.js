// The link and the envelope, version 1, as docs/format.md says and secrets_app/envelope.py does.
// No imports, no DOM: only WebCrypto, which browsers give to https and to localhost.

/** @typedef {{name: string, type: string, size: number}} FileMeta `size` in bytes */
/** @typedef {{text?: ?string, files?: {name: string, type: string, data: Uint8Array|Blob}[]}} Contents */

export const VERSION = 1;
export const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
export const LINK_KEY_LENGTH = 31;
export const SEGMENT_BYTES = 1024 * 1024;
export const TAG_BYTES = 16;
export const MINIMUM_PADDED_BYTES = 256;
export const PBKDF2_ROUNDS = 600000;

const CONTEXT = "onetime/1";
const AROUND = "[\\s\\u200b\\ufeff<>()\\[\\]\"'«»“”„‘’.,;:!?]*";
const LINK = new RegExp(
  `^${AROUND}(?:(?:.*/)?secret(?:/|/?(?:\\?[^#]*)?#)|#)?([0-9A-Za-z]{${LINK_KEY_LENGTH}})${AROUND}$`, "s");

export class EnvelopeError extends Error {}
/** The key part of a link isn't exactly 31 base-62 characters. */
export class IncompleteLink extends EnvelopeError {}
/** Changed, cut, badly made, or the key or the passphrase is wrong. */
export class BadEnvelope extends EnvelopeError {}

// Bytes. Lone surrogates become U+FFFD; a byte order mark is content.

const utf8 = (text) => new TextEncoder().encode(text);
const fromUtf8 = (bytes) => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
const wellFormed = (text) => fromUtf8(utf8(text));

/** @returns {Uint8Array} */
export const randomBytes = (length) => crypto.getRandomValues(new Uint8Array(length));

/** @returns {string} lower case */
export const toHex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** @returns {Uint8Array} */
export const fromHex = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));

/** @returns {string} unpadded */
export function toBase64Url(bytes) {
  let binary = "";
  // By pieces: a call takes only so many arguments.
  for (let at = 0; at < bytes.length; at += 8192) binary += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** @returns {Uint8Array} of padded or unpadded base64url; throws a DOMException for anything else */
export const fromBase64Url = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));

/** @param {Uint8Array[]} parts @returns {Uint8Array} */
export function concat(parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

// Keys and links

/** @returns {string} 31 characters, each equally likely: bytes from 248 on would favour some. */
export function newLinkKey() {
  let key = "";
  while (key.length < LINK_KEY_LENGTH) {
    for (const byte of randomBytes(64)) if (byte < 248) key += ALPHABET[byte % 62];
  }
  return key.slice(0, LINK_KEY_LENGTH);
}

/** The key in a pasted link or a bare key. Throws IncompleteLink. @returns {string} */
export function parseLink(text) {
  const match = text.length <= 2048 && LINK.exec(text);
  if (!match) throw new IncompleteLink(`a link ends in exactly ${LINK_KEY_LENGTH} letters and digits`);
  return match[1];
}

async function deriveBits(algorithm, material, length) {
  const key = await crypto.subtle.importKey("raw", material, algorithm.name, false, ["deriveBits"]);
  return new Uint8Array(await crypto.subtle.deriveBits({ hash: "SHA-256", ...algorithm }, key, length * 8));
}

const hkdf = (material, info, length) =>
  deriveBits({ name: "HKDF", salt: utf8(CONTEXT), info: utf8(info) }, material, length);

/** The name the server knows a secret by. @returns {Promise<string>} 32 hex digits */
export const secretId = async (key) => toHex(await hkdf(utf8(key), "id", 16));

/** Empty without a passphrase; else 600,000 rounds, a noticeable pause. @returns {Promise<Uint8Array>} */
export async function stretch(key, passphrase) {
  if (!passphrase) return new Uint8Array();
  const salt = await hkdf(utf8(key), "passphrase", 16);
  return deriveBits({ name: "PBKDF2", salt, iterations: PBKDF2_ROUNDS }, utf8(passphrase.normalize("NFKC")), 32);
}

/** @param {string} key @param {?string} passphrase @returns {Promise<{contentKey: Uint8Array, proof: Uint8Array}>} */
export async function derive(key, passphrase) {
  const material = concat([utf8(key), await stretch(key, passphrase)]);
  return { contentKey: await hkdf(material, "content", 32), proof: await hkdf(material, "proof", 32) };
}

/** @returns {Promise<Uint8Array>} */
export const proofHash = async (proof) => new Uint8Array(await crypto.subtle.digest("SHA-256", proof));

// Plaintext

/** The Padmé size, at least 256 (see docs/format.md): a stored length that tells little. */
export function paddedSize(size) {
  const least = Math.max(size, MINIMUM_PADDED_BYTES);
  const exponent = least.toString(2).length - 1;
  const unit = 2 ** (exponent - exponent.toString(2).length);
  return Math.ceil(least / unit) * unit;
}

/** The length and the header; the files' bytes and the zeros follow. @param {?string} text @param {FileMeta[]} files */
export function packHeader(text, files = []) {
  const header = {};
  if (typeof text === "string") header.text = wellFormed(text);
  if (files.length) {
    header.files = files.map(({ name, type, size }) => ({ name: wellFormed(name), type: wellFormed(type), size }));
  }
  const encoded = utf8(JSON.stringify(header));
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, encoded.length);
  return concat([length, encoded]);
}

/** The padded plaintext, as a Blob so that files stay on disk. @param {Contents} contents @returns {Blob} */
export function pack({ text, files = [] }) {
  const metas = files.map(({ name, type, data }) => ({ name, type, size: data.size ?? data.length }));
  const body = new Blob([packHeader(text, metas), ...files.map(({ data }) => data)]);
  return new Blob([body, new Uint8Array(paddedSize(body.size) - body.size)]);
}

const isText = (value) => typeof value === "string" && wellFormed(value) === value;
const isMeta = (entry) =>
  isText(entry?.name) && isText(entry.type) && Number.isSafeInteger(entry.size) && entry.size >= 0;

function parseJson(bytes) {
  try {
    return JSON.parse(fromUtf8(bytes));
  } catch {
    throw new BadEnvelope("the header isn't JSON in UTF-8");
  }
}

/**
 * The header at the start of a plaintext, of which the rest may still be missing. Throws BadEnvelope.
 * @returns {{text: ?string, files: FileMeta[], length: number}} `length`: where the first file begins
 */
export function unpackHeader(plaintext) {
  if (plaintext.length < 4) throw new BadEnvelope("there is no header");
  const length = 4 + new DataView(plaintext.buffer, plaintext.byteOffset).getUint32(0);
  if (length > plaintext.length) throw new BadEnvelope("the header is longer than the plaintext");
  const header = parseJson(plaintext.subarray(4, length));
  if (header === null || typeof header !== "object" || Array.isArray(header)) {
    throw new BadEnvelope("the header isn't an object");
  }
  const { text, files = [] } = header;
  if ((text !== undefined && !isText(text)) || !Array.isArray(files) || !files.every(isMeta)) {
    throw new BadEnvelope("the header's text or files are of the wrong type");
  }
  return { text: text ?? null, files: files.map(({ name, type, size }) => ({ name, type, size })), length };
}

/** What was packed. Throws BadEnvelope. */
export function unpack(plaintext) {
  const header = unpackHeader(plaintext);
  let at = header.length;
  const files = header.files.map(({ name, type, size }) => ({ name, type, data: plaintext.subarray(at, (at += size)) }));
  if (at > plaintext.length) throw new BadEnvelope("the files are longer than the plaintext");
  if (plaintext.subarray(at).some((byte) => byte)) throw new BadEnvelope("the padding isn't zeros");
  return { text: header.text, files };
}

// Segments and envelopes

/** How many segments a padded plaintext takes. */
export const segmentCount = (plaintextBytes) => Math.max(1, Math.ceil(plaintextBytes / SEGMENT_BYTES));

/** The bytes of the envelope around a padded plaintext. */
export const envelopeSize = (plaintextBytes) => 1 + plaintextBytes + segmentCount(plaintextBytes) * TAG_BYTES;

async function cipher(usage, contentKey, id, number, last) {
  const iv = new Uint8Array(12); // an 11-byte counter, then 1 on the last segment
  new DataView(iv.buffer).setUint32(7, number);
  iv[11] = last ? 1 : 0;
  const key = await crypto.subtle.importKey("raw", contentKey, "AES-GCM", false, [usage]);
  return [{ name: "AES-GCM", iv, additionalData: concat([utf8(CONTEXT), fromHex(id)]) }, key];
}

/** @param {string} id hex @param {number} number from 0 @param {Uint8Array} chunk 1 MiB, the last one less */
export async function sealSegment(contentKey, id, number, last, chunk) {
  if (!chunk.length || chunk.length > SEGMENT_BYTES || (!last && chunk.length < SEGMENT_BYTES)) {
    throw new RangeError("every segment but the last holds exactly 1 MiB");
  }
  const [algorithm, key] = await cipher("encrypt", contentKey, id, number, last);
  return new Uint8Array(await crypto.subtle.encrypt(algorithm, key, chunk));
}

/** The chunk sealed for just this place. Throws BadEnvelope. @returns {Promise<Uint8Array>} */
export async function openSegment(contentKey, id, number, last, sealed) {
  if (sealed.length <= TAG_BYTES) throw new BadEnvelope("a segment is missing");
  const [algorithm, key] = await cipher("decrypt", contentKey, id, number, last);
  try {
    return new Uint8Array(await crypto.subtle.decrypt(algorithm, key, sealed));
  } catch {
    throw new BadEnvelope("the key is wrong, or the envelope was changed");
  }
}

/** Seal with keys derived already. A key seals once: sealing twice would repeat nonces. @param {Contents} contents */
export async function sealWith(contentKey, id, contents) {
  const plaintext = pack(contents);
  const total = segmentCount(plaintext.size);
  const parts = [Uint8Array.of(VERSION)];
  for (let number = 0; number < total; number++) {
    const chunk = plaintext.slice(number * SEGMENT_BYTES, (number + 1) * SEGMENT_BYTES);
    const bytes = new Uint8Array(await chunk.arrayBuffer());
    parts.push(await sealSegment(contentKey, id, number, number === total - 1, bytes));
  }
  return concat(parts);
}

/** Open with keys derived already. Throws BadEnvelope. */
export async function openWith(contentKey, id, envelope) {
  if (envelope[0] !== VERSION) throw new BadEnvelope("not an envelope of version 1");
  const step = SEGMENT_BYTES + TAG_BYTES;
  const total = Math.max(1, Math.ceil((envelope.length - 1) / step));
  const chunks = [];
  for (let number = 0; number < total; number++) {
    const sealed = envelope.subarray(1 + number * step, 1 + (number + 1) * step);
    chunks.push(await openSegment(contentKey, id, number, number === total - 1, sealed));
  }
  return unpack(concat(chunks));
}

/** The whole envelope. @param {Contents} contents @returns {Promise<Uint8Array>} */
export async function seal(key, passphrase, contents) {
  return sealWith((await derive(key, passphrase)).contentKey, await secretId(key), contents);
}

/**
 * What is in a whole envelope. Throws BadEnvelope.
 * @returns {Promise<{text: ?string, files: {name: string, type: string, data: Uint8Array}[]}>}
 */
export async function openEnvelope(key, passphrase, envelope) {
  return openWith((await derive(key, passphrase)).contentKey, await secretId(key), envelope);
}
