//! What an audit leaves for the next one: the snapshot, in a file that notices damage.
//!
//! ```text
//! "mingzhang-audit-state/v1\n" || postcard(snapshot, sizes of checkpoints found good) || SHA-256 of all before
//! ```
//!
//! The hash finds accidents, not attackers: whoever can write the file can lie to its owner. Hence mode 0600.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::prelude::rust_2024::*;

use crate::audit::{Snapshot, SnapshotError};
use crate::log::hash::{Hash, RootHash, sha256};
use crate::log::index::TreeSize;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

const MAGIC: &[u8] = b"mingzhang-audit-state/v1\n";
const DIGEST: usize = 32;

/// Why a state cannot be gone on from.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The file cannot be read.
    #[error("{0}")]
    Unreadable(io::Error),
    /// It is not what [`State::write`] wrote.
    #[error("{what}")]
    Damaged {
        /// What is wrong with it.
        what: &'static str,
    },
    /// It has not the form of a state.
    #[error("{0}")]
    Form(postcard::Error),
    /// Its parts do not fit together.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
}

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
        Self::parse(&fs::read(path).map_err(StateError::Unreadable)?)
    }

    fn parse(bytes: &[u8]) -> Result<Self, StateError> {
        let damaged = |what| StateError::Damaged { what };
        let (body, digest) = bytes.split_last_chunk::<DIGEST>().ok_or(damaged("too short"))?;
        let state = body.strip_prefix(MAGIC).ok_or(damaged("not a state of this version"))?;
        if sha256(body).0 != *digest {
            return Err(damaged("its checksum does not match"));
        }
        match postcard::take_from_bytes(state) {
            Ok((state, [])) => Ok(state),
            Ok(_) => Err(damaged("trailing bytes")),
            Err(error) => Err(StateError::Form(error)),
        }
    }

    /// Writes the state beside its place and moves it there, so that it is the old one or the new one, never half.
    ///
    /// # Errors
    /// The disk's.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let mut name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
        name.push(format!(".{}.tmp", std::process::id()));
        let temporary = path.with_file_name(name);
        let written = self.write_to(&temporary).and_then(|()| fs::rename(&temporary, path));
        if written.is_err() {
            drop(fs::remove_file(&temporary));
        }
        written
    }

    fn write_to(&self, path: &Path) -> io::Result<()> {
        drop(fs::remove_file(path));
        let mut out = Hashing { out: BufWriter::with_capacity(1 << 16, create_private(path)?), sha256: Sha256::new() };
        out.write_all(MAGIC)?;
        postcard::to_io(self, &mut out).map_err(io::Error::other)?;
        let Hashing { mut out, sha256 } = out;
        out.write_all(&sha256.finalize())?;
        out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
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

#[cfg(unix)]
fn create_private(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(not(unix))]
fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

/// Hashes what it passes on.
struct Hashing<W> {
    out: W,
    sha256: Sha256,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.sha256.update(&bytes[..written]);
        Ok(written)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
