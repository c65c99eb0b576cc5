/**
 * Authority: which key may say what, at which index. A registry is what the ledger's own entries say about keys: the genesis,
 * then every authority statement. It keeps the history; in force is what was recorded *before* an index.
 * @module
 */
import { Fault } from './fault.js';
import { verifySignature } from './key.js';
import { targetOf } from './statement.js';

/** @typedef {{ index: number, iss: string, notice: import('./notice.js').Notice }} Target */
/** @typedef {import('./statement.js').Statement} Statement */

/** The keys of a ledger and what they may say, over all indexes recorded so far. */
export class Registry {
  /** @param {import('./entry.js').GenesisBody} genesis */
  constructor(genesis) {
    this.genesis = genesis;
    this.roots = [{ from: 0, what: genesis.root }];
    this.logKeys = [{ from: 0, what: genesis.logKey }];
    /** @type {Map<string, { from: number, what: { name: string, jwk: any, scope: any } | null }[]>} */
    this.publishers = new Map();
    /** Who a key belongs to, for ever. */
    this.owners = new Map();
    for (const [owner, key] of [['log', genesis.logKey.key], ['root', genesis.root.key], ['recovery', genesis.recovery.key]]) {
      const other = this.owners.get(key.text);
      if (other !== undefined) throw keyTaken(other);
      this.owners.set(key.text, owner);
    }
  }

  /** The log key that signs checkpoints ending at this seal. */
  logKey(seal) {
    return inForce(this.logKeys, seal);
  }

  /** A publisher's name, key and scope in force at an index; nothing if it has none. */
  grant(publisher, index) {
    return inForce(this.publishers.get(publisher) ?? [], index) ?? null;
  }

  /** The name a publisher had at an index, or had last before its revocation. */
  nameOf(publisher, index) {
    const before = (this.publishers.get(publisher) ?? []).filter(({ from, what }) => from <= index && what !== null);
    return before.at(-1)?.what.name ?? null;
  }

  /**
   * Checks that a statement holds at an index, its signature last.
   * @param {Statement} statement
   * @param {number} index
   * @param {number} seq the entry's
   * @param {Target | null} target the statement that a reveal or an erasure names, if the ledger has it
   */
  async check(statement, index, seq, target) {
    const { iss, aud, content } = statement;
    const { origin } = this.genesis;
    if (aud !== origin) throw new Fault('other-ledger', `\`aud\` is \`${aud}\`; statements of this ledger say \`${origin}\``, `\`aud\` 是 \`${aud}\`，本账本的声明应为 \`${origin}\``);
    const jwk = this.signingKey(iss, index);
    if (jwk === null) throw new Fault('not-enrolled', `\`${iss}\` has no key in force at index ${index}: enrol it first`, `\`${iss}\` 在第 ${index} 条时没有有效密钥`);
    if (jwk.kid !== statement.kid) throw new Fault('other-key', `\`kid\` is not the key in force for \`${iss}\` at index ${index}`, `\`kid\` 不是 \`${iss}\` 在第 ${index} 条时的有效密钥`);
    if (content.seq !== undefined && content.seq !== seq) {
      throw new Fault(
        'statement-seq',
        `the statement says seq ${content.seq}, its entry is seq ${seq} of the subject (replayed or reordered?)`,
        `声明写的是 seq ${content.seq}，条目却是该主体的 seq ${seq}（重放或调换次序？）`,
      );
    }
    if (targetOf(statement) !== null) checkTarget(statement, index, target);
    this.checkAuthority(statement, index, target);
    if (!(await verifySignature(jwk.key, statement.signed, statement.signature))) {
      throw new Fault('signature', `the signature of \`${iss}\` does not verify`, `\`${iss}\` 的签名不成立`);
    }
  }

  /** Takes in a statement that holds at `index`; it is in force from the next index on. */
  apply({ kind, content }, index) {
    if (kind !== 'authority') return;
    const from = index + 1;
    if (content.change === 'log-key') {
      this.owners.set(content.logKey.key.text, 'log');
      this.logKeys.push({ from, what: content.logKey });
    } else if (content.change === 'root-key') {
      this.owners.set(content.jwk.key.text, 'root');
      this.roots.push({ from, what: content.jwk });
    } else {
      const { publisher, name, jwk, scope } = content;
      const what = content.change === 'grant' ? { name, jwk, scope } : null;
      if (what !== null) this.owners.set(jwk.key.text, publisher);
      this.publishers.set(publisher, [...(this.publishers.get(publisher) ?? []), { from, what }]);
    }
  }

  signingKey(iss, index) {
    if (iss === 'root') return inForce(this.roots, index);
    return iss === 'recovery' ? this.genesis.recovery : (this.grant(iss, index)?.jwk ?? null);
  }

  checkAuthority(statement, index, target) {
    checkIssuer(statement);
    const { kind, iss, content } = statement;
    if (kind === 'authority') this.checkChange(iss, index, content);
    if (kind === 'notice') this.checkScope(iss, index, 'publisher', content);
    if (kind === 'reveal') {
      if (target.iss !== iss) throw notAuthorised(iss, 'only the publisher who sealed a value reveals it', '谁密封，谁启封');
      this.checkScope(iss, index, 'publisher', target.notice);
    }
    if (kind === 'erasure' && iss !== 'root') this.checkScope(iss, index, 'supervisor', target.notice);
  }

