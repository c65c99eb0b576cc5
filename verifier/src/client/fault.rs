//! What is wrong with a tree beyond its entries, and what stops an audit.

use crate::audit::{AuditError, Fault};
use crate::explain::Explain;
use crate::log::checkpoint::CheckpointError;
use crate::log::hash::RootHash;
use crate::log::index::{LeafIndex, TreeSize};
use crate::log::policy_check::PolicyCheckError;
use crate::log::tile::TileError;
use std::prelude::rust_2024::*;

use super::source::SourceError;

/// What is wrong with a tree.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum TreeFault {
    /// An entry breaks a rule.
    #[error(transparent)]
    Entry(#[from] AuditError),
    /// A file that the head calls for is not there.
    #[error("{path} is missing: the tree is incomplete")]
    Missing {
        /// The file.
        path: String,
    },
    /// A file longer than anything valid.
    #[error("{path} has more than {limit} bytes, which nothing valid has")]
    TooLong {
        /// The file.
        path: String,
        /// The most bytes such a file has.
        limit: usize,
    },
    /// A text that is not UTF-8.
    #[error("{path} is not UTF-8 text")]
    Encoding {
        /// The file.
        path: String,
    },
    /// A bundle that cannot be cut into entries.
    #[error("{path}: {error}")]
    Bundle {
        /// The file.
        path: String,
        /// What is wrong with it.
        error: TileError,
    },
    /// A bundle with too few or too many entries.
    #[error("{path} holds {found} entries, the head calls for {expected}")]
    Width {
        /// The file.
        path: String,
        /// Entries the head calls for.
        expected: usize,
        /// Entries found.
        found: usize,
    },
    /// A hash tile that is not what the entries hash to.
    #[error("{path} is not what the entries hash to")]
    Tile {
        /// The file.
        path: String,
    },
    /// A tile or bundle of an older, smaller tree that is not the beginning of today's.
    #[error("{path}, of an earlier head, is not the beginning of today's: history was rewritten")]
    Stale {
        /// The file.
        path: String,
    },
    /// `checkpoint`, or a file in `checkpoints/`, is malformed.
    #[error("{path}: {error}")]
    Checkpoint {
        /// The file.
        path: String,
        /// What is wrong with it.
        error: CheckpointError,
    },
    /// The head does not satisfy the policy.
    #[error("the head: {0}")]
    Head(PolicyCheckError),
    /// A line of a key that the policy knows does not verify.
    #[error("{path}: {error}")]
    Cosignature {
        /// The file.
        path: String,
        /// What is wrong with it.
        error: PolicyCheckError,
    },
    /// The checkpoint in a file is of another size than its name.
    #[error("{path} holds a checkpoint of size {found}")]
    Name {
        /// The file.
        path: String,
        /// The size it says.
        found: u64,
    },
    /// A file about entries beyond the head.
    #[error("{path} is beyond the head of {size} entries: the head is not the newest, or the file is false")]
    Beyond {
        /// The file.
        path: String,
        /// Entries of the head.
        size: u64,
    },
    /// The log key signed another root for entries that were replayed.
    #[error("a fork: the log key also signed the root {found} for {size} entries, which have {expected}")]
    Fork {
        /// The size.
        size: u64,
        /// The root of the entries replayed.
        expected: RootHash,
        /// The root signed.
        found: RootHash,
        /// The checkpoint that says so.
        note: String,
    },
    /// An attachment that is not the one its name says.
    #[error("{path} is not the file its name, a SHA-256, says")]
    Attachment {
        /// The file.
        path: String,
    },
    /// An entry is not the one audited before.
    #[error("entry {index} is not the one audited before: history was rewritten")]
    Rewritten {
        /// The entry.
        index: u64,
    },
}

/// What stops an audit.
#[derive(Debug)]
pub enum Stop {
    /// The tree is false.
    Found(TreeFault),
    /// The tree could not be read.
    Failed {
        /// The file or address.
        path: String,
        /// What the disk or the network said.
        error: String,
    },
}

impl TreeFault {
    /// Whether what was met is of a newer format, which this version cannot judge.
    pub fn is_newer_format(&self) -> bool {
        matches!(self, Self::Entry(error) if error.fault.is_newer_format())
    }

    /// What it is where no evidence of a fork can be had: another root is a fork only if the head's own tiles say so, else the
    /// tree is simply false.
    #[must_use]
    pub fn unproven(self) -> Self {
        match self {
            Self::Fork { size, expected, found, .. } => {
                let fault = Fault::Root { size: TreeSize(size), expected, found };
                AuditError { index: LeafIndex(size.saturating_sub(1)), fault }.into()
            }
            fault => fault,
        }
    }
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

impl Explain for TreeFault {
    fn rule(&self) -> &'static str {
        match self {
            Self::Entry(error) => error.rule(),
            Self::Missing { .. } => "incomplete",
            Self::TooLong { .. } => "too-long",
            Self::Encoding { .. } => "encoding",
            Self::Bundle { .. } | Self::Width { .. } => "bundle",
            Self::Tile { .. } | Self::Stale { .. } => "tile",
            Self::Checkpoint { error, .. } => error.rule(),
            Self::Head(error) | Self::Cosignature { error, .. } => error.rule(),
            Self::Name { .. } => "checkpoint-name",
            Self::Beyond { .. } => "beyond-head",
            Self::Fork { .. } => "fork",
            Self::Attachment { .. } => "attachment",
            Self::Rewritten { .. } => "rewritten",
        }
    }

    fn entry(&self) -> Option<u64> {
        match self {
            Self::Entry(error) => error.entry(),
            Self::Fork { size, .. } => size.checked_sub(1),
            Self::Rewritten { index } => Some(*index),
            _ => None,
        }
    }

    fn zh(&self) -> String {
        match self {
            Self::Entry(error) => error.zh(),
            Self::Missing { path } => format!("缺 {path}：文件不全"),
            Self::TooLong { path, limit } => format!("{path} 超过 {limit} 字节，不可能有效"),
            Self::Encoding { path } => format!("{path} 不是 UTF-8 文本"),
            Self::Bundle { path, error } => format!("{path}：{}", error.zh()),
            Self::Width { path, expected, found } => format!("{path} 有 {found} 条，按账本头应有 {expected} 条"),
            Self::Tile { path } => format!("{path} 与条目的哈希不符"),
            Self::Stale { path } => format!("{path} 属于更早的账本头，却不是今日内容的开头：历史被改写"),
            Self::Checkpoint { path, error } => format!("{path}：{}", error.zh()),
            Self::Head(error) => format!("账本头：{}", error.zh()),
            Self::Cosignature { path, error } => format!("{path}：{}", error.zh()),
            Self::Name { path, found } => format!("{path} 里是 {found} 条的检查点"),
            Self::Beyond { path, size } => format!("{path} 超出账本头的 {size} 条：账本头不是最新的，或此文件是假的"),
            Self::Fork { size, expected, found, .. } => {
                format!("账本分叉：账本密钥还为 {size} 条签过根 {found}，由条目算得 {expected}")
            }
            Self::Attachment { path } => format!("{path} 的内容与文件名（SHA-256）不符"),
            Self::Rewritten { index } => format!("第 {index} 条与上次审计时不同：历史被改写"),
        }
    }
}
