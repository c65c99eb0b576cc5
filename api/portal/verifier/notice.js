/**
 * A notice: the claims a publisher makes about one stage of one project. Its envelope is read strictly (an unknown member is
 * refused); inside `data` the vocabulary may grow, but what may be disclosable, sealed or plain is fixed.
 * @module
 */
import { isRegion, isSector, isStage } from './code.js';
import { MAX_DISCLOSURES, parseDigest } from './digest.js';
import { Fault } from './fault.js';
import { isDate, isInstant } from './instant.js';
import { countMember, objectMember, objectsMember, onlyMembers, optionalTextMember, textMember, typeFault } from './member.js';
import { parseProjectId } from './subject.js';

/** Claims of a notice beside those of every statement. */
export const NOTICE_MEMBERS = [
  'project', 'lot', 'sector', 'stage', 'title', 'region', 'language', 'published_at', 'amends', 'parties', 'data', 'text',
  'attachments', 'source', 'related', 'sealed', '_sd', '_sd_alg',
];

/** Members of `data` that may stand beside the JWT; `person` may anywhere under `data`. */
const DISCLOSABLE_DATA = ['experts', 'reserve_price', 'bids', 'parcels', 'rejected', 'person'];
/** The fields that may be sealed, and the member each is. */
export const SEALABLE = { 'data.reserve_price': 'reserve_price', 'data.experts': 'experts' };
const RELATIONS = ['plan', 'retender', 'split', 'merged', 'contract-of'];
const MEASURES = ['area', 'percent'];
const MONEY = [
  'budget', 'ceiling_price', 'starting_price', 'deposit', 'floor_price', 'appraisal', 'reserve_price', 'price', 'unit_price',
  'value', 'new_value', 'final_value', 'investment',
];

/** @typedef {{ hash: string, holder: (string | number)[] }} Digest the way from the claims to the object that holds it */
/** @typedef {{ digest: string, field: string, until: string }} Sealed */
/**
 * @typedef {{ project: string, sector: string, stage: string, title: string, region: string | undefined, digests: Digest[],
 *   sealed: Sealed[], claims: Map<string, any> }} Notice
 */

/**
 * Reads a notice from the claims of its statement.
 * @param {Map<string, any>} claims
 * @returns {Notice}
 */
export function parseNotice(claims) {
  const project = readProject(claims);
  const sector = readCode(claims, 'sector', '类别', isSector);
  const stage = readCode(claims, 'stage', '环节', isStage);
  const title = textMember(claims, 'title');
  if (title === '') throw typeFault('title', 'a string that is not empty', '非空字符串');
  const region = optionalTextMember(claims, 'region');
  if (region !== undefined && !isRegion(region)) throw typeFault('region', 'six digits of GB/T 2260', 'GB/T 2260 的六位数字');
  checkEnvelope(claims);
  const digests = collectDigests(claims);
  return { project, sector, stage, title, region, digests, sealed: readSealed(claims, digests), claims };
}

/**
 * Where a digest's object stands, for a person: `data.candidates[0].manager`.
 * @param {Digest} digest
 */
export function placeOf({ holder }) {
  const path = holder.map((step, at) => (typeof step === 'number' ? `[${step}]` : at === 0 ? step : `.${step}`)).join('');
  return path === '' ? 'the statement' : path;
}

/**
 * Refuses a disclosure of that name where the digest stands, unless it may stand there and no such member is present.
 * @param {Notice} notice
 * @param {Digest} digest
 * @param {string} name
 */
export function checkPlace(notice, digest, name) {
  const place = placeOf(digest);
  if (!mayDisclose(digest.holder, name)) throw disclosureFault(`\`${name}\` is not disclosable at ${place}`, `\`${name}\` 不能作为 ${place} 的披露项`);
  let object = notice.claims;
  for (const step of digest.holder) object = object instanceof Map ? object.get(step) : object[step];
  if (object.has(name)) throw presentFault(name, place);
}

/** What an object that has a member both in the clear and disclosed is refused with. */
export function presentFault(name, place) {
  return disclosureFault(`\`${name}\` at ${place} is both disclosed and present`, `${place} 的 \`${name}\` 既已写明，又作披露`);
}

/** A disclosure that is not what may stand beside its statement. */
export function disclosureFault(en, zh) {
  return new Fault('disclosure', en, zh);
}

/**
 * Refuses money and measures that are no decimal strings, at any depth of a disclosed value.
 * @param {string} name
 * @param {any} value
 */
