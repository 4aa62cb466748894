// A zip archive of files that are in memory already: stored as they are, without a copy of their bytes.

const LOCAL = 0x04034b50;
const ENTRY = 0x02014b50;
const END = 0x06054b50;
const VERSION = 20;
const UTF8_NAMES = 0x0800;
// Beyond these an archive needs the 64-bit extension, which not everything reads.
const MOST_BYTES = 0xffffffff;
const MOST_FILES = 0xfffe;
const HEADERS = 30 + 46; // bytes an entry, beside its name twice

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** @typedef {{name: string, data: Blob}} Entry */

async function crc32(blob) {
  let crc = 0xffffffff;
  const reader = blob.stream().getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    for (const byte of part.value) crc = TABLE[(crc ^ byte) & 255] ^ (crc >>> 8);
  }
  return ~crc >>> 0;
}

/** Little-endian numbers. @param {[number, number][]} fields of [bytes, value] */
function record(...fields) {
  const view = new DataView(new ArrayBuffer(fields.reduce((sum, [length]) => sum + length, 0)));
  let at = 0;
  for (const [length, value] of fields) {
    if (length === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += length;
  }
  return new Uint8Array(view.buffer);
}

/** As MS-DOS counted: local time in steps of two seconds, years from 1980. */
const dosTime = (now) => (now.getHours() << 11) | (now.getMinutes() << 5) | (now.getSeconds() >> 1);
const dosDate = (now) => ((now.getFullYear() - 1980) << 9) | ((now.getMonth() + 1) << 5) | now.getDate();

/** Whether an archive of these needs no extension. @param {Entry[]} entries */
export const fits = (entries) => entries.length <= MOST_FILES
  && entries.reduce((sum, { name, data }) => sum + data.size + HEADERS + 8 * name.length, 22) < MOST_BYTES;

/** @param {Entry[]} entries with names that are safe and differ @returns {Promise<Blob>} */
export async function zip(entries, now = new Date()) {
  const body = [];
  const directory = [];
  let offset = 0;
  for (const { name, data } of entries) {
    const bytes = new TextEncoder().encode(name);
    const common = [
      [2, VERSION], [2, UTF8_NAMES], [2, 0], [2, dosTime(now)], [2, dosDate(now)], [4, await crc32(data)],
      [4, data.size], [4, data.size], [2, bytes.length], [2, 0],
    ];
    body.push(record([4, LOCAL], ...common), bytes, data);
    directory.push(record([4, ENTRY], [2, VERSION], ...common, [2, 0], [2, 0], [2, 0], [4, 0], [4, offset]), bytes);
    offset += 30 + bytes.length + data.size;
  }
  const listed = new Blob(directory);
  const end = record([4, END], [2, 0], [2, 0], [2, entries.length], [2, entries.length], [4, listed.size], [4, offset], [2, 0]);
  return new Blob([...body, listed, end], { type: "application/zip" });
}
