//! What a program remembers between two runs, in a file that notices damage.
//!
//! ```text
//! magic line || postcard(value) || SHA-256 of all before
//! ```
//!
//! The hash finds accidents, not attackers: whoever can write the file can lie to its owner. Hence mode 0600.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::prelude::rust_2024::*;
use std::time::Duration;

use crate::audit::SnapshotError;
use crate::log::hash::sha256;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

const DIGEST: usize = 32;
/// An audit is written down at the latest after this time, if something is new.
const OFTEN: Duration = Duration::from_mins(10);
/// … or after a sixteenth of it is new, but not below this many entries.
pub const MANY: u64 = 1024;

/// Why a state cannot be gone on from.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The file cannot be read.
    #[error("{0}")]
    Unreadable(io::Error),
    /// It is not what [`write()`] wrote.
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

/// Reads what [`write()`] wrote under the same magic line; the bytes are those of the file.
///
/// # Errors
/// [`StateError`] for everything else.
pub fn parse<'de, T: Deserialize<'de>>(bytes: &'de [u8], magic: &str) -> Result<T, StateError> {
    let damaged = |what| StateError::Damaged { what };
    let (body, digest) = bytes.split_last_chunk::<DIGEST>().ok_or(damaged("too short"))?;
    let state = body.strip_prefix(magic.as_bytes()).ok_or(damaged("not a state of this version"))?;
    if sha256(body).0 != *digest {
        return Err(damaged("its checksum does not match"));
    }
    match postcard::take_from_bytes(state) {
        Ok((state, [])) => Ok(state),
        Ok(_) => Err(damaged("trailing bytes")),
        Err(error) => Err(StateError::Form(error)),
    }
}

/// The file of the same name with `.extension` behind.
pub fn beside(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(extension);
    path.with_file_name(name)
}

/// Whether an audit of `size` entries is worth writing down, of which `saved` were written down so long ago.
pub fn is_due(size: u64, saved: u64, since: Duration) -> bool {
    let new = size.saturating_sub(saved);
    new >= MANY.max(size / 16) || (new > 0 && since >= OFTEN)
}

/// Writes the file beside its place and moves it there, so that it is the old one or the new one, never half.
///
/// # Errors
/// The disk's.
pub fn write(path: &Path, magic: &str, value: &impl Serialize) -> io::Result<()> {
    path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let temporary = beside(path, &format!("{}.tmp", std::process::id()));
    let written = write_to(&temporary, magic, value).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        drop(fs::remove_file(&temporary));
    }
    written
}

fn write_to(path: &Path, magic: &str, value: &impl Serialize) -> io::Result<()> {
    drop(fs::remove_file(path));
    let out = BufWriter::with_capacity(1 << 16, create_private(path)?);
    let mut out = Hashing { out, sha256: Sha256::new() };
    out.write_all(magic.as_bytes())?;
    postcard::to_io(value, &mut out).map_err(io::Error::other)?;
    let Hashing { mut out, sha256 } = out;
    out.write_all(&sha256.finalize())?;
    out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
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
