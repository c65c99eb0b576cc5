/**
 * The subject map: why nothing can be left out. For each subject it holds how many entries it has, the newest one's hash, and
 * how many notices of each stage.
 *
 * ```text
 * key   = SHA-256("mingzhang/subject/v1\n" || subject)
 * value = SHA-256(0x02 || u64be(count) || head || u16be(k) || k × (u8(len) || stage || u64be(n)))
 * leaf  = SHA-256(0x03 || key || value)          node = SHA-256(0x04 || left || right)
 * ```
 * @module
 */
import { concat, u64be, utf8 } from './bytes.js';
import { isStage } from './code.js';
import { Fault } from './fault.js';
import { ZERO_HASH, hashBytes, hashMember, hashesMember, sha256 } from './hash.js';
import { onlyMembers, typeFault } from './member.js';

const MAX_SIBLINGS = 256;

/** @typedef {{ count: number, head: string, tally: Map<string, number> }} SubjectState */
/** @typedef {{ siblings: string[], other: { key: string, value: string } | null }} MapProof siblings deepest first */

/** @param {string} subject */
export function mapKey(subject) {
  return sha256(utf8(`mingzhang/subject/v1\n${subject}`));
}

/**
 * What the map holds for a subject.
 * @param {SubjectState} state
 */
export function mapValue({ count, head, tally }) {
  // Codes are ASCII, so that the order of characters is that of bytes.
  const stages = [...tally].sort(([a], [b]) => (a < b ? -1 : 1));
  const counted = stages.map(([stage, n]) => concat(Uint8Array.of(stage.length), utf8(stage), u64be(n)));
  const number = Uint8Array.of(stages.length >> 8, stages.length & 0xff);
  return sha256(concat(Uint8Array.of(2), u64be(count), hashBytes(head), number, ...counted));
}

/**
 * Reads `{"award":1,…}`: known stages, no zero.
 * @param {Map<string, unknown>} object
 * @returns {Map<string, number>}
 */
export function parseTally(object) {
  for (const [stage, n] of object) {
    if (!isStage(stage)) throw new Fault('member', `member \`${stage}\` is not known here`, `成员 \`${stage}\` 不在规定之列`);
    if (typeof n !== 'number' || n <= 0) throw typeFault(stage, 'an integer above 0', '大于 0 的整数');
  }
  return object;
}

/**
 * Whether two tallies count the same.
 * @param {Map<string, number>} a
 * @param {Map<string, number>} b
 */
export function isSameTally(a, b) {
  return a.size === b.size && [...a].every(([stage, n]) => b.get(stage) === n);
}

/**
 * Reads `{"siblings":["<b64>",…]}`, with `other_key` and `other_value` both or neither.
 * @param {Map<string, unknown>} object
 * @returns {MapProof}
 */
export function parseMapProof(object) {
  onlyMembers(object, ['siblings', 'other_key', 'other_value']);
  const proof = { siblings: hashesMember(object, 'siblings', MAX_SIBLINGS), other: null };
  if (object.has('other_key') || object.has('other_value')) {
    const [key, value] = ['other_key', 'other_value'].map((name) => hashMember(object, name));
    proof.other = { key, value };
  }
  return proof;
}

/**
 * Checks that the map under `root` holds `value` for `key`.
 * @param {MapProof} proof
 */
export async function checkMember(proof, key, value, root) {
  if (proof.other !== null) throw otherFault();
  await climb(proof.siblings, await mapLeaf(key, value), key, root);
}

/**
 * Checks that the map under `root` holds nothing for `key`: where it should stand is nothing, or another subject alone.
 * @param {MapProof} proof
 */
export async function checkAbsent({ siblings, other }, key, root) {
  if (other === null) return climb(siblings, ZERO_HASH, key, root);
  const [own, met] = [hashBytes(key), hashBytes(other.key)];
  if (other.key === key || siblings.some((_, depth) => bit(own, depth) !== bit(met, depth))) throw otherFault();
  return climb(siblings, await mapLeaf(other.key, other.value), key, root);
}

function mapLeaf(key, value) {
  return sha256(concat(Uint8Array.of(3), hashBytes(key), hashBytes(value)));
}

function mapNode(left, right) {
  return sha256(concat(Uint8Array.of(4), hashBytes(left), hashBytes(right)));
}

async function climb(siblings, start, key, expected) {
  const bits = hashBytes(key);
  let found = start;
  for (const [at, sibling] of siblings.entries()) {
    const depth = siblings.length - 1 - at;
    found = bit(bits, depth) ? await mapNode(sibling, found) : await mapNode(found, sibling);
  }
  if (found !== expected) throw mapFault(`the map proof leads to ${found}, the seal says ${expected}`, `映射证明得出的根是 ${found}，封印写的是 ${expected}`);
}

/** Bit `depth` of a key, 0 being the most significant. */
function bit(bytes, depth) {
  return (bytes[depth >> 3] >> (7 - (depth & 7))) & 1;
}

function mapFault(en, zh) {
  return new Fault('map-proof', en, zh);
}

function otherFault() {
  return mapFault("the map proof's other subject is not one that could stand in this place", '映射证明里的另一主体不可能在这个位置');
}
