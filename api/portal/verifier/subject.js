/**
 * Subjects: what an entry is about, and how a project's id is normalised, so that a full-width bracket or an invisible
 * character cannot open a second account for the same project.
 * @module
 */
import { isJurisdiction, isPublisherId, isReservedId } from './code.js';
import { Fault } from './fault.js';

const ID = /^[0-9A-Z\-_./:()[\]#&+*\u3007\u3400-\u4dbf\u4e00-\u9fff\u{20000}-\u{3ffff}]{1,128}$/u;
/** An id is at most 128 characters; NFKC turns no character into more than 18. A longer text is refused unread. */
const MAX_TYPED = 16_384;

/** @typedef {{ kind: 'ledger' | 'project' | 'authority' | 'rulebook' | 'calendar', id: string, text: string }} Subject */

/**
 * The one spelling of what a person or a trading system wrote as a project's id; refused if it is none.
 * @param {string} typed
 * @returns {string}
 */
export function normaliseProjectId(typed) {
  const id = typed.length > MAX_TYPED ? '' : level(typed);
  if (!ID.test(id)) {
    throw subjectFault(
      'a project id has 1 to 128 characters: digits, A–Z, Han characters and -_./:()[]#&+*',
      '项目编号应为 1 至 128 个字符（可用数字、A–Z、汉字和 -_./:()[]#&+*）',
    );
  }
  return id;
}

/**
 * Reads a project id that must already be normalised.
 * @param {string} text
 * @returns {string}
 */
export function parseProjectId(text) {
  const id = normaliseProjectId(text);
  if (id !== text) throw subjectFault(`the project id is not normalised: expected \`${id}\``, `项目编号未经规范化，应写作 \`${id}\``);
  return id;
}

/**
 * Reads a subject in its one spelling.
 * @param {string} text
 * @returns {Subject}
 */
export function parseSubject(text) {
  if (text === 'ledger') return { kind: 'ledger', id: '', text };
  const end = text.indexOf('/');
  const [kind, id] = [text.slice(0, Math.max(end, 0)), text.slice(end + 1)];
  if (kind === 'project') return { kind, id: parseProjectId(id), text };
  const holds =
    kind === 'authority' ? isPublisherId(id) && !isReservedId(id) : (kind === 'rulebook' || kind === 'calendar') && isJurisdiction(id);
  if (!holds) {
    const shown = text.slice(0, 200);
    throw subjectFault(`\`${shown}\` is no subject (ledger, project/…, authority/…, rulebook/… or calendar/…)`, `\`${shown}\` 不是主体`);
  }
  return { kind, id, text };
}

/** NFKC, without blanks and invisible characters, with plain brackets and dashes, in capitals. */
function level(text) {
  return text
    .normalize('NFKC')
    .replace(/[\p{White_Space}\p{Cf}]/gu, '')
    .replace(/[〔【［]/g, '[')
    .replace(/[〕】］]/g, ']')
    .replace(/[\u2010-\u2015\u2212]/g, '-')
    .replace(/[a-z]/g, (letter) => letter.toUpperCase());
}

function subjectFault(en, zh) {
  return new Fault('subject', en, zh);
}
