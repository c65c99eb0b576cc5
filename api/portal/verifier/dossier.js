/**
 * A dossier: everything about one subject, and the proof that it is everything.
 *
 * ```text
 * policy ─▶ head checkpoint ─▶ its seal (entry n−1) ─▶ map proof ─▶ (count, head, tally) ─▶ the subject's entries
 * ```
 *
 * What the law asks of the lifecycle is another question, which only `mingzhang-verify` answers.
 * @module
 */
import { Registry } from './authority.js';
import { isSignedBy } from './checkpoint.js';
import { isReservedId } from './code.js';
import { openDisclosures } from './disclosure.js';
import { checkOrder, checkSubjectLinks, orderFault } from './links.js';
import { parseEntry } from './entry.js';
import { Fault, within } from './fault.js';
import { ZERO_HASH, leafHash } from './hash.js';
import { Owed } from './owed.js';
import { checkPolicy, cosignedBy, cosignersOf } from './policy_check.js';
import { checkInclusion } from './proof.js';
import { groupAt } from './quorum.js';
import { targetOf } from './statement.js';
import { checkAbsent, checkMember, mapKey, mapValue } from './subject_map.js';

/** The group whose cosignature vouches for wholeness. */
const REPLAY_GROUP = 'replay';

/** @typedef {import('./dossier_file.js').DossierFile} DossierFile */
/** @typedef {import('./policy.js').Policy} Policy */
/** @typedef {import('./links.js').Link} Link */
/**
 * @typedef {{ link: Link, shown: import('./disclosure.js').Shown | null, name: string | null, after: bigint | null,
 *   by: bigint | null }} Recorded `after` and `by`: when it became public, in seconds, as far as cosignatures bound it
 */
/**
 * @typedef {{ head: import('./checkpoint.js').Checkpoint, sealedAt: number, headTime: bigint | null, cosigners: string[],
 *   isWhole: boolean, showsEntries: boolean, subject: import('./dossier_file.js').SubjectPart, own: Recorded[], owed: Owed,
 *   entries: number }} Dossier `isWhole`: the replay group vouches that these are all entries
 */

/**
 * Verifies a dossier or an absence proof against a trust policy.
 * @param {DossierFile} file
 * @param {Policy} policy
 * @param {import('./steps.js').Steps} steps
 * @returns {Promise<Dossier>}
 * @throws {Fault} the first rule broken
 */
export async function verifyDossier(file, policy, steps) {
  const head = file.head.checkpoint;
  steps.take('head');
  const cosigned = await checkPolicy(policy, head);
  const cosigners = cosignersOf(policy, cosigned);
  await steps.pass('head', tellHead(head, cosigners));
  steps.take('seal');
  const seal = await checkSeal(file.head);
  await steps.pass('seal', { zh: `第 ${seal.index} 条`, en: `entry ${seal.index}` });
  steps.take('map');
  await checkMap(file, seal);
  await steps.pass('map', { zh: `${file.subjects.length} 个主体`, en: `${file.subjects.length} subjects` });
  steps.take('chain');
  const links = await readLinks(file);
  checkSealFollows(seal, links);
  await steps.pass('chain', tellEntries(links.length));
  await steps.pass('inclusion', tellEntries(links.length));
  steps.take('times');
  checkNotes(links, head);
  const first = file.subjects[0];
  const showsEntries = first.entries !== null || (first.state.count === 0 && file.subjects.length > 1);
  const dossier = { head, sealedAt: seal.time, headTime: cosigned.early(timeGroup(policy)), cosigners, showsEntries };
  const isWhole = cosigned.satisfies(REPLAY_GROUP);
  const replay = new Replay(file, links, policy);
  if (file.subjects.length > 1 || first.entries !== null) await replay.run(steps);
  else await passUnasked(steps);
  const own = replay.recorded.filter(({ link }) => link.part === first);
  return { ...dossier, isWhole, subject: first, own, owed: replay.owed, entries: links.length };
}

function timeGroup(policy) {
  return groupAt(policy.rules, REPLAY_GROUP) === null ? null : REPLAY_GROUP;
}

