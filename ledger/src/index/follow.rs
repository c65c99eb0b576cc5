//! Following the ledger: entries are indexed in batches, each one transaction that also says how far it got, so that a stop at
//! any moment loses nothing. What an erasure takes from a notice leaves the index by the same way as it leaves the ledger.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use sqlx::{Connection as _, Row as _, Sqlite, Transaction};
use tokio::sync::watch;
use tokio::time::timeout;
use verifier::log::checkpoint::SignedCheckpoint;
use verifier::log::index::LeafIndex;
use verifier::record::entry::entry_hash;

use super::Index;
use super::document::{Document, Meaning};
use super::project::Project;
use super::rows::{Rows, insert_terms};
use super::schema::failed;
use super::terms::Stream;
use crate::error::LedgerError;
use crate::store::{StoreError, index_of, row_id};

/// Entries indexed in one transaction, and bytes disclosed beside them: fewer of those with long texts.
const BATCH: u64 = 1000;
const BATCH_BYTES: u64 = 8 << 20;
/// How long to wait after something failed.
const PAUSE: Duration = Duration::from_secs(5);
/// Recording goes first: while one head follows the other, the index rests after each of its batches nineteen times as long as
/// that took, this at most, and no longer than until the ledger pauses.
const REST: u32 = 19;
const MOST_REST: Duration = Duration::from_secs(5);
/// The ledger pauses when it has recorded nothing for so long.
const QUIET: Duration = Duration::from_millis(300);
/// How often a long catching up says how far it is.
const REPORT: Duration = Duration::from_secs(5);

