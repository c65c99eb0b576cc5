//! What the witnesses have seen, held against what was audited.
//!
//! A view of what was audited must be of the same tree. A larger one is remembered until the log shows as much; if that takes
//! longer than a head may be old, the log holds something back. Two views of one size must agree wherever they are.

use std::collections::BTreeMap;
use std::thread;

use verifier::client::{Follower, View};
use verifier::evidence::Evidence;
use verifier::log::checkpoint::SignedCheckpoint;
use verifier::log::policy::Policy;

use super::super::clock::{format_seconds, now};
use super::super::lang::Lang;
use super::super::message::{InLanguage as _, Message};
use super::super::report::Failure;
use super::alert::{Condition, Kind};

/// What a witness was asked for, and said.
pub(super) struct Seen {
    pub(super) name: String,
    /// Entries of the newest head it cosigned.
    pub(super) size: Option<u64>,
    /// Why it is not known.
    pub(super) error: Option<String>,
}

/// Views held against an audit.
pub(super) struct Views<'a> {
    pub(super) follower: &'a Follower,
    /// The head that was audited.
    pub(super) head: &'a SignedCheckpoint,
    pub(super) max_age: u64,
    pub(super) lang: Lang,
    pub(super) found: Vec<Condition>,
    /// Those to be held against later heads, and those of another history.
    pub(super) kept: BTreeMap<String, String>,
}

/// Asks every witness at its monitoring prefix, all at once.
pub(super) fn ask(
    monitors: &[(String, String)],
    origin: &str,
    policy: &Policy,
    lang: Lang,
) -> (Vec<(String, SignedCheckpoint)>, Vec<Seen>) {
    let views: Vec<View> = thread::scope(|scope| {
        let asked: Vec<_> =
            monitors.iter().map(|(_, url)| scope.spawn(move || View::read(url, origin, policy))).collect();
        // A panic of a thread is a bug of this program.
        asked.into_iter().map(|asked| asked.join().expect("asking does not panic")).collect()
    });
    let (mut notes, mut seen) = (Vec::new(), Vec::new());
    for ((name, _), view) in monitors.iter().zip(views) {
        let (size, error) = match view {
            View::Signed(note) => {
                let size = note.checkpoint.size.0;
                notes.push((name.clone(), note));
                (Some(size), None)
            }
            View::Nothing => (None, None),
            View::NotTheLogs(error) => (None, Some(error.text(lang))),
            View::Malformed(fault) => (None, Some(fault.text(lang))),
            View::Failed(error) => (None, Some(error)),
        };
        seen.push(Seen { name: name.clone(), size, error });
    }
    (notes, seen)
}

impl Views<'_> {
    /// Holds all views against the audit, then those that reach beyond it against each other.
    pub(super) fn check(&mut self, views: &[(String, SignedCheckpoint)]) {
        for (name, note) in views {
            self.check_one(name, note);
        }
        for (at, (name, note)) in views.iter().enumerate() {
            let beyond = note.checkpoint.size > self.head.checkpoint.size;
            let other = views[..at].iter().find(|(_, other)| other.checkpoint.size == note.checkpoint.size);
            if let Some((_, other)) = other.filter(|_| beyond)
                && other.checkpoint.root != note.checkpoint.root
            {
                let proof = Evidence::fork(other.clone(), note.clone(), |_, _| None);
                self.found_fork(name, note, &other.checkpoint.root.to_string(), proof);
            }
        }
    }

    fn check_one(&mut self, name: &str, note: &SignedCheckpoint) {
        let (size, root) = (note.checkpoint.size, note.checkpoint.root);
        if size > self.head.checkpoint.size {
            self.check_ahead(name, note);
            // The larger of two is the harder to show something else for.
            let known = self.kept.get(name).and_then(|known| SignedCheckpoint::parse(known).ok());
            if known.is_none_or(|known| known.checkpoint.size.0 < size.0 && !self.is_of_another_history(&known)) {
                self.kept.insert(name.to_owned(), note.format());
            }
        } else if (size, root) != (self.head.checkpoint.size, self.head.checkpoint.root)
            && let Some(expected) = self.follower.audit().root_at(size)
            && expected != root
        {
            let proof = self.follower.fork_between(note, self.head);
            self.found_fork(name, note, &expected.to_string(), proof);
            self.kept.insert(name.to_owned(), note.format());
        }
    }

    fn is_of_another_history(&self, note: &SignedCheckpoint) -> bool {
        self.follower.audit().root_at(note.checkpoint.size).is_some_and(|root| root != note.checkpoint.root)
    }

    fn found_fork(&mut self, witness: &str, note: &SignedCheckpoint, expected: &str, proof: Option<Evidence>) {
        let (size, found) = (note.checkpoint.size.0, note.checkpoint.root.to_string());
        let message = Message::ForkSeen { witness, size, found: &found, expected }.text(self.lang);
        let failure = Failure::rejected("fork", size.checked_sub(1), message);
        let condition = Condition::new(Kind::Fork, &format!("{size}\n{found}"), failure).proven_by(proof);
        if self.found.iter().all(|known| known.id != condition.id) {
            self.found.push(Condition { witness: Some(witness.to_owned()), ..condition });
        }
    }

    /// A head that its witness cosigned long ago must be shown by now.
    fn check_ahead(&mut self, witness: &str, note: &SignedCheckpoint) {
        let policy = self.follower.policy();
        let Ok(cosigned) = policy.cosigned(note) else { return };
        let at = policy.witnesses().iter().position(|known| known.name == witness);
        let Some(time) = at.and_then(|at| cosigned.timestamps()[at].iter().min().copied()) else { return };
        if now().saturating_sub(time) <= self.max_age {
            return;
        }
        let (seen, served) = (note.checkpoint.size.0, self.head.checkpoint.size.0);
        let message = Message::Ahead { witness, seen, served, time: &format_seconds(time) }.text(self.lang);
        let condition = Condition::new(Kind::Stale, witness, Failure::rejected("stale", None, message));
        if self.found.iter().all(|known| known.id != condition.id) {
            self.found.push(Condition { witness: Some(witness.to_owned()), ..condition });
        }
    }
}
