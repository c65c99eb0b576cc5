//! Copies of a disclosure whose words nobody knows any more: its digest still tells them.
//!
//! Exports, dossiers and drafts of statements hold a disclosure as one run of base64url characters. Every run of a file is
//! hashed and compared, so that a copy is found long after its bytes were deleted from the database.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use verifier::log::hash::{Hash, sha256};
use verifier::record::disclosure::MAX_DISCLOSURE;

use super::traces::files;
use crate::error::LedgerError;
use crate::ledger::DATABASE;

/// Bytes of a file that are read at once.
const WINDOW: usize = 1 << 16;
/// No disclosure is shorter: a salt of 16 bytes, a name and a value.
const SHORTEST: usize = 36;

/// The first file below a directory, other than the database and what belongs to it, that holds a disclosure of one of these
/// digests. Costs a hash of whatever looks like base64url.
pub(super) fn find_copy(dir: &Path, digests: &BTreeSet<Hash>) -> Result<Option<PathBuf>, LedgerError> {
    if digests.is_empty() {
        return Ok(None);
    }
    for file in files(dir)? {
        let name = file.strip_prefix(dir).ok().and_then(Path::to_str).unwrap_or_default();
        if name.strip_prefix(DATABASE).is_some_and(|rest| matches!(rest, "" | "-wal" | "-shm")) {
            continue;
        }
        match holds_any(&file, digests) {
            Ok(true) => return Ok(Some(file)),
            Ok(false) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(LedgerError::File { path: file, source }),
        }
    }
    Ok(None)
}

fn holds_any(path: &Path, digests: &BTreeSet<Hash>) -> io::Result<bool> {
    let mut file = File::open(path)?;
    let (mut window, mut run, mut too_long) = (vec![0; WINDOW], Vec::new(), false);
    let is_one = |run: &[u8]| run.len() >= SHORTEST && digests.contains(&sha256(run));
    loop {
        let read = file.read(&mut window)?;
        if read == 0 {
            return Ok(!too_long && is_one(&run));
        }
        for &byte in &window[..read] {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') {
                too_long |= run.len() == MAX_DISCLOSURE;
                if !too_long {
                    run.push(byte);
                }
                continue;
            }
            if !too_long && is_one(&run) {
                return Ok(true);
            }
            run.clear();
            too_long = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_found_by_its_digest_alone() {
        let dir = tempfile::tempdir().expect("a directory");
        let disclosure = verifier::log::base64::encode_url(&vec![b'x'; 100_000]);
        let digests = BTreeSet::from([sha256(disclosure.as_bytes())]);
        let path = dir.path().join("below/copy");
        std::fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
        let long = "A".repeat(MAX_DISCLOSURE + 1);
        for (content, found) in [
            (disclosure.clone(), true),
            (format!("{{\"disclosures\":[\"{disclosure}\"]}}"), true),
            (format!("{long}~{disclosure}~"), true),
            (format!("{long}{disclosure}"), false),
            (format!("A{disclosure}"), false),
            (disclosure[1..].to_owned(), false),
        ] {
            std::fs::write(&path, content).expect("a file");
            let copy = find_copy(dir.path(), &digests).expect("files");
            assert_eq!(copy.is_some(), found);
            assert_eq!(find_copy(dir.path(), &BTreeSet::new()).expect("files"), None);
        }
    }
}
