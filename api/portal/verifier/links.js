/**
 * The entries of a dossier's subjects, each linked to the one before it and in the head's tree, before any statement is judged.
 * @module
 */
import { parseEntry } from './entry.js';
import { Fault, within } from './fault.js';
import { ZERO_HASH, leafHash } from './hash.js';
import { checkInclusion } from './proof.js';
import { parseStatement } from './statement.js';
import { isSameTally } from './subject_map.js';

/** Entries read side by side: each asks WebCrypto many times, and waits each time. */
const AT_ONCE = 32;

/**
 * @typedef {{ part: import('./dossier_file.js').SubjectPart, shown: import('./dossier_file.js').EntryPart,
 *   entry: import('./entry.js').Entry, leaf: string, statement: import('./statement.js').Statement | Fault | null }} Link
 *   `statement` is the fault for which it cannot be read, until it is judged
 */

/**
 * Checks that a subject's entries link from its first to its head, and that there are exactly as many as the map counts.
 * @param {import('./dossier_file.js').SubjectPart} part
 * @param {import('./checkpoint.js').Checkpoint} head
 * @returns {Promise<Link[]>}
 */
export async function checkSubjectLinks(part, head) {
  const subject = part.subject.text;
  const links = [];
  const state = { head: ZERO_HASH, tally: new Map(), index: -1 };
  for (let at = 0; at < part.entries.length; at += AT_ONCE) {
    for (const read of await Promise.all(part.entries.slice(at, at + AT_ONCE).map((shown) => readEntry(subject, shown, head)))) {
      const { shown, entry, leaf, inclusion, statement } = read;
      if (entry instanceof Fault) throw entry;
      checkLink(subject, entry, links.length, state);
      if (inclusion !== null) throw inclusion;
      if (statement?.kind === 'notice') state.tally.set(statement.content.stage, (state.tally.get(statement.content.stage) ?? 0) + 1);
      Object.assign(state, { head: leaf, index: entry.index });
      links.push({ part, shown, entry, leaf, statement });
    }
  }
  checkEnd(subject, part.state, links.length, state);
  return links;
}

/** Reads one entry by itself: the entry or why it is none, its hash, why it is not in the head's tree, its statement. */
async function readEntry(subject, shown, head) {
  const place = { en: `an entry of ${subject}`, zh: `${subject} 的一个条目` };
  const entry = await orFault(() => within(place, () => parseEntry(shown.entry)));
  if (entry instanceof Fault) return { entry };
  const leaf = await leafHash(shown.entry);
  const { index } = entry;
  const outside = { rule: 'inclusion', entry: index, en: `entry ${index} is not in the head's tree`, zh: `第 ${index} 条不在账本头的树中` };
  const inclusion = await orFault(() => within(outside, () => checkInclusion(leaf, index, head.size, shown.inclusion, head.root)));
  const statement = entry.kind === 'statement' ? await orFault(() => parseStatement(entry.statement)) : null;
  return { shown, entry, leaf, inclusion: inclusion ?? null, statement };
}

/**
 * Checks that between entries shown time never goes back, and that neighbours are chained.
 * @param {Link[]} links by index
 */
export function checkOrder(links) {
  for (const [at, { entry }] of links.entries()) {
    const before = links[at - 1];
    if (before === undefined) continue;
    if (entry.time < before.entry.time) throw orderFault(entry.index, 'its time is before that of an earlier entry', '它的时间早于在前的条目');
    if (entry.index === before.entry.index + 1 && entry.prev !== before.leaf) {
      throw orderFault(entry.index, '`prev` is not the hash of the entry before it', '`prev` 不是前一条的哈希');
    }
  }
}

/**
 * What an entry that does not go with the others shown is refused with.
 * @param {number} index
 * @param {string} en
 * @param {string} zh
 * @returns {Fault}
 */
export function orderFault(index, en, zh) {
  return new Fault('order', `entry ${index}: ${en}`, `第 ${index} 条：${zh}`, index);
}

function checkLink(subject, entry, expected, state) {
  const found = entry.seq ?? 0;
  const refuse = (en, zh) =>
    new Fault(
      'link',
      `${subject}, entry ${entry.index}: ${en} (expected seq ${expected}, found ${found}): an entry was left out or replaced`,
      `${subject} 第 ${entry.index} 条：${zh}（应为 seq ${expected}，实为 ${found}）：有条目被遗漏或替换`,
      entry.index,
    );
  if (entry.kind === 'seal') throw refuse('a seal belongs to no subject', '封印不属于任何主体');
  if (entry.subject !== subject) throw refuse('it is about another subject', '它属于另一主体');
  if (entry.seq !== expected || entry.prevInSubject !== state.head) throw refuse('it does not follow the entry before it', '它接不上前一条');
  if (entry.index <= state.index || (entry.index === 0) !== (entry.kind === 'genesis')) throw refuse('its index is out of order', '它的序号次序不对');
}

function checkEnd(subject, { count, head, tally }, found, state) {
  if (found !== count) {
    const missing = Math.max(count - found, 0);
    throw new Fault('count', `${subject} shows ${found} entries, the ledger holds ${count}: ${missing} left out`, `${subject} 附了 ${found} 条，账本中有 ${count} 条：遗漏 ${missing} 条`);
  }
  if (state.head !== head) {
    throw new Fault('not-the-newest', `${subject}: the last entry shown is not the newest the ledger holds`, `${subject} 所附末条不是账本中最新的一条`);
  }
  if (!isSameTally(state.tally, tally)) {
    throw new Fault('tally', `${subject}: the notices shown per stage are not the tally the map holds`, `${subject} 所附公告的环节计数与账本不符`);
  }
}

async function orFault(work) {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
}
