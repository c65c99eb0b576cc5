/**
 * A checkpoint under a policy: is it one a trusted log signed and enough witnesses saw? Every line of a key the policy knows
 * must verify, or the whole note is rejected; lines of other keys are ignored.
 * @module
 */
import { isSignedBy } from './checkpoint.js';
import { cosignatures } from './cosignature.js';
import { Fault } from './fault.js';
import { Cosigned } from './quorum.js';

/**
 * Checks that a log of this policy, named like the checkpoint's origin, signed it. The quorum is left to the caller.
 * @param {import('./policy.js').Policy} policy
 * @param {import('./checkpoint.js').Checkpoint} checkpoint
 * @returns {Promise<Cosigned>}
 */
export async function checkLog(policy, checkpoint) {
  let isSigned = false;
  for (const { key } of policy.logs) {
    // A log of another name may have signed too, which is no reason to believe this origin.
    isSigned = ((await isSignedBy(checkpoint, key)) && key.name === checkpoint.origin) || isSigned;
  }
  const cosigned = await cosignedBy(policy, checkpoint);
  if (!isSigned) {
    throw new Fault(
      'checkpoint-not-signed',
      `the checkpoint of ${checkpoint.origin} is not signed by any key the policy lists for that log`,
      `${checkpoint.origin} 的检查点没有策略所列账本密钥的签名`,
    );
  }
  return cosigned;
}

/**
 * As `checkLog`, and the policy's quorum cosigned.
 * @param {import('./policy.js').Policy} policy
 * @param {import('./checkpoint.js').Checkpoint} checkpoint
 * @returns {Promise<Cosigned>}
 */
export async function checkPolicy(policy, checkpoint) {
  const cosigned = await checkLog(policy, checkpoint);
  if (!cosigned.satisfiesQuorum()) {
    const count = cosignersOf(policy, cosigned).length;
    throw new Fault(
      'quorum',
      `the policy's quorum is not met: ${count} of its ${policy.witnesses.length} witnesses cosigned this checkpoint`,
      `未达到策略要求的见证：${policy.witnesses.length} 个见证人中有 ${count} 个共签`,
    );
  }
  return cosigned;
}

/**
 * The names of the witnesses that cosigned.
 * @param {import('./policy.js').Policy} policy
 * @param {Cosigned} cosigned under this policy
 * @returns {string[]}
 */
export function cosignersOf(policy, cosigned) {
  return policy.witnesses.filter((_, at) => cosigned.timestamps[at].length > 0).map(({ name }) => name);
}

/**
 * Who cosigned a checkpoint of one of this policy's logs. Neither the log's own signature nor the quorum is asked for: enough
 * to tell a time by.
 * @param {import('./policy.js').Policy} policy
 * @param {import('./checkpoint.js').Checkpoint} checkpoint
 * @returns {Promise<Cosigned>}
 */
export async function cosignedBy(policy, checkpoint) {
  if (!policy.logs.some(({ key }) => key.name === checkpoint.origin)) {
    throw new Fault(
      'unknown-log',
      `the checkpoint is of ${checkpoint.origin}, which is not the name of any log key in the policy`,
      `检查点来自 ${checkpoint.origin}，策略中没有这个名称的账本密钥`,
    );
  }
  const timestamps = [];
  for (const { key } of policy.witnesses) timestamps.push(await cosignatures(checkpoint, key));
  return new Cosigned(policy.rules, timestamps);
}
