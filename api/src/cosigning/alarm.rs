//! What is said against this ledger, and whether it is proven.
//!
//! A witness may err or lie, and its 409 and 422 are signed by nobody. A checkpoint is signed by this ledger's own key: one that
//! the ledger does not hold proves that the ledger, or whoever has its key, has signed another history.

use std::path::Path;

use ledger::{LedgerError, Reader};
use serde::Serialize;
use utoipa::ToSchema;
use verifier::client::evidence::{Kept, keep};
use verifier::evidence::Evidence;
use verifier::log::checkpoint::SignedCheckpoint;
use verifier::log::hash::Hash;
use verifier::log::index::TreeSize;
use verifier::log::policy::Policy;
use verifier::log::proof::check_consistency;

/// Where evidence is kept, in the ledger's directory.
const EVIDENCE: &str = "evidence.json";

/// What is said against the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub(crate) enum Alarm {
    /// A witness shows a head, signed by this ledger's key, that is not of this ledger's history.
    Fork { witness: String, size: u64, root: String, evidence: String },
    /// A witness shows a head, signed by this ledger's key, that is larger than this ledger.
    Rollback { witness: String, size: u64, ledger: u64, evidence: String },
    /// A witness says that a head does not continue what it cosigned, although the proof holds, or that it is false; it shows
    /// nothing.
    Contradicted { witness: String, size: u64, said: String },
    /// A witness says that it cosigned a larger head than this ledger has; it shows nothing.
    Ahead { witness: String, size: u64, ledger: u64 },
}

impl Alarm {
    /// Whether this ledger's own signature stands against it.
    pub(crate) fn is_proven(&self) -> bool {
        matches!(self, Self::Fork { .. } | Self::Rollback { .. })
    }

    /// What it means, in Chinese.
    pub(crate) fn zh(&self) -> String {
        match self {
            Self::Fork { witness, size, root, evidence } => format!(
                "账本分叉：见证人 {witness} 出示本账本密钥签署的 {size} 条的账本头（根 {root}），不属于本账本的历史。账本不再签名；{evidence}。请查明密钥是否外泄、数据库是否被替换；不能消除矛盾时，应终止本账本并建立后继账本"
            ),
            Self::Rollback { witness, size, ledger, evidence } => format!(
                "账本倒退：见证人 {witness} 出示本账本密钥签署的 {size} 条的账本头，而本账本只有 {ledger} 条：它是从旧副本恢复的，或密钥外泄。账本不再签名；{evidence}。请取回最新的 ledger.db，或从镜像补齐；若已丢失，应终止本账本并建立后继账本"
            ),
            Self::Contradicted { witness, size, said } => format!(
                "分叉警报：见证人 {witness} 不承认 {size} 条的账本头，而本账本的一致性证明成立；它说：{said}。不再向它请求共签；请与其运行方核对，然后重新启动"
            ),
            Self::Ahead { witness, size, ledger } => format!(
                "倒退警报：见证人 {witness} 说已共签 {size} 条的账本头，而本账本只有 {ledger} 条，但它没有出示。不再向它请求共签；请与其运行方核对，然后重新启动；若确知它有误，可从策略中去掉它"
            ),
        }
    }

    /// What it means, in English.
    pub(crate) fn en(&self) -> String {
        match self {
            Self::Fork { witness, size, root, evidence } => format!(
                "a fork: witness {witness} shows a head of {size} entries with root {root}, signed by this ledger's key, that is not of this ledger's history. Nothing more is signed; {evidence}. Find out whether the key was stolen or the database replaced; if the contradiction cannot be undone, end this ledger and begin a successor"
            ),
            Self::Rollback { witness, size, ledger, evidence } => format!(
                "a rollback: witness {witness} shows a head of {size} entries, signed by this ledger's key, but this ledger has only {ledger}: it was restored from an older copy, or the key was stolen. Nothing more is signed; {evidence}. Bring back the newest ledger.db, or fetch the missing entries from a mirror; if they are lost, end this ledger and begin a successor"
            ),
            Self::Contradicted { witness, size, said } => format!(
                "fork alarm: witness {witness} refuses the head of {size} entries although its consistency proof holds; it says: {said}. It is not asked any more; settle it with its operator, then restart"
            ),
            Self::Ahead { witness, size, ledger } => format!(
                "rollback alarm: witness {witness} says it cosigned a head of {size} entries, this ledger has only {ledger}; it shows nothing. It is not asked any more; settle it with its operator, then restart; if you know it to be wrong, take it out of the policy"
            ),
        }
    }

