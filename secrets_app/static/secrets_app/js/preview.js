// A look at a received file, drawn from memory: plain text as text, and four kinds of picture as pixels on a canvas.
// What a file is, its first bytes say; neither its name nor its type is believed, and nothing in it is run or loaded.

const TEXT_BYTES = 65536; // the most that is shown
const HEAD_BYTES = 262144; // a JPEG may have that much before its size
const MOST_PIXELS = 50_000_000; // 200 MB drawn: a small file can claim to be a vast picture
const MOST_SIDE = 1600; // of the canvas
const NOT_TEXT = /[\0-\x08\x0b\x0e-\x1f\x7f\ufffd]/;

const ascii = (view, at, length) => String.fromCharCode(...new Uint8Array(view.buffer, at, length));
const uint24 = (view, at) => view.getUint16(at, true) + (view.getUint8(at + 2) << 16);

const png = (view) => ascii(view, 0, 8) === "\x89PNG\r\n\x1a\n" && [view.getUint32(16), view.getUint32(20)];

const gif = (view) => /^GIF8[79]a$/.test(ascii(view, 0, 6)) && [view.getUint16(6, true), view.getUint16(8, true)];

/** Frame headers are C0 to CF, but for the three that are tables. */
function jpeg(view) {
  if (view.getUint16(0) !== 0xffd8) return false;
  for (let at = 2; view.getUint8(at) === 0xff; at += 2 + view.getUint16(at + 2)) {
    const marker = view.getUint8(at + 1);
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      return [view.getUint16(at + 7), view.getUint16(at + 5)];
    }
  }
  return false;
}

function webp(view) {
  if (ascii(view, 0, 4) !== "RIFF" || ascii(view, 8, 4) !== "WEBP") return false;
  const kind = ascii(view, 12, 4);
  if (kind === "VP8X") return [1 + uint24(view, 24), 1 + uint24(view, 27)];
  if (kind === "VP8 ") return [view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff];
  const bits = view.getUint32(21, true);
  return kind === "VP8L" && [1 + (bits & 0x3fff), 1 + ((bits >>> 14) & 0x3fff)];
}

/** Width and height of a picture of a known kind; null for anything else. @param {Uint8Array} head its own buffer */
export function pictureSize(head) {
  const view = new DataView(head.buffer);
  try {
    return png(view) || gif(view) || webp(view) || jpeg(view) || null;
  } catch {
    return null; // too short
  }
}

/** The beginning as text, if that is all it is. @returns {?{text: string, whole: boolean}} */
function asText(head, size) {
  const whole = size <= TEXT_BYTES;
  try {
    // A cut end may fall into a character.
    const text = new TextDecoder("utf-8", { fatal: true }).decode(head.subarray(0, TEXT_BYTES), { stream: !whole });
    return NOT_TEXT.test(text) ? null : { text, whole };
  } catch {
    return null;
  }
}

/** @param {Blob} data @returns {Promise<?{picture: number[]}|{text: string, whole: boolean}>} null for what is not previewed */
export async function look(data) {
  const head = new Uint8Array(await data.slice(0, HEAD_BYTES).arrayBuffer());
  if (!head.length) return null;
  const picture = pictureSize(head);
  if (!picture) return asText(head, data.size);
  const [width, height] = picture;
  return width && height && width * height <= MOST_PIXELS ? { picture } : null;
}

/** Throws what the browser throws for a damaged picture. @param {HTMLCanvasElement} canvas */
export async function draw(data, [width, height], canvas) {
  const scale = Math.min(1, MOST_SIDE / Math.max(width, height));
  const bitmap = await createImageBitmap(data);
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
}
