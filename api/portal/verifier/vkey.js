/**
 * Verifier keys: a public key with the name and the number its signature lines carry (C2SP signed-note).
 *
 * ```text
 * example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k
 * └─ name ──────┘ └─ id ─┘ └─ base64(type || public key) ─────────────┘     id = SHA-256(name || "\n" || type || public key)[:4]
 * ```
 * @module
 */
import { decodeBase64 } from './base64.js';
import { concat, hex, utf8 } from './bytes.js';
import { Fault, withinNow } from './fault.js';
import { hashBytes, sha256 } from './hash.js';
import { parsePublicKey } from './key.js';

/** The type of a key that signs notes: a log's. */
export const LOG_KEY = 0x01;
/** The type of a key that cosigns checkpoints: a witness's. */
export const WITNESS_KEY = 0x04;

/** @typedef {{ name: string, id: string, kind: number, key: import('./key.js').PublicKey }} VerifierKey `id` is 8 hex digits */

/**
 * Whether a name may stand in a signature line: not empty, no space, no plus, no control character.
 * @param {string} name
 * @returns {boolean}
 */
export function isKeyName(name) {
  return name !== '' && !/[\p{White_Space}+\u0000-\u001f]/u.test(name);
}

/**
 * Reads the text form.
 * @param {string} text
 * @returns {Promise<VerifierKey>}
 */
export async function parseVerifierKey(text) {
  const refuse = (en, zh) => {
    throw new Fault('verifier-key', en, zh);
  };
  const parts = /^([^+]*)\+([0-9a-f]{8})\+(.*)$/s.exec(text);
  if (parts === null) {
    refuse('expected a verifier key as <name>+<8 lower-case hex digits>+<base64>; copy it again whole', '验证密钥应为 <名称>+<8 位小写十六进制>+<base64>，请完整复制');
  }
  const [, name, id, encoded] = parts;
  const material = decodeBase64(encoded);
  if (material === null || material.length === 0) {
    refuse('the key material after the second + must be canonical base64', '第二个“+”之后的密钥内容不是带填充的规范 base64');
  }
  const kind = material[0];
  if (kind !== LOG_KEY && kind !== WITNESS_KEY) {
    refuse(`signature type ${kind} is not supported here; expected 0x01 (Ed25519) or 0x04 (cosignature/v1)`, `不支持签名类型 ${kind}，只支持 0x01 与 0x04`);
  }
  const key = withinNow({ rule: 'verifier-key' }, () => parsePublicKey(material.subarray(1)));
  if (!isKeyName(name)) refuse('the key name must not be empty nor hold white space, + or control characters', '密钥名称不能为空，也不能含空白、“+”或控制字符');
  const digest = await sha256(concat(utf8(`${name}\n`), material));
  const expected = hex(hashBytes(digest).subarray(0, 4));
  if (expected !== id) {
    refuse(`the key id is ${id} but name, type and key give ${expected}; copy the verifier key again whole`, `密钥编号是 ${id}，按名称、类型和密钥算出的却是 ${expected}，请完整复制`);
  }
  return { name, id, kind, key };
}
