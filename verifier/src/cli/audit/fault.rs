//! What is wrong with a tree beyond its entries, and what stops an audit.

use verifier::audit::AuditError;
use verifier::log::checkpoint::CheckpointError;
use verifier::log::hash::RootHash;
use verifier::log::policy_check::PolicyCheckError;
use verifier::log::tile::TileError;

use super::source::SourceError;

/// What is wrong with a tree.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TreeFault {
    /// An entry breaks a rule.
    #[error(transparent)]
    Entry(#[from] AuditError),
    /// A file that the head calls for is not there.
    #[error("{path} is missing: the tree is incomplete")]
    Missing { path: String },
    /// A file longer than anything valid.
    #[error("{path} has more than {limit} bytes, which nothing valid has")]
    TooLong { path: String, limit: usize },
    /// A text that is not UTF-8.
    #[error("{path} is not UTF-8 text")]
    Encoding { path: String },
    /// A bundle that cannot be cut into entries.
    #[error("{path}: {error}")]
    Bundle { path: String, error: TileError },
    /// A bundle with too few or too many entries.
    #[error("{path} holds {found} entries, the head calls for {expected}")]
    Width { path: String, expected: usize, found: usize },
    /// A hash tile that is not what the entries hash to.
    #[error("{path} is not what the entries hash to")]
    Tile { path: String },
    /// A tile or bundle of an older, smaller tree that is not the beginning of today's.
    #[error("{path}, of an earlier head, is not the beginning of today's: history was rewritten")]
    Stale { path: String },
    /// `checkpoint`, or a file in `checkpoints/`, is malformed.
    #[error("{path}: {error}")]
    Checkpoint { path: String, error: CheckpointError },
    /// The head does not satisfy the policy.
    #[error("the head: {0}")]
    Head(PolicyCheckError),
    /// A line of a key that the policy knows does not verify.
    #[error("{path}: {error}")]
    Cosignature { path: String, error: PolicyCheckError },
    /// The checkpoint in a file is of another size than its name.
    #[error("{path} holds a checkpoint of size {found}")]
    Name { path: String, found: u64 },
    /// A file about entries beyond the head.
    #[error("{path} is beyond the head of {size} entries: the head is not the newest, or the file is false")]
    Beyond { path: String, size: u64 },
    /// The log key signed another root for entries that were replayed.
    #[error("a fork: the log key also signed the root {found} for {size} entries, which have {expected}")]
    Fork { size: u64, expected: RootHash, found: RootHash, note: String },
    /// An attachment that is not the one its name says.
    #[error("{path} is not the file its name, a SHA-256, says")]
    Attachment { path: String },
    /// An entry is not the one audited before.
    #[error("entry {index} is not the one audited before: history was rewritten")]
    Rewritten { index: u64 },
}

/// What stops an audit.
#[derive(Debug)]
pub(super) enum Stop {
    /// The tree is false.
    Found(TreeFault),
    /// The tree could not be read.
    Failed { path: String, error: String },
}

impl From<TreeFault> for Stop {
    fn from(fault: TreeFault) -> Self {
        Self::Found(fault)
    }
}

impl From<AuditError> for Stop {
    fn from(error: AuditError) -> Self {
        Self::Found(error.into())
    }
}

impl From<SourceError> for Stop {
    fn from(error: SourceError) -> Self {
        match error {
            SourceError::TooLong { path, limit } => Self::Found(TreeFault::TooLong { path, limit }),
            SourceError::Failed { path, error } => Self::Failed { path, error },
        }
    }
}
