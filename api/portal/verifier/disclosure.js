/**
 * Disclosures: values that stand beside a statement, so that they can be sealed, erased or simply be long. A disclosure is the
 * b64url of the JSON array `[salt, name, value]`; its digest, the SHA-256 of that text, stands in the `_sd` of the object it
 * belongs to (RFC 9901 §4.2).
 * @module
 */
import { decodeBase64Url } from './base64.js';
import { decodeUtf8, utf8, utf8Length } from './bytes.js';
import { MAX_DISCLOSURES } from './digest.js';
import { Fault } from './fault.js';
import { sha256 } from './hash.js';
import { parseJson } from './json.js';
import { typeFault } from './member.js';
import { SEALABLE, checkDecimals, checkPlace, disclosureFault, placeOf, presentFault } from './notice.js';

const MAX_DISCLOSURE = 1 << 20;
const MAX_DISCLOSURES_TOGETHER = 8 << 20;
const MIN_SALT = 16;

/** @typedef {{ digest: string, name: string, value: any }} Disclosure */
/** @typedef {{ values: Map<string, Disclosure>, missing: string[] }} Shown `missing`: digests neither shown nor sealed */

/**
 * Opens what stands beside a statement and holds it against what may.
 * @param {import('./statement.js').Statement} statement
 * @param {import('./notice.js').Notice | null} target the notice that a reveal is about, where it is known
 * @param {string[]} texts
 * @returns {Promise<Shown>}
 */
export async function openDisclosures({ kind, content }, target, texts) {
  const rest = await openAll(texts);
  const shown = { values: new Map(), missing: [] };
  if (kind === 'notice') await asDisclosure(() => takeNotice(content, rest, shown));
  else if (kind === 'reveal') await asDisclosure(() => takeReveal(content.digests, target, rest, shown));
  else if (kind === 'rulebook') takeRules(content.rules, rest, shown);
  refuseRest(rest);
  return shown;
}

/**
 * Refuses any disclosure beside an entry that has none.
 * @param {string[]} texts
 */
export async function expectNoDisclosures(texts) {
  refuseRest(await openAll(texts));
}

async function openAll(texts) {
  const together = texts.reduce((sum, text) => sum + utf8Length(text), 0);
  if (texts.length > MAX_DISCLOSURES || together > MAX_DISCLOSURES_TOGETHER) throw tooLarge();
  const opened = new Map();
  for (const text of texts) {
    const disclosure = await asDisclosure(() => openOne(text));
    if (opened.has(disclosure.digest)) throw disclosureFault(`disclosure ${disclosure.digest} is shown twice`, `披露项 ${disclosure.digest} 出现两次`);
    opened.set(disclosure.digest, disclosure);
  }
  return opened;
}

async function openOne(text) {
  if (utf8Length(text) > MAX_DISCLOSURE) throw tooLarge();
  const bytes = decodeBase64Url(text);
  const opened = bytes === null ? null : decodeUtf8(bytes);
  if (opened === null) throw disclosureFault('a disclosure is not canonical base64url of UTF-8 text', '披露项不是规范 base64url 的 UTF-8 文本');
  const items = parseJson(opened);
  const [salt, name, value] = Array.isArray(items) && items.length === 3 ? items : [];
  const isShaped = typeof salt === 'string' && typeof name === 'string' && (decodeBase64Url(salt)?.length ?? 0) >= MIN_SALT;
  if (!isShaped) throw disclosureFault('a disclosure must be [salt, name, value] with a base64url salt of at least 16 bytes', '披露项应为 [盐, 名称, 值]，盐至少 16 字节');
  if (isDigestName(name) || holdsDigests(value)) {
    throw disclosureFault(`the disclosed value of \`${name}\` holds \`_sd\` or \`...\`, which disclosures must not`, `披露项 \`${name}\` 的值里有 \`_sd\` 或 \`...\``);
  }
  return { digest: await sha256(utf8(text)), name, value };
}

function tooLarge() {
  return disclosureFault('too much is disclosed: at most 256 disclosures of at most 1 MiB, together at most 8 MiB', '披露项过多或过长：至多 256 项，每项至多 1 MiB，共至多 8 MiB');
}

