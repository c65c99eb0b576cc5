/**
 * The steps of a verification as a list that grows while they are taken, read out by screen readers.
 * @module
 */
import { DOSSIER_STEPS, RECEIPT_STEPS, Steps } from '../verifier/steps.js';
import { drawn, element } from './dom.js';
import { pick, say, visible } from './language.js';

const RESULTS = {
  passed: { badge: 'ok', sign: '✓', zh: '通过', en: 'holds' },
  failed: { badge: 'bad', sign: '✗', zh: '不成立', en: 'fails' },
  'not-reached': { badge: 'open', sign: '–', zh: '未核验', en: 'not checked' },
};

/** The list of a verification's steps. */
export class StepsView {
  /** @param {'dossier' | 'receipt'} file */
  constructor(file) {
    const steps = new Steps(file === 'receipt' ? RECEIPT_STEPS : DOSSIER_STEPS).all;
    this.items = new Map(steps.map((step) => [step.id, itemOf(step)]));
    this.list = element('ol', { class: 'steps', 'aria-live': 'polite', 'aria-relevant': 'text', 'aria-label': say('核验步骤', 'Steps of the verification') }, ...this.items.values());
  }

  /**
   * Shows what became of a step.
   * @param {import('../verifier/steps.js').Step} step
   */
  async show(step) {
    const item = itemOf(step);
    this.items.get(step.id)?.replaceWith(item);
    this.items.set(step.id, item);
    await drawn();
  }
}

function itemOf(step) {
  const result = RESULTS[step.result];
  const badge = element('span', { class: `badge ${result.badge}` }, `${result.sign} ${pick(result)}`);
  const detail = step.detail === null ? null : element('span', { class: 'detail' }, visible(pick(step.detail)));
  return element('li', { 'data-step': step.id, 'data-result': step.result }, badge, ' ', element('span', {}, pick(step.title)), detail);
}
