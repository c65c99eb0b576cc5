//! The order of things: what a statement owes its readers, and what an earlier one still owes after it.
//!
//! Every disclosure of a notice is shown with it, unless it is sealed (then it is shown with its reveal) or an erasure
//! covers it, earlier or later. [`Disclosures`] keeps that account while entries are read in order; when all are read,
//! [`Disclosures::settle`] says whether anything is owed.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::authority::Target;
use super::disclosure::{self, DisclosureError, Shown};
use super::statement::{Content, Statement};
use crate::log::hash::Hash;
use crate::log::index::LeafIndex;

/// What is owed, erased and revealed so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disclosures {
    owed: BTreeMap<u64, BTreeSet<Hash>>,
    erased: BTreeSet<(u64, Hash)>,
    revealed: BTreeSet<(u64, Hash)>,
}

/// Why the disclosures of an entry, or of all, do not add up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OwedError {
    /// What stands beside the statement is not what may.
    #[error(transparent)]
    Disclosure(#[from] DisclosureError),
    /// A sealed value is revealed a second time.
    #[error("{digest} of notice {target} is revealed twice")]
    RevealedTwice {
        /// The notice.
        target: LeafIndex,
        /// The digest.
        digest: Hash,
    },
    /// A disclosure is neither shown nor sealed nor erased.
    #[error(
        "the disclosure {digest} of notice {index} is withheld: it is neither shown nor sealed nor lawfully erased"
    )]
    Withheld {
        /// The notice it belongs to.
        index: LeafIndex,
        /// Its digest.
        digest: Hash,
    },
    /// A rulebook's rules are not shown.
    #[error("the rules of a rulebook must be shown beside it")]
    NoRules,
}

/// Opens what stands beside a statement and holds it against what may. `target` is the notice that a reveal or an erasure
/// is about.
///
/// # Errors
/// The first disclosure that does not belong, or rules that are missing.
pub fn open<S: AsRef<str>>(statement: &Statement, target: Option<Target<'_>>, texts: &[S]) -> Result<Shown, OwedError> {
    match (&statement.content, target) {
        (Content::Notice(notice), _) => Ok(disclosure::check_notice(notice, texts)?),
        (Content::Reveal { digests, .. }, Some(target)) => Ok(disclosure::check_reveal(target.notice, digests, texts)?),
        (Content::Rulebook { rules, .. }, _) => {
            let mut values = disclosure::parse_all(texts)?;
            let shown = values.remove(rules).filter(|shown| shown.name == "rules").ok_or(OwedError::NoRules)?;
            disclosure::no_rest(values)?;
            Ok(Shown { values: [(*rules, shown)].into(), missing: Vec::new() })
        }
        _ => {
            disclosure::no_rest(disclosure::parse_all(texts)?)?;
            Ok(Shown::default())
        }
    }
}

/// [`Disclosures`] as plain data: owed, erased and revealed pairs of notice and digest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisclosuresParts {
    owed: Vec<(u64, [u8; 32])>,
    erased: Vec<(u64, [u8; 32])>,
    revealed: Vec<(u64, [u8; 32])>,
}

impl Disclosures {
    /// The account as plain data.
    pub fn parts(&self) -> DisclosuresParts {
        let pairs = |set: &BTreeSet<(u64, Hash)>| set.iter().map(|(notice, digest)| (*notice, digest.0)).collect();
        let owed = self.owed.iter().flat_map(|(notice, owed)| owed.iter().map(|digest| (*notice, digest.0)));
        DisclosuresParts { owed: owed.collect(), erased: pairs(&self.erased), revealed: pairs(&self.revealed) }
    }

    /// The account from plain data.
    pub fn from_parts(parts: DisclosuresParts) -> Self {
        let pairs =
            |pairs: Vec<(u64, [u8; 32])>| pairs.into_iter().map(|(notice, digest)| (notice, Hash(digest))).collect();
        let mut account = Self { owed: BTreeMap::new(), erased: pairs(parts.erased), revealed: pairs(parts.revealed) };
        for (notice, digest) in parts.owed {
            account.owed.entry(notice).or_default().insert(Hash(digest));
        }
        account
    }

    /// Takes in an entry that holds: what it still owes, what it reveals, what it erases.
    ///
    /// # Errors
    /// A digest revealed a second time.
    pub fn record(&mut self, index: LeafIndex, statement: &Statement, missing: &[Hash]) -> Result<(), OwedError> {
        match &statement.content {
            Content::Notice(_) => self.owe(index.0, missing),
            Content::Reveal { target, digests } => {
                for digest in digests {
                    if !self.revealed.insert((target.0, *digest)) {
                        return Err(OwedError::RevealedTwice { target: *target, digest: *digest });
                    }
                }
                self.owe(target.0, missing);
            }
            Content::Erasure { target, digests, .. } => {
                for digest in digests {
                    self.erased.insert((target.0, *digest));
                    if let Some(owed) = self.owed.get_mut(&target.0) {
                        owed.remove(digest);
                    }
                }
                if self.owed.get(&target.0).is_some_and(BTreeSet::is_empty) {
                    self.owed.remove(&target.0);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn owe(&mut self, notice: u64, missing: &[Hash]) {
        let owed: BTreeSet<Hash> =
            missing.iter().filter(|digest| !self.erased.contains(&(notice, **digest))).copied().collect();
        if !owed.is_empty() {
            self.owed.entry(notice).or_default().extend(owed);
        }
    }

    /// Whether a digest of a notice was erased.
    pub fn is_erased(&self, notice: LeafIndex, digest: Hash) -> bool {
        self.erased.contains(&(notice.0, digest))
    }

    /// Whether a sealed digest of a notice was revealed.
    pub fn is_revealed(&self, notice: LeafIndex, digest: Hash) -> bool {
        self.revealed.contains(&(notice.0, digest))
    }

    /// When everything is read, nothing may be owed.
    ///
    /// # Errors
    /// [`OwedError::Withheld`] names the first.
    pub fn settle(&self) -> Result<(), OwedError> {
        match self.owed.iter().next().and_then(|(index, owed)| Some((*index, *owed.iter().next()?))) {
            Some((index, digest)) => Err(OwedError::Withheld { index: LeafIndex(index), digest }),
            None => Ok(()),
        }
    }
}
