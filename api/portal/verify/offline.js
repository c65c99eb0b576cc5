/**
 * The offline verifier: one HTML file that needs no network, in which a dossier or a receipt and a trust policy are dropped.
 * @module
 */
import { kindOf, verify } from '../verifier/verify.js';
import { lacking } from '../verifier/support.js';
import { element } from './dom.js';
import { isChinese, pick, say } from './language.js';
import { StepsView } from './steps_view.js';
import { entriesView, failureView, verdictView } from './verdict_view.js';

const POLICY_NAME = /policy.*\.txt$|\.policy$/i;
/** @type {{ file: File | null, policy: File | null }} */
const chosen = { file: null, policy: null };
/** Of several verifications only the last may show its verdict. */
let latest = 0;

if (document.getElementById('offline') !== null) begin();

function begin() {
  const asked = navigator.language.startsWith('zh') ? 'zh-CN' : 'en';
  document.documentElement.lang = asked;
  addEventListener('dragover', (event) => event.preventDefault());
  addEventListener('drop', (event) => {
    event.preventDefault();
    for (const file of event.dataTransfer?.files ?? []) take(file, POLICY_NAME.test(file.name) ? 'policy' : 'file');
  });
  draw();
}

function draw() {
  document.title = say('明账离线验证器', 'Mingzhang offline verifier');
  const result = element('div', { id: 'result' });
  document.getElementById('offline').replaceChildren(
    languageSwitch(),
    element('h1', {}, document.title),
    element('p', {}, say('核验一份案卷（.dossier.json）、缺失证明或回执（.tlog-proof）。文件不离开这台电脑：本页不能访问网络。', 'Verifies a dossier (.dossier.json), an absence proof or a receipt (.tlog-proof). The files do not leave this computer: this page cannot reach any network.')),
    input('file', say('案卷或回执', 'Dossier or receipt'), '.json,.tlog-proof'),
    input('policy', say('信任策略（policy.txt）', 'Trust policy (policy.txt)'), '.txt,.policy'),
    element('p', { class: 'small' }, say('也可以把两个文件拖到本页。策略决定信任谁：请从账本以外的地方取得，例如见证人或监督部门。', 'Or drop both files on this page. The policy decides whom you trust: get it from elsewhere than the ledger, such as a witness or the supervisor.')),
    result,
  );
  lacking().then((needed) => {
    if (needed !== null) result.append(element('div', { class: 'verdict unchecked', role: 'alert' }, element('p', {}, pick(needed))));
  });
  void judge();
}

function languageSwitch() {
  const button = element('button', { type: 'button', class: 'quiet', lang: isChinese() ? 'en' : 'zh-CN' }, isChinese() ? 'English' : '中文');
  button.addEventListener('click', () => {
    document.documentElement.lang = isChinese() ? 'en' : 'zh-CN';
    draw();
  });
  return element('p', {}, button);
}

function input(name, label, accept) {
  const field = element('input', { type: 'file', id: `chosen-${name}`, accept });
  field.addEventListener('change', () => {
    if (field.files.length > 0) take(field.files[0], name);
  });
  const file = chosen[name];
  return element('div', { class: 'field' }, element('label', { for: field.id }, label), element('br'), field, file === null ? null : element('span', { class: 'small' }, ` ${file.name}`));
}

function take(file, name) {
  chosen[name] = file;
  draw();
}

async function judge() {
  latest += 1;
  const mine = latest;
  if (chosen.file === null || chosen.policy === null) return;
  const result = document.getElementById('result');
  try {
    const [file, policy] = await Promise.all([chosen.file, chosen.policy].map(async (one) => new Uint8Array(await one.arrayBuffer())));
    const kind = kindByName(chosen.file.name) ?? kindOf(file);
    const steps = new StepsView(kind);
    if (mine !== latest) return;
    result.replaceChildren(element('h2', {}, say('核验结果', 'What came of it')), steps.list);
    const verdict = await verify(file, policy, { file: kind, onStep: (step) => steps.show(step) });
    if (mine !== latest) return;
    steps.list.before(verdictView(verdict));
    const entries = entriesView(verdict);
    if (entries !== null) result.append(entries);
  } catch (error) {
    result.append(failureView(String(error?.message ?? error)));
  }
}

/** A file that was mangled is still judged as what its name says it is. */
function kindByName(name) {
  if (name.endsWith('.tlog-proof')) return 'receipt';
  return name.endsWith('.json') ? 'dossier' : null;
}