function tellHead({ origin, size }, cosigners) {
  const names = cosigners.join(', ');
  return {
    zh: `${origin}，${size} 条；${names === '' ? '没有策略所列见证人共签' : `共签：${names}`}`,
    en: `${origin}, ${size} entries; ${names === '' ? 'cosigned by none of the witnesses of the policy' : `cosigned by ${names}`}`,
  };
}

function tellEntries(count) {
  return { zh: `${count} 条`, en: `${count} entries` };
}

/** A bare absence proof shows no entries, so that there is nothing to ask of them. */
async function passUnasked(steps) {
  const nothing = { zh: '缺失证明不附条目', en: 'an absence proof shows no entries' };
  for (const id of ['times', 'signatures', 'disclosures', 'whole']) await steps.pass(id, nothing);
}

/** The head's last entry is a seal. */
async function checkSeal({ checkpoint, seal, sealProof }) {
  const entry = await within({ en: 'an entry of the seal', zh: '封印的条目' }, () => parseEntry(seal));
  const expected = Math.max(checkpoint.size - 1, 0);
  if (entry.kind !== 'seal' || entry.index !== expected || checkpoint.size === 0) {
    throw new Fault('seal', `the seal must be entry ${expected}, the last of the head`, `封印应为第 ${expected} 条，即账本头的最后一条`, expected);
  }
  await within({ rule: 'seal', en: "the seal is not in the head's tree", zh: '封印不在账本头的树中' }, async () =>
    checkInclusion(await leafHash(seal), entry.index, checkpoint.size, sealProof, checkpoint.root),
  );
  return entry;
}

/** Every subject once, and what it says of itself is what the map holds. */
async function checkMap(file, seal) {
  const seen = new Set();
  for (const { subject, state, mapProof } of file.subjects) {
    const place = {
      en: `${subject.text}: count, head and tally are not what the seal says, so entries were left out, added or altered`,
      zh: `${subject.text} 的条数、末条或环节计数与封印不符，即有条目被遗漏、增添或改动`,
    };
    await within(place, async () => {
      const key = await mapKey(subject.text);
      if (state.count === 0) await checkAbsent(mapProof, key, seal.mapRoot);
      else await checkMember(mapProof, key, await mapValue(state), seal.mapRoot);
    });
    if (seen.has(subject.text)) throw new Fault('subject-twice', `${subject.text} is shown twice`, `${subject.text} 出现两次`);
    seen.add(subject.text);
  }
}

/** Every subject's entries, linked and in the head's tree; all of them by index. */
async function readLinks(file) {
  const links = [];
  for (const [position, part] of file.subjects.entries()) {
    const { subject, state, entries } = part;
    if (entries !== null) links.push(...(await checkSubjectLinks(part, file.head.checkpoint)));
    else if (position > 0 && state.count > 0) {
      throw new Fault('no-entries', `${subject.text} has ${state.count} entries and shows none of them`, `${subject.text} 有 ${state.count} 条，却一条未附`);
    }
  }
  links.sort((a, b) => a.entry.index - b.entry.index);
  checkOrder(links);
  return links;
}

/** The seal comes after every entry shown. */
function checkSealFollows(seal, links) {
  const last = links.at(-1);
  if (last === undefined) return;
  if (last.entry.time > seal.time) throw orderFault(last.entry.index, 'its time is after that of the seal', '它的时间晚于封印');
  if (seal.index === last.entry.index + 1 && seal.prev !== last.leaf) {
    throw orderFault(seal.index, '`prev` is not the hash of the entry before it', '`prev` 不是前一条的哈希');
  }
}

function boundFault(index, member, en, zh) {
  return new Fault('bound', `entry ${index}: \`${member}\` ${en}`, `第 ${index} 条的 \`${member}\`：${zh}`, index);
}

