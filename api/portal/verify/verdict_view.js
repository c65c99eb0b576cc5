/**
 * What came of a verification, in words, and what was verified: the entries as they stand in the file, not as the page tells
 * them.
 * @module
 */
import { STAGES } from '../verifier/code.js';
import { element } from './dom.js';
import { moment, pick, say, visible } from './language.js';

const KINDS = {
  genesis: { zh: '创世', en: 'genesis' },
  seal: { zh: '封印', en: 'seal' },
  reveal: { zh: '启封', en: 'reveal' },
  erasure: { zh: '删除', en: 'erasure' },
  authority: { zh: '授权', en: 'authority' },
  rulebook: { zh: '规则', en: 'rulebook' },
  calendar: { zh: '日历', en: 'calendar' },
};

const REFUSED = ['不予认可：文件被改动、不全或不合格式', 'REFUSED: the file was altered, is not whole, or is malformed'];
/** Where nothing need have been altered, and yet the policy does not accept it. */
const REFUSALS = {
  quorum: ['不予认可：见证人的共签没有达到策略的要求', "REFUSED: the witnesses' cosignatures do not meet the policy"],
  'unknown-log': ['不予认可：这不是策略所信任的账本', 'REFUSED: this is no ledger that the policy trusts'],
  'checkpoint-not-signed': ['不予认可：没有策略所列账本密钥的签名', 'REFUSED: not signed by a log key of the policy'],
};

/**
 * The verdict in a box; a refusal is an alert, which screen readers say at once.
 * @param {import('../verifier/verify.js').Verdict} verdict
 * @returns {HTMLElement}
 */
export function verdictView(verdict) {
  const { error } = verdict;
  const box = element('div', { class: `verdict ${verdict.verdict}`, role: error === null ? 'status' : 'alert', 'data-verdict': verdict.verdict, 'data-rule': error?.rule ?? null });
  box.append(element('p', { class: 'headline' }, headline(verdict)));
  if (error !== null) box.append(element('p', {}, visible(pick(error))), element('p', { class: 'small' }, `${say('首个不成立的规则', 'First broken rule')}: `, element('code', {}, error.rule)));
  if (error === null) box.append(...reasons(verdict).map((reason) => element('p', {}, reason)), ...facts(verdict).map((fact) => element('p', { class: 'small' }, visible(fact))));
  return box;
}

/**
 * The box of what could not even be judged.
 * @param {string} what went wrong
 * @returns {HTMLElement}
 */
export function failureView(what) {
  return element('div', { class: 'verdict rejected', role: 'alert', 'data-verdict': 'unchecked' }, element('p', { class: 'headline' }, say('无法核验', 'Could not be checked')), element('p', {}, what));
}

/**
 * Every entry of the subject that was verified, with all it says; nothing if none was.
 * @param {import('../verifier/verify.js').Verdict} verdict
 * @returns {HTMLElement | null}
 */
export function entriesView({ dossier, receipt }) {
  const entries = receipt === null ? (dossier?.own ?? []).map(entryOf) : [entryOf({ link: { entry: receipt.entry, statement: receipt.statement, leaf: receipt.leaf }, shown: receipt.shown, name: null, after: null, by: null })];
  if (entries.length === 0) return null;
  return element('section', { class: 'verified' }, element('h3', {}, say('核验过的条目', 'The entries verified')), ...entries);
}

function headline(verdict) {
  if (verdict.verdict === 'unchecked') return say('无法核验', 'Could not be checked');
  if (verdict.verdict === 'newer-format') return say('文件的格式比本验证器新，无法评判', 'The file is of a newer format, which this verifier cannot judge');
  if (verdict.error !== null) return say(...(REFUSALS[verdict.error.rule] ?? REFUSED));
  if (verdict.receipt !== null) return say('回执成立：这个条目在账本中', 'The receipt holds: this entry is in the ledger');
  const { subject, showsEntries } = verdict.dossier;
  if (subject.state.count === 0) return say('缺失证明成立：账本中没有这个主体', 'The absence proof holds: the ledger does not hold this subject');
  if (!showsEntries) return say('条数与环节计数成立', 'Count and tally hold');
  return say(`案卷完整无改动：${subject.state.count} 条，一条不缺`, `The dossier is intact and whole: all ${subject.state.count} entries`);
}

