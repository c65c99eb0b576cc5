/**
 * Proofs that something is in a log, complete in one file (C2SP tlog-proof): the form of a receipt.
 *
 * ```text
 * c2sp.org/tlog-proof@v1\n
 * extra YWdlLXYxLjIuMS1kYXJ3aW4t…\n                  optional; proves nothing by itself
 * index 73894\n                                      where the entry stands
 * gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=\n    inclusion proof, from the leaf's sibling upwards
 * \n
 * example.com/ledger\n                               the signed checkpoint, as the log wrote it
 * ```
 * @module
 */
import { decodeBase64 } from './base64.js';
import { parseCheckpoint } from './checkpoint.js';
import { parseDecimal } from './decimal.js';
import { Fault, withinNow } from './fault.js';
import { parseHash } from './hash.js';

/** The first line. */
export const TLOG_PROOF_HEADER = 'c2sp.org/tlog-proof@v1';
/** The most bytes of extra data. */
const MAX_EXTRA = 9 << 20;
const MAX_HASHES = 64;
const PLACE = { rule: 'receipt-form', en: 'not a receipt', zh: '不是回执' };
/** The longest proof, in bytes. */
export const MAX_TLOG_PROOF = (MAX_EXTRA / 3) * 4 + 4096 + (1 << 20);

/**
 * @typedef {{ extra: Uint8Array | null, index: number, hashes: string[],
 *   checkpoint: import('./checkpoint.js').Checkpoint }} TlogProof
 */

/**
 * Reads a proof.
 * @param {string} text
 * @returns {TlogProof}
 */
export function parseTlogProof(text) {
  const end = text.indexOf('\n\n');
  if (end < 0) throw formFault('expected an empty line and a checkpoint after the hashes; is the file cut off?', '哈希之后应有空行和检查点；文件是否被截断？');
  const lines = text.slice(0, end).split('\n');
  if (lines.shift() !== TLOG_PROOF_HEADER) throw formFault(`expected the first line ${TLOG_PROOF_HEADER}`, '首行不对：不是回执，或是别的版本');
  const extra = lines[0]?.startsWith('extra ') ? lines.shift().slice('extra '.length) : null;
  const index = lines.shift();
  if (!index?.startsWith('index ')) throw formFault('expected a line beginning with index', '缺以 index 开头的行');
  if (lines.length > MAX_HASHES) throw formFault(`an inclusion proof has at most ${MAX_HASHES} hashes`, `证明的哈希超过 ${MAX_HASHES} 个`);
  const hashes = lines.map((line) => withinNow(PLACE, () => parseHash(line)));
  return {
    extra: extra === null ? null : parseExtra(extra),
    index: withinNow(PLACE, () => parseDecimal(index.slice('index '.length))),
    hashes,
    checkpoint: parseCheckpoint(text.slice(end + 2)),
  };
}

function parseExtra(text) {
  const extra = decodeBase64(text);
  if (text === '' || extra === null || extra.length > MAX_EXTRA) {
    throw formFault('the extra line must hold canonical base64, or be left out', 'extra 行应为规范 base64，或省去');
  }
  return extra;
}

function formFault(en, zh) {
  return new Fault('receipt-form', `not a receipt: ${en}`, `不是回执：${zh}`);
}
