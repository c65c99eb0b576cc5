/**
 * The publisher's key in this browser: an Ed25519 key of WebCrypto that signs and cannot be exported, kept in IndexedDB.
 * @module
 */
import { encodeBase64Url } from '../verifier/base64.js';
import { utf8 } from '../verifier/bytes.js';
import { digestOf } from './signing.js';

const DATABASE = 'mingzhang';
const STORE = 'keys';
/** One publisher at a desk: one key. */
const SLOT = 'publisher';

/** @typedef {{ key: CryptoKey, x: string, kid: string }} SigningKey `x` is the public key, `kid` its RFC 7638 thumbprint; b64url */

/**
 * The key kept here; nothing if none is.
 * @returns {Promise<SigningKey | null>}
 */
export async function keptKey() {
  return (await request('readonly', (store) => store.get(SLOT))) ?? null;
}

/** Removes the key from this browser for ever. */
export async function forgetKey() {
  await request('readwrite', (store) => store.delete(SLOT));
}

/**
 * Takes in a key file as `mingzhang keygen` writes it: a JWK with `d`. Nothing if it is none.
 * @param {string} text
 * @returns {Promise<SigningKey | null>}
 */
export async function importKey(text) {
  try {
    const { kty, crv, x, d } = JSON.parse(text);
    if (kty !== 'OKP' || crv !== 'Ed25519') return null;
    const jwk = { kty, crv, x, d };
    const key = await crypto.subtle.importKey('jwk', jwk, 'Ed25519', false, ['sign']);
    if (!(await goTogether(key, x))) return null;
    return await keep(key, x);
  } catch {
    return null;
  }
}

/**
 * Makes a new key, whose private half nobody ever sees.
 * @returns {Promise<SigningKey>}
 */
export async function makeKey() {
  const { privateKey, publicKey } = await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify']);
  const x = encodeBase64Url(new Uint8Array(await crypto.subtle.exportKey('raw', publicKey)));
  return keep(privateKey, x);
}

/** Whether the private key of a file is that of its public key. */
async function goTogether(key, x) {
  const message = utf8('mingzhang');
  const signature = await crypto.subtle.sign('Ed25519', key, message);
  const publicKey = await crypto.subtle.importKey('jwk', { kty: 'OKP', crv: 'Ed25519', x }, 'Ed25519', false, ['verify']);
  return crypto.subtle.verify('Ed25519', publicKey, signature, message);
}

async function keep(key, x) {
  const kid = await digestOf(`{"crv":"Ed25519","kty":"OKP","x":"${x}"}`);
  const made = { key, x, kid };
  await request('readwrite', (store) => store.put(made, SLOT));
  return made;
}

async function request(mode, ask) {
  const database = await promised(open());
  try {
    return await promised(ask(database.transaction(STORE, mode).objectStore(STORE)));
  } finally {
    database.close();
  }
}

function open() {
  const opening = indexedDB.open(DATABASE, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
  return opening;
}

function promised(asked) {
  return new Promise((resolve, reject) => {
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
}
