//! A receipt (回执, `.tlog-proof`): the ledger recorded this entry, at this place.
//!
//! A C2SP tlog-proof whose `extra` line is the b64 of `{"entry":"<entry>","disclosures":[…]}`. It proves that the entry is
//! in the log; whose key signed the statement, and whether anything was left out, only a dossier shows. A receipt may be
//! younger than its cosignatures: one that does not meet the policy's quorum yet holds by the ledger's word only, see
//! [`Receipt::meets_quorum`].

use alloc::string::String;
use alloc::vec::Vec;

use crate::log::checkpoint::SignedCheckpoint;
use crate::log::hash::Hash;
use crate::log::index::TreeSize;
use crate::log::policy::Policy;
use crate::log::policy_check::{PolicyCheckError, Witnessed};
use crate::log::proof::{ProofError, check_inclusion};
use crate::log::tlog_proof::{TlogProof, TlogProofError};
use crate::record::authority::{AuthorityError, check_issuer};
use crate::record::disclosure::{self, Shown};
use crate::record::entry::{Body, Entry, EntryError, entry_hash};
use crate::record::json::{self, JsonError, MemberError};
use crate::record::replay::{self, OwedError};
use crate::record::statement::{Content, Statement, StatementError};

/// A receipt that was verified; only [`verify`] makes one.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// The tlog-proof.
    pub proof: TlogProof,
    /// The entry's bytes.
    pub entry: String,
    /// The statement it holds, unless it is the genesis or a seal.
    pub statement: Option<Statement>,
    /// What is disclosed beside it.
    pub shown: Shown,
    /// Who signed and cosigned the head.
    pub witnessed: Witnessed,
}

