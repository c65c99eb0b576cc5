//! The audit that goes on from look to look, and its file beside the state, from which a new process goes on.
//!
//! The file holds what an audit remembers and the chronicle of the same entries. It may be behind what was told, or gone: what is
//! missing is audited again.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use verifier::client::{Follower, Source, State, StateError, Stop, kept, read_signed_head};
use verifier::dossier::time_group;
use verifier::lifecycle::chronicle::Chronicle;
use verifier::log::checkpoint::SignedCheckpoint;
use verifier::log::policy::Policy;
use verifier::log::policy_check::Witnessed;

use super::super::lang::Lang;
use super::super::message::Message;
use super::super::progress;
use super::warn;

/// A chronicle is read again only by the version that wrote it; to another, the audit is made anew.
const MAGIC: &str = concat!("mingzhang-monitor-audit/", env!("CARGO_PKG_VERSION"), "\n");
/// How often an audit goes on to a newer head when a disclosure is missing that a newer erasure may cover.
const CONTINUATIONS: u32 = 8;
/// What is audited is written down at the latest after this time.
const SAVE_EVERY: Duration = Duration::from_mins(10);
/// … or after a sixteenth of it is new, but not below this many entries.
const SAVE_ENTRIES: u64 = 1024;

/// An audit under way.
pub(super) struct Trail {
    pub(super) follower: Follower,
    chronicle: Chronicle,
    source: Source,
    path: PathBuf,
    /// Entries written down, and when; nothing if there is no file.
    saved: Option<(u64, SystemTime)>,
}

/// What stopped an audit, and at which head.
pub(super) struct Halted {
    pub(super) stop: Stop,
    pub(super) head: SignedCheckpoint,
}

/// A head up to which everything was audited.
pub(super) struct Audited {
    pub(super) head: SignedCheckpoint,
    pub(super) witnessed: Witnessed,
}

#[derive(Serialize)]
struct Kept<'a> {
    state: State,
    chronicle: &'a Chronicle,
}

#[derive(Deserialize)]
struct Reread {
    state: State,
    chronicle: Chronicle,
}

impl Trail {
    /// Goes on from the file, or begins anew if there is none that can be used.
    pub(super) fn open(source: &Source, policy: &Policy, origin: &str, path: &Path, lang: Lang) -> Self {
        let begun = |saved| Self {
            follower: Follower::new(source.clone(), policy.clone(), origin),
            chronicle: Chronicle::default(),
            source: source.clone(),
            path: path.to_owned(),
            saved,
        };
        match Self::reopen(source, policy, origin, path) {
            Ok(trail) => trail.unwrap_or_else(|| begun(None)),
            Err(error) => {
                let (path, why) = (path.display().to_string(), error.to_string());
                warn(&Message::AuditForgotten { path: &path, why: &why }.text(lang));
                begun(None)
            }
        }
    }

    fn reopen(source: &Source, policy: &Policy, origin: &str, path: &Path) -> Result<Option<Self>, StateError> {
        if !path.exists() {
            return Ok(None);
        }
        let bytes = fs::read(path).map_err(StateError::Unreadable)?;
        let Reread { state, chronicle } = kept::parse(&bytes, MAGIC)?;
        drop(bytes);
        if state.snapshot.origin() != origin {
            return Err(StateError::Damaged { what: "it is of another ledger" });
        }
        let (follower, _) = Follower::resume(source.clone(), policy.clone(), state)?;
        let written = fs::metadata(path).and_then(|metadata| metadata.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
        let saved = Some((follower.audit().size().0, written));
        Ok(Some(Self { follower, chronicle, source: source.clone(), path: path.to_owned(), saved }))
    }

    /// Audits up to the head, or to a newer one if that may explain what is missing; what was `seen` must be of the same tree.
    ///
    /// # Errors
    /// What stopped it. What is false ends this trail; after a file that could not be read it goes on.
    pub(super) fn follow(
        &mut self,
        mut head: SignedCheckpoint,
        mut witnessed: Witnessed,
        seen: Option<&SignedCheckpoint>,
        quiet: bool,
    ) -> Result<Audited, Box<Halted>> {
        for left in (0..CONTINUATIONS).rev() {
            let folded =
                self.fold_to(&head, quiet).and_then(|()| seen.map_or(Ok(()), |seen| self.follower.check_seen(seen)));
            if let Err(stop) = folded {
                return Err(Box::new(Halted { stop, head }));
            }
            let Err(owed) = self.follower.audit().settle() else { break };
            match read_signed_head(&self.source, self.follower.policy()) {
                Ok((newer, by)) if newer.checkpoint.size > head.checkpoint.size && left > 0 => {
                    (head, witnessed) = (newer, by);
                }
                _ => return Err(Box::new(Halted { stop: owed.into(), head })),
            }
        }
        Ok(Audited { head, witnessed })
    }

    fn fold_to(&mut self, head: &SignedCheckpoint, quiet: bool) -> Result<(), Stop> {
        let (size, done) = (head.checkpoint.size.0, self.follower.audit().size().0);
        let progress = progress::bar(quiet || size - done.min(size) < SAVE_ENTRIES, size, done);
        let folded = self.follower.fold_to(head, Some(&mut self.chronicle), &mut |_| progress.inc(1));
        progress.finish_and_clear();
        let cosigned = folded?;
        let group = time_group(self.follower.policy());
        self.chronicle.cosigned(size, cosigned.early(group), cosigned.late(group));
        Ok(())
    }

    /// What the rules look at, of the entries audited.
    pub(super) const fn chronicle(&self) -> &Chronicle {
        &self.chronicle
    }

    /// Writes down what was audited up to the head, if that is much or was not done for long.
    pub(super) fn save(&mut self, head: &SignedCheckpoint, lang: Lang) {
        let size = self.follower.audit().size().0;
        let due = self.saved.is_none_or(|(saved, at)| {
            let new = size.saturating_sub(saved);
            new >= SAVE_ENTRIES.max(size / 16) || (new > 0 && at.elapsed().is_ok_and(|since| since >= SAVE_EVERY))
        });
        if !due {
            return;
        }
        let kept = Kept { state: self.follower.state(head), chronicle: &self.chronicle };
        match kept::write(&self.path, MAGIC, &kept) {
            Ok(()) => self.saved = Some((size, SystemTime::now())),
            Err(error) => {
                let (path, error) = (self.path.display().to_string(), error.to_string());
                warn(&Message::StateUnwritable { path: &path, error: &error }.text(lang));
            }
        }
    }
}
