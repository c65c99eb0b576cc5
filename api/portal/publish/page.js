/**
 * The publisher's console: looks at a draft, signs it here, submits it, verifies the receipt and offers it to be kept.
 * @module
 */
import { utf8 } from '../verifier/bytes.js';
import { lacking } from '../verifier/support.js';
import { verify } from '../verifier/verify.js';
import { element } from '../verify/dom.js';
import { pick, say, visible } from '../verify/language.js';
import { StepsView } from '../verify/steps_view.js';
import { verdictView } from '../verify/verdict_view.js';
import { draftOf } from './draft.js';
import { forgetKey, importKey, keptKey, makeKey } from './key.js';
import { signNotice } from './signing.js';

const OUTCOMES = {
  violated: { badge: 'bad', zh: '违反', en: 'violated' },
  overdue: { badge: 'bad', zh: '逾期', en: 'overdue' },
  warning: { badge: 'due', zh: '提示', en: 'warning' },
  undetermined: { badge: 'due', zh: '无法判断', en: 'undetermined' },
};

const form = document.getElementById('publish');
if (form instanceof HTMLFormElement) void begin();

/** @type {import('./key.js').SigningKey | null} */
let signing = null;
/** What was signed last: submitted again as it is while nothing changes, so that it cannot be recorded twice. */
let last = { what: '', signed: null };

async function begin() {
  const needed = await lacking();
  if (needed !== null) {
    part('told').append(alert(pick(needed)));
    part('sign').disabled = true;
    return;
  }
  for (const list of form.querySelectorAll('[data-list]')) furnish(list);
  takeKey(await keptKey());
  part('publisher').addEventListener('change', tellKey);
  part('key-file').addEventListener('change', () => void guarded(takeFile));
  part('key-new').addEventListener('click', () => void guarded(async () => takeKey(await makeKey())));
  part('key-forget').addEventListener('click', () => void guarded(async () => {
    await forgetKey();
    takeKey(null);
  }));
  part('check').addEventListener('click', () => void guarded(() => check(readDraft())));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void guarded(publish);
  });
}

function part(id) {
  return document.getElementById(id);
}

/** One thing at a time; what goes wrong is said. */
async function guarded(work) {
  const buttons = [part('check'), part('sign')];
  for (const button of buttons) button.disabled = true;
  try {
    await work();
  } catch (error) {
    part('told').replaceChildren(alert(error instanceof Refused ? error.message : `${say('出错', 'It failed')}: ${String(error?.message ?? error)}`));
  } finally {
    for (const button of buttons) button.disabled = false;
  }
}

/** Something that the clerk can mend. */
class Refused extends Error {}

function alert(text) {
  return element('div', { class: 'verdict rejected', role: 'alert' }, element('p', {}, visible(text)));
}

/** Rows of a list are added and removed, each with ids of its own. */
function furnish(list) {
  const template = list.querySelector('template');
  let made = 0;
  list.querySelector('[data-add]').addEventListener('click', () => {
    made += 1;
    const row = template.content.firstElementChild.cloneNode(true);
    for (const attribute of ['id', 'for', 'aria-describedby']) {
      for (const one of row.querySelectorAll(`[${attribute}]`)) one.setAttribute(attribute, `${one.getAttribute(attribute)}-${made}`);
    }
    row.querySelector('[data-remove]').addEventListener('click', () => {
      row.remove();
      list.querySelector('[data-add]').focus();
    });
    template.before(row);
    row.querySelector('[data-path]')?.focus();
  });
}

async function takeFile() {
  const input = part('key-file');
  const [file] = input.files;
  if (file === undefined) return;
  const taken = await importKey(await file.text());
  // The file is not named by the form any longer, whatever it held.
  input.value = '';
  if (taken === null) throw new Refused(say('这不是密钥文件：应为 mingzhang keygen 写出的 JWK', 'This is no key file: expected the JWK that `mingzhang keygen` writes'));
  takeKey(taken);
}

/** From here on this key signs; without one nothing is signed. */
function takeKey(key) {
  signing = key;
  tellKey();
}

