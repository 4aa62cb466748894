// The password generator. Everything is drawn with the browser's cryptographic generator, without bias.

import { byId, fill } from "./page.js";

const SETS = {
  upper: "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
  lower: "abcdefghijklmnopqrstuvwxyz",
  digits: "0123456789",
  symbols: "!#$%&*+-=?@^_~",
};
const LOOK_ALIKES = /[lI1O0o]/g;
const RANGE = 2 ** 32;

/** Uniform in 0..below-1: the few values at the top that would favour the small ones are drawn again. */
export function randomBelow(below) {
  const limit = RANGE - (RANGE % below);
  const draw = new Uint32Array(1);
  do crypto.getRandomValues(draw); while (draw[0] >= limit);
  return draw[0] % below;
}

const pick = (from) => from[randomBelow(from.length)];

function shuffle(items) {
  for (let last = items.length - 1; last > 0; last--) {
    const other = randomBelow(last + 1);
    [items[last], items[other]] = [items[other], items[last]];
  }
  return items;
}

/** At least one of each set, because many sites ask for that. @param {string[]} sets */
export function characters(sets, length) {
  const all = sets.join("");
  const rest = Array.from({ length: length - sets.length }, () => pick(all));
  return shuffle([...sets.map(pick), ...rest]).join("");
}

/** @param {string[]} list */
export const words = (list, count) => Array.from({ length: count }, () => pick(list)).join("-");

const checked = (name) => [...document.querySelectorAll(`[name="${name}"]:checked`)].map((input) => input.value);

function chosenSets() {
  const names = checked("set");
  const sets = (names.length ? names : ["lower"]).map((name) => SETS[name]);
  return byId("clear").checked ? sets.map((set) => set.replace(LOOK_ALIKES, "")) : sets;
}

const wordList = async () => (document.documentElement.lang === "uk"
  ? (await import("./words-uk.js")).WORDS
  : (await import("./words-en.js")).WORDS);

async function generate() {
  if (checked("kind")[0] === "words") {
    const list = await wordList();
    const count = Number(byId("count").value);
    return [words(list, count), count * Math.log2(list.length)];
  }
  const sets = chosenSets();
  const length = Number(byId("length").value);
  return [characters(sets, length), length * Math.log2(sets.join("").length)];
}

function showChoices() {
  const [kind] = checked("kind");
  for (const part of document.querySelectorAll("[data-kind]")) part.hidden = part.dataset.kind !== kind;
  byId("length-shown").textContent = byId("length").value;
  byId("count-shown").textContent = byId("count").value;
}

async function refresh() {
  showChoices();
  const [password, bits] = await generate();
  byId("generated").value = password;
  byId("generator-problem").hidden = true;
  fill(byId("strength"), { bits: Math.floor(bits) });
}

// A list of words may not come, on a cut line.
const tryRefresh = () => refresh().catch(() => { byId("generator-problem").hidden = false; });

function use(text) {
  const { value, selectionStart: start, selectionEnd: end } = text;
  text.value = value.slice(0, start) + byId("generated").value + value.slice(end);
  text.dispatchEvent(new Event("input", { bubbles: true }));
  text.focus();
}

/** @param {HTMLTextAreaElement} text where a password is put on request */
export function startGenerator(text) {
  byId("generator").addEventListener("input", tryRefresh);
  byId("again").addEventListener("click", tryRefresh);
  byId("use-generated").addEventListener("click", () => use(text));
  return refresh();
}
