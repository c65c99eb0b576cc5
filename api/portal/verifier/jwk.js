/**
 * Ed25519 public keys as JWK (RFC 8037), and the thumbprint that statements name them by (RFC 7638 §3.2).
 * @module
 */
import { decodeBase64Url, encodeBase64Url } from './base64.js';
import { utf8 } from './bytes.js';
import { Fault } from './fault.js';
import { sha256 } from './hash.js';
import { parsePublicKey } from './key.js';
import { onlyMembers, textMember } from './member.js';

/** @typedef {{ key: import('./key.js').PublicKey, kid: string }} Jwk `kid` is a hash, not the b64url a header holds */

/**
 * The JWK of the key whose `x` this is; nothing if it is no key that strict verification would ever accept.
 * @param {string} x canonical base64url
 * @returns {Promise<Jwk | null>}
 */
export async function readJwkPoint(x) {
  const bytes = decodeBase64Url(x);
  if (bytes === null) return null;
  try {
    const key = parsePublicKey(bytes);
    return { key, kid: await sha256(utf8(`{"crv":"Ed25519","kty":"OKP","x":"${encodeBase64Url(bytes)}"}`)) };
  } catch (error) {
    if (error instanceof Fault) return null;
    throw error;
  }
}

/**
 * Reads `{"kty":"OKP","crv":"Ed25519","x":"…"}`.
 * @param {Map<string, unknown>} object
 * @returns {Promise<Jwk>}
 */
export async function parseJwk(object) {
  const refused = new Fault(
    'member',
    '`jwk` is not {"kty":"OKP","crv":"Ed25519","x":"…"} with a valid key',
    '`jwk` 不是 {"kty":"OKP","crv":"Ed25519","x":"…"} 形式的有效公钥',
  );
  onlyMembers(object, ['kty', 'crv', 'x']);
  if (textMember(object, 'kty') !== 'OKP' || textMember(object, 'crv') !== 'Ed25519') throw refused;
  const jwk = await readJwkPoint(textMember(object, 'x'));
  if (jwk === null) throw refused;
  return jwk;
}
