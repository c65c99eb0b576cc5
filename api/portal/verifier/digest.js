/**
 * Digests of disclosures as statements write them: 43 characters of canonical base64url. Kept as hashes.
 * @module
 */
import { decodeBase64Url, encodeBase64 } from './base64.js';
import { Fault } from './fault.js';
import { textsMember } from './member.js';

/** The most disclosures beside one statement. */
export const MAX_DISCLOSURES = 256;

/**
 * The hash that a digest is; nothing if it is none.
 * @param {unknown} text
 * @returns {string | null}
 */
export function parseDigest(text) {
  const bytes = typeof text === 'string' && text.length === 43 ? decodeBase64Url(text) : null;
  return bytes === null ? null : encodeBase64(bytes);
}

/**
 * `digests` of a reveal or an erasure: at least one, none twice.
 * @param {Map<string, unknown>} claims
 * @returns {string[]}
 */
export function parseDigests(claims) {
  const digests = textsMember(claims, 'digests').map(parseDigest);
  const counted = digests.length >= 1 && digests.length <= MAX_DISCLOSURES;
  if (!counted || digests.includes(null) || new Set(digests).size !== digests.length) {
    throw new Fault('member', '`digests` is not a list of different digests, at least one', '`digests` 不是至少一个、互不相同的摘要');
  }
  return digests;
}
