//! Lawful erasure (依法删除): the statement says that a disclosure is gone; here its bytes go.
//!
//! An erasure deletes rows of `disclosure` and nothing else: the digests stay in the entries, so every proof stays valid. With
//! `secure_delete` the deleted bytes become zeros, but older pages live on in the WAL until it is emptied, and stray copies
//! may lie in pages that SQLite moved about. So the WAL is emptied, every file of the ledger's directory is searched for
//! what was erased ([`Traces`]), and if something is found the database is written anew and searched again.

mod copies;
mod traces;

use std::collections::BTreeSet;
use std::path::PathBuf;

use verifier::log::hash::{Hash, sha256};
use verifier::log::index::LeafIndex;
use verifier::record::statement::{Content, Statement};

use crate::admission::SignedStatement;
use crate::batch::Outcome;
use crate::error::{LedgerError, Refusal};
use crate::index;
use crate::ledger::Ledger;
use crate::state::read_statement;
use crate::store::Snapshot;

use copies::find_copy;
use traces::Traces;

/// What became of the erased bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scrubbed {
    /// No file of the ledger's directory holds them.
    Clean,
    /// A reader's snapshot keeps older pages in the files.
    HeldByReader,
    /// A file holds them. If it is the database, the very same disclosure stands beside another entry too, where nobody
    /// erased it.
    Remains {
        /// The file.
        file: PathBuf,
    },
}

impl Ledger {
    /// Records an erasure and makes sure that after it neither the erased disclosures, as text or base64url, nor their values
    /// are in any file of the ledger's directory. Submitting it again, or [`Ledger::finish_erasures`], finishes what a reader
    /// prevented. Where stray copies are found, and where the rows were deleted before, the whole database is written anew:
    /// that takes its size again on the disk and holds up the writer meanwhile.
    ///
    /// # Errors
    /// The statement could not be recorded or the files not be read. A statement that is refused is no error.
    pub async fn erase(&self, statement: SignedStatement) -> Result<(Outcome, Scrubbed), LedgerError> {
        let order = Statement::parse(&statement.jwt).ok();
        let target = order.as_ref().and_then(Statement::target);
        // What is to be searched for must be read before it is deleted.
        let shown = match target {
            Some((target, digests)) => self.shown(target, digests).await?,
            None => Shown::default(),
        };
        let outcome = self.submit(statement).await?;
        if matches!(&outcome, Outcome::Refused(refusal) if !matches!(refusal, Refusal::Conflict { .. })) {
            return Ok((outcome, Scrubbed::Clean));
        }
        let gone = match target {
            Some((target, digests)) => self.went_unseen(target, digests, &shown).await?,
            None => false,
        };
        let mut scrubbed = Scrubbed::Clean;
        if gone || !shown.texts.is_empty() {
            let texts = shown.texts.iter().map(String::as_str).collect();
            scrubbed = self.scrub_files(target.map(|(target, _)| target), &texts, gone).await?;
        }
        if let (Scrubbed::Clean, true, Some((_, digests))) = (&scrubbed, gone, target) {
            scrubbed = self.search_copies(&digests.iter().copied().collect())?;
        }
        Ok((outcome, scrubbed))
    }

    /// Writes the database anew, so that no byte is left of what was erased before, and searches the other files for copies
    /// of what was erased from a notice: for erasures that a reader, a copy or the end of the process kept from being
    /// finished. Nobody knows the words any more, so a copy is found as base64url only.
    ///
    /// # Errors
    /// The files cannot be written or read.
    pub async fn finish_erasures(&self, target: LeafIndex) -> Result<Scrubbed, LedgerError> {
        let digests = self.erased(target).await?;
        match self.scrub_files(Some(target), &BTreeSet::new(), true).await? {
            Scrubbed::Clean => self.search_copies(&digests),
            unfinished => Ok(unfinished),
        }
    }

    fn search_copies(&self, digests: &BTreeSet<Hash>) -> Result<Scrubbed, LedgerError> {
        Ok(find_copy(&self.dir, digests)?.map_or(Scrubbed::Clean, |file| Scrubbed::Remains { file }))
    }

    /// Every digest of a notice that was erased so far.
    async fn erased(&self, target: LeafIndex) -> Result<BTreeSet<Hash>, LedgerError> {
        let mut snapshot = self.readers.snapshot().await?;
        let mut erased = BTreeSet::new();
        for (_, entry) in snapshot.precedents().await?.into_iter().filter(|(index, _)| *index > target.0) {
            let statement = entry.as_deref().and_then(read_statement);
            if let Some(Content::Erasure { target: of, digests, .. }) = statement.map(|statement| statement.content)
                && of == target
            {
                erased.extend(digests);
            }
        }
        Ok(erased)
    }

