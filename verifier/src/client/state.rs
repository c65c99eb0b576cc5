//! What an audit leaves for the next one: the snapshot.

use std::fs;
use std::io;
use std::path::Path;
use std::prelude::rust_2024::*;

use super::kept::{self, StateError};
use crate::audit::Snapshot;
use crate::log::hash::{Hash, RootHash};
use crate::log::index::TreeSize;
use serde::{Deserialize, Serialize};

const MAGIC: &str = "mingzhang-audit-state/v1\n";

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

    /// The root of the ledger of that origin at a size, if the audit reached it.
    pub fn root_at(&self, origin: &str, size: TreeSize) -> Option<RootHash> {
        if self.snapshot.origin() == origin { self.snapshot.root_at(size) } else { None }
    }

    /// The leaf hashes of every entry audited.
    pub fn leaves(&self) -> Vec<Hash> {
        self.snapshot.leaves().collect()
    }
}
