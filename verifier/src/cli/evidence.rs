//! Evidence of misbehaviour, as files that a third party checks with the trust policy alone (formats.md §7).
//!
//! ```text
//! {"format":"mingzhang-evidence/v1","kind":"fork","notes":["<smaller>","<larger>"],"path":["<b64>",…]}
//! {"format":"mingzhang-evidence/v1","kind":"rollback","notes":["<seen before>","<found now>"]}
//! ```
//!
//! A fork of two sizes needs `path`, the consistency proof within the larger tree: it leads to the larger root and not to the
//! smaller. It always begins with the hash to start from, which RFC 9162 leaves out where the smaller size is a power of two:
//! there the hash is what the smaller root should have been. A rollback proves nothing to others, since an old note may simply be old; it keeps both notes for an inquiry.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde_json::json;
use verifier::audit::consistency_path;
use verifier::log::checkpoint::SignedCheckpoint;
use verifier::log::hash::Hash;
use verifier::log::index::TreeSize;
use verifier::log::tree::root_of;

use super::lang::Lang;
use super::message::Message;

/// What became of the evidence.
#[derive(Debug)]
pub(crate) enum Kept {
    /// It is in this file.
    In(PathBuf),
    /// It could not be written.
    Unwritable(PathBuf, io::Error),
    /// The hashes at hand do not prove anything to others.
    Impossible,
}

/// `fork-evidence.json`, beside the state if there is one.
pub(crate) fn default_path(state: Option<&Path>) -> PathBuf {
    state.and_then(Path::parent).unwrap_or(Path::new("")).join("fork-evidence.json")
}

/// Writes down two notes of which not both can be of one tree. `leaves` are those of the larger, needed unless the sizes
/// are equal.
pub(crate) fn keep_fork(path: &Path, a: &str, b: &str, leaves: &[Hash]) -> Kept {
    let (Ok(first), Ok(second)) = (SignedCheckpoint::parse(a), SignedCheckpoint::parse(b)) else {
        return Kept::Impossible;
    };
    let (first, second) = (first.checkpoint.size, second.checkpoint.size);
    let (smaller, larger, notes) = if first <= second { (first, second, [a, b]) } else { (second, first, [b, a]) };
    let mut evidence = json!({ "format": "mingzhang-evidence/v1", "kind": "fork", "notes": notes });
    if smaller != larger {
        let leaves = usize::try_from(larger.0).ok().and_then(|size| leaves.get(..size));
        let Some(proof) = leaves.and_then(|leaves| whole_path(leaves, smaller)) else { return Kept::Impossible };
        evidence["path"] = proof.iter().map(ToString::to_string).collect();
    }
    write_new(path, &(evidence.to_string() + "\n"))
}

fn whole_path(leaves: &[Hash], smaller: TreeSize) -> Option<Vec<Hash>> {
    let mut path = consistency_path(leaves, smaller)?;
    if smaller.0.is_power_of_two() {
        path.insert(0, root_of(leaves.get(..usize::try_from(smaller.0).ok()?)?.iter().copied()).0);
    }
    Some(path)
}

/// Writes down the larger head seen before and the smaller one found now.
pub(crate) fn keep_rollback(path: &Path, seen: &str, found: &str) -> Kept {
    let evidence = json!({ "format": "mingzhang-evidence/v1", "kind": "rollback", "notes": [seen, found] });
    write_new(path, &(evidence.to_string() + "\n"))
}

/// Earlier evidence is never overwritten: the file gets a number if its name is taken.
fn write_new(path: &Path, text: &str) -> Kept {
    for number in 0..1000 {
        let path = numbered(path, number);
        let written = OpenOptions::new().write(true).create_new(true).open(&path).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        });
        match written {
            Ok(()) => return Kept::In(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Kept::Unwritable(path, error),
        }
    }
    Kept::Unwritable(path.to_owned(), io::ErrorKind::AlreadyExists.into())
}

fn numbered(path: &Path, number: u32) -> PathBuf {
    if number == 0 {
        return path.to_owned();
    }
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let extension = path.extension().map(|e| format!(".{}", e.to_string_lossy())).unwrap_or_default();
    path.with_file_name(format!("{stem}-{number}{extension}"))
}

/// The message, and where its evidence is.
pub(crate) fn told(kept: Kept, message: String, lang: Lang) -> String {
    let stop = match lang {
        Lang::Zh => "。",
        Lang::En => ". ",
    };
    let shown = |path: &Path| path.display().to_string();
    let evidence = match kept {
        Kept::In(path) => Message::EvidenceKept { path: &shown(&path) }.text(lang),
        Kept::Unwritable(path, error) => {
            Message::EvidenceUnwritable { path: &shown(&path), error: &error.to_string() }.text(lang)
        }
        Kept::Impossible => Message::EvidenceImpossible.text(lang),
    };
    message + stop + &evidence
}