/** Says which key is here, whether it is the publisher's, and what to do if not; picks the publisher whose key it is. */
function tellKey() {
  const state = part('key-state');
  const select = part('publisher');
  if (signing === null) {
    state.replaceChildren(say('浏览器中还没有密钥。', 'There is no key in this browser yet.'));
    return;
  }
  const owner = [...select.options].find((option) => option.dataset.kid === signing.kid);
  if (select.value === '' && owner !== undefined) select.value = owner.value;
  const chosen = select.selectedOptions[0];
  const isTheirs = chosen !== undefined && chosen.dataset.kid === signing.kid;
  const jwk = `{"kty":"OKP","crv":"Ed25519","x":"${signing.x}"}`;
  state.replaceChildren(
    element('span', { class: `badge ${isTheirs ? 'ok' : 'due'}` }, isTheirs ? say('密钥与发布主体相符', "the key is this publisher's") : say('密钥不属于所选发布主体', 'the key is not the chosen publisher’s')),
    ' kid ',
    element('code', { class: 'hash' }, signing.kid),
    ...(isTheirs ? [] : [element('p', { class: 'small' }, say('请让根密钥持有者或监督部门登记这把公钥：', 'Have the root or a supervisor enrol this public key: ')), element('pre', { tabindex: '0' }, jwk)]),
  );
}

/** The draft, complete enough to be looked at. */
function readDraft() {
  for (const control of form.querySelectorAll('[required][data-path]')) {
    if (control.value.trim() !== '') continue;
    control.focus();
    const label = form.querySelector(`label[for="${control.id}"]`)?.textContent?.trim() ?? control.dataset.path;
    throw new Refused(`${say('请填写', 'Fill in')}: ${label}`);
  }
  return draftOf(form);
}

/** Asks what the rules say of a draft, and shows it. */
async function check(draft) {
  const advice = await ask(form.dataset.drafts, 'application/json', JSON.stringify(draft));
  showAdvice(advice);
  return advice;
}

function showAdvice(advice) {
  const remarks = advice.remarks.map(remarkOf);
  const warnings = advice.warnings.map((warning) =>
    element('li', {}, element('span', { class: 'badge due' }, say('请核对', 'look again')), ' ', visible(say(`${warning.name_zh}（${warning.path}）：${warning.zh}`, `${warning.name_en} (${warning.path}): ${warning.en}`))),
  );
  const summary = advice.breaks === 0 ? say('规则没有异议', 'no rule is broken') : say(`将违反 ${advice.breaks} 条规则`, `${advice.breaks} rules would be broken`);
  part('told').replaceChildren(
    element('section', { class: 'card', 'data-breaks': String(advice.breaks) }, element('h2', {}, `${say('检查结果', 'What the check says')}: ${summary}`), element('ul', { class: 'plain' }, ...remarks, ...warnings)),
  );
}

function remarkOf(remark) {
  const outcome = OUTCOMES[remark.outcome];
  const earliest = remark.earliest_day === null ? null : element('p', {}, element('strong', {}, `${say('最早合法截止', 'Earliest lawful end')}: ${remark.earliest_day}`));
  return element(
    'li',
    { class: 'rule', 'data-rule': remark.rule },
    outcome === undefined ? null : element('span', { class: `badge ${outcome.badge}` }, pick(outcome)),
    ` ${visible(pick(remark.title))} `,
    element('span', { class: 'about' }, visible(pick(remark.basis))),
    pick(remark.text) === '' ? null : element('p', {}, visible(pick(remark.text))),
    earliest,
  );
}

