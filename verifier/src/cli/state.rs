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

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use verifier::audit::Snapshot;
use verifier::log::hash::{Hash, RootHash, sha256};
use verifier::log::index::TreeSize;

use super::lang::Lang;
use super::message::Message;
use super::report::Failure;

const MAGIC: &[u8] = b"mingzhang-audit-state/v1\n";
const DIGEST: usize = 32;

/// An audit, remembered.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct State {
    /// The audit after its last head.
    pub(crate) snapshot: Snapshot,
    /// Sizes of published checkpoints that were found to end in a seal.
    pub(crate) checked: Vec<u64>,
}

impl State {
    /// Reads a state; one that is missing, unreadable or damaged cannot be gone on from.
    ///
    /// # Errors
    /// Could not check, with advice.
    pub(crate) fn read(path: &Path, lang: Lang) -> Result<Self, Failure> {
        let shown = path.display().to_string();
        let bytes = fs::read(path).map_err(|error| {
            Failure::unchecked("unreadable", Message::Unreadable { path: &shown, error: &error.to_string() }.text(lang))
        })?;
        Self::parse(&bytes).map_err(|error| damaged(path, &error, lang))
    }

    fn parse(bytes: &[u8]) -> Result<Self, String> {
        let (body, digest) = bytes.split_last_chunk::<DIGEST>().ok_or("too short")?;
        let state = body.strip_prefix(MAGIC).ok_or("not a state of this version")?;
        if sha256(body).0 != *digest {
            return Err("its checksum does not match".into());
        }
        match postcard::take_from_bytes(state) {
            Ok((state, [])) => Ok(state),
            Ok(_) => Err("trailing bytes".into()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Writes the state beside its place and moves it there, so that it is the old one or the new one, never half.
    ///
    /// # Errors
    /// The disk's.
    pub(crate) fn write(&self, path: &Path) -> io::Result<()> {
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
    pub(crate) fn head(&self) -> &str {
        &self.snapshot.head
    }

    /// The root of the ledger of that origin at a size, if the audit reached it.
    pub(crate) fn root_at(&self, origin: &str, size: TreeSize) -> Option<RootHash> {
        if self.snapshot.origin() == origin { self.snapshot.root_at(size) } else { None }
    }

    /// The leaf hashes of every entry audited.
    pub(crate) fn leaves(&self) -> Vec<Hash> {
        self.snapshot.leaves().collect()
    }
}

/// The failure of a state that cannot be gone on from.
pub(crate) fn damaged(path: &Path, error: &str, lang: Lang) -> Failure {
    let message = Message::StateDamaged { path: &path.display().to_string(), error };
    Failure::unchecked("state", message.text(lang))
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