export function checkDecimals(name, value) {
  checkDecimal(name, value);
  if (Array.isArray(value)) for (const item of value) checkDecimals('', item);
  else if (value instanceof Map) for (const [inner, item] of value) checkDecimals(inner, item);
}

function mayDisclose(holder, name) {
  if (holder.length === 0) return name === 'text';
  if (holder.length === 2 && holder[0] === 'parties' && typeof holder[1] === 'number') return name === 'contact';
  return holder.length === 1 ? DISCLOSABLE_DATA.includes(name) : name === 'person';
}

function readProject(claims) {
  const project = objectMember(claims, 'project');
  onlyMembers(project, ['id', 'name']);
  optionalTextMember(project, 'name');
  const id = parseProjectId(textMember(project, 'id'));
  const sub = textMember(claims, 'sub');
  if (sub !== `project/${id}`) throw new Fault('subject', `\`sub\` is \`${sub}\`, expected \`project/${id}\``, `\`sub\` 是 \`${sub}\`，应为 \`project/${id}\``);
  return id;
}

function readCode(claims, name, zh, isCode) {
  const code = textMember(claims, name);
  if (!isCode(code)) throw new Fault('code', `\`${code}\` is no ${name}`, `\`${code}\` 不是规定的${zh}`);
  return code;
}

function mustBeDisclosure(path) {
  return new Fault(
    'must-be-disclosure',
    `\`${path}\` stands in the statement; it must be a disclosure, so that it can be erased`,
    `\`${path}\` 直接写在声明里；它必须是披露项，日后才能依法删除`,
  );
}

/** The elements of an optional array of objects. */
function objectsOf(claims, name) {
  return claims.has(name) ? objectsMember(claims, name) : [];
}

/** The optional members around `data`, each of its type. */
function checkEnvelope(claims) {
  if (claims.has('text')) throw mustBeDisclosure('text');
  optionalTextMember(claims, 'language');
  optionalTextMember(claims, 'amends');
  const publishedAt = optionalTextMember(claims, 'published_at');
  if (publishedAt !== undefined && !isInstant(publishedAt)) throw typeFault('published_at', 'an RFC 3339 instant or a date', 'RFC 3339 时刻或日期');
  if (claims.has('_sd_alg') && claims.get('_sd_alg') !== 'sha-256') throw digestsFault('`_sd_alg` must be absent or `sha-256`', '`_sd_alg` 只能缺省或为 `sha-256`');
  if (claims.has('lot')) {
    const lot = objectMember(claims, 'lot');
    onlyMembers(lot, ['id', 'name']);
    textMember(lot, 'id');
    optionalTextMember(lot, 'name');
  }
  if (claims.has('source')) checkTexts(objectMember(claims, 'source'), ['platform', 'url']);
  for (const party of objectsOf(claims, 'parties')) {
    onlyMembers(party, ['role', 'name', 'id', 'contact', '_sd']);
    if (party.has('contact')) throw mustBeDisclosure('parties[].contact');
    for (const name of ['role', 'name', 'id']) optionalTextMember(party, name);
  }
  objectsOf(claims, 'attachments').forEach(checkAttachment);
  objectsOf(claims, 'related').forEach(checkRelated);
  if (claims.has('data')) checkData(objectMember(claims, 'data'));
}

function checkTexts(object, names) {
  onlyMembers(object, names);
  for (const name of names) optionalTextMember(object, name);
}

function checkAttachment(attachment) {
  onlyMembers(attachment, ['name', 'media_type', 'size', 'sha256']);
  textMember(attachment, 'name');
  optionalTextMember(attachment, 'media_type');
  if (attachment.has('size')) countMember(attachment, 'size');
  if (!/^[0-9a-f]{64}$/.test(textMember(attachment, 'sha256'))) throw typeFault('sha256', '64 lower-case hex digits', '64 位小写十六进制');
}

function checkRelated(related) {
  onlyMembers(related, ['project', 'as']);
  parseProjectId(textMember(related, 'project'));
  if (!RELATIONS.includes(textMember(related, 'as'))) {
    throw typeFault('as', 'plan, retender, split, merged or contract-of', 'plan、retender、split、merged 或 contract-of');
  }
}

/** Inside `data` anything may grow, but experts and persons are always disclosures and money is a decimal string. */
function checkData(data) {
  if (data.has('experts')) throw mustBeDisclosure('data.experts');
  for (const [name, value] of data) checkInside(name, value);
}

function checkInside(name, value) {
  if (name === 'person') throw mustBeDisclosure('person under data');
  checkDecimal(name, value);
  if (Array.isArray(value)) for (const item of value) checkInside('', item);
  else if (value instanceof Map && name !== '_sd') for (const [inner, item] of value) checkInside(inner, item);
}