function isDigestName(name) {
  return name === '_sd' || name === '...';
}

function holdsDigests(value) {
  if (Array.isArray(value)) return value.some(holdsDigests);
  return value instanceof Map && [...value].some(([name, item]) => isDigestName(name) || holdsDigests(item));
}

/** Takes what belongs to the notice's digests: each at a place where its name is disclosable, none of it sealed. */
function takeNotice(notice, rest, shown) {
  const names = new Set();
  for (const digest of notice.digests) {
    const sealed = notice.sealed.find((item) => item.digest === digest.hash);
    const disclosure = rest.get(digest.hash);
    rest.delete(digest.hash);
    if (disclosure !== undefined && sealed !== undefined) {
      throw new Fault('sealed-shown', `the sealed \`${sealed.field}\` is shown beside its notice, before any reveal`, `密封的 \`${sealed.field}\` 未经启封就随公告示出`);
    } else if (disclosure !== undefined) {
      checkPlace(notice, digest, disclosure.name);
      checkValue(disclosure);
      takeOnce(names, digest, disclosure.name);
      shown.values.set(digest.hash, disclosure);
    } else if (sealed !== undefined) {
      // What is sealed will be a member of that name, so nothing else may be.
      takeOnce(names, digest, SEALABLE[sealed.field]);
    } else {
      shown.missing.push(digest.hash);
    }
  }
}

/** One object discloses one member of a name. */
function takeOnce(names, digest, name) {
  const key = JSON.stringify([digest.holder, name]);
  if (names.has(key)) throw presentFault(name, placeOf(digest));
  names.add(key);
}

function takeReveal(digests, target, rest, shown) {
  for (const digest of digests) {
    const disclosure = rest.get(digest);
    if (disclosure === undefined) {
      shown.missing.push(digest);
      continue;
    }
    rest.delete(digest);
    if (!Object.values(SEALABLE).includes(disclosure.name)) {
      throw fieldFault(`the reveal shows \`${disclosure.name}\`; only data.reserve_price and data.experts can be sealed`, `启封示出 \`${disclosure.name}\`；可以密封的只有 data.reserve_price 与 data.experts`);
    }
    checkValue(disclosure);
    shown.values.set(digest, disclosure);
  }
  refuseRest(rest);
  if (target !== null) for (const disclosure of shown.values.values()) checkRevealed(target, disclosure);
}

function checkRevealed(target, disclosure) {
  const sealed = target.sealed.find((item) => item.digest === disclosure.digest);
  if (sealed !== undefined && disclosure.name !== SEALABLE[sealed.field]) {
    throw fieldFault(`the reveal shows \`${disclosure.name}\` where \`${sealed.field}\` was sealed`, `密封的是 \`${sealed.field}\`，启封示出的却是 \`${disclosure.name}\``);
  }
  const place = target.digests.find(({ hash }) => hash === disclosure.digest);
  if (place !== undefined) checkPlace(target, place, disclosure.name);
}

function takeRules(rules, rest, shown) {
  const disclosure = rest.get(rules);
  if (disclosure?.name !== 'rules') throw new Fault('no-rules', 'the rules of a rulebook must be shown beside it', '规则条目必须附上规则全文');
  rest.delete(rules);
  shown.values.set(rules, disclosure);
}

/** Text and contacts are strings, and money is no number, beside the statement as within it. */
function checkValue({ name, value }) {
  if ((name === 'text' || name === 'contact') && typeof value !== 'string') throw typeFault(name, 'a string', '字符串');
  checkDecimals(name, value);
}

function fieldFault(en, zh) {
  return new Fault('revealed-field', en, zh);
}

function refuseRest(rest) {
  for (const { digest, name } of rest.values()) {
    throw new Fault('disclosure-unasked', `disclosure \`${name}\` (${digest}) belongs to no digest of its statement`, `披露项 \`${name}\`（${digest}）不属于声明中的任何摘要`);
  }
}

/** What is wrong with the form of a disclosure is a fault of the disclosure, whatever it breaks. */
async function asDisclosure(work) {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Fault && ['json', 'member'].includes(error.rule)) throw error.within({ rule: 'disclosure' });
    throw error;
  }
}
