//! The evidence's file (formats.md §7): read strictly, written by whoever finds a ledger false.
//!
//! ```text
//! {"format":"mingzhang-evidence/v1","kind":"fork","notes":["<note>","<note>"]}                        equal sizes
//! {"format":"mingzhang-evidence/v1","kind":"fork","notes":["<smaller>","<larger>"],"path":["<b64>",…]}
//! {"format":"mingzhang-evidence/v1","kind":"no-seal","last":<included>}
//! {"format":"mingzhang-evidence/v1","kind":"seq-twice","entries":[<included>,<included>]}
//! {"format":"mingzhang-evidence/v1","kind":"omission","entry":<included>,"seal":<included>,"subject":<subject>}
//! {"format":"mingzhang-evidence/v1","kind":"rollback","notes":["<seen before>","<found later>"]}
//!
//! <included>   {"note":"<note>","entry":"<entry>","inclusion":["<b64>",…]}           the entry is in the note's tree
//! <subject>    {"id":"project/X","count":0,"map_proof":{"siblings":["<b64>",…]}}     as in a dossier, without entries
//! ```
//!
//! `path` is the consistency proof within the larger tree. It always begins with the hash to start from, which RFC 9162 leaves
//! out where the smaller size is a power of two: there that hash is what the smaller root should have been.
//! `schema/evidence-file.schema.json` describes the same for programs.

use alloc::borrow::ToOwned as _;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use serde_json::json;

use super::{Evidence, Included};
use crate::dossier::{format_hashes, format_subject, read_hashes, read_state};
use crate::log::checkpoint::{CheckpointError, SignedCheckpoint};
use crate::log::index::TreeSize;
use crate::record::json::{self, JsonError, MemberError, Object, type_error};
use crate::record::subject::SubjectError;

/// What `format` says.
pub const FORMAT: &str = "mingzhang-evidence/v1";
/// The longest evidence read, in bytes: two notes, two entries, and their quoting.
pub const MAX_EVIDENCE: usize = 8 << 20;

