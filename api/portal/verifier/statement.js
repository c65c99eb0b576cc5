/**
 * A statement: what a publisher signs. An SD-JWT (RFC 9901) without key binding; the entry holds the JWT, the disclosures
 * travel beside it.
 *
 * ```text
 * JWT = b64url(header) "." b64url(claims) "." b64url(signature)
 * header = {"alg":"Ed25519","kid":"<RFC 7638 thumbprint>","typ":"notice+sd-jwt"}
 * ```
 *
 * Reading says what a statement is, never whether it holds: that depends on the ledger before it, see `authority.js`.
 * @module
 */
import { parseAuthority } from './authority_change.js';
import { decodeBase64Url } from './base64.js';
import { decodeUtf8, utf8, utf8Length } from './bytes.js';
import { isPublisherId } from './code.js';
import { parseDigest, parseDigests } from './digest.js';
import { Fault } from './fault.js';
import { parseJsonObject } from './json.js';
import { parseCalendar, parseRulebook } from './law.js';
import { countMember, onlyMembers, textMember, typeFault } from './member.js';
import { NOTICE_MEMBERS, parseNotice } from './notice.js';
import { parseSubject } from './subject.js';

const MAX_JWT = 60_000;
/** The members every statement has. */
const COMMON = ['iss', 'aud', 'iat', 'jti', 'sub'];
const KINDS = ['notice', 'reveal', 'erasure', 'authority', 'rulebook', 'calendar'];

/**
 * @typedef {{ kind: string, kid: string, iss: string, aud: string, iat: number, jti: string,
 *   sub: import('./subject.js').Subject, content: any, signed: Uint8Array, signature: Uint8Array }} Statement
 */

/**
 * Reads the JWT of a statement. Nothing is verified.
 * @param {string} jwt
 * @returns {Promise<Statement>}
 */
export async function parseStatement(jwt) {
  const length = utf8Length(jwt);
  if (length > MAX_JWT) throw new Fault('statement-form', `the JWT has ${length} bytes; at most ${MAX_JWT} are allowed`, `JWT 过长：${length} 字节`);
  const end = jwt.lastIndexOf('.');
  const middle = jwt.indexOf('.');
  if (middle < 0 || middle === end) throw compactFault(middle < 0 ? 'signature' : 'claims');
  const { kind, kid } = parseHeader(part('header', jwt.slice(0, middle)));
  const signature = decodeBase64Url(jwt.slice(end + 1));
  if (signature?.length !== 64) throw compactFault('signature');
  const claims = parseJsonObject(part('claims', jwt.slice(middle + 1, end)));
  const iss = textMember(claims, 'iss');
  if (!isPublisherId(iss)) throw typeFault('iss', 'a publisher id, [A-Za-z0-9._:-]{1,64}', '发布主体编号 [A-Za-z0-9._:-]{1,64}');
  const [aud, iat, jti] = [textMember(claims, 'aud'), countMember(claims, 'iat'), textMember(claims, 'jti')];
  const characters = [...jti].length;
  if (characters < 1 || characters > 200) throw typeFault('jti', '1 to 200 characters', '1 至 200 个字符');
  const sub = parseSubject(textMember(claims, 'sub'));
  const content = await parseContent(kind, sub, claims);
  return { kind, kid, iss, aud, iat, jti, sub, content, signed: utf8(jwt.slice(0, end)), signature };
}

/**
 * The earlier notice that a reveal or an erasure is about.
 * @param {Statement} statement
 * @returns {number | null}
 */
export function targetOf({ kind, content }) {
  return kind === 'reveal' || kind === 'erasure' ? content.target : null;
}

function parseHeader(text) {
  const header = parseJsonObject(text);
  const refuse = (en, zh) => {
    throw new Fault('jose-header', `JOSE header: ${en}`, `JOSE 头：${zh}`);
  };
  for (const name of header.keys()) {
    if (!['alg', 'kid', 'typ'].includes(name)) refuse(`member \`${name}\` is not known here`, `成员 \`${name}\` 不在规定之列`);
  }
  if (header.get('alg') !== 'Ed25519') refuse('`alg` must be `Ed25519`', '`alg` 应为 `Ed25519`');
  const kid = parseDigest(header.get('kid'));
  if (kid === null) refuse('`kid` must be an RFC 7638 thumbprint, 43 characters of base64url', '`kid` 应为 RFC 7638 指纹，43 个 base64url 字符');
  const typ = header.get('typ');
  const kind = KINDS.find((known) => `${known}+sd-jwt` === typ);
  if (kind === undefined) refuse('`typ` must be one of the six kinds, e.g. `notice+sd-jwt`', '`typ` 应为六种之一，如 `notice+sd-jwt`');
  return { kind, kid };
}

function part(name, encoded) {
  const bytes = decodeBase64Url(encoded);
  const text = bytes === null ? null : decodeUtf8(bytes);
  if (text === null) throw compactFault(name);
  return text;
}

function compactFault(name) {
  return new Fault(
    'statement-form',
    `not a compact JWT: ${name} is not what it must be (canonical base64url; a signature has 64 bytes)`,
    `不是紧凑 JWT：${name} 部分不对（须为规范 base64url，签名 64 字节）`,
  );
}

async function parseContent(kind, sub, claims) {
  const only = (...members) => onlyMembers(claims, [...COMMON, ...members]);
  switch (`${kind} of ${sub.kind}`) {
    case 'notice of project':
      only(...NOTICE_MEMBERS);
      return parseNotice(claims);
    case 'reveal of project':
      only('target', 'digests');
      return { target: countMember(claims, 'target'), digests: parseDigests(claims) };
    case 'erasure of project':
      only('target', 'digests', 'ground', 'reason');
      return parseErasure(claims);
    case 'authority of authority':
    case 'authority of ledger':
      return parseAuthority(sub, claims, only);
    case 'rulebook of rulebook':
      only('seq', 'jurisdiction', 'version', 'effective_from', '_sd', '_sd_alg');
      return parseRulebook(sub.id, claims);
    case 'calendar of calendar':
      only('seq', 'jurisdiction', 'year', 'holidays', 'workdays');
      return parseCalendar(sub.id, claims);
    default:
      throw new Fault('subject', `\`sub\`: \`${sub.text}\` does not go with ${kind}+sd-jwt`, `\`sub\`：\`${sub.text}\` 与 ${kind}+sd-jwt 不相配`);
  }
}

function parseErasure(claims) {
  const target = countMember(claims, 'target');
  const digests = parseDigests(claims);
  const [ground, reason] = ['ground', 'reason'].map((name) => {
    const text = claims.get(name);
    if (typeof text !== 'string' || text === '') throw typeFault(name, 'a string that is not empty', '非空字符串');
    return text;
  });
  return { target, digests, ground, reason };
}
