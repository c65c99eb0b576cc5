/**
 * The part of a project's or a notice's page that verifies it in the browser:
 * `<section id="verify" data-dossier="…" data-policy="…" data-verifier="…">`, or `data-receipt`.
 * @module
 */
import { Fault } from '../verifier/fault.js';
import { element } from './dom.js';
import { say } from './language.js';
import { StepsView } from './steps_view.js';
import { entriesView, failureView, verdictView } from './verdict_view.js';

/** What is fetched is what is verified: never an old copy of the browser's. */
const FETCHING = { cache: 'no-store', credentials: 'omit', referrerPolicy: 'no-referrer' };

const section = document.getElementById('verify');
if (section !== null && (section.dataset.dossier ?? section.dataset.receipt) !== undefined) furnish(section);

/** @param {HTMLElement} section */
function furnish(section) {
  const kind = section.dataset.receipt === undefined ? 'dossier' : 'receipt';
  const source = section.dataset[kind];
  const button = element('button', { type: 'button' }, say('在浏览器中核验', 'Verify in the browser'));
  const told = element('div', { class: 'told' });
  const parts = [
    element('h2', {}, say('核验', 'Verify')),
    ...limits(kind),
    element('div', { class: 'buttons' }, button, download(source, kind === 'dossier' ? say('下载案卷', 'Download the dossier') : say('下载回执', 'Download the receipt')), download(section.dataset.policy, say('下载信任策略', 'Download the trust policy')), download(section.dataset.offline, say('下载离线验证器', 'Download the offline verifier'))),
    section.dataset.sha256 === undefined ? null : element('p', { class: 'small' }, 'SHA-256 verifier.html: ', element('code', { class: 'hash' }, section.dataset.sha256), ' ', element('code', { class: 'hash' }, section.dataset.integrity ?? '')),
    told,
  ];
  section.replaceChildren(...parts.filter((part) => part !== null));
  button.addEventListener('click', async () => {
    button.disabled = true;
    try {
      await run(kind, source, section.dataset, told);
    } catch (error) {
      told.append(failureView(error instanceof Fault ? say(error.zh, error.en) : String(error?.message ?? error)));
    } finally {
      button.disabled = false;
    }
  });
}

async function run(kind, source, { policy, verifier }, told) {
  // Whoever only reads the page need not fetch it.
  const { verify } = await import(verifier);
  const steps = new StepsView(kind);
  told.replaceChildren(steps.list);
  const [file, trusted] = await Promise.all([read(source), read(policy)]);
  const verdict = await verify(file, trusted, { file: kind, onStep: (step) => steps.show(step) });
  told.prepend(verdictView(verdict));
  const entries = entriesView(verdict);
  if (entries !== null) told.append(entries);
}

async function read(address) {
  const answer = await fetch(address, FETCHING);
  if (!answer.ok) throw new Fault('unreadable', `${address}: HTTP ${answer.status}`, `${address}：HTTP ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
}

function download(address, label) {
  return address === undefined ? null : element('a', { class: 'button quiet', href: address, download: true }, label);
}

/** What a page from the server can prove, and what it cannot. */
function limits(kind) {
  const command = `mingzhang-verify ${kind} ${kind === 'dossier' ? 'project.dossier.json' : 'n.tlog-proof'} --policy policy.txt`;
  return [
    element(
      'p',
      {},
      say(
        '浏览器用独立于服务器程序的实现逐步核验：账本签名与见证、封印、映射证明、哈希链、签名与授权、披露项。文件在途中或数据库里哪怕改动一个字节，也会指明错在哪一步。',
        'The browser checks, step by step and with an implementation independent of the server program: the log’s signature and the witnesses, seal, map proof, hash chain, signatures and authority, disclosures. A single byte altered on the way or in the database is found, and the step is named.',
      ),
    ),
    element(
      'details',
      {},
      element('summary', {}, say('这样核验证明什么、不证明什么', 'What this proves, and what it does not')),
      element(
        'p',
        {},
        say(
          '脚本、策略和文件都来自同一台服务器：一台连脚本也作假的服务器，可以让本页显示任何结果。要不依赖本网站，请下载离线验证器并核对其 SHA-256，用从别处（见证人、监督部门、报纸）得到的策略，核验下载的文件；或者用命令：',
          'Script, policy and file come from one server: a server that forges the script, too, can make this page show anything. To depend on this site no more, download the offline verifier and compare its SHA-256, and verify the downloaded file with a policy that you have from elsewhere (a witness, the supervisor, a newspaper); or use the command:',
        ),
      ),
      element('pre', { tabindex: '0' }, command),
    ),
  ];
}