/// Why a file is no evidence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// Longer than [`MAX_EVIDENCE`].
    #[error("evidence has at most {MAX_EVIDENCE} bytes, this file has {found}")]
    TooLong {
        /// Its length.
        found: usize,
    },
    /// Not strict JSON.
    #[error("not evidence: {0}")]
    Json(#[from] JsonError),
    /// A member is missing, unknown or of another type.
    #[error("the evidence's {0}")]
    Member(#[from] MemberError),
    /// Another format than this reader's.
    #[error("`format` is `{found}`, this reader knows `{FORMAT}`")]
    Format {
        /// What was found.
        found: String,
    },
    /// A kind that is not listed.
    #[error("`kind` is `{found}`, known are fork, no-seal, seq-twice, omission and rollback")]
    Kind {
        /// What was found.
        found: String,
    },
    /// A note is malformed.
    #[error("a note in the evidence: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// The subject is malformed or not normalised.
    #[error(transparent)]
    Subject(#[from] SubjectError),
    /// The notes stand in another order than their kind's.
    #[error("the notes are of {} and {} entries; a fork shows the smaller first, a rollback the larger", sizes[0], sizes[1])]
    Order {
        /// Their sizes.
        sizes: [TreeSize; 2],
    },
}

impl Evidence {
    /// Reads evidence.
    ///
    /// # Errors
    /// The first thing that is not as the module's drawing says.
    pub fn parse(text: &str) -> Result<Self, FileError> {
        if text.len() > MAX_EVIDENCE {
            return Err(FileError::TooLong { found: text.len() });
        }
        let object = json::parse_object(text)?;
        let format = object.string("format")?;
        if format != FORMAT {
            return Err(FileError::Format { found: format.to_owned() });
        }
        let included = |name| read_included(object.object(name)?);
        let only = |members: &[&str]| object.only(&[&["format", "kind"], members].concat());
        match object.string("kind")? {
            "fork" => read_fork(&object),
            "no-seal" => {
                only(&["last"])?;
                Ok(Self::NoSeal { last: included("last")? })
            }
            "seq-twice" => {
                only(&["entries"])?;
                let [a, b] = object.array("entries")? else { return Err(two("entries").into()) };
                let read = |value: &json::Value| read_included(value.as_object().ok_or_else(|| two("entries"))?);
                Ok(Self::SeqTwice { entries: [read(a)?, read(b)?] })
            }
            "omission" => {
                only(&["entry", "seal", "subject"])?;
                let subject = object.object("subject")?;
                subject.only(&["id", "count", "head", "tally", "map_proof"])?;
                let shown = read_state::<FileError>(subject)?;
                Ok(Self::Omission { entry: included("entry")?, seal: included("seal")?, shown })
            }
            "rollback" => {
                only(&["notes"])?;
                let (notes, [seen, found]) = read_notes(&object)?;
                if seen > found { Ok(Self::Rollback { notes }) } else { Err(FileError::Order { sizes: [seen, found] }) }
            }
            found => Err(FileError::Kind { found: found.to_owned() }),
        }
    }

    /// Writes the evidence: compact JSON that [`Evidence::parse`] reads back.
    pub fn format(&self) -> String {
        let mut value = match self {
            Self::Fork { notes, path } if path.is_empty() => json!({ "notes": format_notes(notes) }),
            Self::Fork { notes, path } => json!({ "notes": format_notes(notes), "path": format_hashes(path) }),
            Self::NoSeal { last } => json!({ "last": format_included(last) }),
            Self::SeqTwice { entries: [a, b] } => json!({ "entries": [format_included(a), format_included(b)] }),
            Self::Omission { entry, seal, shown } => json!({
                "entry": format_included(entry), "seal": format_included(seal), "subject": format_subject(shown),
            }),
            Self::Rollback { notes } => json!({ "notes": format_notes(notes) }),
        };
        value["format"] = FORMAT.into();
        value["kind"] = self.kind().into();
        value.to_string()
    }

    /// What `kind` says.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Fork { .. } => "fork",
            Self::NoSeal { .. } => "no-seal",
            Self::SeqTwice { .. } => "seq-twice",
            Self::Omission { .. } => "omission",
            Self::Rollback { .. } => "rollback",
        }
    }
}

/// Notes of one size have no path between them, notes of two sizes need one.
fn read_fork(object: &Object) -> Result<Evidence, FileError> {
    let (notes, [first, second]) = read_notes(object)?;
    if first == second {
        object.only(&["format", "kind", "notes"])?;
        return Ok(Evidence::Fork { notes, path: Vec::new() });
    }
    object.only(&["format", "kind", "notes", "path"])?;
    if first > second {
        return Err(FileError::Order { sizes: [first, second] });
    }
    Ok(Evidence::Fork { notes, path: read_hashes(object, "path")? })
}

fn read_notes(object: &Object) -> Result<([SignedCheckpoint; 2], [TreeSize; 2]), FileError> {
    let notes = object.strings("notes")?;
    let [a, b] = notes.as_slice() else { return Err(two("notes").into()) };
    let notes = [SignedCheckpoint::parse(a)?, SignedCheckpoint::parse(b)?];
    let sizes = [notes[0].checkpoint.size, notes[1].checkpoint.size];
    Ok((notes, sizes))
}

fn read_included(object: &Object) -> Result<Included, FileError> {
    object.only(&["note", "entry", "inclusion"])?;
    Ok(Included {
        note: SignedCheckpoint::parse(object.string("note")?)?,
        entry: object.string("entry")?.to_owned(),
        inclusion: read_hashes(object, "inclusion")?,
    })
}

fn two(name: &str) -> MemberError {
    type_error(name, "an array of two")
}

fn format_notes(notes: &[SignedCheckpoint; 2]) -> [String; 2] {
    [notes[0].format(), notes[1].format()]
}

fn format_included(included: &Included) -> serde_json::Value {
    let inclusion = format_hashes(&included.inclusion);
    json!({ "note": included.note.format(), "entry": included.entry, "inclusion": inclusion })
}