function reasons(verdict) {
  const words = {
    stale: say('账本头已旧：此后发生了什么，这个文件没有说。', 'The head is old: what happened since this file does not say.'),
    'ledger-word-only':
      verdict.receipt === null
        ? say('完整与缺失只有账本自己的说法：策略中没有重放见证人（replay 组）为这个账本头作证。', "Whole and absent by the ledger's word only: no replay witnesses of the policy (group replay) vouch for this head.")
        : say('只有账本自己的说法：尚未达到策略要求的见证。', "By the ledger's word only: the policy's quorum is not met yet."),
  };
  return verdict.reasons.map((reason) => words[reason]);
}

function facts({ dossier, receipt, time, clock }) {
  const head = (dossier ?? receipt).head;
  const told = [`${say('账本', 'Ledger')} ${head.origin} · ${say('账本头', 'head')} ${head.size} · ${say('树根', 'root')} ${head.root}`];
  if (time !== null) told.unshift(`${say('截至', 'As of')} ${moment(time)} ${clock === 'witnesses' ? say('（见证人的时钟）', '(by the witnesses’ clocks)') : say('（账本自己的时钟）', "(by the ledger's own clock)")}`);
  const cosigners = (dossier ?? receipt).cosigners;
  told.push(`${say('共签', 'Cosigned by')}: ${cosigners.length === 0 ? say('无', 'nobody the policy names') : cosigners.join(', ')}`);
  told.push(say('本验证器证明的是：有哪些条目、谁签的、何时公开、有无改动和遗漏；是否合法，请用 mingzhang-verify。', 'This verifier proves what was recorded, by whom, when it became public, and that nothing was altered or left out; whether the law was kept, ask mingzhang-verify.'));
  return told;
}

function entryOf({ link, shown, name, after, by }) {
  const { entry, statement, leaf } = link;
  const notice = statement?.kind === 'notice' ? statement.content : null;
  const kind = statement?.kind ?? entry.kind;
  const label = notice === null ? pick(KINDS[kind]) : pick(STAGES[notice.stage]);
  const facts = [
    [say('发布主体', 'Publisher'), statement === null ? null : [name, statement.iss].filter(Boolean).join(' · ')],
    [say('账本记录于', 'Recorded'), moment(entry.time / 1000)],
    [say('公开于', 'Public'), after === null && by === null ? null : `${after === null ? '…' : moment(after)} — ${by === null ? '…' : moment(by)}`],
    [say('叶哈希', 'Leaf hash'), leaf],
  ];
  const rows = facts.filter(([, value]) => value !== null).flatMap(([term, value]) => [element('dt', {}, term), element('dd', {}, visible(value))]);
  const title = notice === null ? '' : notice.title;
  const summary = element('summary', {}, `#${entry.index} `, element('span', { class: 'badge plain' }, label), ' ', element('bdi', {}, visible(title)));
  const said = notice === null ? [] : [saidOf(notice.claims), ...[...shown.values.values()].map(disclosureOf)];
  return element('details', {}, summary, element('dl', { class: 'facts' }, ...rows), ...said);
}

function saidOf(claims) {
  return element('pre', { tabindex: '0', dir: 'auto' }, visible(told(claims, '')));
}

function disclosureOf({ name, value }) {
  return element('div', {}, element('p', { class: 'small' }, visible(name)), element('pre', { tabindex: '0', dir: 'auto' }, visible(told(value, ''))));
}

/** A JSON value as lines of text, without what only machines need. */
function told(value, indent) {
  if (Array.isArray(value)) return value.map((item) => `${indent}- ${told(item, `${indent}  `).trimStart()}`).join('\n');
  if (!(value instanceof Map)) return `${indent}${String(value)}`;
  const lines = [];
  for (const [name, item] of value) {
    if (name === '_sd' || name === '_sd_alg') continue;
    const isDeep = item instanceof Map || Array.isArray(item);
    lines.push(isDeep ? `${indent}${name}:\n${told(item, `${indent}  `)}` : `${indent}${name}: ${String(item)}`);
  }
  return lines.join('\n');
}
