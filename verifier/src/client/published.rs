//! Published checkpoints, held against the replay.

use std::collections::BTreeSet;
use std::prelude::rust_2024::*;

use crate::audit::{AuditError, Fault, Replayed};
use crate::dossier::time_group;
use crate::log::checkpoint::SignedCheckpoint;
use crate::log::index::{LeafIndex, TreeSize};
use crate::log::note;
use crate::log::policy::Policy;
use crate::log::policy_check::PolicyCheckError;
use crate::log::quorum::Cosigned;

use super::fault::{Stop, TreeFault};
use super::source::Source;
use super::tree::Tree;

/// The sizes of the published checkpoints in a source that can list them, none beyond the head.
pub(super) fn listed(tree: &Tree<'_>) -> Result<BTreeSet<u64>, Stop> {
    let names = tree.source.list("checkpoints")?.unwrap_or_default();
    let sizes: BTreeSet<u64> =
        names.iter().filter_map(|name| TreeSize::parse_decimal(name).ok()).map(|size| size.0).collect();
    if sizes.contains(&0) {
        // The empty tree has no last entry, so none that is a seal.
        return Err(AuditError { index: LeafIndex(0), fault: Fault::NoSeal { size: TreeSize(0) } }.into());
    }
    match sizes.last() {
        Some(last) if *last > tree.size.0 && !tree.has_grown_to(last - 1)? => {
            Err(TreeFault::Beyond { path: format!("checkpoints/{last}"), size: tree.size.0 }.into())
        }
        _ => Ok(sizes.into_iter().filter(|size| *size <= tree.size.0).collect()),
    }
}

/// Reads and parses a checkpoint of the tree; nothing if it is not there.
pub(super) fn read(source: &Source, path: &str) -> Result<Option<SignedCheckpoint>, Stop> {
    let Some(bytes) = source.read(path, note::MAX_LENGTH)? else { return Ok(None) };
    let text = String::from_utf8(bytes).map_err(|_| TreeFault::Encoding { path: path.to_owned() })?;
    let note = SignedCheckpoint::parse(&text);
    Ok(Some(note.map_err(|error| TreeFault::Checkpoint { path: path.to_owned(), error })?))
}

/// A published checkpoint that was found good, and the times that its cosignatures tell (formats.md §5).
#[derive(Clone, Copy)]
pub(super) struct Published {
    pub(super) size: u64,
    pub(super) early: Option<u64>,
    pub(super) late: Option<u64>,
}

/// Checks the published checkpoint of a size, if there is one.
pub(super) fn check(source: &Source, policy: &Policy, replayed: &Replayed) -> Result<Option<Published>, Stop> {
    let size = replayed.size();
    let path = format!("checkpoints/{size}");
    let Some(note) = read(source, &path)? else { return Ok(None) };
    if note.checkpoint.size != size {
        return Err(TreeFault::Name { path, found: note.checkpoint.size.0 }.into());
    }
    let cosigned = check_note(policy, replayed, &note, path)?;
    let group = time_group(policy);
    Ok(Some(Published { size: size.0, early: cosigned.early(group), late: cosigned.late(group) }))
}

/// Checks a checkpoint against the replay. Another root under the log key's signature is a fork.
pub(super) fn check_note(
    policy: &Policy,
    replayed: &Replayed,
    note: &SignedCheckpoint,
    path: String,
) -> Result<Cosigned, Stop> {
    match replayed.check(note) {
        Ok(()) => {}
        Err(AuditError { fault: Fault::Root { size, expected, found }, .. }) => {
            return Err(TreeFault::Fork { size: size.0, expected, found, note: note.format() }.into());
        }
        Err(error) => return Err(error.into()),
    }
    let checked = match policy.check_log(note) {
        Ok(witnessed) => Ok(witnessed.cosigned().clone()),
        // An older log key need not be in the policy any more; the replay knows it.
        Err(PolicyCheckError::NotSigned { .. }) => policy.cosigned(note),
        Err(error) => Err(error),
    };
    checked.map_err(|error| TreeFault::Cosignature { path, error }.into())
}
