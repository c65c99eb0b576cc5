/**
 * Ed25519 public keys and the strict verification of what they signed. WebCrypto does the arithmetic of a signature; what it
 * leaves open is refused here, before it is asked: encodings of A, R and S that are not canonical, and A and R of low order,
 * for which signatures can be made without any secret. There is no secret in any of these numbers.
 * @module
 */
import { encodeBase64 } from './base64.js';
import { Fault } from './fault.js';

/** The prime of the field (RFC 8032 §5.1). */
const P = 2n ** 255n - 19n;
/** The order of the base point. */
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
/** The constant of the curve: −121665/121666. */
const D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;
/** The y of the points of order 8; its negative is the other one. */
const Y8 = 2707385501144840649318225287225658788936804267575313519463743609750303402022n;
/** The y of every point of low order: order 4, 1, 2, 8, 8. */
const LOW_ORDER = new Set([0n, 1n, P - 1n, Y8, P - Y8]);

/** Whoever enrols keys without end must not take the reader's memory. */
const MAX_KEYS = 1024;
const known = new Map();

/** @typedef {{ bytes: Uint8Array, text: string, imported: Promise<CryptoKey> | null }} PublicKey `text` is the base64 */

/**
 * Reads the 32-byte encoding of RFC 8032 §5.1.2: canonical, on the curve, not of low order.
 * @param {Uint8Array} bytes
 * @returns {PublicKey}
 */
export function parsePublicKey(bytes) {
  if (bytes.length !== 32) {
    throw new Fault('key', `an Ed25519 public key is 32 bytes, found ${bytes.length}`, `Ed25519 公钥应为 32 字节，实为 ${bytes.length} 字节`);
  }
  const text = encodeBase64(bytes);
  const met = known.get(text);
  if (met !== undefined) return met;
  const { y, sign } = decodePoint(bytes);
  if (!isOnCurve(y)) throw new Fault('key', 'these 32 bytes are no point of the curve', '这 32 字节不是曲线上的点');
  if (!isCanonical(y, sign)) throw new Fault('key', 'the public key is not canonically encoded', '公钥编码不规范');
  if (LOW_ORDER.has(y)) throw new Fault('key', 'the public key is of low order and proves nothing', '公钥是低阶点，签名毫无意义');
  const key = { bytes, text, imported: null };
  if (known.size < MAX_KEYS) known.set(text, key);
  return key;
}

/**
 * Whether a signature over the message is strictly the key's.
 * @param {PublicKey} key
 * @param {Uint8Array} message
 * @param {Uint8Array} signature
 * @returns {Promise<boolean>}
 */
export async function verifySignature(key, message, signature) {
  if (signature.length !== 64 || littleEndian(signature.subarray(32)) >= L) return false;
  const { y, sign } = decodePoint(signature.subarray(0, 32));
  if (!isCanonical(y, sign) || LOW_ORDER.has(y)) return false;
  key.imported ??= crypto.subtle.importKey('raw', key.bytes, 'Ed25519', false, ['verify']);
  return crypto.subtle.verify('Ed25519', await key.imported, signature, message);
}

/** The y coordinate as it is written, perhaps beyond the prime, and whether the bit of x is set. */
function decodePoint(bytes) {
  const number = littleEndian(bytes);
  return { y: number & (2n ** 255n - 1n), sign: number >> 255n === 1n };
}

/** One spelling for a point: y below the prime, and no sign for an x that is 0. */
function isCanonical(y, sign) {
  return y < P && !(sign && (y === 1n || y === P - 1n));
}

/** Whether some x goes with this y: x² = (y² − 1) / (dy² + 1), and u/v is a square exactly if uv is one. */
function isOnCurve(y) {
  const square = (y * y) % P;
  const product = ((square - 1n + P) * (D * square + 1n)) % P;
  return product === 0n || power(product, (P - 1n) / 2n) === 1n;
}

function power(base, exponent) {
  let result = 1n;
  for (let bits = exponent, square = base; bits > 0n; bits >>= 1n) {
    if (bits & 1n) result = (result * square) % P;
    square = (square * square) % P;
  }
  return result;
}

function littleEndian(bytes) {
  let number = 0n;
  for (let i = bytes.length - 1; i >= 0; i -= 1) number = (number << 8n) | BigInt(bytes[i]);
  return number;
}
