/**
 * Trust policies: whose word counts, written by whoever relies on the log (C2SP tlog-policy).
 *
 * ```text
 * log <vkey> [<url>]
 * witness w1 <vkey> [<url>]
 * group replay all w1 w2             all | any | <k>
 * quorum replay                      or: quorum none
 * ```
 *
 * Names mean something within the file only and are octets, not text; here an octet is a character up to U+00FF.
 * @module
 */
import { decodeUtf8, fromOctets, toOctets } from './bytes.js';
import { Fault, within } from './fault.js';
import { LOG_KEY, WITNESS_KEY, parseVerifierKey } from './vkey.js';

const MAX_LENGTH = 1 << 20;
const MAX_LINES = 1024;

/** @typedef {{ key: import('./vkey.js').VerifierKey }} LogLine */
/** @typedef {{ name: string, key: import('./vkey.js').VerifierKey }} WitnessLine */
/** @typedef {{ logs: LogLine[], witnesses: WitnessLine[], rules: import('./quorum.js').Rules }} Policy */

/**
 * Reads a policy file, every line of it ended by a newline.
 * @param {Uint8Array} bytes
 * @returns {Promise<Policy>}
 */
export async function parsePolicy(bytes) {
  if (bytes.length > MAX_LENGTH) throw policyFault(`a policy is at most ${MAX_LENGTH} bytes, found ${bytes.length}`, `策略过长：${bytes.length} 字节`);
  const lines = new Lines();
  const texts = toOctets(bytes).split('\n');
  const rest = texts.pop();
  for (const [number, text] of texts.entries()) {
    await within({ rule: 'policy', en: `policy, line ${number + 1}`, zh: `第 ${number + 1} 行` }, () => lines.read(text));
  }
  if (rest !== '') throw policyFault('the last line must end with a newline; is the file cut off?', '末行没有换行；文件是否被截断？');
  if (!lines.hasQuorum) throw policyFault('a policy needs a quorum line; write quorum none to require no cosignature', '缺 quorum 行；不要求共签请写 quorum none');
  const { logs, witnesses, rules } = lines;
  return { logs, witnesses, rules };
}

function policyFault(en, zh) {
  return new Fault('policy', en, zh);
}

class Lines {
  constructor() {
    this.logs = [];
    this.witnesses = [];
    this.rules = { named: [], quorum: null };
    this.listed = new Set();
    this.hasQuorum = false;
  }

  async read(line) {
    if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(line)) throw policyFault('control characters are not allowed', '含控制字符');
    const [keyword, ...words] = line.split(/[ \t]+/).filter((word) => word !== '');
    if (keyword === undefined || keyword.startsWith('#')) return;
    if (keyword === 'log') await this.readLog(words);
    else if (keyword === 'witness') await this.readWitness(words);
    else if (keyword === 'group') this.readGroup(words);
    else if (keyword === 'quorum') this.readQuorum(words);
    else throw policyFault('expected a line beginning with log, witness, group or quorum, or a comment beginning with #', '应以 log、witness、group 或 quorum 开头，或是以 # 开头的注释');
  }

  async readLog(words) {
    expectWords(words.length === 1 || words.length === 2, 'log <vkey> [<url>]');
    const key = await readKey(words[0], LOG_KEY, this.logs);
    if (this.logs.length === MAX_LINES) throw tooMany();
    this.logs.push({ key });
  }

  async readWitness(words) {
    expectWords(words.length === 2 || words.length === 3, 'witness <name> <vkey> [<url>]');
    const key = await readKey(words[1], WITNESS_KEY, this.witnesses);
    this.define({ name: words[0], witness: this.witnesses.length });
    this.witnesses.push({ name: decodeOctets(words[0]) ?? words[0], key });
  }

  readGroup(words) {
    const [name, threshold, ...names] = words;
    expectWords(names.length > 0, 'group <name> all|any|<k> <name>...');
    const needed = { all: names.length, any: 1 }[threshold] ?? Number(threshold);
    if (!/^(?:all|any|[1-9][0-9]*)$/.test(threshold) || needed > names.length) {
      throw policyFault(`expected all, any or a number from 1 to ${names.length} without leading zero`, `应为 all、any 或 1 至 ${names.length} 的数`);
    }
    const members = names.map((member) => this.position(member));
    for (const [at, member] of members.entries()) {
      if (this.listed.has(member)) throw policyFault(`${names[at]} is a member of a group already; each name may be listed once`, `${names[at]} 已属于某个组，每个名称只能列一次`);
      this.listed.add(member);
    }
    this.define({ name, threshold: needed, members });
  }

  readQuorum(words) {
    expectWords(words.length === 1, 'quorum <name>, or quorum none');
    if (this.hasQuorum) throw policyFault('a policy has exactly one quorum line, this is the second', 'quorum 行只能有一行');
    this.hasQuorum = true;
    this.rules.quorum = words[0] === 'none' ? null : this.position(words[0]);
  }

  define(rule) {
    if (rule.name === 'none' || this.rules.named.some((other) => other.name === rule.name)) {
      throw policyFault('this name is taken; witnesses and groups share their names, and none is reserved', '名称已被占用（none 为保留名）');
    }
    if (this.rules.named.length === MAX_LINES) throw tooMany();
    this.rules.named.push(rule);
  }

  position(name) {
    const at = this.rules.named.findIndex((rule) => rule.name === name);
    if (at < 0) throw policyFault(`${name} is neither a witness nor a group of a line above`, `${name} 不是上文的见证人或组`);
    return at;
  }
}

function expectWords(holds, expected) {
  if (!holds) throw policyFault(`expected: ${expected}`, `应写作：${expected}`);
}

function tooMany() {
  return policyFault(`a policy has at most ${MAX_LINES} logs, and as many witnesses and groups`, '账本、见证人或组过多');
}

function decodeOctets(octets) {
  return decodeUtf8(fromOctets(octets));
}

async function readKey(octets, kind, lines) {
  const text = decodeOctets(octets);
  if (text === null) throw policyFault('expected a verifier key', '应为验证密钥');
  const key = await parseVerifierKey(text);
  if (key.kind !== kind) throw policyFault(`expected a key of type ${kind} on this line, found ${key.kind}`, `此行的密钥类型应为 ${kind}，实为 ${key.kind}`);
  if (lines.some((line) => line.key.key.text === key.key.text)) {
    throw policyFault('this public key stands on a line above already; every log and every witness needs its own', '这个公钥上文已出现');
  }
  return key;
}
