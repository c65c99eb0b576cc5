/**
 * SHA-256 by WebCrypto, and the two ways the tree uses it (RFC 6962 §2.1). A hash is kept as its canonical base64, so that
 * it can be compared and be the key of a `Map`.
 *
 * ```text
 * leaf = SHA-256(0x00 || entry)      node = SHA-256(0x01 || left || right)      empty tree = SHA-256("")
 * ```
 * @module
 */
import { decodeBase64, encodeBase64 } from './base64.js';
import { concat, utf8 } from './bytes.js';
import { Fault } from './fault.js';
import { textMember, textsMember, typeFault } from './member.js';

/** 32 zero bytes: “nothing before this” in a chain of hashes. */
export const ZERO_HASH = encodeBase64(new Uint8Array(32));

/** The root of a tree without leaves. */
export const EMPTY_ROOT = '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=';

/** Proofs of neighbours share most of their way to the root; what was hashed once is remembered, up to so many nodes. */
const MAX_REMEMBERED = 65_536;
/** @type {Map<string, Promise<string>>} */
const nodes = new Map();

/**
 * SHA-256 of the bytes.
 * @param {Uint8Array} bytes
 * @returns {Promise<string>} base64
 */
export async function sha256(bytes) {
  return encodeBase64(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)));
}

/**
 * Reads a hash: the canonical base64 of 32 bytes.
 * @param {string} text
 * @returns {string}
 */
export function parseHash(text) {
  if (text.length !== 44 || decodeBase64(text)?.length !== 32) {
    throw new Fault('hash', 'a hash is 44 characters, the canonical base64 of 32 bytes', '哈希应为 44 个字符，即 32 字节的规范 base64');
  }
  return text;
}

/**
 * The member of a JSON object, which must be a hash.
 * @param {Map<string, unknown>} object
 * @param {string} name
 * @returns {string}
 */
export function hashMember(object, name) {
  return readMember(name, textMember(object, name));
}

/**
 * The member of a JSON object, which must be an array of hashes, at most so many.
 * @param {Map<string, unknown>} object
 * @param {string} name
 * @param {number} most
 * @returns {string[]}
 */
export function hashesMember(object, name, most) {
  const texts = textsMember(object, name);
  if (texts.length > most) throw typeFault(name, `at most ${most} hashes`, `至多 ${most} 个哈希`);
  return texts.map((text) => readMember(name, text));
}

function readMember(name, text) {
  try {
    return parseHash(text);
  } catch {
    throw typeFault(name, '32 bytes in canonical base64', '32 字节的规范 base64');
  }
}

/**
 * The 32 bytes of a hash.
 * @param {string} hash
 * @returns {Uint8Array}
 */
export function hashBytes(hash) {
  return decodeBase64(hash);
}

/**
 * The leaf hash of an entry: SHA-256(0x00 || entry).
 * @param {string} entry
 * @returns {Promise<string>}
 */
export function leafHash(entry) {
  return sha256(concat(Uint8Array.of(0), utf8(entry)));
}

/**
 * The hash of the node above two others: SHA-256(0x01 || left || right).
 * @param {string} left
 * @param {string} right
 * @returns {Promise<string>}
 */
export function nodeHash(left, right) {
  const key = left + right;
  let hash = nodes.get(key);
  if (hash === undefined) {
    hash = sha256(concat(Uint8Array.of(1), hashBytes(left), hashBytes(right)));
    if (nodes.size >= MAX_REMEMBERED) nodes.clear();
    nodes.set(key, hash);
  }
  return hash;
}
