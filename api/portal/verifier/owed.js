/**
 * What statements owe their readers: every disclosure of a notice is shown with it, unless it is sealed (then with its reveal)
 * or an erasure covers it, earlier or later. The account is kept while entries are read in order, and settled at the end.
 * @module
 */
import { Fault } from './fault.js';

/** What is owed, erased and revealed so far. */
export class Owed {
  constructor() {
    /** @type {Map<number, Set<string>>} */
    this.owed = new Map();
    this.erased = new Set();
    this.revealed = new Set();
  }

  /**
   * Takes in an entry that holds: what it still owes, what it reveals, what it erases.
   * @param {number} index
   * @param {import('./statement.js').Statement} statement
   * @param {string[]} missing
   */
  record(index, { kind, content }, missing) {
    if (kind === 'notice') this.owe(index, missing);
    if (kind === 'reveal') {
      for (const digest of content.digests) this.reveal(content.target, digest);
      this.owe(content.target, missing);
    }
    if (kind === 'erasure') {
      for (const digest of content.digests) {
        this.erased.add(`${content.target} ${digest}`);
        this.owed.get(content.target)?.delete(digest);
      }
    }
  }

  /** Whether a digest of a notice was erased. */
  isErased(notice, digest) {
    return this.erased.has(`${notice} ${digest}`);
  }

  /** Whether a sealed digest of a notice was revealed. */
  isRevealed(notice, digest) {
    return this.revealed.has(`${notice} ${digest}`);
  }

  /** When everything is read, nothing may be owed. */
  settle() {
    const indexes = [...this.owed.keys()].sort((a, b) => a - b);
    for (const index of indexes) {
      for (const digest of this.owed.get(index)) {
        throw new Fault(
          'withheld',
          `the disclosure ${digest} of notice ${index} is withheld: it is neither shown nor sealed nor lawfully erased`,
          `第 ${index} 条公告的披露项 ${digest} 被扣下：既未示出，也未密封，又未依法删除`,
          index,
        );
      }
    }
  }

  reveal(target, digest) {
    if (this.isRevealed(target, digest)) {
      throw new Fault('revealed-twice', `${digest} of notice ${target} is revealed twice`, `第 ${target} 条公告的 ${digest} 启封了两次`, target);
    }
    this.revealed.add(`${target} ${digest}`);
  }

  owe(notice, missing) {
    const owed = this.owed.get(notice) ?? new Set();
    for (const digest of missing) if (!this.isErased(notice, digest)) owed.add(digest);
    this.owed.set(notice, owed);
  }
}
