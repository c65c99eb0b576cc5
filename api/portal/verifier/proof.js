/**
 * Checking that an entry is in a tree, and that one tree continues another (RFC 9162 §2.1.3.2 and §2.1.4.2). Both walk from
 * the bottom to the top with two numbers: where the proven thing stands on its level, and where the level ends. Indexes go up
 * to 2^53, beyond what JavaScript's bit operators take, so that halving is division.
 * @module
 */
import { Fault } from './fault.js';
import { nodeHash } from './hash.js';

/**
 * Checks that a leaf stands at an index of the tree with this size and root.
 * @param {string} leaf
 * @param {number} index
 * @param {number} size
 * @param {string[]} proof
 * @param {string} root
 */
export async function checkInclusion(leaf, index, size, proof, root) {
  if (index >= size) throw proofFault(`entry ${index} is not in a tree of ${size} entries`, `第 ${index} 条不在 ${size} 条的树中`);
  const place = { node: index, last: size - 1 };
  let hash = leaf;
  for (const sibling of proof) {
    if (place.last === 0) throw wrongLength(proof);
    hash = isRight(place) ? await nodeHash(sibling, hash) : await nodeHash(hash, sibling);
    ascend(place);
  }
  if (place.last !== 0) throw wrongLength(proof);
  expectRoot(root, hash);
}

/**
 * Checks that the tree with `size2` and `root2` begins with the leaves of the tree with `size1` and `root1`.
 * @param {number} size1
 * @param {string} root1
 * @param {number} size2
 * @param {string} root2
 * @param {string[]} proof
 */
export async function checkConsistency(size1, root1, size2, root2, proof) {
  if (size1 > size2) throw proofFault(`a tree of ${size2} entries cannot continue one of ${size1}`, `${size2} 条的树不可能是 ${size1} 条的延续`);
  if (size1 === 0) throw proofFault('an empty tree commits to nothing', '空树没有可延续的内容');
  if (size1 === size2) {
    if (proof.length > 0) throw wrongLength(proof);
    expectRoot(root2, root1);
    return;
  }
  // A complete subtree is its own starting point, and the proof leaves out the root the reader has.
  const path = isPowerOfTwo(size1) ? [root1, ...proof] : proof;
  if (proof.length === 0) throw wrongLength(proof);
  const place = { node: size1 - 1, last: size2 - 1 };
  while (place.node % 2 === 1) halve(place);
  let [first] = path;
  let second = first;
  for (const hash of path.slice(1)) {
    if (place.last === 0) throw wrongLength(proof);
    if (isRight(place)) {
      first = await nodeHash(hash, first);
      second = await nodeHash(hash, second);
    } else {
      second = await nodeHash(second, hash);
    }
    ascend(place);
  }
  if (place.last !== 0) throw wrongLength(proof);
  expectRoot(root1, first);
  expectRoot(root2, second);
}

/** Whether the node's sibling stands at its left: it is a right child, or the last of its level and alone. */
function isRight({ node, last }) {
  return node % 2 === 1 || node === last;
}

/** To the parent's level; the last node of a level stands alone until the level where it is a right child. */
function ascend(place) {
  if (isRight(place)) {
    while (place.node % 2 === 0 && place.node !== 0) halve(place);
  }
  halve(place);
}

function halve(place) {
  place.node = Math.floor(place.node / 2);
  place.last = Math.floor(place.last / 2);
}

function isPowerOfTwo(number) {
  return Number.isInteger(Math.log2(number)) && 2 ** Math.log2(number) === number;
}

function proofFault(en, zh) {
  return new Fault('proof', en, zh);
}

function wrongLength(proof) {
  return proofFault(`the proof has ${proof.length} hashes, which is not what these positions need`, `证明有 ${proof.length} 个哈希，与位置不符`);
}

function expectRoot(expected, found) {
  if (expected !== found) throw proofFault(`the proof leads to the root ${found}, expected ${expected}`, `证明得出的根是 ${found}，应为 ${expected}`);
}
