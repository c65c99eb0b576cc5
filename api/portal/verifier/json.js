/**
 * Strict JSON: no duplicate member, no lone surrogate, integers within ±2^53 without sign-zero, fraction or exponent, depth
 * at most 32 (a scalar is 0). `JSON.parse` keeps the last of duplicate members and rounds numbers, so it is of no use here.
 *
 * An object is read as a `Map`, which keeps the order of its members and has none but those.
 * @module
 */
import { Fault } from './fault.js';

/** The greatest magnitude of a number: 2^53. */
export const MAX_NUMBER = 2 ** 53;

const MAX_DEPTH = 32;
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)/y;
const SPACE = /[ \t\n\r]*/y;
const ESCAPES = { '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };
const LITERALS = [['true', true], ['false', false], ['null', null]];

/** @typedef {null | boolean | number | string | Value[] | Map<string, Value>} Value */

/**
 * Reads one JSON text strictly.
 * @param {string} text
 * @returns {Value}
 */
export function parseJson(text) {
  const reader = new Reader(text);
  const value = reader.value(0);
  reader.space();
  if (reader.at !== text.length) reader.fail('characters after the value', '值之后还有字符');
  return value;
}

/**
 * Reads one JSON text that must be an object.
 * @param {string} text
 * @returns {Map<string, Value>}
 */
export function parseJsonObject(text) {
  const value = parseJson(text);
  if (!(value instanceof Map)) throw jsonFault('expected an object', '应为对象');
  return value;
}

function jsonFault(en, zh) {
  return new Fault(
    'json',
    `not strict JSON: ${en} (expected UTF-8 JSON with integers only, no duplicate member, depth ≤ 32)`,
    `不是严格的 JSON（须为 UTF-8、只有整数、成员不重复、深度不超过 32）：${zh}`,
  );
}

class Reader {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
    this.at = 0;
  }

  fail(en, zh) {
    throw jsonFault(`at character ${this.at}: ${en}`, `第 ${this.at} 个字符处：${zh}`);
  }

  /** The longest match of a sticky pattern here, which is passed. */
  match(pattern) {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found === null) return '';
    this.at = pattern.lastIndex;
    return found[0];
  }

  space() {
    this.match(SPACE);
  }

  /** Passes the character if it is the next after white space. */
  passes(character) {
    this.space();
    if (this.text[this.at] !== character) return false;
    this.at += 1;
    return true;
  }

  expect(character) {
    if (!this.passes(character)) this.fail(`expected ${character}`, `应为 ${character}`);
  }

  /** @returns {Value} */
  value(depth) {
    this.space();
    const next = this.text[this.at];
    if (next === '{' || next === '[') {
      if (depth >= MAX_DEPTH) this.fail('nested deeper than 32', '嵌套超过 32 层');
      this.at += 1;
      return next === '{' ? this.object(depth + 1) : this.array(depth + 1);
    }
    if (next === '"') return this.string();
    for (const [literal, value] of LITERALS) {
      if (this.text.startsWith(literal, this.at)) {
        this.at += literal.length;
        return value;
      }
    }
    return this.number();
  }

  object(depth) {
    const members = new Map();
    if (this.passes('}')) return members;
    do {
      this.space();
      const name = this.string();
      this.expect(':');
      const value = this.value(depth);
      if (members.has(name)) this.fail(`duplicate member \`${name}\``, `成员 \`${name}\` 重复`);
      members.set(name, value);
    } while (this.passes(','));
    this.expect('}');
    return members;
  }

  array(depth) {
    const items = [];
    if (this.passes(']')) return items;
    do items.push(this.value(depth));
    while (this.passes(','));
    this.expect(']');
    return items;
  }

  number() {
    const start = this.at;
    const digits = this.match(NUMBER);
    if (digits === '') this.fail('expected a value', '应为一个值');
    const number = Number(digits);
    const beyond = Math.abs(number) > MAX_NUMBER || digits.length > 17 || (Math.abs(number) === MAX_NUMBER && !digits.endsWith('9007199254740992'));
    if (digits === '-0' || beyond || /[.eE0-9]/.test(this.text[this.at] ?? '')) {
      this.at = start;
      this.fail('a number that is not a plain integer within ±2^53', '不是 ±2^53 以内的整数');
    }
    return number;
  }

  string() {
    if (this.text[this.at] !== '"') this.fail('expected a string', '应为字符串');
    this.at += 1;
    let read = '';
    for (;;) {
      read += this.match(PLAIN);
      const next = this.text[this.at];
      if (next === '"') break;
      if (next !== '\\') this.fail('a string that does not end, or a control character in it', '字符串没有结束，或含控制字符');
      read += this.escape();
    }
    this.at += 1;
    return read;
  }

  escape() {
    const letter = this.text[this.at + 1];
    if (letter === 'u') return this.unicode();
    const character = Object.hasOwn(ESCAPES, letter ?? '') ? ESCAPES[letter] : undefined;
    if (character === undefined) this.fail('an unknown escape', '未知的转义');
    this.at += 2;
    return character;
  }

  /** `\uXXXX`, and for a high surrogate the low one that must follow. */
  unicode() {
    const high = this.codeUnit();
    if (high < 0xd800 || high > 0xdfff) return String.fromCharCode(high);
    const low = high < 0xdc00 && this.text.startsWith('\\u', this.at) ? this.codeUnit() : 0;
    if (low < 0xdc00 || low > 0xdfff) this.fail('a lone surrogate', '孤立的代理项');
    return String.fromCharCode(high, low);
  }

  codeUnit() {
    const digits = this.text.slice(this.at + 2, this.at + 6);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) this.fail('expected four hex digits', '应为四位十六进制');
    this.at += 6;
    return Number.parseInt(digits, 16);
  }
}
