// What sending and receiving by segment share: a few segments at a time, again after a hitch, and how far it is.

import { byId, Offline, percent, Refused, sentence, showHitch } from "./page.js";

const LANES = 3;
const LONGEST_PAUSE = 30; // seconds
const MOST_TRIES = 6; // of a server in trouble, one after the other without a step forward
/** For one segment: 1 MiB in this time is a line of 9 kB/s. */
export const SEGMENT_SECONDS = 120;

/** The reader has stopped it. */
export class Cancelled extends Error {
  name = "Cancelled";
}

/** The server is busy (429) or in trouble (5xx): later it may be otherwise. */
class Hitch extends Error {
  constructor({ status, wait }) {
    super(`hitch ${status}`);
    Object.assign(this, { status, wait });
  }
}

/** The answer, if it is a success. Throws Hitch or Refused. */
export function succeeded(answer) {
  if (answer.status < 300) return answer;
  throw answer.status === 429 || answer.status >= 500 ? new Hitch(answer) : new Refused(answer);
}

/** Says what went wrong for as long as it is best to wait. Throws the error if waiting cannot help. */
async function sitOut(error, tries, signal) {
  if (signal?.aborted) throw new Cancelled();
  const seconds = error.wait || Math.min(2 ** tries, LONGEST_PAUSE);
  if (error instanceof Offline) return showHitch("offline", seconds, signal);
  if (!(error instanceof Hitch)) throw error;
  if (error.status === 429) return showHitch("busy", seconds, signal);
  if (tries > MOST_TRIES) throw error;
  return showHitch("trouble", seconds, signal);
}

/** What `attempt` gives in the end. Throws Refused, Cancelled, or after many tries that the server is in trouble. */
export async function insist(attempt, signal) {
  for (let tries = 1; ; tries++) {
    try {
      return succeeded(await attempt());
    } catch (error) {
      await sitOut(error, tries, signal);
    }
  }
}

/** Runs `work` for each number. The first failure ends it, once what is on its way has ended too. */
async function inLanes(numbers, lanes, work) {
  const waiting = [...numbers];
  let failure;
  const lane = async () => {
    while (!failure && waiting.length) await work(waiting.shift()).catch((error) => { failure ??= error; });
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  if (failure) throw failure;
}

/**
 * Runs `work` for every number that is `missing`, and after a hitch for those that still are; then fewer at a time, as
 * the line may be too thin for three. Throws as `insist` does, and what `work` throws.
 * @param {() => Promise<number[]>} missing @param {(number: number) => Promise<void>} work
 */
export async function inRounds(missing, work, signal) {
  let before = Infinity;
  let tries = 0;
  for (let lanes = LANES; ; lanes = Math.max(1, lanes - 1)) {
    const left = await missing();
    tries = left.length < before ? 0 : tries;
    before = left.length;
    try {
      return await inLanes(left, lanes, work);
    } catch (error) {
      await sitOut(error, ++tries, signal);
    }
  }
}

/** Shows how far `name` is on its bar, and says it aloud at every tenth. */
export function showProgress(name, done, total) {
  const part = Math.floor((100 * done) / total) / 100; // never "100 %" before the end
  byId(`${name}-bar`).value = part;
  byId(`${name}-percent`).textContent = percent(part);
  const status = byId(`${name}-status`);
  const words = sentence(status, { percent: percent(Math.floor(part * 10) / 10) });
  if (status.textContent !== words) status.textContent = words;
}
