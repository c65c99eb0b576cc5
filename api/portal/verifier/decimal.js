/**
 * Positions in a log, from 0 to 2^53, in their one spelling.
 * @module
 */
import { Fault } from './fault.js';
import { MAX_NUMBER } from './json.js';

/**
 * Reads a decimal without sign or leading zero, at most 2^53.
 * @param {string} text
 * @returns {number}
 */
export function parseDecimal(text) {
  if (!/^(?:0|[1-9][0-9]*)$/.test(text)) {
    throw new Fault('number', 'expected a decimal number of ASCII digits without sign or leading zero', '应为没有符号和前导零的十进制数');
  }
  if (text.length > 16 || BigInt(text) > BigInt(MAX_NUMBER)) {
    throw new Fault('number', 'expected a number of at most 2^53 = 9007199254740992', '数值超过 2^53');
  }
  return Number(text);
}
