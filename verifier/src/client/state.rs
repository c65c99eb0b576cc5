//! What an audit leaves for the next one: the snapshot; and beside the state, in a file of the same name with `.unfinished` behind, how
//! far one has come that was broken off.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::prelude::rust_2024::*;

use super::kept::{self, StateError};
use crate::audit::Snapshot;
use crate::log::checkpoint::SignedCheckpoint;
use crate::log::hash::{Hash, RootHash};
use crate::log::index::TreeSize;
use serde::{Deserialize, Serialize};

const MAGIC: &str = "mingzhang-audit-state/v1\n";
const UNFINISHED: &str = "mingzhang-audit-unfinished/v1\n";

/// An audit, remembered.
#[derive(Debug, Serialize, Deserialize)]
pub struct State {
    /// The audit after its last head.
    pub snapshot: Snapshot,
    /// Sizes of published checkpoints that were found to end in a seal.
    pub checked: Vec<u64>,
}

impl State {
    /// Reads a state; one that is missing, unreadable or damaged cannot be gone on from.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn read(path: &Path) -> Result<Self, StateError> {
        kept::parse(&fs::read(path).map_err(StateError::Unreadable)?, MAGIC)
    }

    /// Writes the state, so that it is the old one or the new one, never half.
    ///
    /// # Errors
    /// The disk's.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        kept::write(path, MAGIC, self)
    }

    /// The last head audited.
    pub fn head(&self) -> &str {
        &self.snapshot.head
    }

    pub(super) fn signed_head(&self) -> Result<SignedCheckpoint, StateError> {
        SignedCheckpoint::parse(self.head()).map_err(|_| StateError::Damaged { what: "its head is no checkpoint" })
    }

    /// The root of the ledger of that origin at a size, if the audit reached it.
    pub fn root_at(&self, origin: &str, size: TreeSize) -> Option<RootHash> {
        if self.snapshot.origin() == origin { self.snapshot.root_at(size) } else { None }
    }

    /// The leaf hashes of every entry audited.
    pub fn leaves(&self) -> Vec<Hash> {
        self.snapshot.leaves().collect()
    }
}

/// An audit that has not come to its head: wherever it stands, and what it has put off.
#[derive(Debug, Serialize, Deserialize)]
pub struct Unfinished {
    pub(super) state: State,
    /// Whether the last entry audited is a seal.
    pub(super) sealed: bool,
    /// Seals whose published checkpoints were not looked at: sizes and roots.
    pub(super) seals: Vec<(u64, [u8; 32])>,
    /// Hash tiles that could not be read: level, number, hashes.
    pub(super) unread: Vec<(u8, u64, Vec<[u8; 32]>)>,
}

impl Unfinished {
    /// Its file beside a state.
    pub fn beside(state: &Path) -> PathBuf {
        kept::beside(state, "unfinished")
    }

    /// Reads it; nothing if there is none or it is damaged: then what it held is audited again.
    pub fn read(path: &Path) -> Option<Self> {
        kept::parse(&fs::read(path).ok()?, UNFINISHED).ok()
    }

    /// Writes it, so that it is the old one or the new one, never half.
    ///
    /// # Errors
    /// The disk's.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        kept::write(path, UNFINISHED, self)
    }

    /// The ledger.
    pub fn origin(&self) -> &str {
        self.state.snapshot.origin()
    }

    /// The head it was on its way to.
    ///
    /// # Errors
    /// [`StateError::Damaged`].
    pub(super) fn head(&self) -> Result<SignedCheckpoint, StateError> {
        self.state.signed_head()
    }

    /// Whether it stands at the head it was on its way to.
    pub fn has_reached_its_head(&self) -> bool {
        self.head().is_ok_and(|head| head.checkpoint.size.0 == self.state.snapshot.leaves().count() as u64)
    }

    /// The root at a size; hashes that many leaves. Nothing beyond the entries audited.
    pub fn root_at(&self, size: TreeSize) -> Option<RootHash> {
        self.state.snapshot.root_at(size)
    }
}
