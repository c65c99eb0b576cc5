/**
 * The verifier's public face: a file and a trust policy in, a verdict with its steps out. It needs nothing else: no server, no
 * clock but to say how old the head is, no rule engine. It proves that everything is there, signed and unaltered, and in which
 * bounds of time; whether the law was kept is for `mingzhang-verify`.
 * @module
 */
import { decodeUtf8 } from './bytes.js';
import { verifyDossier } from './dossier.js';
import { MAX_DOSSIER, parseDossier } from './dossier_file.js';
import { Fault } from './fault.js';
import { parsePolicy } from './policy.js';
import { verifyReceipt } from './receipt.js';
import { DOSSIER_STEPS, RECEIPT_STEPS, Steps } from './steps.js';
import { lacking } from './support.js';
import { MAX_TLOG_PROOF, TLOG_PROOF_HEADER } from './tlog_proof.js';

/** How old a head may be, in seconds, before it is called stale: 7 days. */
export const MAX_AGE = 7 * 86_400;

/** @typedef {'accepted' | 'rejected' | 'unchecked' | 'qualified' | 'newer-format'} VerdictCode as `mingzhang-verify --json` says */
/**
 * @typedef {{ file: 'dossier' | 'receipt', verdict: VerdictCode, reasons: ('stale' | 'ledger-word-only')[],
 *   error: { rule: string, entry: number | null, zh: string, en: string } | null, steps: import('./steps.js').Step[],
 *   dossier: import('./dossier.js').Dossier | null, receipt: import('./receipt.js').Receipt | null, time: number | null,
 *   clock: 'witnesses' | 'ledger' | null }} Verdict `time` is the head's, in seconds since the Unix epoch
 */

/**
 * Verifies a dossier, an absence proof or a receipt.
 * @param {Uint8Array} bytes the file
 * @param {Uint8Array} policy the trust policy's file
 * @param {{ file?: 'dossier' | 'receipt', onStep?: (step: import('./steps.js').Step) => void | Promise<void> }} [options]
 * @returns {Promise<Verdict>}
 */
export async function verify(bytes, policy, options = {}) {
  const file = options.file ?? kindOf(bytes);
  const steps = new Steps(file === 'receipt' ? RECEIPT_STEPS : DOSSIER_STEPS, options.onStep);
  const verdict = { file, verdict: 'accepted', reasons: [], error: null, steps: steps.all, dossier: null, receipt: null, time: null, clock: null };
  const needed = await lacking();
  if (needed !== null) return { ...verdict, verdict: 'unchecked', error: { rule: 'unsupported', entry: null, ...needed } };
  let trusted;
  try {
    trusted = await parsePolicy(policy);
  } catch (error) {
    return { ...verdict, verdict: 'unchecked', error: tellFault(error, { en: 'the trust policy', zh: '信任策略' }) };
  }
  try {
    const text = readText(bytes, file === 'receipt' ? MAX_TLOG_PROOF : MAX_DOSSIER);
    if (file === 'receipt') await judgeReceipt(text, trusted, steps, verdict);
    else await judgeDossier(text, trusted, steps, verdict);
  } catch (error) {
    verdict.error = tellFault(error);
    verdict.verdict = verdict.error.rule === 'newer-format' ? 'newer-format' : 'rejected';
    await steps.fail(error);
  }
  if (verdict.error === null && verdict.reasons.length > 0) verdict.verdict = 'qualified';
  return verdict;
}

/**
 * What a file is by its first bytes: a receipt's first line is its header, a dossier is JSON.
 * @param {Uint8Array} bytes
 * @returns {'dossier' | 'receipt'}
 */
export function kindOf(bytes) {
  const start = String.fromCharCode(...bytes.subarray(0, TLOG_PROOF_HEADER.length));
  return start === TLOG_PROOF_HEADER ? 'receipt' : 'dossier';
}

async function judgeReceipt(text, policy, steps, verdict) {
  verdict.receipt = await verifyReceipt(text, policy, steps);
  if (!verdict.receipt.meetsQuorum) verdict.reasons.push('ledger-word-only');
}

async function judgeDossier(text, policy, steps, verdict) {
  const file = parseDossier(text);
  await steps.pass('form');
  const dossier = await verifyDossier(file, policy, steps);
  verdict.dossier = dossier;
  verdict.time = dossier.headTime === null ? Math.floor(dossier.sealedAt / 1000) : Number(dossier.headTime);
  verdict.clock = dossier.headTime === null ? 'ledger' : 'witnesses';
  if (Date.now() / 1000 - verdict.time > MAX_AGE) verdict.reasons.push('stale');
  if (!dossier.isWhole) verdict.reasons.push('ledger-word-only');
}

function readText(bytes, limit) {
  if (bytes.length > limit) throw new Fault('too-long', `the file is longer than anything valid (${limit} bytes)`, `文件超过一切有效文件的长度（${limit} 字节）`);
  const text = decodeUtf8(bytes);
  if (text === null) throw new Fault('encoding', 'the file is not UTF-8', '文件不是 UTF-8 文本');
  return text;
}

/** What a fault says; anything else is a defect of this verifier and is thrown on, never shown as a verdict. */
function tellFault(error, place = {}) {
  if (!(error instanceof Fault)) throw error;
  const { rule, entry, zh, en } = error.within(place);
  return { rule, entry, zh, en };
}
