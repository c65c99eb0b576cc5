/**
 * The reader's language: what `<html lang>` says. Bilingual texts stand together where they are said.
 * @module
 */

/** Whether the page is in Chinese. */
export function isChinese() {
  return document.documentElement.lang.startsWith('zh');
}

/**
 * The text in the reader's language.
 * @param {string} zh
 * @param {string} en
 * @returns {string}
 */
export function say(zh, en) {
  return isChinese() ? zh : en;
}

/**
 * Bilingual words in the reader's language.
 * @param {{ zh: string, en: string }} words
 * @returns {string}
 */
export function pick({ zh, en }) {
  return say(zh, en);
}

/**
 * An instant as a person reads it, by the clock of Asia/Shanghai.
 * @param {number | bigint} seconds since the Unix epoch
 * @returns {string} `2026-03-17 08:32:00`
 */
export function moment(seconds) {
  const options = { timeZone: 'Asia/Shanghai', dateStyle: 'short', timeStyle: 'medium' };
  const milliseconds = Number(seconds) * 1000;
  return Math.abs(milliseconds) <= 8.64e15 ? new Intl.DateTimeFormat('sv-SE', options).format(milliseconds) : String(seconds);
}

/**
 * A text from outside with nothing unseen in it: characters that steer or hide are named.
 * @param {string} text
 * @returns {string}
 */
export function visible(text) {
  const name = (character) => `⟨U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, '0')}⟩`;
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) => (character === '\n' || character === '\t' ? character : name(character)));
}
