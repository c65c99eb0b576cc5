//! What an audit finds.

use alloc::string::String;

use crate::log::hash::{Hash, RootHash};
use crate::log::index::{LeafIndex, TreeSize};
use crate::record::authority::AuthorityError;
use crate::record::entry::{EntryError, EntryTime};
use crate::record::replay::OwedError;
use crate::record::statement::StatementError;

/// The first rule that an entry breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("entry {index}: {fault}")]
pub struct AuditError {
    /// The entry.
    pub index: LeafIndex,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with an entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Malformed.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// Its statement is malformed.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// Its statement does not hold at this index.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// Its disclosures do not add up.
    #[error(transparent)]
    Owed(#[from] OwedError),
    /// It is not UTF-8.
    #[error("the entry is not UTF-8")]
    Encoding,
    /// It says another index.
    #[error("it says index {found}")]
    Index {
        /// What it says.
        found: LeafIndex,
    },
    /// It does not follow the entry before it.
    #[error("`prev` is {found}, the entry before it hashes to {expected}: the chain is broken")]
    Chain {
        /// The leaf hash of the entry before it.
        expected: Hash,
        /// `prev`.
        found: Hash,
    },
    /// Its time is before that of the entry before it.
    #[error("its time {} ms is before the previous entry's {} ms", found.0, before.0)]
    Time {
        /// The previous entry's.
        before: EntryTime,
        /// Its own.
        found: EntryTime,
    },
    /// A genesis elsewhere than at 0, or none there.
    #[error("entry 0, and only entry 0, is the genesis")]
    Genesis,
    /// The genesis or a checkpoint names another origin.
    #[error("the origin is `{found}`, not the one audited")]
    Origin {
        /// What it names.
        found: String,
    },
    /// It does not follow its subject's previous entry.
    #[error("its subject's next entry is seq {expected}, this one says seq {found} or does not link to it")]
    Link {
        /// The next `seq`.
        expected: u64,
        /// What it says.
        found: u64,
    },
    /// Its statement is about another subject.
    #[error("its statement is about another subject than the entry")]
    Subject,
    /// A seal that does not hold.
    #[error(
        "the seal says map root {found} of {claimed} subjects; replayed it is {expected} of {subjects}: the ledger lies about what it holds"
    )]
    Map {
        /// The root replayed.
        expected: Hash,
        /// The seal's root.
        found: Hash,
        /// Subjects replayed.
        subjects: u64,
        /// Subjects the seal says.
        claimed: u64,
    },
    /// One issuer used a `jti` twice.
    #[error("`{iss}` already recorded a statement `{jti}`")]
    JtiTwice {
        /// The issuer.
        iss: String,
        /// The id.
        jti: String,
    },
    /// The bytes given for a target are not those at its index.
    #[error("the bytes of entry {target}, which it names, are not those recorded")]
    TargetBytes {
        /// The target.
        target: LeafIndex,
    },
    /// A checkpoint's root is not that of the entries.
    #[error("the checkpoint of size {size} has root {found}, its entries have {expected}")]
    Root {
        /// The checkpoint's size.
        size: TreeSize,
        /// The root of the entries.
        expected: RootHash,
        /// The checkpoint's.
        found: RootHash,
    },
    /// A checkpoint whose last entry is not a seal.
    #[error("the checkpoint of size {size} does not end in a seal")]
    NoSeal {
        /// Its size.
        size: TreeSize,
    },
    /// A checkpoint not signed by the log key in force.
    #[error("the checkpoint of size {size} is not signed by the log key that the genesis, or a later rotation, names")]
    LogKey {
        /// Its size.
        size: TreeSize,
    },
    /// A disclosures file that is malformed, out of order, or speaks of an entry that owes nothing.
    #[error("disclosures: {problem}")]
    Disclosures {
        /// What is wrong.
        problem: String,
    },
    /// A tile that is not what the entries hash to.
    #[error("{path}: {problem}")]
    Tile {
        /// The file.
        path: String,
        /// What is wrong.
        problem: &'static str,
    },
}

impl Fault {
    /// Whether the ledger is of a newer format, which this verifier cannot judge.
    pub fn is_newer_format(&self) -> bool {
        matches!(self, Self::Entry(EntryError::Newer { .. }))
    }
}
