//! What a monitor has seen and told, in a file: never ahead of what was delivered.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::{Deserialize, Serialize};
use verifier::client::StateError;
use verifier::client::kept;
use verifier::log::checkpoint::SignedCheckpoint;

use super::super::audit::state_failure;
use super::super::lang::Lang;
use super::super::message::Message;
use super::super::report::Failure;
use super::alert::{Condition, Kind};
use super::look::Look;
use super::overdue::Key;

const MAGIC: &str = "mingzhang-monitor-state/v1\n";

/// What was seen and told.
pub(super) struct Memory {
    path: PathBuf,
    lang: Lang,
    kept: Kept,
    /// As it is on the disk, if it was written by this process.
    written: Option<Kept>,
    /// Files of evidence about what could not be told yet.
    pub(super) evidence: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    origin: String,
    /// The newest head that was audited and whose alerts were delivered.
    seen: Option<String>,
    /// Its time in seconds since the Unix epoch, and whether it is the witnesses'.
    time: Option<(u64, bool)>,
    /// Conditions that were told and have not ended: their kind by their id.
    ongoing: BTreeMap<String, String>,
    /// Whether a first look at the lifecycles was told.
    judged: bool,
    /// Disclosures that are overdue and were told.
    overdue: BTreeSet<Key>,
    /// Of a witness: a head that is larger than what was audited, or of another history.
    views: BTreeMap<String, String>,
    /// Looks that came to their end, and old bundles that then seemed to be kept back.
    looks: u64,
    suspects: BTreeSet<u64>,
    evidence: BTreeMap<String, String>,
}

impl Memory {
    /// Reads it; a new one if there is none.
    ///
    /// # Errors
    /// It cannot be read, or is no sound state of a monitor.
    pub(super) fn open(path: &Path, lang: Lang) -> Result<Self, Failure> {
        let bytes = match fs::read(path) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(state_failure(path, &StateError::Unreadable(error), lang)),
        };
        let mut kept: Kept = match &bytes {
            Some(bytes) => kept::parse(bytes, MAGIC).map_err(|error| state_failure(path, &error, lang))?,
            None => Kept::default(),
        };
        let evidence = std::mem::take(&mut kept.evidence);
        Ok(Self { path: path.to_owned(), lang, kept, written: None, evidence })
    }

    pub(super) fn origin(&self) -> Option<&str> {
        (!self.kept.origin.is_empty()).then_some(self.kept.origin.as_str())
    }

    /// The newest head that was audited and whose alerts were delivered.
    pub(super) fn seen(&self) -> Option<SignedCheckpoint> {
        // What was written was formatted from a checkpoint, and the file has a checksum.
        SignedCheckpoint::parse(self.kept.seen.as_deref()?).ok()
    }

    pub(super) const fn time(&self) -> Option<(u64, bool)> {
        self.kept.time
    }

    /// Whether the lifecycles were looked at before.
    pub(super) const fn has_judged(&self) -> bool {
        self.kept.judged
    }

    pub(super) const fn told_overdue(&self) -> &BTreeSet<Key> {
        &self.kept.overdue
    }

    /// What witnesses have shown that could not be judged yet, or was found to be another history.
    pub(super) fn views(&self) -> impl Iterator<Item = (&str, SignedCheckpoint)> {
        self.kept.views.iter().filter_map(|(name, note)| Some((name.as_str(), SignedCheckpoint::parse(note).ok()?)))
    }

    /// How many looks have come to their end.
    pub(super) const fn looks(&self) -> u64 {
        self.kept.looks
    }

    /// Old bundles that seemed to be kept back.
    pub(super) const fn suspects(&self) -> &BTreeSet<u64> {
        &self.kept.suspects
    }

    pub(super) fn is_told(&self, condition: &Condition) -> bool {
        match &condition.overdue {
            Some(overdue) => self.kept.overdue.contains(&overdue.key),
            None => self.kept.ongoing.contains_key(&condition.id),
        }
    }

    /// Remembers that a condition was told.
    pub(super) fn tell(&mut self, condition: &Condition) {
        self.evidence.remove(&condition.id);
        match &condition.overdue {
            Some(overdue) => drop(self.kept.overdue.insert(overdue.key)),
            None => drop(self.kept.ongoing.insert(condition.id.clone(), condition.kind.code().to_owned())),
        }
    }

    /// Goes on to what a look has seen, all of which was told; gives the conditions that have ended.
    pub(super) fn advance(&mut self, look: &mut Look) -> Vec<(String, Kind)> {
        if let Some(head) = look.audited.take() {
            self.kept.origin.clone_from(&head.checkpoint.origin);
            self.kept.seen = Some(head.format());
            self.kept.time = look.time;
        }
        if let Some(views) = look.views.take() {
            self.kept.views = views;
        }
        if let Some(suspects) = look.suspects.take() {
            (self.kept.looks, self.kept.suspects) = (self.kept.looks.wrapping_add(1), suspects);
        }
        if let Some(overdue) = look.overdue.take() {
            (self.kept.judged, self.kept.overdue) = (true, overdue);
        }
        let holds: BTreeSet<&str> = look.found.iter().map(|condition| condition.id.as_str()).collect();
        let mut ended = Vec::new();
        if look.complete {
            self.kept.ongoing.retain(|id, kind| {
                let kept = holds.contains(id.as_str());
                ended.extend((!kept).then(|| Kind::parse(kind).map(|kind| (id.clone(), kind))).flatten());
                kept
            });
            // That something was overdue before is said once; it is no condition that ends.
            ended.retain(|(_, kind)| *kind != Kind::Overdue);
        }
        ended
    }

    /// The kinds of what was told and has not ended.
    pub(super) fn ongoing(&self) -> Vec<&str> {
        let kinds: BTreeSet<&str> = self.kept.ongoing.values().map(String::as_str).collect();
        kinds.into_iter().filter(|kind| *kind != Kind::Overdue.code()).collect()
    }

    /// How many disclosures are overdue and were told.
    pub(super) fn overdue(&self) -> usize {
        self.kept.overdue.len()
    }

    /// Writes it, if something changed.
    ///
    /// # Errors
    /// The disk's.
    pub(super) fn write(&mut self) -> Result<(), Failure> {
        self.kept.evidence.clone_from(&self.evidence);
        if self.written.as_ref() == Some(&self.kept) {
            return Ok(());
        }
        match kept::write(&self.path, MAGIC, &self.kept) {
            Ok(()) => {
                self.written = Some(self.kept.clone());
                Ok(())
            }
            Err(error) => {
                let path = self.path.display().to_string();
                let message = Message::StateUnwritable { path: &path, error: &error.to_string() };
                Err(Failure::unchecked("state", message.text(self.lang)))
            }
        }
    }
}