impl Index {
    /// Keeps the index behind the heads that may leave, until there are no more.
    pub async fn follow(self, mut heads: watch::Receiver<SignedCheckpoint>) {
        loop {
            let size = heads.borrow_and_update().checkpoint.size.0;
            match self.keep(size, &mut heads).await {
                Ok(()) => {
                    if heads.changed().await.is_err() {
                        return;
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "the index could not be brought up to date: trying again");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    /// Catches up with the ledger, and judges while that pauses.
    async fn keep(&self, mut size: u64, heads: &mut watch::Receiver<SignedCheckpoint>) -> Result<(), LedgerError> {
        if !self.progress.borrow().ready {
            // Lists and search wait for it.
            self.catch_up(size).await?;
        }
        loop {
            let begun = Instant::now();
            self.progress.send_modify(|progress| progress.size = progress.size.max(size));
            let more = self.index_batch(size).await?;
            if heads.has_changed().unwrap_or(false) {
                rest(heads, (begun.elapsed() * REST).min(MOST_REST)).await;
                size = heads.borrow_and_update().checkpoint.size.0;
            } else if !more {
                break;
            }
        }
        self.load_figures().await?;
        while !heads.has_changed().unwrap_or(true) && self.judge_some(size).await? {}
        Ok(())
    }

    /// Indexes what one transaction takes of the entries below `size`: usually all that was recorded since the index was closed.
    /// The rest is for [`Index::follow`].
    ///
    /// # Errors
    /// As [`Index::catch_up`].
    pub async fn begin(&self, size: u64) -> Result<(), LedgerError> {
        self.progress.send_modify(|progress| progress.size = size);
        if self.index_batch(size).await? {
            tracing::info!(of = size, "the index is being made; lists and search answer when it is");
        } else {
            self.progress.send_modify(|progress| progress.ready = true);
        }
        Ok(())
    }

    /// Indexes every entry below `size`.
    ///
    /// # Errors
    /// The ledger cannot be read, or the index not be written.
    pub async fn catch_up(&self, size: u64) -> Result<(), LedgerError> {
        let mut reported = Instant::now();
        self.progress.send_modify(|progress| progress.size = progress.size.max(size));
        while self.index_batch(size).await? {
            if reported.elapsed() >= REPORT {
                tracing::info!(indexed = self.progress.borrow().indexed, of = size, "indexing");
                reported = Instant::now();
            }
        }
        self.progress.send_modify(|progress| progress.ready = true);
        Ok(())
    }

    /// Indexes the next entries; whether there are more.
    async fn index_batch(&self, size: u64) -> Result<bool, LedgerError> {
        // Read while holding the writer: an erasure that comes meanwhile finds what was read written, and takes it out.
        let mut writer = self.writer.lock().await;
        // As it is in the file: whoever gave up waiting for a batch may have missed that it was committed.
        let next = sqlx::query_scalar("SELECT next FROM state").fetch_one(&mut *writer).await.map_err(failed)?;
        let next = index_of(next);
        self.progress.send_modify(|progress| progress.indexed = next);
        if next >= size {
            return Ok(false);
        }
        let entries = self.reader.entries_within(next, size.min(next + BATCH), BATCH_BYTES).await?;
        let Some(last) = entries.last() else { return Ok(false) };
        let (end, last) = (next + entries.len() as u64, entry_hash(&last.entry).0.0);
        let read = tokio::task::spawn_blocking(move || entries.iter().map(Meaning::of).collect());
        let meanings = read.await.map_err(|_| LedgerError::Closed)?;
        let mut transaction = writer.begin().await.map_err(failed)?;
        let after = write_batch(&mut transaction, meanings).await?;
        for target in after.erased {
            self.index_again(&mut transaction, target).await?;
        }
        let state = sqlx::query("UPDATE state SET next = ?, last = ?").bind(row_id(end)).bind(&last[..]);
        state.execute(&mut *transaction).await.map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        if after.law {
            self.forget_law();
        }
        self.progress.send_modify(|progress| progress.indexed = end);
        Ok(end < size)
    }

    /// Takes out what a notice does not show any more, and moves the WAL into the file and empties it; with `rewrite`, writes
    /// the file anew before. Says whether a question under way keeps older pages: then they are still there.
    pub(crate) async fn scrub(&self, target: LeafIndex, rewrite: bool) -> Result<bool, LedgerError> {
        let mut writer = self.writer.lock().await;
        let mut transaction = writer.begin().await.map_err(failed)?;
        self.index_again(&mut transaction, target.0).await?;
        transaction.commit().await.map_err(failed)?;
        if rewrite {
            for sql in ["INSERT INTO notice_terms(notice_terms) VALUES ('optimize')", "VACUUM"] {
                sqlx::query(sql).execute(&mut *writer).await.map_err(failed)?;
            }
        }
        let row = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut *writer).await.map_err(failed)?;
        Ok(row.try_get::<i64, _>(0).map_err(failed)? != 0)
    }

    /// Indexes a notice by what the ledger shows of it now.
    async fn index_again(&self, transaction: &mut Transaction<'_, Sqlite>, index: u64) -> Result<(), LedgerError> {
        let Some(recorded) = self.reader.entry(LeafIndex(index)).await? else { return Ok(()) };
        let Meaning::Notice(now, terms) = Meaning::of(&recorded) else { return Ok(()) };
        let Some((project, before)) = stored(transaction, &now).await? else { return Ok(()) };
        Ok(replace(transaction, project, &before, &now, terms).await?)
    }
}

/// Waits so long, or until the ledger pauses.
async fn rest(heads: &mut watch::Receiver<SignedCheckpoint>, most: Duration) {
    let end = Instant::now() + most;
    while let Some(left) = end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
        match timeout(QUIET.min(left), heads.changed()).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => break,
        }
    }
}

/// Puts what a notice shows now in the place of what it showed before.
async fn replace(
    transaction: &mut Transaction<'_, Sqlite>,
    project: u64,
    before: &Document,
    now: &Document,
    terms: Stream,
) -> Result<(), StoreError> {
    let index = row_id(now.index);
    let sql = "INSERT INTO notice_terms(notice_terms, rowid, terms) VALUES ('delete', ?, ?)";
    sqlx::query(sql).bind(index).bind(before.terms(project)).execute(&mut **transaction).await?;
    let sql = "UPDATE notice_text SET names = ?, ids = ?, body = ? WHERE idx = ?";
    let query = sqlx::query(sql).bind(&now.names).bind(&now.ids).bind(&now.body).bind(index);
    query.execute(&mut **transaction).await?;
    insert_terms(transaction, index, &now.finish(terms, project)).await
}

/// What a batch means beyond its notices.
#[derive(Default)]
pub(super) struct Aftermath {
    erased: BTreeSet<u64>,
    /// Notices that show more or less than when their project was judged.
    shown_otherwise: BTreeSet<u64>,
    law: bool,
}

pub(super) async fn write_batch(
    transaction: &mut Transaction<'_, Sqlite>,
    meanings: Vec<Meaning>,
) -> Result<Aftermath, StoreError> {
    let mut after = Aftermath::default();
    let mut projects = Project::open_all(transaction, &meanings).await?;
    let mut rows = Rows::default();
    let mut tally: BTreeMap<(&'static str, &'static str), i64> = BTreeMap::new();
    for meaning in meanings {
        match meaning {
            Meaning::Notice(document, stream) => {
                let project = projects.entry(document.project.clone());
                let project = project.or_insert_with(|| Project::new(&document));
                project.add(&document);
                *tally.entry((document.sector, document.stage)).or_default() += 1;
                rows.add(*document, project.first, stream);
            }
            Meaning::Erasure(target) => {
                after.erased.insert(target);
                after.shown_otherwise.insert(target);
            }
            Meaning::Reveal(target) => drop(after.shown_otherwise.insert(target)),
            Meaning::Enrolment { publisher, index, name } => {
                let query = sqlx::query("INSERT INTO enrolment VALUES (?, ?, ?)").bind(publisher).bind(row_id(index));
                query.bind(name).execute(&mut **transaction).await?;
            }
            Meaning::Law => after.law = true,
            Meaning::Nothing => {}
        }
    }
    for project in projects.into_values() {
        rows.add_project(project);
    }
    rows.write(transaction).await?;
    for ((sector, stage), n) in tally {
        let sql = "INSERT INTO tally VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n";
        sqlx::query(sql).bind(sector).bind(stage).bind(n).execute(&mut **transaction).await?;
    }
    for target in &after.shown_otherwise {
        let sql = "UPDATE project SET judged = -1 WHERE first = (SELECT project FROM notice WHERE idx = ?)";
        sqlx::query(sql).bind(row_id(*target)).execute(&mut **transaction).await?;
    }
    if after.law {
        sqlx::query("UPDATE project SET judged = -1").execute(&mut **transaction).await?;
    }
    Ok(after)
}

/// A notice as it was indexed: as it is now, but for what may have been erased since. Nothing if it was not indexed yet.
async fn stored(
    transaction: &mut Transaction<'_, Sqlite>,
    now: &Document,
) -> Result<Option<(u64, Document)>, StoreError> {
    let sql = "SELECT project, names, ids, body FROM notice JOIN notice_text USING (idx) WHERE idx = ?";
    let row = sqlx::query(sql).bind(row_id(now.index)).fetch_optional(&mut **transaction).await?;
    let Some(row) = row else { return Ok(None) };
    let (names, ids, body) = (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
    Ok(Some((index_of(row.try_get(0)?), Document { names, ids, body, ..now.clone() })))
}

#[cfg(test)]
mod tests {
    use super::super::measure::{document, empty, fill, write};
    use super::super::{Filter, INDEX, NoticeFilter, Words};
    use super::*;

    async fn count(index: &Index, typed: &str) -> u64 {
        let words = Some(Words::parse(typed).expect("words"));
        let filter = NoticeFilter { shared: Filter { words, ..Filter::default() }, project: None };
        index.notices(&filter, None, 10).await.expect("a page").count
    }

    #[tokio::test]
    async fn of_what_is_replaced_no_byte_is_left_among_many_notices() {
        let (dir, index) = empty().await;
        let (at, end) = (1501, 3000);
        let now = document(at);
        let mut before = now.clone();
        before.body = format!("鱻龘{}", now.body.replace("投标人", "投麤标人"));
        fill(&index, 0..at).await;
        write(&index, [before.clone()]).await;
        fill(&index, at + 1..end).await;
        assert_eq!([count(&index, "鱻").await, count(&index, "龘江汉").await, count(&index, "麤标").await], [1, 1, 1]);
        let company = now.names.clone();
        let others = count(&index, &company).await;

        let mut writer = index.writer.lock().await;
        let mut transaction = writer.begin().await.expect("a transaction");
        let project: i64 = sqlx::query_scalar("SELECT project FROM notice WHERE idx = ?")
            .bind(row_id(at))
            .fetch_one(&mut *transaction)
            .await
            .expect("the notice");
        replace(&mut transaction, index_of(project), &before, &now, now.stream()).await.expect("replaced");
        transaction.commit().await.expect("a commit");
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut *writer).await.expect("a checkpoint");
        drop(writer);

        assert_eq!(
            [count(&index, "鱻").await, count(&index, "麤").await, count(&index, &company).await],
            [0, 0, others]
        );
        for suffix in ["", "-wal"] {
            let bytes = std::fs::read(dir.path().join(format!("{INDEX}{suffix}"))).unwrap_or_default();
            for character in ["鱻", "龘", "麤"] {
                let holds = bytes.windows(character.len()).any(|window| window == character.as_bytes());
                assert!(!holds, "{INDEX}{suffix} holds {character}");
            }
        }
    }
}
