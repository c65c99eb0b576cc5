/**
 * Instants and dates as publishers write them: RFC 3339 with offset, or a plain date of Asia/Shanghai.
 * @module
 */

const DATE = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/;
const TIME = /^([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.[0-9]{1,9})?(?:Z|([+-])([0-9]{2}):([0-9]{2}))$/;
/** The last whole second that an instant may lie in: 9999-12-30T22:00:00Z. */
const LAST_SECOND = 253402207200;

/**
 * Whether this is a `YYYY-MM-DD` date that exists.
 * @param {string} text
 */
export function isDate(text) {
  return epochDay(text) !== null;
}

/**
 * Whether this is an RFC 3339 instant (seconds required, `Z` or `±hh:mm`) or a date.
 * @param {string} text
 */
export function isInstant(text) {
  if (text.length === 10) return isDate(text);
  const end = text.indexOf('T');
  const day = end < 0 ? null : epochDay(text.slice(0, end));
  const time = TIME.exec(text.slice(end + 1));
  if (day === null || time === null) return false;
  const [hour, minute, second] = time.slice(1, 4).map(Number);
  const [offsetHour, offsetMinute] = time.slice(5, 7).map((digits) => Number(digits ?? 0));
  // A leap second is written as 60.
  if (hour > 23 || minute > 59 || second > 60 || offsetHour > 25 || offsetMinute > 59) return false;
  const offset = (offsetHour * 60 + offsetMinute) * (time[4] === '-' ? -60 : 60);
  return day * 86400 + hour * 3600 + minute * 60 + Math.min(second, 59) - offset <= LAST_SECOND;
}

/** Days since 1970-01-01, or nothing if there is no such day. */
function epochDay(text) {
  const parts = DATE.exec(text);
  if (parts === null) return null;
  const [year, month, day] = parts.slice(1).map(Number);
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const exists = month > 0 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return exists ? date.getTime() / 86_400_000 : null;
}
