//! One entry alone: all that can be said of it without knowing the others.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use super::fault::{AuditError, Fault};
use crate::log::hash::{Hash, LeafHash};
use crate::log::index::LeafIndex;
use crate::log::key::{PreparedKey, verify_each};
use crate::record::authority::AuthorityError;
use crate::record::disclosure::{MAX_DISCLOSURES, MAX_DISCLOSURES_TOGETHER, Shown};
use crate::record::entry::{Body, Entry, EntryTime, Genesis, Seal, entry_hash};
use crate::record::json;
use crate::record::replay;
use crate::record::statement::{Kind, Statement};
use crate::record::subject_map::map_key;

/// An entry, read and hashed.
#[derive(Debug)]
pub struct ReadEntry {
    /// Its bytes.
    pub text: String,
    /// Its leaf hash.
    pub leaf: LeafHash,
    /// The index it says.
    pub index: LeafIndex,
    /// The time it says.
    pub time: EntryTime,
    /// The hash of the entry before it, as it says.
    pub prev: LeafHash,
    /// What it holds.
    pub body: ReadBody,
}

/// What an entry holds.
#[derive(Debug)]
pub enum ReadBody {
    /// The genesis.
    Genesis(Box<Genesis>),
    /// A seal.
    Seal(Seal),
    /// A statement.
    Statement(Box<ReadStatement>),
}

/// A statement and what can be said of its disclosures.
#[derive(Debug)]
pub struct ReadStatement {
    /// The map key of its subject.
    pub key: Hash,
    /// 0-based within the subject.
    pub seq: u64,
    /// The leaf hash of the subject's previous entry, as it says.
    pub prev_in_subject: LeafHash,
    /// The statement.
    pub statement: Statement,
    /// Whether the disclosures were opened here; those of a reveal need its target.
    pub opened: bool,
    /// If opened: what is shown, and digests neither shown nor sealed.
    pub shown: Shown,
    /// If not opened, and of a rulebook: the disclosures.
    pub disclosures: Vec<String>,
    /// Where the JWT begins and ends in the entry's bytes.
    jwt: core::ops::Range<usize>,
}

impl ReadEntry {
    /// Reads the entry at `index` and what is disclosed beside it.
    ///
    /// # Errors
    /// The first thing that is wrong with it alone.
    pub fn read(index: LeafIndex, bytes: &[u8], disclosures: &[String]) -> Result<Self, AuditError> {
        Self::parse(bytes, disclosures).map_err(|fault| AuditError { index, fault })
    }

    fn parse(bytes: &[u8], disclosures: &[String]) -> Result<Self, Fault> {
        let text = core::str::from_utf8(bytes).map_err(|_| Fault::Encoding)?.to_owned();
        let entry = Entry::parse(&text)?;
        let (leaf, index, time, prev) = (entry_hash(&text), entry.index, entry.time, entry.prev);
        let none_owed = || Fault::Disclosures { problem: "the genesis and seals have none".to_owned() };
        let body = match entry.body {
            Body::Statement { subject, seq, prev_in_subject, statement: jwt } => {
                let statement = Statement::parse(jwt)?;
                if statement.sub.to_string() != subject {
                    return Err(Fault::Subject);
                }
                let opened = statement.kind() != Kind::Reveal;
                let kept = !opened || statement.kind() == Kind::Rulebook;
                let shown = if opened { replay::open(&statement, None, disclosures)? } else { Shown::default() };
                let start = jwt.as_ptr() as usize - text.as_ptr() as usize;
                ReadBody::Statement(Box::new(ReadStatement {
                    key: map_key(subject),
                    seq,
                    prev_in_subject,
                    statement,
                    opened,
                    shown,
                    disclosures: if kept { disclosures.to_vec() } else { Vec::new() },
                    jwt: start..start + jwt.len(),
                }))
            }
            _ if !disclosures.is_empty() => return Err(none_owed()),
            Body::Genesis(genesis) => ReadBody::Genesis(Box::new(genesis)),
            Body::Seal(seal) => ReadBody::Seal(seal),
        };
        Ok(Self { text, leaf, index, time, prev, body })
    }

