/**
 * Bytes and text: UTF-8 and octets both ways, bytes joined and compared.
 * @module
 */

const encoder = new TextEncoder();

/**
 * The UTF-8 of a text.
 * @param {string} text
 * @returns {Uint8Array}
 */
export function utf8(text) {
  return encoder.encode(text);
}

/**
 * The text of which these bytes are the UTF-8, a byte order mark included; nothing if they are not UTF-8.
 * @param {Uint8Array} bytes
 * @returns {string | null}
 */
export function decodeUtf8(bytes) {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

/**
 * How many bytes the UTF-8 of a text has.
 * @param {string} text
 * @returns {number}
 */
export function utf8Length(text) {
  let length = text.length;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x80) length += unit >= 0x800 && (unit < 0xd800 || unit > 0xdfff) ? 2 : 1;
  }
  return length;
}

/**
 * Bytes as octets: a text with a character up to U+00FF for each.
 * @param {Uint8Array} bytes
 * @returns {string}
 */
export function toOctets(bytes) {
  let octets = '';
  for (let at = 0; at < bytes.length; at += 8192) octets += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return octets;
}

/**
 * The bytes that these octets stand for.
 * @param {string} octets
 * @returns {Uint8Array}
 */
export function fromOctets(octets) {
  const bytes = new Uint8Array(octets.length);
  for (let i = 0; i < octets.length; i += 1) bytes[i] = octets.charCodeAt(i);
  return bytes;
}

/**
 * The parts one after another.
 * @param {...Uint8Array} parts
 * @returns {Uint8Array}
 */
export function concat(...parts) {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/**
 * Eight bytes, the most significant first.
 * @param {number | bigint} number from 0 to 2^64 − 1
 * @returns {Uint8Array}
 */
export function u64be(number) {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(number));
  return bytes;
}

/**
 * Bytes as lower-case hex.
 * @param {Uint8Array} bytes
 * @returns {string}
 */
export function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
