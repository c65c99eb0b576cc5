//! An entry (条目): the ledger's leaf. One JSON object, byte for byte the template of its kind.
//!
//! ```text
//! {"v":1,"index":7,"time":…,"prev":"<b64>","kind":"statement","subject":"project/X","seq":2,"prev_in_subject":"<b64>","statement":"<JWT>"}
//! {"v":1,"index":0,"time":…,"prev":"AAA…","kind":"genesis","subject":"ledger","seq":0,"prev_in_subject":"AAA…","origin":"…",
//!  "log_key":"<vkey>","root_jwk":{…},"recovery_jwk":{…},"jurisdiction":"cn","predecessor":""}
//! {"v":1,"index":9,"time":…,"prev":"<b64>","kind":"seal","subjects":<count>,"map_root":"<b64>"}
//! ```
//!
//! The template has one spelling, so reading is walking along it; there is no backslash and no white space in it.

use alloc::borrow::ToOwned;
use alloc::string::{String, ToString as _};
use core::fmt::{self, Write as _};

use super::code::is_jurisdiction;
use super::json::MAX_NUMBER;
use super::statement::Jwk;
use crate::log::base64;
use crate::log::checkpoint::SignedCheckpoint;
use crate::log::hash::{Hash, LeafHash, leaf_hash};
use crate::log::index::LeafIndex;
use crate::log::key::PublicKey;
use crate::log::note::{KeyKind, VerifierKey};

/// The longest entry, in bytes: what a C2SP entry bundle can hold.
pub const MAX_ENTRY: usize = 65_535;

/// Milliseconds since the Unix epoch by the ledger's clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct EntryTime(pub u64);

/// An entry, read; it borrows from the bytes it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Its place in the log.
    pub index: LeafIndex,
    /// When the ledger recorded it.
    pub time: EntryTime,
    /// The leaf hash of the entry before it; zero for index 0.
    pub prev: LeafHash,
    /// What it holds.
    pub body: Body<'a>,
}

/// What an entry holds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant)] // there is one genesis in a ledger
pub enum Body<'a> {
    /// A statement about a subject.
    Statement {
        /// The subject, as written.
        subject: &'a str,
        /// 0-based within the subject.
        seq: u64,
        /// The leaf hash of the subject's previous entry; zero for `seq` 0.
        prev_in_subject: LeafHash,
        /// The JWT, verbatim.
        statement: &'a str,
    },
    /// The first entry: whose ledger this is.
    Genesis(Genesis),
    /// The last entry of a batch: the root of the subject map.
    Seal(Seal),
}

/// Whose ledger this is (创世条目).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Genesis {
    /// The log's origin.
    pub origin: String,
    /// The first log key.
    pub log_key: VerifierKey,
    /// The first root key.
    pub root: Jwk,
    /// The recovery key, which only names the next root.
    pub recovery: Jwk,
    /// Where its law is.
    pub jurisdiction: String,
    /// b64 of the last cosigned checkpoint of the ledger this one succeeds, or empty.
    pub predecessor: String,
}

/// The end of a batch (封印): what the subject map was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seal {
    /// Subjects in the map.
    pub subjects: u64,
    /// Root of the map of all subjects before this entry.
    pub map_root: Hash,
}

/// Why bytes are no entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// A version this verifier does not know: it can judge neither way.
    #[error("entry format {version} is newer than this verifier (1): update it")]
    Newer {
        /// The version found.
        version: u64,
    },
    /// Longer than 65,535 bytes.
    #[error("an entry has at most {MAX_ENTRY} bytes, this one has {found}")]
    TooLong {
        /// Its length.
        found: usize,
    },
    /// Not the template.
    #[error("not an entry: at byte {at} expected {expected}")]
    Template {
        /// Where reading stopped.
        at: usize,
        /// What the template has there.
        expected: &'static str,
    },
}

