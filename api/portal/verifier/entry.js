/**
 * An entry: the ledger's leaf. One JSON object, byte for byte the template of its kind, so that reading is walking along it;
 * there is no backslash and no white space in it.
 *
 * ```text
 * {"v":1,"index":7,"time":…,"prev":"<b64>","kind":"statement","subject":"project/X","seq":2,"prev_in_subject":"<b64>","statement":"<JWT>"}
 * {"v":1,"index":0,"time":…,"prev":"AAA…","kind":"genesis","subject":"ledger","seq":0,"prev_in_subject":"AAA…","origin":"…",
 *  "log_key":"<vkey>","root_jwk":{…},"recovery_jwk":{…},"jurisdiction":"cn","predecessor":""}
 * {"v":1,"index":9,"time":…,"prev":"<b64>","kind":"seal","subjects":<count>,"map_root":"<b64>"}
 * ```
 * @module
 */
import { decodeBase64 } from './base64.js';
import { decodeUtf8, utf8Length } from './bytes.js';
import { parseCheckpoint } from './checkpoint.js';
import { isJurisdiction } from './code.js';
import { Fault } from './fault.js';
import { ZERO_HASH, parseHash } from './hash.js';
import { MAX_NUMBER } from './json.js';
import { readJwkPoint } from './jwk.js';
import { LOG_KEY, parseVerifierKey } from './vkey.js';

const MAX_ENTRY = 65_535;

/** @typedef {{ kind: 'statement', subject: string, seq: number, prevInSubject: string, statement: string }} StatementBody */
/**
 * @typedef {{ kind: 'genesis', subject: 'ledger', seq: 0, prevInSubject: string, origin: string,
 *   logKey: import('./vkey.js').VerifierKey, root: import('./jwk.js').Jwk, recovery: import('./jwk.js').Jwk,
 *   jurisdiction: string, predecessor: string }} GenesisBody
 */
/** @typedef {{ kind: 'seal', subjects: number, mapRoot: string }} SealBody */
/** @typedef {{ index: number, time: number, prev: string } & (StatementBody | GenesisBody | SealBody)} Entry `time` in ms */

/**
 * Reads an entry.
 * @param {string} text
 * @returns {Promise<Entry>}
 * @throws {Fault} `newer-format` for a greater `v`, which can be judged neither way; else `entry-form`
 */
export async function parseEntry(text) {
  const length = utf8Length(text);
  if (length > MAX_ENTRY) throw new Fault('entry-form', `an entry has at most ${MAX_ENTRY} bytes, this one has ${length}`, `条目过长：${length} 字节`);
  const cursor = new Cursor(text);
  cursor.literal('{"v":');
  const version = cursor.number();
  if (version === 0) cursor.fail('version 1', '版本 1');
  if (version > 1) throw new Fault('newer-format', `entry format ${version} is newer than this verifier (1): update it`, `条目格式 ${version} 比本程序（1）新，请更新本程序`);
  cursor.literal(',"index":');
  const index = cursor.number();
  cursor.literal(',"time":');
  const time = cursor.number();
  cursor.literal(',"prev":"');
  const prev = cursor.hash();
  cursor.literal('","kind":"');
  const kind = cursor.string();
  const read = { statement: readStatement, genesis: readGenesis, seal: readSeal };
  if (!Object.hasOwn(read, kind)) cursor.fail('kind statement, genesis or seal', 'statement、genesis 或 seal');
  const body = await read[kind](cursor);
  if (cursor.at !== text.length) cursor.fail('the end of the entry', '条目的结尾');
  return { index, time, prev, kind, ...body };
}

/** Walks along the template. */
class Cursor {
  constructor(text) {
    this.text = text;
    this.at = 0;
  }

  fail(en, zh) {
    throw new Fault('entry-form', `not an entry: at character ${this.at} expected ${en}`, `不合条目的固定写法：第 ${this.at} 个字符处应为${zh}`);
  }

  literal(literal) {
    if (!this.text.startsWith(literal, this.at)) this.fail(literal, ` ${literal}`);
    this.at += literal.length;
  }

