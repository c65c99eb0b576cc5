/**
 * Cosignatures: a witness says when it saw a checkpoint as the newest of its log (C2SP tlog-cosignature v1.0.1, Ed25519).
 *
 * ```text
 * signature line:  base64(key id || u64be(timestamp) || Ed25519 signature)
 * what is signed:  cosignature/v1\n  time 1679315147\n  <the three lines of the checkpoint>
 * ```
 * @module
 */
import { utf8 } from './bytes.js';
import { Fault } from './fault.js';
import { verifySignature } from './key.js';
import { signaturesBy } from './note.js';

const MAX_TIMESTAMP = 2n ** 63n - 1n;

/**
 * When this witness cosigned the checkpoint, in seconds since the Unix epoch; empty if it did not. A line with the witness's
 * name and id that is malformed or does not verify makes the whole note a false one.
 * @param {import('./checkpoint.js').Checkpoint} checkpoint
 * @param {import('./vkey.js').VerifierKey} key a witness's
 * @returns {Promise<bigint[]>}
 */
export async function cosignatures(checkpoint, key) {
  const timestamps = [];
  for (const line of signaturesBy(checkpoint.note, key)) {
    if (line.length !== 72) {
      throw new Fault('cosignature', `a cosignature is 72 bytes after the key id, found ${line.length}`, `共签在密钥编号后应为 72 字节，实为 ${line.length}`);
    }
    const timestamp = new DataView(line.buffer, line.byteOffset, 8).getBigUint64(0);
    if (timestamp > MAX_TIMESTAMP) {
      throw new Fault('cosignature', `a cosignature's timestamp is at most 2^63 - 1 seconds, found ${timestamp}`, `共签的时间戳 ${timestamp} 超过 2^63 − 1 秒`);
    }
    const message = utf8(`cosignature/v1\ntime ${timestamp}\n${checkpoint.note.text}`);
    if (!(await verifySignature(key.key, message, line.subarray(8)))) {
      throw new Fault(
        'cosignature',
        `the cosignature by ${key.name}+${key.id} does not verify: the checkpoint was altered or forged`,
        `见证人 ${key.name}+${key.id} 的共签不成立：检查点被改动或伪造`,
      );
    }
    timestamps.push(timestamp);
  }
  return timestamps;
}
