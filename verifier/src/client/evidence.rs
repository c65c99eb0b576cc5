//! Writing evidence down, so that a third party can check it with the trust policy alone.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::prelude::rust_2024::*;

use crate::evidence::{Evidence, EvidenceError};
use crate::log::policy::Policy;

/// What became of the evidence.
#[derive(Debug)]
pub enum Kept {
    /// It is in this file.
    In(PathBuf),
    /// It is in this file, and proves nothing under the policy at hand.
    Unproven(PathBuf, EvidenceError),
    /// It could not be written.
    Unwritable(PathBuf, io::Error),
    /// The hashes at hand do not prove anything to others.
    Impossible,
}

/// `evidence.json`, beside the state if there is one.
pub fn default_path(state: Option<&Path>) -> PathBuf {
    state.and_then(Path::parent).unwrap_or(Path::new("")).join("evidence.json")
}

/// Writes evidence down, once it was checked like anybody else's.
pub fn keep(path: &Path, evidence: Option<&Evidence>, policy: &Policy) -> Kept {
    let Some(evidence) = evidence else { return Kept::Impossible };
    let path = match write_new(path, &(evidence.format() + "\n")) {
        Ok(path) => path,
        Err(error) => return Kept::Unwritable(path.to_owned(), error),
    };
    match evidence.check(policy) {
        // A rollback is kept for an inquiry and never proves anything to others.
        Ok(_) | Err(EvidenceError::Rollback { .. }) => Kept::In(path),
        Err(error) => Kept::Unproven(path, error),
    }
}

/// Earlier evidence is never overwritten: the file gets a number if its name is taken.
fn write_new(path: &Path, text: &str) -> io::Result<PathBuf> {
    for number in 0..1000 {
        let path = numbered(path, number);
        let written = OpenOptions::new().write(true).create_new(true).open(&path).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        });
        match written {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

fn numbered(path: &Path, number: u32) -> PathBuf {
    if number == 0 {
        return path.to_owned();
    }
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let extension = path.extension().map(|e| format!(".{}", e.to_string_lossy())).unwrap_or_default();
    path.with_file_name(format!("{stem}-{number}{extension}"))
}