/** The checkpoints that bound times are of one history: none ends in an entry shown, and those of one size have one root. */
function checkNotes(links, head) {
  const roots = new Map([[head.size, head.root]]);
  const shown = new Set(links.map(({ entry }) => entry.index));
  for (const { entry, shown: part } of links) {
    for (const [member, checkpoint] of [['not_before', part.notBefore], ['recorded_by', part.recordedBy?.checkpoint]]) {
      if (!checkpoint) continue;
      const { size, root } = checkpoint;
      if (shown.has(size - 1)) throw boundFault(entry.index, member, 'does not end in a seal', '末条不是封印');
      if ((roots.get(size) ?? root) !== root) {
        throw boundFault(entry.index, member, 'has another root than a checkpoint of the same size', '与同样条数的另一检查点根不相同');
      }
      roots.set(size, root);
    }
  }
}

/** Every statement shown holds at its index, in the order of the ledger. */
class Replay {
  constructor(file, links, policy) {
    this.file = file;
    this.links = links;
    this.policy = policy;
    this.byIndex = new Map(links.map((link) => [link.entry.index, link]));
    this.owed = new Owed();
    this.jtis = new Set();
    /** Neighbours share the checkpoints that bound their times, which are verified once. */
    this.cosigned = new Map();
    this.taken = new Set();
    /** @type {Recorded[]} */
    this.recorded = [];
  }

  async run(steps) {
    steps.take('signatures');
    const { checkpoint } = this.file.head;
    const genesis = this.readGenesis();
    this.registry = await within({ entry: 0, en: 'entry 0', zh: '第 0 条' }, () => new Registry(genesis));
    for (const link of this.links) await this.take(link);
    this.owed.settle();
    if (!(await this.isHeadByLogKey(checkpoint))) {
      throw genesisFault('the head is not signed by the log key that the genesis, or a later rotation, names', '账本头不是由创世条目或其后轮换所定的账本密钥签名的');
    }
    const statements = this.recorded.filter(({ link }) => link.entry.kind === 'statement').length;
    const shown = this.recorded.reduce((sum, entry) => sum + (entry.shown?.values.size ?? 0), 0);
    const bounded = this.recorded.filter(({ after, by }) => after !== null && by !== null).length;
    await steps.pass('times', { zh: `${bounded} 条有见证人作证的时间`, en: `${bounded} entries have times witnesses vouch for` });
    await steps.pass('signatures', { zh: `${statements} 份声明`, en: `${statements} statements` });
    await steps.pass('disclosures', { zh: `${shown} 项`, en: `${shown} disclosures` });
    steps.take('whole');
    this.checkSubjects(genesis);
    await steps.pass('whole', { zh: `${this.file.subjects.length} 个主体`, en: `${this.file.subjects.length} subjects` });
  }

  readGenesis() {
    const link = this.byIndex.get(0);
    if (link?.entry.kind !== 'genesis') throw subjectMissing('ledger');
    if (link.entry.origin !== this.file.head.checkpoint.origin) throw genesisFault('it names another origin than the head', '它的来源与账本头不同');
    if (link.entry.prev !== ZERO_HASH) throw genesisFault('its `prev` must be zero', '它的 `prev` 应为零');
    return link.entry;
  }

  /** @param {Link} link */
  async take(link) {
    await this.check(link);
    this.taken.add(link);
  }

  async check(link) {
    const { index, kind } = link.entry;
    const times = await this.bound(link);
    if (kind !== 'statement') {
      if (link.shown.disclosures.length > 0) throw genesisFault('it has no disclosures', '它不应有披露项');
      this.recorded.push({ link, shown: null, name: null, ...times });
      return;
    }
    const place = { entry: index, en: `entry ${index}`, zh: `第 ${index} 条` };
    if (link.statement instanceof Fault) throw link.statement.within(place);
    const { statement } = link;
    if (statement.sub.text !== link.part.subject.text) throw orderFault(index, 'the statement is about another subject than its entry', '声明与条目的主体不同');
    const target = this.target(targetOf(statement));
    await within(place, () => this.registry.check(statement, index, link.entry.seq, target));
    this.takeJti(statement, index);
    const shown = await openDisclosures(statement, target?.notice ?? null, link.shown.disclosures);
    this.owed.record(index, statement, shown.missing);
    this.registry.apply(statement, index);
    this.recorded.push({ link, shown, name: this.registry.nameOf(statement.iss, index), ...times });
  }

