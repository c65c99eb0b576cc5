/**
 * Whether enough witnesses cosigned, and by when: the groups of a policy applied to verified cosignatures.
 * @module
 */

/** @typedef {{ name: string, witness: number } | { name: string, threshold: number, members: number[] }} Rule */
/** @typedef {{ named: Rule[], quorum: number | null }} Rules `quorum` null stands for `quorum none` */

/**
 * Where the group (not a witness) of this name stands; nothing if none is defined.
 * @param {Rules} rules
 * @param {string} name
 * @returns {number | null}
 */
export function groupAt({ named }, name) {
  const at = named.findIndex((rule) => rule.name === name && rule.members !== undefined);
  return at < 0 ? null : at;
}

/** Which witnesses of a policy cosigned a checkpoint, and when. A timestamp 0 says nothing about time and counts for nothing. */
export class Cosigned {
  /**
   * @param {Rules} rules
   * @param {bigint[][]} timestamps by number of the witness, all verified
   */
  constructor(rules, timestamps) {
    this.rules = rules;
    this.timestamps = timestamps.map((times) => times.filter((timestamp) => timestamp !== 0n));
  }

  /** Whether enough members of this group cosigned; not so if the policy has no such group. */
  satisfies(group) {
    const rule = groupAt(this.rules, group);
    return rule !== null && this.satisfiedBy(rule, () => true);
  }

  /** Whether enough witnesses cosigned for the quorum; always so under `quorum none`. */
  satisfiesQuorum() {
    return this.rules.quorum === null || this.satisfiedBy(this.rules.quorum, () => true);
  }

  /**
   * The smallest t such that the cosignatures with timestamps ≤ t satisfy the group (null: the quorum): by then the checkpoint
   * was public. Null if they never do, and for `quorum none`.
   */
  late(group) {
    return this.first(group, (a, b) => (a < b ? -1 : 1), (timestamp, t) => timestamp <= t);
  }

  /**
   * The largest t such that the cosignatures with timestamps ≥ t satisfy the group (null: the quorum): at t the checkpoint was
   * still the newest. Null if they never do, and for `quorum none`.
   */
  early(group) {
    return this.first(group, (a, b) => (a > b ? -1 : 1), (timestamp, t) => timestamp >= t);
  }

  first(group, order, counts) {
    const rule = group === null ? this.rules.quorum : groupAt(this.rules, group);
    if (rule === null) return null;
    // The answer can only change at a timestamp that occurs.
    const candidates = this.timestamps.flat().sort(order);
    return candidates.find((t) => this.satisfiedBy(rule, (timestamp) => counts(timestamp, t))) ?? null;
  }

  satisfiedBy(position, counts) {
    // Groups name only what stands before them, so one pass in order decides them all.
    const holds = [];
    for (const rule of this.rules.named.slice(0, position + 1)) {
      holds.push(
        rule.members === undefined
          ? this.timestamps[rule.witness].some(counts)
          : rule.members.filter((member) => holds[member]).length >= rule.threshold,
      );
    }
    return holds[position];
  }
}