  checkScope(iss, index, role, { sector, region }) {
    const scope = this.grant(iss, index)?.scope;
    if (scope?.roles.includes(role) && scope.sectors.includes(sector) && isWithin(region ?? '', scope.regions)) return;
    const place = region === undefined ? 'no region (the empty prefix is needed)' : `region ${region}`;
    const zhPlace = region === undefined ? '未写地区（须有全域授权）' : `地区 ${region}`;
    throw notAuthorised(
      iss,
      `it is no ${role} for sector ${sector} and ${place}`,
      `它不是类别 ${sector}、${zhPlace} 的${role === 'supervisor' ? '监督部门' : '发布主体'}`,
    );
  }

  /** A publisher's authority is changed by the root, or by a supervisor within its own scope, for whoever is no supervisor. */
  checkChange(iss, index, content) {
    const owners = { 'root-key': ['root', content.jwk?.key], 'log-key': ['log', content.logKey?.key], grant: [content.publisher, content.jwk?.key] };
    if (Object.hasOwn(owners, content.change)) this.checkOwner(...owners[content.change]);
    if (content.change === 'root-key' || content.change === 'log-key' || iss === 'root') return;
    const own = this.grant(iss, index)?.scope;
    if (!own?.roles.includes('supervisor')) throw notAuthorised(iss, 'authority is given by the root or a supervisor', '授权须由根密钥或监督部门作出');
    const scopes = [content.scope, this.grant(content.publisher, index)?.scope].filter((scope) => scope !== undefined);
    const exceeds = ({ roles, sectors, regions }) =>
      roles.includes('supervisor') ||
      !sectors.every((sector) => own.sectors.includes(sector)) ||
      !regions.every((region) => isWithin(region, own.regions));
    if (scopes.some(exceeds)) {
      throw notAuthorised(
        iss,
        'a supervisor decides only about publishers that are no supervisors, within its own sectors and regions',
        '监督部门只能就本类别、本地区内的非监督主体作决定',
      );
    }
  }

  checkOwner(owner, key) {
    const other = this.owners.get(key.text);
    if (other !== undefined && other !== owner) throw keyTaken(other);
  }
}

/**
 * Checks what the reserved issuers alone may say, and what they may not, whatever the ledger holds; `aud` is the origin.
 * @param {Statement} statement
 */
export function checkIssuer({ kind, iss, aud, content }) {
  const refuse = (en, zh) => {
    throw notAuthorised(iss, en, zh);
  };
  if (kind === 'authority' && content.change === 'root-key') {
    if (iss !== 'recovery') refuse('only the recovery key names the next root', '只有恢复密钥可以指定下一把根密钥');
    return;
  }
  if (iss === 'recovery') refuse('the recovery key names the next root and signs nothing else', '恢复密钥只用于指定下一把根密钥');
  if (kind === 'authority' && content.change === 'log-key' && (iss !== 'root' || content.logKey.name !== aud)) {
    refuse('only the root names the next log key, whose name is the origin', '只有根密钥可以指定下一把账本密钥，且名称须为来源');
  }
  if ((kind === 'rulebook' || kind === 'calendar') && iss !== 'root') refuse('only the root records rulebooks and calendars', '只有根密钥可以记录规则和日历');
  if ((kind === 'notice' || kind === 'reveal') && iss === 'root') refuse('the root is no publisher', '根密钥不是发布主体');
  if (iss === 'log') refuse('the log is no publisher', '账本密钥不是发布主体');
}

/** What a reveal or an erasure of something that is no earlier notice is refused with. */
export function targetFault(en, zh) {
  return new Fault('target', `the target: ${en}`, `所指的公告不对：${zh}`);
}

function checkTarget({ kind, sub, content }, index, target) {
  if (target === null || target.index >= index) throw targetFault('it must be an earlier notice', '应为在前的公告');
  const { project, sealed, digests } = target.notice;
  if (sub.text !== `project/${project}`) throw targetFault('it must be a notice of the same project', '应为同一项目的公告');
  if (kind === 'reveal' && !content.digests.every((digest) => sealed.some((item) => item.digest === digest))) {
    throw targetFault('a reveal names digests that this notice sealed', '启封的摘要应为该公告所密封');
  }
  if (!content.digests.every((digest) => digests.some(({ hash }) => hash === digest))) {
    throw targetFault("the digests must be the notice's own", '摘要应属于该公告');
  }
}

function inForce(history, index) {
  return history.findLast(({ from }) => from <= index)?.what;
}

function isWithin(region, prefixes) {
  return prefixes.some((prefix) => region.startsWith(prefix));
}

function notAuthorised(iss, en, zh) {
  return new Fault('not-authorised', `\`${iss}\` may not say this: ${en}`, `\`${iss}\` 无权作此声明：${zh}`);
}

function keyTaken(owner) {
  return new Fault('key-taken', `this key belongs to \`${owner}\`; a key belongs to one publisher for ever`, `这把密钥属于 \`${owner}\`；一把密钥永远只属于一个发布主体`);
}