  /** A number in its one spelling, at most 2^53. */
  number() {
    const digits = /^(?:0|[1-9][0-9]{0,15})(?![0-9])/.exec(this.text.slice(this.at, this.at + 17))?.[0];
    if (digits === undefined || BigInt(digits) > BigInt(MAX_NUMBER)) {
      this.fail('an integer from 0 to 2^53 without leading zero', '没有前导零的 0 至 2^53 的整数');
    }
    this.at += digits.length;
    return Number(digits);
  }

  /** The text up to the next quote: no control character, no backslash. */
  string() {
    const pattern = /[^"\\\u0000-\u001f]*/y;
    pattern.lastIndex = this.at;
    const [found] = pattern.exec(this.text);
    this.at += found.length;
    if (this.text[this.at] !== '"') this.fail('a string without backslash and control characters', '不含反斜杠和控制字符的字符串');
    return found;
  }

  hash() {
    const text = this.string();
    try {
      return parseHash(text);
    } catch {
      return this.fail('32 bytes in canonical base64', '32 字节的规范 base64');
    }
  }
}

function readStatement(cursor) {
  cursor.literal('","subject":"');
  const subject = cursor.string();
  cursor.literal('","seq":');
  const seq = cursor.number();
  cursor.literal(',"prev_in_subject":"');
  const prevInSubject = cursor.hash();
  cursor.literal('","statement":"');
  const statement = cursor.string();
  cursor.literal('"}');
  return { subject, seq, prevInSubject, statement };
}

function readSeal(cursor) {
  cursor.literal('","subjects":');
  const subjects = cursor.number();
  cursor.literal(',"map_root":"');
  const mapRoot = cursor.hash();
  cursor.literal('"}');
  return { subjects, mapRoot };
}

async function readGenesis(cursor) {
  cursor.literal('","subject":"ledger","seq":0,"prev_in_subject":"');
  if (cursor.hash() !== ZERO_HASH) cursor.fail('32 zero bytes', '32 个零字节');
  cursor.literal('","origin":"');
  const origin = cursor.string();
  cursor.literal('","log_key":"');
  const logKey = await readOr(null, () => parseVerifierKey(cursor.string()));
  if (logKey?.kind !== LOG_KEY || logKey.name !== origin) {
    cursor.fail('the vkey of an Ed25519 log key whose name is the origin', '名称即来源的 Ed25519 账本密钥的 vkey');
  }
  cursor.literal('","root_jwk":');
  const root = await readJwk(cursor);
  cursor.literal(',"recovery_jwk":');
  const recovery = await readJwk(cursor);
  cursor.literal(',"jurisdiction":"');
  const jurisdiction = cursor.string();
  if (!isJurisdiction(jurisdiction)) cursor.fail('a jurisdiction, [a-z0-9-]{1,32}', '法域 [a-z0-9-]{1,32}');
  cursor.literal('","predecessor":"');
  const predecessor = cursor.string();
  if (predecessor !== '' && !(await isPredecessor(predecessor, origin))) {
    cursor.fail('the base64 of a checkpoint of another ledger', '另一账本检查点的 base64');
  }
  cursor.literal('"}');
  return { subject: 'ledger', seq: 0, prevInSubject: ZERO_HASH, origin, logKey, root, recovery, jurisdiction, predecessor };
}

async function readJwk(cursor) {
  cursor.literal('{"kty":"OKP","crv":"Ed25519","x":"');
  const jwk = await readJwkPoint(cursor.string());
  if (jwk === null) cursor.fail('a valid Ed25519 key in canonical base64url', '规范 base64url 的有效 Ed25519 公钥');
  cursor.literal('"}');
  return jwk;
}

/** Whether this is the b64 of a checkpoint of another origin. */
async function isPredecessor(text, origin) {
  const bytes = decodeBase64(text);
  const note = bytes === null ? null : decodeUtf8(bytes);
  const checkpoint = note === null ? null : await readOr(null, () => parseCheckpoint(note));
  return checkpoint !== null && checkpoint.origin !== origin;
}

async function readOr(otherwise, read) {
  try {
    return await read();
  } catch (error) {
    if (error instanceof Fault) return otherwise;
    throw error;
  }
}
