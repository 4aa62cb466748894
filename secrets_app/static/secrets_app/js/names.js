// File names are what a stranger wrote: shown so that nothing in them hides, and made harmless before a browser saves them.

// Controls, what turns the direction of writing, what has no shape. Joiners and variation selectors build letters and emoji.
const UNSEEN = /(?![\u200c\u200d\ufe0e\ufe0f])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/gu;
const RESERVED = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])(?=\.|$)/i; // what Windows takes for devices
const MOST_BYTES = 200; // file systems take 255, and what saves may add " (1)" or ".part"

const spelled = (character) => `⟨U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`;

/** The name with every character in sight: "cod⟨U+202E⟩exe.txt". */
export const visibleName = (name) => name.replace(UNSEEN, spelled);

const size = (text) => new TextEncoder().encode(text).length;

/** The stem and the ending with its dot; a name that only begins with a dot has no ending. */
function split(name) {
  const dot = name.lastIndexOf(".");
  return dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ""];
}

function shorten(name) {
  let [stem, ending] = split(name);
  if (size(ending) > MOST_BYTES / 2) [stem, ending] = [name, ""];
  const letters = [...stem];
  while (letters.length && size(letters.join("") + ending) > MOST_BYTES) letters.pop();
  return letters.join("") + ending;
}

/** A name to save by: the last part of a path, without what systems take for something else. */
export function safeName(name) {
  const last = name.split(/[/\\]/).pop().replace(UNSEEN, "").replace(/[<>:"|?*]/g, "_");
  const plain = last.trim().replace(/[. ]+$/, "");
  return shorten(plain.replace(RESERVED, "_$1")) || "file";
}

/** Safe names of which no two are the same, in capitals or not. @param {string[]} names */
export function uniqueNames(names) {
  const taken = new Set();
  return names.map((name) => {
    const safe = safeName(name);
    const [stem, ending] = split(safe);
    let unique = safe;
    for (let copy = 2; taken.has(unique.toLowerCase()); copy++) unique = `${stem} (${copy})${ending}`;
    taken.add(unique.toLowerCase());
    return unique;
  });
}
