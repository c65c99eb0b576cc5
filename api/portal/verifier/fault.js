/**
 * Why something is refused: the rule that is broken, under the code that `mingzhang-verify --json` gives it, the entry it
 * broke at, and the message in both languages.
 * @module
 */

/** A broken rule. */
export class Fault extends Error {
  /**
   * @param {string} rule the stable code of the rule
   * @param {string} en the message in English
   * @param {string} zh the message in Chinese
   * @param {number | null} [entry] the index of the entry it broke at, if at one
   */
  constructor(rule, en, zh, entry = null) {
    super(en);
    this.name = 'Fault';
    this.rule = rule;
    this.en = en;
    this.zh = zh;
    this.entry = entry;
  }

  /**
   * The same fault, told of a place: another rule where the place decides, the place's words before its own.
   * @param {{ rule?: string, entry?: number, en?: string, zh?: string }} place
   * @returns {Fault}
   */
  within(place) {
    const en = place.en === undefined ? this.en : `${place.en}: ${this.en}`;
    const zh = place.zh === undefined ? this.zh : `${place.zh}：${this.zh}`;
    return new Fault(place.rule ?? this.rule, en, zh, place.entry ?? this.entry);
  }
}

/**
 * Reads at once; a fault in it is told of the place.
 * @template T
 * @param {{ rule?: string, entry?: number, en?: string, zh?: string }} place
 * @param {() => T} read
 * @returns {T}
 */
export function withinNow(place, read) {
  try {
    return read();
  } catch (error) {
    throw error instanceof Fault ? error.within(place) : error;
  }
}

/**
 * Does the work; a fault in it is told of the place.
 * @template T
 * @param {{ rule?: string, entry?: number, en?: string, zh?: string }} place
 * @param {() => T | Promise<T>} work
 * @returns {Promise<T>}
 */
export async function within(place, work) {
  try {
    return await work();
  } catch (error) {
    throw error instanceof Fault ? error.within(place) : error;
  }
}
