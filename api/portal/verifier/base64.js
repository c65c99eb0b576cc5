/**
 * Canonical base64 (RFC 4648 §4 and §5): every byte string has exactly one accepted spelling. Standard base64 is padded,
 * base64url is not; another spelling would be a second value to a hash.
 * @module
 */
import { fromOctets, toOctets } from './bytes.js';

/**
 * Standard base64 with padding.
 * @param {Uint8Array} bytes
 * @returns {string}
 */
export function encodeBase64(bytes) {
  return btoa(toOctets(bytes));
}

/**
 * The bytes of a canonical standard base64 text; nothing for every other spelling.
 * @param {string} text
 * @returns {Uint8Array | null}
 */
export function decodeBase64(text) {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return null;
  let binary;
  try {
    binary = atob(text);
  } catch {
    return null;
  }
  // The last group of four alone can be spelled in several ways.
  const last = binary.length - (binary.length % 3 || 3);
  if (binary.length > 0 && btoa(binary.slice(last)) !== text.slice(-4)) return null;
  return text.length > 0 && binary.length === 0 ? null : fromOctets(binary);
}

/**
 * Base64url without padding.
 * @param {Uint8Array} bytes
 * @returns {string}
 */
export function encodeBase64Url(bytes) {
  return encodeBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/**
 * The bytes of a canonical base64url text; nothing for every other spelling.
 * @param {string} text
 * @returns {Uint8Array | null}
 */
export function decodeBase64Url(text) {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) return null;
  const standard = text.replaceAll('-', '+').replaceAll('_', '/');
  return decodeBase64(standard + '='.repeat((4 - (text.length % 4)) % 4));
}
