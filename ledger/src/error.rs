//! Why the ledger could not do something (operational), and why it would not record a statement (the statement's fault).

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use verifier::lifecycle::rulebook::RulebookError;
use verifier::log::index::LeafIndex;
use verifier::record::authority::AuthorityError;
use verifier::record::replay::OwedError;
use verifier::record::statement::StatementError;
use verifier::record::vocabulary::VocabularyError;

use crate::guard::GuardError;
use crate::lock::LockError;
use crate::signer::SignerError;
use crate::store::StoreError;

/// Why the ledger could not do what was asked. Never the fault of a statement.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The rollback guard.
    #[error(transparent)]
    Guard(#[from] GuardError),
    /// Another writer.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A key.
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// A file of the ledger's directory.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A new ledger needs an empty directory.
    #[error("{dir} is not empty: give a directory that is, or that does not exist yet")]
    NotEmpty {
        /// The directory.
        dir: PathBuf,
    },
    /// There is no ledger.
    #[error("there is no ledger in {dir}: `mingzhang init` makes one")]
    NoLedger {
        /// The directory.
        dir: PathBuf,
    },
    /// A jurisdiction that cannot stand in a genesis.
    #[error("a jurisdiction is [a-z0-9-]{{1,32}}, for example cn")]
    Jurisdiction,
    /// What the database holds contradicts itself.
    #[error("the ledger's database contradicts itself: {what}; run fsck, and bring back a copy that is whole")]
    Inconsistent {
        /// What does not fit what.
        what: &'static str,
    },
    /// The private half of the log key in force is not here.
    #[error("log.key is not the key the ledger names for its next checkpoint ({expected}): bring back the key file")]
    WrongLogKey {
        /// The vkey of the key in force.
        expected: String,
    },
    /// What was made of the database would not verify, so it does not leave.
    #[error(
        "the {what} made from the database would not verify ({reason}): run fsck, and bring back a copy that is whole"
    )]
    WouldNotVerify {
        /// What was made.
        what: &'static str,
        /// What the verifier said.
        reason: String,
    },
    /// The directory holds the static tree of another ledger.
    #[error("{out} holds the tree of another ledger; this one is `{origin}`: export to another directory")]
    OtherLedgersTree {
        /// The directory.
        out: PathBuf,
        /// This ledger's origin.
        origin: String,
    },
    /// A witness holds a head that this ledger does not.
    #[error("{reason}")]
    Contradicted {
        /// Which, and what to do.
        reason: String,
    },
    /// The writer has stopped.
    #[error("the ledger is closed: open it again")]
    Closed,
    /// The writer stopped at an error after which it may not go on; it is the same for all who wait.
    #[error("nothing more is recorded until the ledger is opened again: {0}")]
    Stopped(Arc<LedgerError>),
    /// A batch was not recorded; it is the same error for all whose statements were in it.
    #[error("nothing of this batch was recorded, submit it again: {0}")]
    NotRecorded(Arc<LedgerError>),
}

impl LedgerError {
    /// The error of several, for one of them.
    pub(crate) fn of_one(&self) -> Self {
        match self {
            Self::NotRecorded(reason) => Self::NotRecorded(reason.clone()),
            Self::Stopped(reason) => Self::Stopped(reason.clone()),
            _ => Self::Closed,
        }
    }

    /// Whether the writer may go on after this: nothing was committed, and that is certain.
    pub(crate) fn is_certain(&self) -> bool {
        matches!(self, Self::Store(error) if !matches!(error, StoreError::CommitUnknown(_)))
    }
}

/// Why a statement is not recorded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It has not the form of a statement.
    #[error(transparent)]
    Malformed(#[from] StatementError),
    /// Its issuer may not say it, here or now.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// Its disclosures are not what it owes, or not only that.
    #[error(transparent)]
    Disclosures(#[from] OwedError),
    /// The issuer has used this `jti` for something else.
    #[error(
        "`{jti}` of `{iss}` is entry {index} already and says something else: correct it under another id, with `amends`"
    )]
    Conflict {
        /// The issuer.
        iss: String,
        /// Its id.
        jti: String,
        /// The entry that has it.
        index: LeafIndex,
    },
    /// Its `data` is not as the vocabulary says: a misspelt member must not vanish.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Vocabulary(Vec<VocabularyError>),
    /// Its rules are no rulebook.
    #[error(transparent)]
    Rulebook(#[from] RulebookError),
    /// It names a log key whose private half is not here.
    #[error("the next log key must be here as log.next.key before a statement names it")]
    LogKeyNotHere,
}