/// Walks along the template.
struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn fail<T>(&self, expected: &'static str) -> Result<T, EntryError> {
        Err(EntryError::Template { at: self.at, expected })
    }

    fn literal(&mut self, literal: &'static str) -> Result<(), EntryError> {
        if !self.text[self.at..].starts_with(literal) {
            return self.fail(literal);
        }
        self.at += literal.len();
        Ok(())
    }

    /// A number in its one spelling, at most 2^53.
    fn number(&mut self) -> Result<u64, EntryError> {
        let rest = &self.text[self.at..];
        let digits = &rest[..rest.bytes().take_while(u8::is_ascii_digit).count()];
        let canonical = digits == "0" || (!digits.starts_with('0') && (1..=16).contains(&digits.len()));
        match digits.parse::<u64>() {
            Ok(number) if canonical && number <= MAX_NUMBER.unsigned_abs() => {
                self.at += digits.len();
                Ok(number)
            }
            _ => self.fail("an integer from 0 to 2^53 without leading zero"),
        }
    }

    /// The text up to the next quote: no control character, no backslash.
    fn string(&mut self) -> Result<&'a str, EntryError> {
        let rest = &self.text[self.at..];
        let Some(end) = rest.bytes().position(|b| b == b'"' || b == b'\\' || b < 0x20) else {
            return self.fail("the end of a string");
        };
        if rest.as_bytes()[end] != b'"' {
            self.at += end;
            return self.fail("a string without backslash and control characters");
        }
        self.at += end;
        Ok(&rest[..end])
    }

    fn hash(&mut self) -> Result<Hash, EntryError> {
        let at = self.at;
        let text = self.string()?;
        Hash::parse(text).map_err(|_| EntryError::Template { at, expected: "32 bytes in canonical base64" })
    }
}

impl<'a> Entry<'a> {
    /// Reads an entry.
    ///
    /// # Errors
    /// [`EntryError::Newer`] for a greater `v`; else anything but the template of its kind.
    pub fn parse(text: &'a str) -> Result<Self, EntryError> {
        if text.len() > MAX_ENTRY {
            return Err(EntryError::TooLong { found: text.len() });
        }
        let mut cursor = Cursor { text, at: 0 };
        cursor.literal("{\"v\":")?;
        match cursor.number()? {
            1 => {}
            0 => return cursor.fail("version 1"),
            version => return Err(EntryError::Newer { version }),
        }
        cursor.literal(",\"index\":")?;
        let index = LeafIndex(cursor.number()?);
        cursor.literal(",\"time\":")?;
        let time = EntryTime(cursor.number()?);
        cursor.literal(",\"prev\":\"")?;
        let prev = LeafHash(cursor.hash()?);
        cursor.literal("\",\"kind\":\"")?;
        let body = match cursor.string()? {
            "statement" => read_statement(&mut cursor)?,
            "genesis" => Body::Genesis(read_genesis(&mut cursor)?),
            "seal" => Body::Seal(read_seal(&mut cursor)?),
            _ => return cursor.fail("kind statement, genesis or seal"),
        };
        if cursor.at != text.len() {
            return cursor.fail("the end of the entry");
        }
        Ok(Self { index, time, prev, body })
    }

    /// The entry's one spelling.
    pub fn format(&self) -> String {
        let statement = if let Body::Statement { statement, .. } = &self.body { statement.len() } else { 0 };
        let mut text = String::with_capacity(statement + 512);
        self.write(&mut text).expect("a string takes what is written");
        text
    }

    fn write(&self, text: &mut String) -> fmt::Result {
        let Entry { index, time, prev, body } = self;
        write!(text, "{{\"v\":1,\"index\":{index},\"time\":{},\"prev\":\"{prev}\",\"kind\":\"", time.0)?;
        match body {
            Body::Statement { subject, seq, prev_in_subject, statement } => write!(
                text,
                "statement\",\"subject\":\"{subject}\",\"seq\":{seq},\"prev_in_subject\":\"{prev_in_subject}\",\"statement\":\"{statement}\"}}"
            ),
            Body::Genesis(g) => write!(
                text,
                "genesis\",\"subject\":\"ledger\",\"seq\":0,\"prev_in_subject\":\"{}\",\"origin\":\"{}\",\"log_key\":\"{}\",\"root_jwk\":{},\"recovery_jwk\":{},\"jurisdiction\":\"{}\",\"predecessor\":\"{}\"}}",
                Hash::ZERO,
                g.origin,
                g.log_key,
                g.root.format(),
                g.recovery.format(),
                g.jurisdiction,
                g.predecessor
            ),
            Body::Seal(seal) => {
                write!(text, "seal\",\"subjects\":{},\"map_root\":\"{}\"}}", seal.subjects, seal.map_root)
            }
        }
    }

