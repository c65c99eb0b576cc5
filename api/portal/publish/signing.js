/**
 * From a draft to a signed statement (formats.md §1): what must be erasable, sealed or simply is long is taken out and stands
 * beside it as disclosures, each with a salt of its own; the rest is signed as an SD-JWT.
 * @module
 */
import { encodeBase64Url } from '../verifier/base64.js';
import { utf8 } from '../verifier/bytes.js';
import { normaliseProjectId } from '../verifier/subject.js';

/** Beyond this many bytes, members that may be disclosures become disclosures. */
const LONG = 8 * 1024;
const ALWAYS_BESIDE = ['experts', 'reserve_price'];
const BESIDE_WHEN_LONG = ['bids', 'parcels', 'rejected'];
const SALT_BYTES = 16;

/** @typedef {{ field: string, until: string, disclosure: string }} Withheld */
/** @typedef {{ jwt: string, compact: string, withheld: Withheld[] }} Signed `compact` is what is submitted */

/**
 * Signs a notice.
 * @param {Record<string, any>} draft
 * @param {{ iss: string, origin: string, signing: import('./key.js').SigningKey, seals: Record<string, string> }} desk `seals`:
 *   fields and until when
 * @returns {Promise<Signed>}
 */
export async function signNotice(draft, { iss, origin, signing, seals }) {
  const { notice_id: jti, ...claims } = structuredClone(draft);
  claims.project.id = normaliseProjectId(claims.project.id);
  const shown = [];
  const withheld = [];
  const sealed = [];
  for (const { holder, path, name, value } of takeOut(claims)) {
    const disclosure = disclose(name, value);
    const digest = await digestOf(disclosure);
    holder._sd = [...(holder._sd ?? []), digest];
    const until = seals[path];
    if (until === undefined) {
      shown.push(disclosure);
    } else {
      sealed.push({ digest, field: path, until });
      withheld.push({ field: path, until, disclosure });
    }
  }
  if (shown.length + withheld.length > 0) claims._sd_alg = 'sha-256';
  if (sealed.length > 0) claims.sealed = sealed;
  const common = { iss, aud: origin, iat: Math.floor(Date.now() / 1000), jti, sub: `project/${claims.project.id}` };
  const jwt = await sign({ ...common, ...claims }, signing);
  return { jwt, compact: [jwt, ...shown, ''].join('~'), withheld };
}

/**
 * The SHA-256 of a text: of a disclosure its digest, of a public key its thumbprint.
 * @param {string} text
 * @returns {Promise<string>} b64url
 */
export async function digestOf(text) {
  return encodeBase64Url(new Uint8Array(await crypto.subtle.digest('SHA-256', utf8(text))));
}

/** Takes out of the claims what will stand beside them: each value with the object it was in. */
function takeOut(claims) {
  const taken = [];
  const take = (holder, path, name) => {
    taken.push({ holder, path, name, value: holder[name] });
    delete holder[name];
  };
  if (claims.text !== undefined) take(claims, 'text', 'text');
  for (const party of claims.parties ?? []) if (party.contact !== undefined) take(party, 'contact', 'contact');
  const { data } = claims;
  if (data !== undefined) {
    for (const name of ALWAYS_BESIDE) if (data[name] !== undefined) take(data, `data.${name}`, name);
    for (const name of BESIDE_WHEN_LONG) if (utf8(JSON.stringify(data[name]) ?? '').length > LONG) take(data, `data.${name}`, name);
    takePersons(data, take);
  }
  return taken;
}

function takePersons(value, take) {
  if (Array.isArray(value)) for (const item of value) takePersons(item, take);
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return;
  if (value.person !== undefined) take(value, 'person', 'person');
  for (const [name, item] of Object.entries(value)) if (name !== '_sd') takePersons(item, take);
}

function disclose(name, value) {
  const salt = encodeBase64Url(crypto.getRandomValues(new Uint8Array(SALT_BYTES)));
  return encodeBase64Url(utf8(JSON.stringify([salt, name, value])));
}

async function sign(claims, { key, kid }) {
  const encode = (value) => encodeBase64Url(utf8(JSON.stringify(value)));
  const input = `${encode({ alg: 'Ed25519', kid, typ: 'notice+sd-jwt' })}.${encode(claims)}`;
  return `${input}.${encodeBase64Url(new Uint8Array(await crypto.subtle.sign('Ed25519', key, utf8(input))))}`;
}
