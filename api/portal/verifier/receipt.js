/**
 * A receipt: the ledger recorded this entry, at this place. A C2SP tlog-proof whose `extra` line is the b64 of
 * `{"entry":"<entry>","disclosures":[…]}`. Whose key signed the statement, and whether anything was left out, only a dossier
 * shows.
 * @module
 */
import { checkIssuer, targetFault } from './authority.js';
import { decodeUtf8 } from './bytes.js';
import { expectNoDisclosures, openDisclosures } from './disclosure.js';
import { parseEntry } from './entry.js';
import { Fault, within } from './fault.js';
import { ZERO_HASH, leafHash } from './hash.js';
import { parseJsonObject } from './json.js';
import { onlyMembers, textMember, textsMember } from './member.js';
import { checkLog, cosignersOf } from './policy_check.js';
import { checkInclusion } from './proof.js';
import { parseStatement, targetOf } from './statement.js';
import { parseTlogProof } from './tlog_proof.js';

/**
 * @typedef {{ head: import('./checkpoint.js').Checkpoint, cosigners: string[], meetsQuorum: boolean,
 *   entry: import('./entry.js').Entry, leaf: string, statement: import('./statement.js').Statement | null,
 *   shown: import('./disclosure.js').Shown | null }} Receipt
 */

/**
 * Verifies a receipt against a trust policy. One that does not meet the quorum yet holds by the ledger's word only.
 * @param {string} text
 * @param {import('./policy.js').Policy} policy
 * @param {import('./steps.js').Steps} steps
 * @returns {Promise<Receipt>}
 * @throws {Fault} the first rule broken
 */
export async function verifyReceipt(text, policy, steps) {
  steps.take('form');
  const proof = parseTlogProof(text);
  const extra = readExtra(proof.extra);
  await steps.pass('form');
  steps.take('head');
  const head = proof.checkpoint;
  const cosigned = await checkLog(policy, head);
  const cosigners = cosignersOf(policy, cosigned);
  const meetsQuorum = cosigned.satisfiesQuorum();
  await steps.pass('head', tellHead(head, cosigners, meetsQuorum));
  steps.take('chain');
  const entry = await parseEntry(extra.entry);
  if (entry.index !== proof.index) {
    throw new Fault('index', `the proof is for index ${proof.index}, the entry says ${entry.index}`, `证明的是第 ${proof.index} 条，条目却写着第 ${entry.index} 条`, entry.index);
  }
  const leaf = await leafHash(extra.entry);
  await within({ rule: 'inclusion', en: 'the entry is not in the tree of this head', zh: '条目不在该账本头的树中' }, () =>
    checkInclusion(leaf, entry.index, head.size, proof.hashes, head.root),
  );
  checkPlaceInLog(entry, head.size);
  await steps.pass('chain');
  await steps.pass('inclusion', { zh: `第 ${entry.index} 条`, en: `entry ${entry.index}` });
  steps.take('signatures');
  const statement = await readStatement(entry, head.origin);
  await steps.pass('signatures', {
    zh: '声明属于这个条目；签名密钥当时是否有权，只有案卷能证明',
    en: "the statement is this entry's; whether its key had authority only a dossier proves",
  });
  steps.take('disclosures');
  const shown = statement === null ? null : await openDisclosures(statement, null, extra.disclosures);
  if (statement === null) await expectNoDisclosures(extra.disclosures);
  await steps.pass('disclosures', { zh: `${shown?.values.size ?? 0} 项`, en: `${shown?.values.size ?? 0} disclosures` });
  return { head, cosigners, meetsQuorum, entry, leaf, statement, shown };
}

function tellHead({ origin, size }, cosigners, meetsQuorum) {
  const names = cosigners.join(', ') || '—';
  return {
    zh: `${origin}，${size} 条；共签：${names}${meetsQuorum ? '' : '；尚未达到策略要求的见证'}`,
    en: `${origin}, ${size} entries; cosigned by ${names}${meetsQuorum ? '' : "; the policy's quorum is not met yet"}`,
  };
}

function readExtra(extra) {
  if (extra === null) {
    throw new Fault('receipt-form', 'the receipt has no `extra` line, which must hold the entry and its disclosures', '缺 extra 行；其中应有条目及其披露项');
  }
  const text = decodeUtf8(extra);
  if (text === null) throw new Fault('receipt-form', 'the `extra` line is not UTF-8', 'extra 行不是 UTF-8 文本');
  const object = parseJsonObject(text);
  onlyMembers(object, ['entry', 'disclosures']);
  return { disclosures: textsMember(object, 'disclosures'), entry: textMember(object, 'entry') };
}

/** What is so in every ledger: where the genesis is, what has nothing before it, and that the last of a head is a seal. */
function checkPlaceInLog({ index, kind, prev, seq, prevInSubject }, size) {
  const refuse = (en, zh) => {
    throw new Fault('place', `the entry cannot stand at its place: ${en}`, `条目不可能在这个位置：${zh}`);
  };
  const isFirst = index === 0;
  if (isFirst !== (kind === 'genesis')) refuse('entry 0, and only entry 0, is the genesis', '第 0 条、且只有第 0 条是创世条目');
  if (isFirst !== (prev === ZERO_HASH)) refuse('`prev` is zero in entry 0 and only there', '`prev` 只在第 0 条为零');
  if (kind !== 'seal' && ((seq === 0) !== (prevInSubject === ZERO_HASH) || seq > index)) {
    refuse('`seq` and `prev_in_subject` do not go together', '`seq` 与 `prev_in_subject` 不相配');
  }
  if (index + 1 === size && kind !== 'seal') refuse('the last entry of a head is a seal', '账本头的最后一条是封印');
}

async function readStatement(entry, origin) {
  if (entry.kind === 'genesis' && entry.origin !== origin) throw foreign('origin');
  if (entry.kind !== 'statement') return null;
  const statement = await parseStatement(entry.statement);
  if (statement.aud !== origin) throw foreign('aud');
  if (statement.sub.text !== entry.subject) throw foreign('sub');
  if (statement.content.seq !== undefined && statement.content.seq !== entry.seq) throw foreign('seq');
  const target = targetOf(statement);
  if (target !== null && target >= entry.index) throw targetFault('it must be an earlier notice', '应为在前的公告');
  checkIssuer(statement);
  return statement;
}

function foreign(what) {
  return new Fault('foreign-statement', `the statement is not this entry's: its ${what} is another`, `声明不属于这个条目：\`${what}\` 不同`);
}
