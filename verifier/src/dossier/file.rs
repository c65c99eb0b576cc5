//! The dossier's file (formats.md §5): read strictly, written by the ledger, judged elsewhere.

use alloc::borrow::ToOwned;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::log::checkpoint::{CheckpointError, SignedCheckpoint};
use crate::log::hash::{Hash, LeafHash};
use crate::record::json::{self, JsonError, MemberError, Object, Value, type_error};
use crate::record::subject::{Subject, SubjectError};
use crate::record::subject_map::{MapError, MapProof, SubjectState, Tally, map_key};

/// What `format` says.
pub const FORMAT: &str = "mingzhang-dossier/v1";
/// The longest dossier read, in bytes.
pub const MAX_DOSSIER: usize = 256 << 20;
/// The longest inclusion proof.
const MAX_PROOF: usize = 64;

/// A dossier as it stands in its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DossierFile {
    /// The head all this is as of.
    pub head: Head,
    /// The subject asked for, then those it calls for; at least one.
    pub subjects: Vec<SubjectPart>,
}

/// The head and its seal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The checkpoint, with its cosignatures.
    pub checkpoint: SignedCheckpoint,
    /// The seal: entry n−1.
    pub seal: String,
    /// The seal's inclusion proof.
    pub seal_proof: Vec<Hash>,
}

/// One subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubjectPart {
    /// Which.
    pub subject: Subject,
    /// What it says the map holds; `count` 0 if it is absent.
    pub state: SubjectState,
    /// The proof of that.
    pub map_proof: MapProof,
    /// Its entries; left out in an absence proof.
    pub entries: Option<Vec<EntryPart>>,
}

/// One entry and its proofs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryPart {
    /// The entry's bytes.
    pub entry: String,
    /// What is disclosed beside it.
    pub disclosures: Vec<String>,
    /// Its inclusion in the head.
    pub inclusion: Vec<Hash>,
    /// The earliest cosigned checkpoint that covers it, and its inclusion there.
    pub recorded_by: Option<(SignedCheckpoint, Vec<Hash>)>,
    /// The latest cosigned checkpoint that does not cover it.
    pub not_before: Option<SignedCheckpoint>,
}

impl SubjectPart {
    /// What it says of the subject is what the map under this root holds.
    ///
    /// # Errors
    /// The proof leads elsewhere.
    pub fn check(&self, map_root: Hash) -> Result<(), MapError> {
        let key = map_key(&self.subject.to_string());
        if self.state.count == 0 {
            self.map_proof.check_absent(key, map_root)
        } else {
            self.map_proof.check_member(key, self.state.value(), map_root)
        }
    }
}

