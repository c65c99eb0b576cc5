/**
 * Rulebooks and calendars as statements say them. What they ask of a project is not judged here: that needs the rule engine of
 * `mingzhang-verify`.
 * @module
 */
import { isJurisdiction } from './code.js';
import { parseDigest } from './digest.js';
import { Fault } from './fault.js';
import { isDate } from './instant.js';
import { countMember, textMember, textsMember, typeFault } from './member.js';

/**
 * Reads a version of the rules; its one disclosure is `rules`.
 * @param {string} of the jurisdiction of `sub`
 * @param {Map<string, unknown>} claims
 */
export function parseRulebook(of, claims) {
  if (claims.has('_sd_alg') && textMember(claims, '_sd_alg') !== 'sha-256') {
    throw new Fault('digests', '`_sd_alg` must be absent or `sha-256`', '`_sd_alg` 只能缺省或为 `sha-256`');
  }
  const digests = textsMember(claims, '_sd');
  const rules = digests.length === 1 ? parseDigest(digests[0]) : null;
  if (rules === null) throw new Fault('member', '`_sd` is not exactly one digest, that of `rules`', '`_sd` 不是恰为 `rules` 一项的摘要');
  const version = textMember(claims, 'version');
  if (version === '') throw typeFault('version', 'a string that is not empty', '非空字符串');
  const effectiveFrom = textMember(claims, 'effective_from');
  if (!isDate(effectiveFrom)) throw typeFault('effective_from', 'a date', '日期');
  const seq = countMember(claims, 'seq');
  return { seq, jurisdiction: readJurisdiction(of, claims), version, effectiveFrom, rules };
}

/**
 * Reads the working days of one year.
 * @param {string} of the jurisdiction of `sub`
 * @param {Map<string, unknown>} claims
 */
export function parseCalendar(of, claims) {
  const [holidays, workdays] = ['holidays', 'workdays'].map((name) => {
    const days = new Set(textsMember(claims, name));
    const different = days.size === claims.get(name).length;
    if (!different || ![...days].every(isDate)) throw typeFault(name, 'different dates, YYYY-MM-DD', '互不相同的日期 YYYY-MM-DD');
    return days;
  });
  if (holidays.size === 0) throw typeFault('holidays', 'at least one date', '至少一个日期');
  if ([...workdays].some((day) => holidays.has(day))) throw typeFault('workdays', 'days that are not holidays too', '不与节假日重复的日子');
  const year = countMember(claims, 'year');
  if (year < 1 || year > 9999) throw typeFault('year', 'a year', '年份');
  const seq = countMember(claims, 'seq');
  return { seq, jurisdiction: readJurisdiction(of, claims), year, holidays, workdays };
}

function readJurisdiction(of, claims) {
  const jurisdiction = textMember(claims, 'jurisdiction');
  if (jurisdiction !== of || !isJurisdiction(jurisdiction)) throw typeFault('jurisdiction', 'the jurisdiction of `sub`', '`sub` 的法域');
  return jurisdiction;
}
