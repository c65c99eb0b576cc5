//! Whether enough witnesses cosigned, and by when: the groups of a policy applied to verified cosignatures.

use alloc::{sync::Arc, vec::Vec};

/// What a name of a policy stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rule {
    /// The witness with this number.
    Witness(usize),
    /// At least `threshold` of the rules with these numbers, all of them smaller than the group's own.
    Group { threshold: usize, members: Vec<usize> },
}

/// A rule under its name, which is octets of no particular encoding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamedRule {
    pub(crate) name: Vec<u8>,
    pub(crate) rule: Rule,
}

/// The witnesses and groups of a policy in the order of their lines, and which of them is the quorum.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Rules {
    pub(crate) named: Vec<NamedRule>,
    /// `None` stands for `quorum none`.
    pub(crate) quorum: Option<usize>,
}

impl Rules {
    pub(crate) fn position(&self, name: &[u8]) -> Option<usize> {
        self.named.iter().position(|rule| rule.name == name)
    }

    pub(crate) fn group(&self, name: &str) -> Option<usize> {
        self.position(name.as_bytes()).filter(|&at| matches!(self.named[at].rule, Rule::Group { .. }))
    }

    /// Whether the rule at a position holds, given which witnesses count.
    fn holds(&self, position: usize, witness: impl Fn(usize) -> bool) -> bool {
        // Groups name only what stands before them, so one pass in order decides them all without recursion.
        let mut holds = Vec::with_capacity(position + 1);
        for NamedRule { rule, .. } in &self.named[..=position] {
            holds.push(match rule {
                Rule::Witness(number) => witness(*number),
                Rule::Group { threshold, members } => {
                    members.iter().filter(|&&member| holds[member]).count() >= *threshold
                }
            });
        }
        holds[position]
    }
}

/// Which witnesses of a policy cosigned a checkpoint, and when: only cosignatures that were verified.
///
/// A cosignature with timestamp 0 says nothing about time and counts for nothing here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosigned {
    rules: Arc<Rules>,
    /// By number of the witness; none of them 0.
    timestamps: Vec<Vec<u64>>,
}

impl Cosigned {
    pub(crate) fn new(rules: Arc<Rules>, mut timestamps: Vec<Vec<u64>>) -> Self {
        for timestamps in &mut timestamps {
            timestamps.retain(|&timestamp| timestamp != 0);
        }
        Self { rules, timestamps }
    }

    /// When each witness cosigned, in seconds since the Unix epoch and in the order of the policy's witnesses; an empty
    /// list for one that did not.
    pub fn timestamps(&self) -> &[Vec<u64>] {
        &self.timestamps
    }

    /// Whether enough members of this group cosigned; `false` if the policy has no such group.
    pub fn satisfies(&self, group: &str) -> bool {
        self.rules.group(group).is_some_and(|rule| self.satisfied_by(rule, |_| true))
    }

    /// Whether enough witnesses cosigned for the quorum; always so if the policy says `quorum none`.
    pub fn satisfies_quorum(&self) -> bool {
        self.rules.quorum.is_none_or(|rule| self.satisfied_by(rule, |_| true))
    }

    /// The smallest t such that the cosignatures with timestamps ≤ t satisfy the group (`None`: the quorum): by then the
    /// checkpoint was public. Nothing if they never do, if there is no such group, or for `quorum none`.
    pub fn late(&self, group: Option<&str>) -> Option<u64> {
        let rule = self.rule(group)?;
        let mut candidates = self.candidates();
        candidates.sort_unstable();
        candidates.into_iter().find(|&t| self.satisfied_by(rule, |timestamp| timestamp <= t))
    }

    /// The largest t such that the cosignatures with timestamps ≥ t satisfy the group (`None`: the quorum): at t the
    /// checkpoint was still the newest. Nothing if they never do, if there is no such group, or for `quorum none`.
    pub fn early(&self, group: Option<&str>) -> Option<u64> {
        let rule = self.rule(group)?;
        let mut candidates = self.candidates();
        candidates.sort_unstable_by(|a, b| b.cmp(a));
        candidates.into_iter().find(|&t| self.satisfied_by(rule, |timestamp| timestamp >= t))
    }

    fn rule(&self, group: Option<&str>) -> Option<usize> {
        group.map_or(self.rules.quorum, |name| self.rules.group(name))
    }

    /// The answer can only change at a timestamp that occurs; a note has at most 64 lines, so there are few.
    fn candidates(&self) -> Vec<u64> {
        self.timestamps.iter().flatten().copied().collect()
    }

    fn satisfied_by(&self, rule: usize, counts: impl Fn(u64) -> bool) -> bool {
        self.rules.holds(rule, |witness| self.timestamps[witness].iter().any(|&timestamp| counts(timestamp)))
    }
}