/** Looks, signs, submits, verifies; a notice that would break a rule is asked about once more. */
async function publish() {
  const publisher = part('publisher').value;
  if (publisher === '') throw new Refused(say('请选择发布主体', 'Choose the publisher'));
  if (signing === null) throw new Refused(say('请先导入或生成密钥', 'Import or make a key first'));
  const draft = readDraft();
  const advice = await check(draft);
  const question = say(`将违反 ${advice.breaks} 条规则，录入后不能收回。仍要发布吗？`, `${advice.breaks} rules would be broken, and what is recorded cannot be taken back. Publish it all the same?`);
  if (advice.breaks > 0 && !globalThis.confirm(question)) return;
  const signed = await signOnce(draft, publisher, advice.project);
  const recorded = await ask(form.dataset.notices, 'application/sd-jwt', signed.compact);
  await showReceipt(recorded, signed.jwt);
}

async function signOnce(draft, iss, project) {
  const ordered = seals(draft);
  const what = JSON.stringify([draft, iss, ordered, signing.kid]);
  if (last.what !== what) {
    const signed = await signNotice(draft, { iss, origin: form.dataset.origin, signing, seals: ordered });
    if (signed.withheld.length > 0) keepSealed(signed, draft, iss, project);
    last = { what, signed };
  }
  return last.signed;
}

function seals(draft) {
  const ordered = {};
  for (const control of form.querySelectorAll('[data-seal]')) {
    const field = control.dataset.seal;
    if (control.value !== '' && draft.data?.[field.slice('data.'.length)] !== undefined) ordered[field] = control.value;
  }
  return ordered;
}

/** What was sealed can only be revealed from this file: it is saved before the notice is submitted. */
function keepSealed({ withheld }, draft, iss, project) {
  const file = { format: 'mingzhang-sealed/v1', origin: form.dataset.origin, iss, notice_id: draft.notice_id, project, sealed: withheld };
  download(`${draft.notice_id}.sealed.json`, `${JSON.stringify(file)}\n`).click();
}

/** The receipt is shown once it is verified here, and is of what was signed here. */
async function showReceipt(recorded, jwt) {
  const done = part('done');
  const steps = new StepsView('receipt');
  const policy = new Uint8Array(await (await fetch(form.dataset.policy, { cache: 'no-store', credentials: 'omit' })).arrayBuffer());
  const verdict = await verify(utf8(recorded.receipt), policy, { file: 'receipt', onStep: (step) => steps.show(step) });
  const isOurs = verdict.receipt?.entry.statement === jwt;
  const keep = download(`${recorded.index}.tlog-proof`, recorded.receipt);
  keep.className = 'button';
  keep.id = 'receipt';
  keep.textContent = say('保存回执', 'Keep the receipt');
  part('told').replaceChildren();
  done.replaceChildren(
    element('h2', { tabindex: '-1', id: 'recorded' }, recorded.new ? say(`已录入：第 ${recorded.index} 条`, `Recorded: entry ${recorded.index}`) : say(`此前已录入：第 ${recorded.index} 条`, `Recorded before: entry ${recorded.index}`)),
    verdictView(verdict),
    ...(verdict.error === null && !isOurs ? [alert(say('回执证明的不是刚才签名的公告！请保存回执并联系账本运行方和监督部门。', 'The receipt is not of the notice that was signed here! Keep it, and tell the operator and the supervisor.'))] : []),
    element('div', { class: 'buttons' }, keep, element('a', { class: 'button quiet', href: pageOf(recorded.index) }, say('查看公告', 'See the notice'))),
    steps.list,
  );
  part('recorded').focus();
}

/** A notice's page, in the language of this one. */
function pageOf(index) {
  const address = new URL(form.dataset.page, location.href);
  address.pathname += `/${index}`;
  return address.href;
}

function download(name, text) {
  return element('a', { download: name, href: URL.createObjectURL(new Blob([text], { type: 'text/plain' })) }, name);
}

async function ask(address, type, body) {
  const answer = await fetch(address, {
    method: 'POST',
    headers: { 'content-type': type, accept: 'application/json', 'accept-language': say('zh', 'en') },
    body,
    credentials: 'omit',
  });
  const said = await answer.json();
  if (!answer.ok) throw new Refused(`${say(said.title_zh, said.title_en)}: ${say(said.detail_zh, said.detail_en)} — ${say(said.action_zh, said.action_en)}`);
  return said;
}
