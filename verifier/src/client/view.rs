//! What a witness says it has seen of a log (tlog-witness, monitoring).

use std::prelude::rust_2024::*;

use super::fault::{Stop, TreeFault};
use super::published;
use super::remote::Remote;
use super::source::Source;
use crate::log::add_checkpoint::monitor_path;
use crate::log::checkpoint::SignedCheckpoint;
use crate::log::policy::Policy;
use crate::log::policy_check::PolicyCheckError;

/// The newest checkpoint that a witness shows for a log.
#[derive(Debug)]
pub enum View {
    /// The log's key signed it, whatever the witness did.
    Signed(SignedCheckpoint),
    /// It shows none.
    Nothing,
    /// What it shows the log did not sign: it says nothing about the log.
    NotTheLogs(PolicyCheckError),
    /// What it shows is no checkpoint.
    Malformed(TreeFault),
    /// It could not be asked.
    Failed(String),
}

impl View {
    /// Asks the witness with this monitoring prefix, an http(s) address.
    pub fn read(prefix: &str, origin: &str, policy: &Policy) -> Self {
        let path = monitor_path(origin);
        match published::read(&Source::Http(Remote::hasty(prefix)), &path) {
            Ok(None) => Self::Nothing,
            Ok(Some(note)) if note.checkpoint.origin != origin => {
                Self::NotTheLogs(PolicyCheckError::UnknownLog { origin: note.checkpoint.origin })
            }
            Ok(Some(note)) => match policy.signer(&note) {
                Ok(_) => Self::Signed(note),
                Err(error) => Self::NotTheLogs(error),
            },
            Err(Stop::Found(fault)) => Self::Malformed(fault),
            Err(Stop::Failed { error, .. }) => Self::Failed(error),
        }
    }
}
