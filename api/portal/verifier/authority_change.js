/**
 * What an authority statement changes: a publisher's key and scope, or the next key of the log or the root.
 * @module
 */
import { isPublisherId, isRegionPrefix, isRole, isSector } from './code.js';
import { Fault } from './fault.js';
import { parseJwk } from './jwk.js';
import { countMember, objectMember, optionalTextMember, textMember, textsMember, typeFault } from './member.js';
import { LOG_KEY, parseVerifierKey } from './vkey.js';

const MAX_ITEMS = 1000;
const SCOPE = ['roles', 'sectors', 'regions'];
const SCOPES = {
  roles: [isRole, 'different roles, at least one', '至少一个、互不相同的角色'],
  sectors: [isSector, 'different sector codes, at least one', '至少一个、互不相同的类别'],
  regions: [isRegionPrefix, 'different region prefixes of 0, 2, 4 or 6 digits, at least one', '至少一个、互不相同的 0、2、4 或 6 位地区前缀'],
};

/** @typedef {{ roles: string[], sectors: string[], regions: string[] }} Scope */
/**
 * @typedef {{ change: 'grant', publisher: string, name: string, jwk: import('./jwk.js').Jwk, scope: Scope }
 *   | { change: 'revoke', publisher: string }
 *   | { change: 'log-key', logKey: import('./vkey.js').VerifierKey }
 *   | { change: 'root-key', jwk: import('./jwk.js').Jwk }} AuthorityChange
 */

/**
 * Reads an authority statement.
 * @param {import('./subject.js').Subject} sub
 * @param {Map<string, unknown>} claims
 * @param {(...members: string[]) => void} only refuses members of claims beside those of every statement and these
 * @returns {Promise<{ seq: number } & AuthorityChange>}
 */
export async function parseAuthority(sub, claims, only) {
  const action = textMember(claims, 'action');
  const publisher = textMember(claims, 'publisher');
  const name = optionalTextMember(claims, 'name');
  const allow = (...members) => only('seq', 'action', 'publisher', 'name', ...members);
  const change = await (sub.kind === 'ledger'
    ? parseKeyChange(claims, action, publisher, allow)
    : parseGrant(sub, claims, { action, publisher, name }, allow));
  return { ...change, seq: countMember(claims, 'seq') };
}

/** The keys of the ledger itself have no scope: what is written of one must be codes and means nothing. */
async function parseKeyChange(claims, action, publisher, allow) {
  const ofLedger = publisher === 'log' || publisher === 'root';
  if (!ofLedger || !(action === 'rotate' || action === 'enrol')) {
    throw typeFault('publisher', '`log` or `root`, which is never revoked, in subject `ledger`', '主体 ledger 中的 `log` 或 `root`，且不得撤销');
  }
  allow(publisher === 'log' ? 'log_key' : 'jwk', ...SCOPE);
  for (const name of SCOPE) {
    const [isCode] = SCOPES[name];
    if (claims.has(name) && !textsMember(claims, name).every(isCode)) throw typeFault(name, 'codes of this ledger', '规定的代码');
  }
  if (publisher === 'root') return { change: 'root-key', jwk: await parseJwk(objectMember(claims, 'jwk')) };
  const logKey = await readLogKey(textMember(claims, 'log_key'));
  return { change: 'log-key', logKey };
}

async function readLogKey(vkey) {
  const refused = new Fault('member', '`log_key` is not the vkey of an Ed25519 log key', '`log_key` 不是 Ed25519 账本密钥的 vkey');
  try {
    const key = await parseVerifierKey(vkey);
    if (key.kind === LOG_KEY) return key;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
  }
  throw refused;
}

async function parseGrant(sub, claims, { action, publisher, name }, allow) {
  if (!isPublisherId(publisher) || sub.text !== `authority/${publisher}`) throw typeFault('publisher', 'the publisher of `sub`', '`sub` 的发布主体');
  if (action === 'revoke') {
    allow();
    return { change: 'revoke', publisher };
  }
  if (action !== 'enrol' && action !== 'rotate') throw typeFault('action', 'enrol, rotate or revoke', 'enrol、rotate 或 revoke');
  allow('jwk', ...SCOPE);
  if (!name) throw typeFault('name', 'a string that is not empty', '非空字符串');
  const jwk = await parseJwk(objectMember(claims, 'jwk'));
  const [roles, sectors, regions] = SCOPE.map((member) => readCodes(claims, member));
  return { change: 'grant', publisher, name, jwk, scope: { roles, sectors, regions } };
}

function readCodes(claims, name) {
  const [isCode, en, zh] = SCOPES[name];
  const codes = textsMember(claims, name);
  const different = new Set(codes).size === codes.length;
  if (codes.length < 1 || codes.length > MAX_ITEMS || !different || !codes.every(isCode)) throw typeFault(name, en, zh);
  return codes;
}