    /// The subject, `seq` and `prev_in_subject`; none for a seal.
    pub fn link(&self) -> Option<(&str, u64, LeafHash)> {
        match &self.body {
            Body::Statement { subject, seq, prev_in_subject, .. } => Some((subject, *seq, *prev_in_subject)),
            Body::Genesis(_) => Some(("ledger", 0, LeafHash(Hash::ZERO))),
            Body::Seal(_) => None,
        }
    }

    /// The seal, if it is one.
    pub fn seal(&self) -> Option<Seal> {
        if let Body::Seal(seal) = self.body { Some(seal) } else { None }
    }
}

/// The leaf hash of an entry's bytes: SHA-256(0x00 || entry).
pub fn entry_hash(text: &str) -> LeafHash {
    leaf_hash(text.as_bytes())
}

fn read_statement<'a>(cursor: &mut Cursor<'a>) -> Result<Body<'a>, EntryError> {
    cursor.literal("\",\"subject\":\"")?;
    let subject = cursor.string()?;
    cursor.literal("\",\"seq\":")?;
    let seq = cursor.number()?;
    cursor.literal(",\"prev_in_subject\":\"")?;
    let prev_in_subject = LeafHash(cursor.hash()?);
    cursor.literal("\",\"statement\":\"")?;
    let statement = cursor.string()?;
    cursor.literal("\"}")?;
    Ok(Body::Statement { subject, seq, prev_in_subject, statement })
}

fn read_seal(cursor: &mut Cursor<'_>) -> Result<Seal, EntryError> {
    cursor.literal("\",\"subjects\":")?;
    let subjects = cursor.number()?;
    cursor.literal(",\"map_root\":\"")?;
    let map_root = cursor.hash()?;
    cursor.literal("\"}")?;
    Ok(Seal { subjects, map_root })
}

fn read_genesis(cursor: &mut Cursor<'_>) -> Result<Genesis, EntryError> {
    cursor.literal("\",\"subject\":\"ledger\",\"seq\":0,\"prev_in_subject\":\"")?;
    if cursor.hash()? != Hash::ZERO {
        return cursor.fail("32 zero bytes");
    }
    cursor.literal("\",\"origin\":\"")?;
    let origin = cursor.string()?.to_owned();
    cursor.literal("\",\"log_key\":\"")?;
    let vkey = cursor.string()?;
    let log_key = VerifierKey::parse(vkey).ok().filter(|key| key.kind() == KeyKind::Ed25519 && key.name() == origin);
    let Some(log_key) = log_key.filter(|key| key.to_string() == vkey) else {
        return cursor.fail("the vkey of an Ed25519 log key whose name is the origin");
    };
    cursor.literal("\",\"root_jwk\":")?;
    let root = read_jwk(cursor)?;
    cursor.literal(",\"recovery_jwk\":")?;
    let recovery = read_jwk(cursor)?;
    cursor.literal(",\"jurisdiction\":\"")?;
    let jurisdiction = cursor.string()?.to_owned();
    if !is_jurisdiction(&jurisdiction) {
        return cursor.fail("a jurisdiction, [a-z0-9-]{1,32}");
    }
    cursor.literal("\",\"predecessor\":\"")?;
    let predecessor = cursor.string()?.to_owned();
    if !predecessor.is_empty() && !is_predecessor(&predecessor, &origin) {
        return cursor.fail("the base64 of a checkpoint of another ledger");
    }
    cursor.literal("\"}")?;
    Ok(Genesis { origin, log_key, root, recovery, jurisdiction, predecessor })
}

/// Whether this is the b64 of a checkpoint of another origin (formats.md §8).
fn is_predecessor(text: &str, origin: &str) -> bool {
    let note = base64::decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    note.and_then(|note| SignedCheckpoint::parse(&note).ok()).is_some_and(|note| note.checkpoint.origin != origin)
}

fn read_jwk(cursor: &mut Cursor<'_>) -> Result<Jwk, EntryError> {
    cursor.literal("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"")?;
    let key = base64::decode_url(cursor.string()?).ok().and_then(|bytes| PublicKey::parse(&bytes).ok());
    let Some(key) = key else { return cursor.fail("a valid Ed25519 key in canonical base64url") };
    cursor.literal("\"}")?;
    Ok(Jwk::new(key))
}