    /// The disclosures of these digests, beside the notice and beside its reveals.
    async fn shown(&self, target: LeafIndex, digests: &[Hash]) -> Result<Shown, LedgerError> {
        let mut snapshot = self.readers.snapshot().await?;
        let mut shown = Shown::default();
        for index in reveals(&mut snapshot, target).await?.into_iter().map(|(index, _)| index).chain([target.0]) {
            for (_, text) in snapshot.disclosures(index).await? {
                let digest = sha256(text.as_bytes());
                if digests.contains(&digest) {
                    shown.places.insert((index, digest));
                    shown.texts.insert(text);
                }
            }
        }
        Ok(shown)
    }

    /// Whether one of these disclosures was stored and deleted without having been read before: an earlier erasure took it,
    /// or a reveal came in between. What was sealed and never revealed was never stored.
    async fn went_unseen(&self, target: LeafIndex, digests: &[Hash], shown: &Shown) -> Result<bool, LedgerError> {
        let mut snapshot = self.readers.snapshot().await?;
        let Some(notice) = snapshot.entry(target.0).await?.as_deref().and_then(read_statement) else { return Ok(true) };
        let sealed = |digest: &Hash| {
            notice.notice().is_some_and(|notice| notice.sealed.iter().any(|sealed| sealed.digest == *digest))
        };
        let mut places: BTreeSet<(u64, Hash)> =
            digests.iter().filter(|digest| !sealed(digest)).map(|digest| (target.0, *digest)).collect();
        for (index, revealed) in reveals(&mut snapshot, target).await? {
            places.extend(revealed.iter().filter(|digest| digests.contains(digest)).map(|digest| (index, *digest)));
        }
        Ok(!places.is_subset(&shown.places))
    }

    async fn scrub_files(
        &self,
        target: Option<LeafIndex>,
        disclosures: &BTreeSet<&str>,
        rewrite: bool,
    ) -> Result<Scrubbed, LedgerError> {
        let traces = Traces::of(disclosures);
        let mut rewritten = rewrite;
        loop {
            let index_held = self.scrub_index(target, rewritten).await?;
            if self.scrub(rewritten).await? || index_held {
                return Ok(Scrubbed::HeldByReader);
            }
            let found = traces.search(&self.dir)?;
            if let Some(file) = found.elsewhere {
                return Ok(Scrubbed::Remains { file });
            }
            match (found.disclosure_in_database, found.words_in_database) {
                (true, _) if rewritten => return Ok(Scrubbed::Remains { file: self.database.clone() }),
                (false, false) => return Ok(Scrubbed::Clean),
                // Words of an erased value that the database still holds after it was written anew are words of entries and
                // disclosures that nobody erased.
                (false, true) if rewritten => return Ok(Scrubbed::Clean),
                _ => rewritten = true,
            }
        }
    }
}

impl Ledger {
    /// Takes what is erased out of the index, if one is kept; else removes the file. Says whether a reader keeps older pages.
    async fn scrub_index(&self, target: Option<LeafIndex>, rewrite: bool) -> Result<bool, LedgerError> {
        match (self.index.get(), target) {
            (Some(index), Some(target)) => index.scrub(target, rewrite).await,
            (Some(_), None) => Ok(false),
            (None, _) => index::remove(&self.dir).map(|()| false),
        }
    }
}

/// Disclosures about to be erased.
#[derive(Default)]
struct Shown {
    texts: BTreeSet<String>,
    /// Entry and digest.
    places: BTreeSet<(u64, Hash)>,
}

/// The reveals of a notice: index and digests.
async fn reveals(snapshot: &mut Snapshot, target: LeafIndex) -> Result<Vec<(u64, Vec<Hash>)>, LedgerError> {
    let mut reveals = Vec::new();
    for (index, entry) in snapshot.precedents().await?.into_iter().filter(|(index, _)| *index > target.0) {
        let statement = entry.as_deref().and_then(read_statement);
        if let Some(Content::Reveal { target: of, digests }) = statement.map(|statement| statement.content)
            && of == target
        {
            reveals.push((index, digests));
        }
    }
    Ok(reveals)
}