    /// In the language of this run.
    pub(crate) fn text(&self) -> String {
        match crate::language::current() {
            crate::language::Language::Zh => self.zh(),
            crate::language::Language::En => self.en(),
        }
    }
}

/// Holds a head that a witness shows against the ledger; nothing if the ledger holds it.
///
/// # Errors
/// The ledger cannot be read.
pub(super) async fn judge(
    reader: &Reader,
    policy: &Policy,
    dir: &Path,
    witness: &str,
    shown: &SignedCheckpoint,
) -> Result<Option<Alarm>, LedgerError> {
    // What no key of this ledger signed, anybody could have written.
    if policy.check_log(shown).is_err() {
        return Ok(None);
    }
    let (head, witness) = (reader.head().await?, witness.to_owned());
    let (found, ours) = (&shown.checkpoint, &head.checkpoint);
    if found.size > ours.size {
        let evidence = Evidence::Rollback { notes: [shown.clone(), head.clone()] };
        let kept = keep(&dir.join(EVIDENCE), Some(&evidence), policy);
        let (size, ledger) = (found.size.0, ours.size.0);
        return Ok(Some(Alarm::Rollback { witness, size, ledger, evidence: told(&kept) }));
    }
    if reader.root_at(found.size).await? == Some(found.root) {
        return Ok(None);
    }
    let path = path(reader, found.size, ours.size).await?;
    let evidence = Evidence::fork(shown.clone(), head.clone(), |_, _| path);
    let kept = keep(&dir.join(EVIDENCE), evidence.as_ref(), policy);
    let (size, root) = (found.size.0, found.root.to_string());
    Ok(Some(Alarm::Fork { witness, size, root, evidence: told(&kept) }))
}

/// The path of the ledger's head for a smaller size; it begins with the hash to start from.
async fn path(reader: &Reader, smaller: TreeSize, larger: TreeSize) -> Result<Option<Vec<Hash>>, LedgerError> {
    let Some(mut path) = reader.consistency(smaller, larger).await? else { return Ok(None) };
    if smaller.0.is_power_of_two() && smaller != larger {
        path.splice(0..0, reader.root_at(smaller).await?.map(|root| root.0));
    }
    Ok(Some(path))
}

/// A proof that a head continues the size a witness has, held against our own checker before it leaves; nothing if the ledger
/// does not reach that size, or its own proof does not hold.
///
/// # Errors
/// The ledger cannot be read.
pub(super) async fn prove(
    reader: &Reader,
    old: TreeSize,
    head: &SignedCheckpoint,
) -> Result<Option<Vec<Hash>>, LedgerError> {
    if old.0 == 0 {
        return Ok(Some(Vec::new()));
    }
    let new = &head.checkpoint;
    let (Some(proof), Some(root)) = (reader.consistency(old, new.size).await?, reader.root_at(old).await?) else {
        return Ok(None);
    };
    match check_consistency(old, root, new.size, new.root, &proof) {
        Ok(()) => Ok(Some(proof)),
        Err(error) => {
            let (what, reason) = ("consistency proof", error.to_string());
            Err(LedgerError::WouldNotVerify { what, reason })
        }
    }
}

fn told(kept: &Kept) -> String {
    let (zh, en) = match kept {
        Kept::In(path) => (format!("证据已存入 {}", path.display()), format!("the evidence is in {}", path.display())),
        Kept::Unproven(path, error) => (
            format!("证据已存入 {}，但按此策略不能证明：{}", path.display(), verifier::explain::Explain::zh(error)),
            format!("the evidence is in {}, but proves nothing under this policy: {error}", path.display()),
        ),
        Kept::Unwritable(path, error) => (
            format!("证据写不进 {}：{error}", path.display()),
            format!("the evidence could not be written to {}: {error}", path.display()),
        ),
        Kept::Impossible => ("无法写成证据".to_owned(), "no evidence could be made".to_owned()),
    };
    crate::language::current().pick(&zh, &en).to_owned()
}