    /// The earlier entry whose bytes are needed to judge this one: the target of a reveal or an erasure.
    pub fn target(&self) -> Option<LeafIndex> {
        let ReadBody::Statement(held) = &self.body else { return None };
        held.statement.target().map(|(index, _)| index)
    }

    /// Verifies the statement's signature with the key that folding gave.
    ///
    /// # Errors
    /// The signature does not verify.
    pub fn verify(&self, key: &PreparedKey) -> Result<(), AuditError> {
        let Some((_, message, signature)) = self.signed() else { return Ok(()) };
        key.verify(message, signature).map_err(|_| self.forged())
    }

    fn signed(&self) -> Option<(&Statement, &[u8], &[u8])> {
        let ReadBody::Statement(held) = &self.body else { return None };
        let (message, signature) = held.statement.signed_bytes(&self.text[held.jwt.clone()]);
        Some((&held.statement, message, signature))
    }

    fn forged(&self) -> AuditError {
        let fault = match self.signed() {
            Some((statement, ..)) => Fault::Authority(AuthorityError::Signature { iss: statement.iss.clone() }),
            None => Fault::Genesis,
        };
        AuditError { index: self.index, fault }
    }
}

/// Verifies many entries, each with the key that folding gave; as [`ReadEntry::verify`] for each, in less time.
///
/// # Errors
/// The first signature that does not verify.
pub fn verify_entries(entries: &[(ReadEntry, PreparedKey)]) -> Result<(), AuditError> {
    let signed: Vec<_> = entries
        .iter()
        .filter_map(|(entry, key)| entry.signed().map(|(_, message, signature)| (entry, (key, message, signature))))
        .collect();
    let jobs: Vec<_> = signed.iter().map(|(_, job)| *job).collect();
    let answers = verify_each(&jobs);
    match answers.iter().zip(&signed).find(|(answer, _)| answer.is_err()) {
        Some((_, (entry, _))) => Err(entry.forged()),
        None => Ok(()),
    }
}

/// Reads a `disclosures/<N>` file line by line: JSON Lines in index order, each `{"index":7,"disclosures":["…"]}`.
///
/// A line is at most [`DisclosureLines::MAX_LINE`] bytes, so a reader never holds more than one entry's disclosures.
#[derive(Clone, Debug)]
pub struct DisclosureLines {
    next: u64,
    until: u64,
}

impl DisclosureLines {
    /// The longest line: the disclosures of one statement with room for their quoting.
    pub const MAX_LINE: usize = MAX_DISCLOSURES_TOGETHER + 4 * MAX_DISCLOSURES + 256;

    /// The lines of a file about the entries `from..until`.
    pub fn new(from: LeafIndex, until: LeafIndex) -> Self {
        Self { next: from.0, until: until.0 }
    }

    /// Reads the next line, without its newline.
    ///
    /// # Errors
    /// A line that is not of this form, out of order, about another file's entry, or with nothing disclosed.
    pub fn read(&mut self, line: &str) -> Result<(LeafIndex, Vec<String>), AuditError> {
        let fail = |at, problem| AuditError { index: LeafIndex(at), fault: Fault::Disclosures { problem } };
        let (index, texts) = parse_line(line).map_err(|problem| fail(self.next, problem))?;
        if index < self.next || index >= self.until {
            return Err(fail(index, format!("index {index} is out of order or outside {}..{}", self.next, self.until)));
        }
        if texts.is_empty() {
            return Err(fail(index, format!("entry {index} is listed with no disclosure")));
        }
        self.next = index + 1;
        Ok((LeafIndex(index), texts))
    }
}

fn parse_line(line: &str) -> Result<(u64, Vec<String>), String> {
    let object = json::parse_object(line).map_err(|error| error.to_string())?;
    object.only(&["index", "disclosures"]).map_err(|error| error.to_string())?;
    let index = object.count("index").map_err(|error| error.to_string())?;
    let texts = object.strings("disclosures").map_err(|error| error.to_string())?;
    Ok((index, texts.into_iter().map(ToOwned::to_owned).collect()))
}