/// Why a receipt is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// Not a tlog-proof.
    #[error("not a receipt: {0}")]
    Proof(#[from] TlogProofError),
    /// No `extra` line, so no entry to prove.
    #[error("the receipt has no `extra` line, which must hold the entry and its disclosures")]
    NoEntry,
    /// `extra` is not UTF-8.
    #[error("the `extra` line is not UTF-8")]
    Encoding,
    /// `extra` is not strict JSON.
    #[error("`extra`: {0}")]
    Json(#[from] JsonError),
    /// `extra` does not hold exactly `entry` and `disclosures`.
    #[error("`extra`: {0}")]
    Member(#[from] MemberError),
    /// The head does not satisfy the policy.
    #[error(transparent)]
    Policy(#[from] PolicyCheckError),
    /// The entry is malformed.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// The proof is for another index than the entry's.
    #[error("the proof is for index {proof}, the entry says {entry}")]
    Index {
        /// The proof's.
        proof: u64,
        /// The entry's.
        entry: u64,
    },
    /// The entry is not in the tree.
    #[error("the entry is not in the tree of this head: {0}")]
    Inclusion(#[from] ProofError),
    /// The statement is malformed.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// The statement is for another ledger or subject than its entry.
    #[error("the statement is not this entry's: its {what} is another")]
    Foreign {
        /// `aud` or `sub`.
        what: &'static str,
    },
    /// The entry cannot stand where it does in any ledger.
    #[error("the entry cannot stand at its place: {problem}")]
    Place {
        /// What is wrong.
        problem: &'static str,
    },
    /// The issuer may not say this in any ledger.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// A disclosure does not belong, or rules are missing.
    #[error(transparent)]
    Owed(#[from] OwedError),
}

impl Receipt {
    /// Whether the policy's quorum cosigned the head; always so under `quorum none`.
    pub fn meets_quorum(&self) -> bool {
        self.witnessed.cosigned().satisfies_quorum()
    }
}

impl ReceiptError {
    /// Whether the receipt is of a newer format, which this verifier cannot judge.
    pub fn is_newer_format(&self) -> bool {
        matches!(self, Self::Entry(EntryError::Newer { .. }))
    }
}

/// Verifies a receipt against a trust policy.
///
/// # Errors
/// The first rule broken.
pub fn verify(text: &str, policy: &Policy) -> Result<Receipt, ReceiptError> {
    verify_with(text, |head| policy.check_log(head))
}

/// As [`verify`], by whoever checks the receipt's head and may remember having checked it: many receipts are of one head.
///
/// # Errors
/// The first rule broken.
pub fn verify_with(
    text: &str,
    check_head: impl FnOnce(&SignedCheckpoint) -> Result<Witnessed, PolicyCheckError>,
) -> Result<Receipt, ReceiptError> {
    let proof = TlogProof::parse(text)?;
    let (entry, disclosures) = read_extra(proof.extra.as_deref().ok_or(ReceiptError::NoEntry)?)?;
    let witnessed = check_head(&proof.checkpoint)?;
    let head = &proof.checkpoint.checkpoint;
    let parsed = Entry::parse(&entry)?;
    if parsed.index != proof.index {
        return Err(ReceiptError::Index { proof: proof.index.0, entry: parsed.index.0 });
    }
    check_inclusion(entry_hash(&entry), proof.index, head.size, &proof.hashes, head.root)?;
    check_place(&parsed, head.size)?;
    let statement = read_statement(&parsed, &head.origin)?;
    let shown = open(statement.as_ref(), &disclosures)?;
    Ok(Receipt { proof, entry, statement, shown, witnessed })
}

/// The JSON that the `extra` line encodes.
pub fn format_extra(entry: &str, disclosures: &[String]) -> String {
    #[derive(serde::Serialize)]
    struct Extra<'a> {
        disclosures: &'a [String],
        entry: &'a str,
    }
    serde_json::to_string(&Extra { disclosures, entry }).expect("texts are JSON")
}

fn read_extra(extra: &[u8]) -> Result<(String, Vec<String>), ReceiptError> {
    let object = json::parse_object(core::str::from_utf8(extra).map_err(|_| ReceiptError::Encoding)?)?;
    object.only(&["entry", "disclosures"])?;
    let disclosures = object.strings("disclosures")?.into_iter().map(String::from).collect();
    Ok((object.string("entry")?.into(), disclosures))
}

/// What is so in every ledger: only entry 0 is the genesis and has nothing before it, the first entry of a subject has none
/// before it either, and the last of a head is a seal.
fn check_place(entry: &Entry<'_>, size: TreeSize) -> Result<(), ReceiptError> {
    let first = entry.index.0 == 0;
    let problem = if first != matches!(entry.body, Body::Genesis(_)) {
        "entry 0, and only entry 0, is the genesis"
    } else if first != (entry.prev.0 == Hash::ZERO) {
        "`prev` is zero in entry 0 and only there"
    } else if entry.link().is_some_and(|(_, seq, prev)| (seq == 0) != (prev.0 == Hash::ZERO) || seq > entry.index.0) {
        "`seq` and `prev_in_subject` do not go together"
    } else if entry.index.0 + 1 == size.0 && entry.seal().is_none() {
        "the last entry of a head is a seal"
    } else {
        return Ok(());
    };
    Err(ReceiptError::Place { problem })
}

fn read_statement(entry: &Entry<'_>, origin: &str) -> Result<Option<Statement>, ReceiptError> {
    match &entry.body {
        Body::Statement { subject, statement, seq, .. } => {
            let statement = Statement::parse(statement)?;
            if statement.aud != origin {
                return Err(ReceiptError::Foreign { what: "aud" });
            }
            if alloc::format!("{}", statement.sub) != *subject {
                return Err(ReceiptError::Foreign { what: "sub" });
            }
            if statement.content.seq().is_some_and(|said| said != *seq) {
                return Err(ReceiptError::Foreign { what: "seq" });
            }
            if statement.target().is_some_and(|(target, _)| target >= entry.index) {
                return Err(AuthorityError::Target { reason: "it must be an earlier notice" }.into());
            }
            check_issuer(&statement)?;
            Ok(Some(statement))
        }
        Body::Genesis(genesis) if genesis.origin != origin => Err(ReceiptError::Foreign { what: "origin" }),
        _ => Ok(None),
    }
}

/// A receipt alone does not know what was erased, nor the target of a reveal: what is shown must belong, what is missing
/// may be sealed or erased.
fn open(statement: Option<&Statement>, disclosures: &[String]) -> Result<Shown, OwedError> {
    match statement.map(|statement| (statement, &statement.content)) {
        Some((_, Content::Reveal { digests, .. })) => Ok(disclosure::check_reveal_alone(digests, disclosures)?),
        Some((statement, _)) => replay::open(statement, None, disclosures),
        None => {
            disclosure::no_rest(disclosure::parse_all(disclosures)?)?;
            Ok(Shown::default())
        }
    }
}