  takeJti({ iss, jti }, index) {
    const key = JSON.stringify([iss, jti]);
    if (this.jtis.has(key)) {
      throw new Fault('jti-twice', `entry ${index}: \`${iss}\` already recorded a statement \`${jti}\``, `第 ${index} 条：\`${iss}\` 已有编号为 \`${jti}\` 的声明`, index);
    }
    this.jtis.add(key);
  }

  /** The notice at an index that was recorded before the entry being taken. */
  target(index) {
    const link = index === null ? undefined : this.byIndex.get(index);
    if (link === undefined || !this.taken.has(link) || link.statement?.kind !== 'notice') return null;
    return { index, iss: link.statement.iss, notice: link.statement.content };
  }

  /** When an entry became public, as far as cosigned checkpoints bound it. */
  async bound({ entry, leaf, shown }) {
    const head = this.file.head.checkpoint;
    const group = timeGroup(this.policy);
    const { notBefore, recordedBy } = shown;
    const times = { after: null, by: null };
    if (notBefore !== null) {
      if (notBefore.origin !== head.origin || notBefore.size > entry.index) {
        throw boundFault(entry.index, 'not_before', 'must be a checkpoint of this ledger that does not cover the entry', '应为本账本尚未包含该条目的检查点');
      }
      times.after = (await this.boundWithin(entry.index, 'not_before', () => this.cosignedOnce(notBefore))).early(group);
    }
    if (recordedBy !== null) {
      const { origin, size, root } = recordedBy.checkpoint;
      const covers = size > entry.index && size <= head.size;
      if (origin !== head.origin || !covers || (size === head.size && root !== head.root)) {
        throw boundFault(entry.index, 'recorded_by', 'must be a checkpoint of this ledger, up to the head, that covers the entry', '应为本账本不超过账本头、已包含该条目的检查点');
      }
      times.by = (
        await this.boundWithin(entry.index, 'recorded_by', async () => {
          await checkInclusion(leaf, entry.index, size, recordedBy.inclusion, root);
          return this.cosignedOnce(recordedBy.checkpoint);
        })
      ).late(group);
    }
    return times;
  }

  boundWithin(index, member, work) {
    return within({ rule: 'bound', entry: index, en: `entry ${index}: \`${member}\``, zh: `第 ${index} 条的 \`${member}\`` }, work);
  }

  async cosignedOnce(checkpoint) {
    const { source } = checkpoint.note;
    if (!this.cosigned.has(source)) this.cosigned.set(source, await cosignedBy(this.policy, checkpoint));
    return this.cosigned.get(source);
  }

  async isHeadByLogKey(head) {
    try {
      return await isSignedBy(head, this.registry.logKey(head.size - 1));
    } catch (error) {
      if (error instanceof Fault) return false;
      throw error;
    }
  }

  /** Exactly the subjects that the entries call for are shown. */
  checkSubjects({ jurisdiction }) {
    const first = this.file.subjects[0];
    const called = new Set([first.subject.text, 'ledger']);
    if (first.subject.kind === 'project') called.add(`rulebook/${jurisdiction}`).add(`calendar/${jurisdiction}`);
    for (const { link } of this.recorded) {
      const iss = link.statement?.iss;
      if (iss !== undefined && !isReservedId(iss)) called.add(`authority/${iss}`);
    }
    // The issuers of entries that an absence proof leaves out are not known; they may be shown.
    const leavesOut = first.entries === null && first.state.count > 0;
    for (const { subject } of this.file.subjects) {
      const mayBeCalled = leavesOut && subject.kind === 'authority';
      if (!called.delete(subject.text) && !mayBeCalled) {
        throw new Fault('subject-uncalled', `${subject.text} is shown but nothing here calls for it`, `${subject.text} 与本案卷无关`);
      }
    }
    for (const missing of called) throw subjectMissing(missing);
  }
}

function genesisFault(en, zh) {
  return new Fault('genesis', `the genesis: ${en}`, `创世条目：${zh}`, 0);
}

function subjectMissing(subject) {
  return new Fault(
    'subject-missing',
    `${subject} must be shown (with a proof of absence if the ledger does not hold it) and is not`,
    `缺 ${subject}（账本中没有也须附缺失证明）`,
  );
}