/// Why a file is no dossier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// Longer than 256 MiB.
    #[error("a dossier has at most {MAX_DOSSIER} bytes, this one has {found}")]
    TooLong {
        /// Its length.
        found: usize,
    },
    /// Not strict JSON.
    #[error("not a dossier: {0}")]
    Json(#[from] JsonError),
    /// A member is missing, unknown or of another type.
    #[error("the dossier's {0}")]
    Member(#[from] MemberError),
    /// Another format than this reader's.
    #[error("`format` is `{found}`, this reader knows `{FORMAT}`")]
    Format {
        /// What was found.
        found: String,
    },
    /// A checkpoint is malformed.
    #[error("a checkpoint in the dossier: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// A subject is malformed or not normalised.
    #[error(transparent)]
    Subject(#[from] SubjectError),
    /// The first subject is not the one asked for.
    #[error("`subject` is `{expected}`, the first subject shown is `{found}`")]
    First {
        /// `subject`.
        expected: String,
        /// The first of `subjects`.
        found: String,
    },
}

impl DossierFile {
    /// Reads a dossier.
    ///
    /// # Errors
    /// The first thing that is not as formats.md §5 says.
    pub fn parse(text: &str) -> Result<Self, FileError> {
        if text.len() > MAX_DOSSIER {
            return Err(FileError::TooLong { found: text.len() });
        }
        let object = json::parse_object(text)?;
        object.only(&["format", "subject", "head", "subjects"])?;
        let format = object.string("format")?;
        if format != FORMAT {
            return Err(FileError::Format { found: format.to_owned() });
        }
        let head = read_head(object.object("head")?)?;
        let parts = object.array("subjects")?.iter();
        let subjects = parts.map(read_subject).collect::<Result<Vec<_>, _>>()?;
        let Some(first) = subjects.first() else {
            return Err(type_error("subjects", "an array with the subject asked for first").into());
        };
        let found = first.subject.to_string();
        let expected = object.string("subject")?;
        if found != expected {
            return Err(FileError::First { expected: expected.to_owned(), found });
        }
        Ok(Self { head, subjects })
    }

    /// Writes the dossier: compact JSON that [`DossierFile::parse`] reads back.
    pub fn format(&self) -> String {
        let subject = self.subjects.first().map(|part| part.subject.to_string()).unwrap_or_default();
        let head = serde_json::json!({
            "checkpoint": self.head.checkpoint.format(),
            "seal": self.head.seal,
            "seal_proof": format_hashes(&self.head.seal_proof),
        });
        let subjects: Vec<_> = self.subjects.iter().map(format_subject).collect();
        serde_json::json!({ "format": FORMAT, "subject": subject, "head": head, "subjects": subjects }).to_string()
    }
}

/// Reads the hashes of a path within the tree.
pub(crate) fn read_hashes(object: &Object, name: &'static str) -> Result<Vec<Hash>, MemberError> {
    let texts = object.strings(name)?;
    if texts.len() > MAX_PROOF {
        return Err(type_error(name, "at most 64 hashes"));
    }
    let hashes = texts.into_iter().map(Hash::parse).collect::<Result<Vec<_>, _>>();
    hashes.map_err(|_| type_error(name, "hashes of 32 bytes in canonical base64"))
}

fn read_head(head: &Object) -> Result<Head, FileError> {
    head.only(&["checkpoint", "seal", "seal_proof"])?;
    Ok(Head {
        checkpoint: SignedCheckpoint::parse(head.string("checkpoint")?)?,
        seal: head.string("seal")?.to_owned(),
        seal_proof: read_hashes(head, "seal_proof")?,
    })
}

fn read_subject(value: &Value) -> Result<SubjectPart, FileError> {
    let object = value.as_object().ok_or_else(|| type_error("subjects", "an array of objects"))?;
    let mut part = read_state::<FileError>(object)?;
    if object.has("entries") {
        part.entries = Some(object.array("entries")?.iter().map(read_entry).collect::<Result<Vec<_>, _>>()?);
    }
    Ok(part)
}

/// Reads what is said of one subject, and of a subject that is there perhaps `entries`, which are left for the caller.
pub(crate) fn read_state<E: From<MemberError> + From<SubjectError>>(part: &Object) -> Result<SubjectPart, E> {
    let subject = Subject::parse(part.string("id")?)?;
    let count = part.count("count")?;
    let map_proof = MapProof::parse(part.object("map_proof")?)?;
    if count == 0 {
        part.only(&["id", "count", "map_proof"])?;
        return Ok(SubjectPart { subject, state: SubjectState::default(), map_proof, entries: None });
    }
    part.only(&["id", "count", "head", "tally", "map_proof", "entries"])?;
    let head = Hash::parse(part.string("head")?).map_err(|_| type_error("head", "32 bytes in canonical base64"))?;
    let state = SubjectState { count, head: LeafHash(head), tally: Tally::parse(part.object("tally")?)? };
    Ok(SubjectPart { subject, state, map_proof, entries: None })
}

fn read_entry(value: &Value) -> Result<EntryPart, FileError> {
    let part = value.as_object().ok_or_else(|| type_error("entries", "an array of objects"))?;
    part.only(&["entry", "disclosures", "inclusion", "recorded_by", "not_before"])?;
    let recorded_by = match part.member("recorded_by") {
        None => None,
        Some(_) => {
            let bound = part.object("recorded_by")?;
            bound.only(&["checkpoint", "inclusion"])?;
            Some((SignedCheckpoint::parse(bound.string("checkpoint")?)?, read_hashes(bound, "inclusion")?))
        }
    };
    let not_before = part.optional_string("not_before")?.map(SignedCheckpoint::parse).transpose()?;
    Ok(EntryPart {
        entry: part.string("entry")?.to_owned(),
        disclosures: part.strings("disclosures")?.into_iter().map(ToOwned::to_owned).collect(),
        inclusion: read_hashes(part, "inclusion")?,
        recorded_by,
        not_before,
    })
}

pub(crate) fn format_hashes(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(ToString::to_string).collect()
}

fn format_map_proof(proof: &MapProof) -> serde_json::Value {
    let mut value = serde_json::json!({ "siblings": format_hashes(&proof.siblings) });
    if let Some((key, other)) = proof.other {
        value["other_key"] = key.to_string().into();
        value["other_value"] = other.to_string().into();
    }
    value
}

pub(crate) fn format_subject(part: &SubjectPart) -> serde_json::Value {
    let (id, map_proof) = (part.subject.to_string(), format_map_proof(&part.map_proof));
    if part.state.count == 0 {
        return serde_json::json!({ "id": id, "count": 0, "map_proof": map_proof });
    }
    let tally: serde_json::Map<String, serde_json::Value> =
        part.state.tally.iter().map(|(stage, n)| (stage.code().to_owned(), n.into())).collect();
    let mut value = serde_json::json!({
        "id": id, "count": part.state.count, "head": part.state.head.to_string(), "tally": tally, "map_proof": map_proof,
    });
    if let Some(entries) = &part.entries {
        value["entries"] = entries.iter().map(format_entry).collect();
    }
    value
}

fn format_entry(part: &EntryPart) -> serde_json::Value {
    let mut value = serde_json::json!({
        "entry": part.entry, "disclosures": part.disclosures, "inclusion": format_hashes(&part.inclusion),
    });
    if let Some((checkpoint, inclusion)) = &part.recorded_by {
        value["recorded_by"] =
            serde_json::json!({ "checkpoint": checkpoint.format(), "inclusion": format_hashes(inclusion) });
    }
    if let Some(note) = &part.not_before {
        value["not_before"] = note.format().into();
    }
    value
}