function checkDecimal(name, value) {
  const isNumber = typeof value === 'number';
  if ((name === 'amount' && !isAmount(value)) || (isNumber && MEASURES.includes(name))) throw typeFault(name, 'a decimal string', '十进制数字符串');
  if (isNumber && MONEY.includes(name)) {
    const money = '{"amount":"1359102.00","currency":"CNY"}';
    throw typeFault(name, `money: ${money}`, `金额：${money}`);
  }
}

function isAmount(value) {
  return typeof value === 'string' ? /^-?[0-9]+(?:\.[0-9]+)?$/.test(value) : value instanceof Map && value.has('amount');
}

function digestsFault(en, zh) {
  return new Fault('digests', en, zh);
}

/** Every digest, in the order of the claims; `_sd` may stand in the claims, in a party, and anywhere in `data`. */
function collectDigests(claims) {
  const digests = [];
  readDigests(claims, [], digests);
  for (const [at, party] of objectsOf(claims, 'parties').entries()) readDigests(party, ['parties', at], digests);
  if (claims.has('data')) walk(claims.get('data'), ['data'], digests);
  const hashes = new Set(digests.map(({ hash }) => hash));
  if (hashes.size !== digests.length) throw digestsFault('a digest occurs twice', '有摘要出现两次');
  return digests;
}

function walk(value, steps, digests) {
  if (Array.isArray(value)) {
    for (const [at, item] of value.entries()) walk(item, [...steps, at], digests);
  } else if (value instanceof Map) {
    readDigests(value, steps, digests);
    for (const [name, item] of value) if (name !== '_sd') walk(item, [...steps, name], digests);
  }
}

/** Reads the `_sd` of one object, if it has one. */
function readDigests(object, steps, digests) {
  const place = placeOf({ holder: steps });
  const refuse = (en, zh) => digestsFault(`\`_sd\` at ${place}: ${en}`, `${place} 处的 \`_sd\`：${zh}`);
  if (object.has('...')) throw refuse('array elements are not disclosable, `...` must not occur', '数组元素不能作披露项，不得出现 `...`');
  if (steps.length > 0 && object.has('_sd_alg')) throw refuse('`_sd_alg` stands only beside the claims', '`_sd_alg` 只能写在最外层');
  if (!object.has('_sd')) return;
  const items = object.get('_sd');
  if (!Array.isArray(items) || items.length === 0) throw refuse('must be an array of digests', '应为摘要数组');
  if (items.length + digests.length > MAX_DISCLOSURES) throw refuse('more than 256 digests', '摘要超过 256 个');
  for (const item of items) {
    const hash = parseDigest(item);
    if (hash === null) throw refuse('a digest is 43 characters of base64url', '摘要应为 43 个 base64url 字符');
    digests.push({ hash, holder: steps });
  }
}

function readSealed(claims, digests) {
  const refuse = (en, zh) => new Fault('sealed', `\`sealed\`: ${en}`, `\`sealed\`：${zh}`);
  const items = objectsOf(claims, 'sealed');
  if (claims.has('sealed') && items.length === 0) throw refuse('an empty list says nothing; leave it out', '空列表没有意义，应省去');
  const sealed = [];
  for (const item of items) {
    onlyMembers(item, ['digest', 'field', 'until']);
    const field = textMember(item, 'field');
    if (!Object.hasOwn(SEALABLE, field)) throw refuse('only data.reserve_price and data.experts can be sealed', '只能密封 data.reserve_price 与 data.experts');
    const digest = parseDigest(textMember(item, 'digest'));
    if (digest === null) throw refuse('a digest is 43 characters of base64url', '摘要应为 43 个 base64url 字符');
    const until = textMember(item, 'until');
    if (!isStage(until) && !isDate(until)) throw refuse('`until` must be a stage or a date', '`until` 应为环节或日期');
    if (sealed.some((earlier) => earlier.field === field || earlier.digest === digest)) {
      throw refuse('a field and a digest are sealed once', '一个字段、一个摘要只能密封一次');
    }
    const isInData = digests.some(({ hash, holder }) => hash === digest && holder.length === 1 && holder[0] === 'data');
    if (!isInData) throw refuse('the digest must stand in the `_sd` of `data`', '摘要应在 `data` 的 `_sd` 中');
    if (objectMember(claims, 'data').has(SEALABLE[field])) throw refuse('the sealed field is present in the clear', '密封的字段同时以明文出现');
    sealed.push({ digest, field, until });
  }
  return sealed;
}
