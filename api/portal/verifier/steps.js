/**
 * The steps of a verification, as a page shows them one by one: what each asks, and which broken rule stops it.
 * @module
 */

/** @typedef {'form' | 'head' | 'seal' | 'map' | 'chain' | 'inclusion' | 'times' | 'signatures' | 'disclosures' | 'whole'} StepId */
/** @typedef {'passed' | 'failed' | 'not-reached'} StepResult */
/** @typedef {{ id: StepId, title: Words, result: StepResult, detail: Words | null }} Step */
/** @typedef {import('./support.js').Words} Words */

/** What each step asks. */
const TITLES = {
  form: { zh: '文件格式：严格可读', en: 'Form: the file reads strictly' },
  head: { zh: '账本头：账本签名、见证人共签、达到策略要求', en: 'Head: signed by the log, cosigned, the quorum met' },
  seal: { zh: '封印：是账本头的最后一条', en: 'Seal: the last entry of the head' },
  map: { zh: '映射证明：条数、末条与环节计数与封印相符', en: 'Map proof: count, newest entry and tally are what the seal says' },
  chain: { zh: '哈希链：条目前后相接，一条不缺', en: 'Chain: every entry follows the one before, none is missing' },
  inclusion: { zh: '包含证明：每条都在账本头的树中', en: "Inclusion: every entry is in the head's tree" },
  times: { zh: '时间：公开时间的上下界成立', en: 'Times: the bounds of when it became public hold' },
  signatures: { zh: '签名与授权：每份声明出自当时有权的密钥', en: 'Signatures: every statement is by a key with authority at its time' },
  disclosures: { zh: '披露项：与签名中的摘要相符，无一扣下', en: 'Disclosures: they match the digests signed, none is withheld' },
  whole: { zh: '齐全：账本、授权、规则与日历都在', en: 'Whole: ledger, authorities, rulebook and calendar are all here' },
};

export const DOSSIER_STEPS = ['form', 'head', 'seal', 'map', 'chain', 'inclusion', 'times', 'signatures', 'disclosures', 'whole'];
export const RECEIPT_STEPS = ['form', 'head', 'chain', 'inclusion', 'signatures', 'disclosures'];

/** The rules that stop another step than the one being taken, since several are taken side by side, entry after entry. */
const STEP_OF_RULE = {
  inclusion: 'inclusion',
  proof: 'inclusion',
  bound: 'times',
  withheld: 'disclosures',
  disclosure: 'disclosures',
  'disclosure-unasked': 'disclosures',
  'sealed-shown': 'disclosures',
  'revealed-field': 'disclosures',
  'revealed-twice': 'disclosures',
  'no-rules': 'disclosures',
  'subject-missing': 'whole',
  'subject-uncalled': 'whole',
};

/** Keeps what became of each step, and tells whoever listens. */
export class Steps {
  /**
   * @param {StepId[]} ids in the order they are taken
   * @param {(step: Step) => void | Promise<void>} [onStep] is told each step that passed or failed
   */
  constructor(ids, onStep = () => {}) {
    this.all = ids.map((id) => ({ id, title: TITLES[id], result: /** @type {StepResult} */ ('not-reached'), detail: null }));
    this.onStep = onStep;
    /** @type {StepId} */
    this.taking = ids[0];
  }

  /** From here on a broken rule stops this step, unless it is one of another. */
  take(id) {
    this.taking = id;
  }

  /**
   * The step passed.
   * @param {StepId} id
   * @param {Words | null} [detail]
   */
  async pass(id, detail = null) {
    await this.settle(id, 'passed', detail);
  }

  /**
   * A rule is broken.
   * @param {import('./fault.js').Fault} fault
   */
  async fail(fault) {
    const named = STEP_OF_RULE[fault.rule];
    const isOpen = (id) => this.all.some((step) => step.id === id && step.result === 'not-reached');
    const id = named !== undefined && isOpen(named) && this.taking !== 'form' && this.taking !== 'seal' ? named : this.taking;
    await this.settle(id, 'failed', { zh: fault.zh, en: fault.en });
  }

  async settle(id, result, detail) {
    const step = this.all.find((one) => one.id === id);
    Object.assign(step, { result, detail });
    await this.onStep({ ...step });
  }
}
