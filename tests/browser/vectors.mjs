// The browser's verifier in Node: reads cases from standard input, one JSON object a line, and prints what came of each.
//
//   {"case":"file","kind":"dossier|receipt","file":"<b64>","policy":"<b64>"}   → {"verdict","rule","entry","facts"}
//   {"case":"signature","key":"<hex>","message":"<text>","signature":"<hex>"} → {"holds"}
//   {"case":"inclusion|consistency", …as transparency-dev/merkle writes it}   → {"holds"}
//   {"case":"json","file":"<b64>"}                                            → {"holds"}
//   {"case":"project","id":"<text>"}                                          → {"id"}
//   {"case":"sign","draft":{…},"jwk":{…},"kid","iss","origin","seals":{…}}    → {"compact","withheld"}
import { webcrypto } from 'node:crypto';
import { createInterface } from 'node:readline';

import { signNotice } from '../../api/portal/publish/signing.js';
import { Fault } from '../../api/portal/verifier/fault.js';
import { encodeBase64 } from '../../api/portal/verifier/base64.js';
import { decodeUtf8 } from '../../api/portal/verifier/bytes.js';
import { parseHash, sha256 } from '../../api/portal/verifier/hash.js';
import { parseJson } from '../../api/portal/verifier/json.js';
import { parsePublicKey, verifySignature } from '../../api/portal/verifier/key.js';
import { checkConsistency, checkInclusion } from '../../api/portal/verifier/proof.js';
import { normaliseProjectId } from '../../api/portal/verifier/subject.js';
import { verify } from '../../api/portal/verifier/verify.js';

// A browser always has it; Node 18 only here.
globalThis.crypto ??= webcrypto;

const bytesOf = (text, encoding) => Uint8Array.from(Buffer.from(text, encoding));

/** What of an accepted file can be compared. */
function facts({ dossier, receipt, reasons }) {
  const ledgerWord = reasons.includes('ledger-word-only');
  if (receipt !== null) return { ledgerWord, index: receipt.entry.index, leaf: receipt.leaf, disclosed: receipt.shown?.values.size ?? 0 };
  const own = dossier.own.map(({ link, after, by, shown }) => [
    link.entry.index,
    after === null ? null : Number(after),
    by === null ? null : Number(by),
    shown?.values.size ?? 0,
  ]);
  return { ledgerWord, count: dossier.subject.state.count, time: dossier.headTime === null ? null : Number(dossier.headTime), own };
}

async function judge({ kind, file, policy }) {
  const taken = [];
  const onStep = (step) => taken.push(step);
  const told = await verify(bytesOf(file, 'base64'), bytesOf(policy, 'base64'), { file: kind, onStep });
  const failed = told.steps.filter((step) => step.result === 'failed');
  const isRefused = told.error !== null;
  // A refusal stops at exactly one step, which names it; acceptance is every step passed.
  if (told.verdict !== 'unchecked' && (isRefused ? failed.length !== 1 : told.steps.some((step) => step.result !== 'passed'))) {
    throw new Error(`the steps do not go with the verdict: ${JSON.stringify(told.steps)}`);
  }
  if (taken.length === 0 && told.verdict !== 'unchecked') throw new Error('no step was told');
  return {
    verdict: isRefused ? told.verdict : 'holds',
    rule: told.error?.rule ?? null,
    entry: told.error?.entry ?? null,
    facts: isRefused ? null : facts(told),
  };
}

/** The hash a vector gives. Some give a few arbitrary bytes, which are stood for by their own hash; empty ones are refused. */
async function hashOf(text) {
  const bytes = bytesOf(text, 'base64');
  return bytes.length === 0 || bytes.length === 32 ? parseHash(encodeBase64(bytes)) : sha256(bytes);
}

const hashesOf = (texts) => Promise.all((texts ?? []).map(hashOf));

const cases = {
  file: judge,
  signature: async ({ key, message, signature }) => ({
    holds: await holds(async () => {
      const verified = await verifySignature(parsePublicKey(bytesOf(key, 'hex')), bytesOf(message, 'utf8'), bytesOf(signature, 'hex'));
      if (!verified) throw new Fault('signature', '', '');
    }),
  }),
  inclusion: async ({ leafIdx, treeSize, root, leafHash, proof }) => ({
    holds: await holds(async () => checkInclusion(await hashOf(leafHash), leafIdx, treeSize, await hashesOf(proof), await hashOf(root))),
  }),
  consistency: async ({ size1, size2, root1, root2, proof }) => ({
    holds: await holds(async () => checkConsistency(size1, await hashOf(root1), size2, await hashOf(root2), await hashesOf(proof))),
  }),
  json: async ({ file }) => ({
    holds: await holds(() => {
      const text = decodeUtf8(bytesOf(file, 'base64'));
      if (text === null) throw new Fault('encoding', '', '');
      parseJson(text);
    }),
  }),
  sign: async ({ draft, jwk, kid, iss, origin, seals }) => {
    const key = await crypto.subtle.importKey('jwk', jwk, 'Ed25519', false, ['sign']);
    const { compact, withheld } = await signNotice(draft, { iss, origin, signing: { key, kid, x: jwk.x }, seals });
    return { compact, withheld };
  },
  project: async ({ id }) => {
    try {
      return { id: normaliseProjectId(id) };
    } catch (error) {
      if (error instanceof Fault) return { id: null };
      throw error;
    }
  },
};

async function holds(check) {
  try {
    await check();
    return true;
  } catch (error) {
    if (error instanceof Fault) return false;
    throw error;
  }
}

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  const asked = JSON.parse(line);
  try {
    console.log(JSON.stringify(await cases[asked.case](asked)));
  } catch (error) {
    console.log(JSON.stringify({ crashed: String(error?.stack ?? error) }));
  }
}
