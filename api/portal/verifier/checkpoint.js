/**
 * Checkpoints: a log's signed statement of its size and root hash (C2SP tlog-checkpoint v1.0.0), exactly three lines, since
 * nobody can audit what an extension line says.
 *
 * ```text
 * example.com/ledger\n                              origin: which log this is
 * 20852163\n                                        size: how many leaves
 * CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n    root hash of these leaves
 * ```
 * @module
 */
import { utf8 } from './bytes.js';
import { parseDecimal } from './decimal.js';
import { Fault, withinNow } from './fault.js';
import { EMPTY_ROOT, parseHash } from './hash.js';
import { verifySignature } from './key.js';
import { parseNote, signaturesBy } from './note.js';

/** @typedef {{ origin: string, size: number, root: string, note: import('./note.js').Note }} Checkpoint */

/**
 * Reads a signed note whose text is a checkpoint. Nothing is verified.
 * @param {string} text
 * @returns {Checkpoint}
 */
export function parseCheckpoint(text) {
  const note = parseNote(text);
  const lines = note.text.split('\n');
  if (lines.length !== 4) {
    throw checkpointFault('exactly three lines: origin, size and root hash; extension lines are refused', '应恰为三行：来源、大小、根哈希，不得有扩展行');
  }
  const [origin, decimal, hash] = lines;
  if (origin === '') throw checkpointFault('the origin, its first line, must not be empty', '首行（来源）不能为空');
  const place = { rule: 'checkpoint', en: 'a checkpoint', zh: '检查点' };
  const [size, root] = withinNow(place, () => [parseDecimal(decimal), parseHash(hash)]);
  if (size === 0 && root !== EMPTY_ROOT) {
    throw checkpointFault(`a tree without leaves has the root ${EMPTY_ROOT}, found ${root}`, `空树的根应为 ${EMPTY_ROOT}，实为 ${root}`);
  }
  return { origin, size, root, note };
}

/**
 * Whether the log's key signed it: at least one line is this key's.
 * @param {Checkpoint} checkpoint
 * @param {import('./vkey.js').VerifierKey} key a log's
 * @returns {Promise<boolean>}
 * @throws {Fault} `checkpoint-signature`, if a line of this key does not verify
 */
export async function isSignedBy(checkpoint, key) {
  const signatures = signaturesBy(checkpoint.note, key);
  for (const signature of signatures) {
    if (!(await verifySignature(key.key, utf8(checkpoint.note.text), signature))) {
      throw new Fault(
        'checkpoint-signature',
        `the signature by ${key.name}+${key.id} does not verify: the checkpoint was altered or forged`,
        `${key.name}+${key.id} 的签名不成立：检查点被改动或伪造`,
      );
    }
  }
  return signatures.length > 0;
}

function checkpointFault(en, zh) {
  return new Fault('checkpoint', `a checkpoint here is ${en}`, `检查点${zh}`);
}
