//! The audit that goes on from look to look, and its file beside the state, from which a new process goes on.
//!
//! The file holds what an audit remembers and the chronicle of the same entries. It may be behind what was told, or gone: what is
//! missing is audited again.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use verifier::client::{CONTINUATIONS, Follower, Source, StateError, Stop, Unfinished, kept, read_signed_head};
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

/// An audit under way.
pub(super) struct Trail {
    pub(super) follower: Follower,
    chronicle: Chronicle,
    path: PathBuf,
    /// What was written down; nothing if there is no file.
    saved: Option<Saved>,
}

/// What is in the file.
struct Saved {
    /// Entries audited.
    size: u64,
    at: SystemTime,
    /// Whether it was written on the way to a head, so that it is not known yet whether something is owed to readers.
    midway: bool,
}

impl Saved {
    fn is_outdated(&self, size: u64, midway: bool) -> bool {
        // A clock that was set back says nothing.
        let since = self.at.elapsed().unwrap_or_default();
        kept::is_due(size, self.size, since) || (self.midway && !midway)
    }
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
    audit: Unfinished,
    chronicle: &'a Chronicle,
}

#[derive(Deserialize)]
struct Reread {
    audit: Unfinished,
    chronicle: Chronicle,
}

impl Trail {
    /// Goes on from the file, or begins anew if there is none that can be used.
    pub(super) fn open(source: &Source, policy: &Policy, origin: &str, path: &Path, lang: Lang) -> Self {
        let begun = |saved| Self {
            follower: Follower::new(source.clone(), policy.clone(), origin),
            chronicle: Chronicle::default(),
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
        let Reread { audit, chronicle } = kept::parse(&bytes, MAGIC)?;
        drop(bytes);
        if audit.origin() != origin {
            return Err(StateError::Damaged { what: "it is of another ledger" });
        }
        let midway = !audit.has_reached_its_head();
        let (follower, _) = Follower::go_on(source.clone(), policy.clone(), audit)?;
        let written = fs::metadata(path).and_then(|metadata| metadata.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
        let saved = Some(Saved { size: follower.audit().size().0, at: written, midway });
        Ok(Some(Self { follower, chronicle, path: path.to_owned(), saved }))
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
        lang: Lang,
    ) -> Result<Audited, Box<Halted>> {
        for left in (0..CONTINUATIONS).rev() {
            let continues = |trail: &Self| seen.map_or(Ok(()), |seen| trail.follower.check_seen(seen));
            let folded = self.fold_to(&head, quiet, lang).and_then(|()| continues(self));
            if let Err(stop) = folded {
                return Err(Box::new(Halted { stop, head }));
            }
            let Err(owed) = self.follower.audit().settle() else { break };
            match self.follower.newer_head(&head, read_signed_head).filter(|_| left > 0) {
                Some(newer) => (head, witnessed) = newer,
                None => return Err(Box::new(Halted { stop: owed.into(), head })),
            }
        }
        Ok(Audited { head, witnessed })
    }

    /// Goes on to a head, stage after stage; what is broken off goes on from the last that was written down.
    fn fold_to(&mut self, head: &SignedCheckpoint, quiet: bool, lang: Lang) -> Result<(), Stop> {
        let (size, done) = (head.checkpoint.size.0, self.follower.audit().size().0);
        let progress = progress::bar(quiet || size - done.min(size) < kept::MANY, size, done);
        let folded = loop {
            match self.follower.fold_some(head, Some(&mut self.chronicle), &mut |_| progress.inc(1)) {
                Ok(Some(_)) => break Ok(()),
                Err(stop @ Stop::Found(_)) => break Err(stop),
                Ok(None) => self.save(head, true, lang),
                Err(stop) => {
                    self.save(head, true, lang);
                    break Err(stop);
                }
            }
        };
        progress.finish_and_clear();
        folded
    }

    /// What the rules look at, of the entries audited.
    pub(super) const fn chronicle(&self) -> &Chronicle {
        &self.chronicle
    }

    /// Writes down what was audited up to the head, or `midway` to it, if that is much or was not done for long.
    pub(super) fn save(&mut self, head: &SignedCheckpoint, midway: bool, lang: Lang) {
        let size = self.follower.audit().size().0;
        if size == 0 || !self.saved.as_ref().is_none_or(|saved| saved.is_outdated(size, midway)) {
            return;
        }
        let kept = Kept { audit: self.follower.unfinished(head), chronicle: &self.chronicle };
        match kept::write(&self.path, MAGIC, &kept) {
            Ok(()) => self.saved = Some(Saved { size, at: SystemTime::now(), midway }),
            Err(error) => {
                let (path, error) = (self.path.display().to_string(), error.to_string());
                warn(&Message::StateUnwritable { path: &path, error: &error }.text(lang));
            }
        }
    }

    /// Something is false: what was written down on the way to it may hold it, and is audited again.
    pub(super) fn condemn(self) {
        if self.saved.is_some_and(|saved| saved.midway) {
            drop(fs::remove_file(&self.path));
        }
    }
}
