//! The self-check: everything that the database holds is derived again from the column `entry.entry`, and the first row that
//! differs is named.
//!
//! ```text
//! schema        what the migrations make, object by object
//! entries       replayed with the verifier's audit: chain, authority, signatures, disclosures, seals
//! the rest      every row of every table that follows from them, byte for byte
//! ```
//!
//! Excepted by name are `_sqlx_migrations`, which sqlx keeps, and `cosignature`, which witnesses fill. It reads one snapshot and
//! can run beside the writer. Memory is about 150 bytes an entry and 500 a subject.

mod derived;
mod naming;
mod schema;

use std::path::Path;

use verifier::audit::{Audit, Fault, ReadBody, ReadEntry, verify_entries};
use verifier::log::index::LeafIndex;
use verifier::log::key::PreparedKey;
use verifier::record::statement::Content;

use crate::batch::places;
use crate::error::LedgerError;
use crate::guard::{Guard, GuardError, Published};
use crate::ledger::{DATABASE, GUARD, LOG_KEY};
use crate::reader::Reader;
use crate::store::{Cell, Row, Snapshot, StoreError, disclosure_id, index_of};

use derived::Derived;

/// Entries replayed at once.
const CHUNK: u64 = 1024;

/// What a self-check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FsckReport {
    /// Entries replayed.
    pub entries: u64,
    /// Checkpoints checked.
    pub checkpoints: u64,
    /// The first row that differs; none if the ledger is clean.
    pub findings: Vec<Finding>,
}

/// A row that is not what follows from the entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The table, or `sqlite_schema`.
    pub table: String,
    /// The row, by its key.
    pub row: String,
    /// The column.
    pub column: String,
    /// What must stand there.
    pub expected: String,
    /// What stands there.
    pub found: String,
}

/// Why checking stopped: something was found, or it could not be done.
enum Stop {
    Found(Box<Finding>),
    Failed(LedgerError),
}

impl<E: Into<LedgerError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl Stop {
    fn found(table: &str, row: impl ToString, column: &str, expected: impl ToString, found: impl ToString) -> Self {
        let finding = Finding {
            table: table.to_owned(),
            row: row.to_string(),
            column: column.to_owned(),
            expected: expected.to_string(),
            found: found.to_string(),
        };
        Self::Found(Box::new(finding))
    }
}

/// Checks the ledger in `dir`; `progress` is told the entries replayed and of how many.
///
/// # Errors
/// There is no ledger, or its files cannot be read. What is wrong with them is no error but a finding.
pub async fn fsck(dir: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<FsckReport, LedgerError> {
    let reader = Reader::open(dir).await?;
    let mut report = FsckReport::default();
    let checked = check(&reader, &mut report, progress).await;
    reader.close().await;
    match checked {
        Ok(()) => Ok(report),
        Err(Stop::Found(finding)) => {
            report.findings.push(*finding);
            Ok(report)
        }
        Err(Stop::Failed(LedgerError::Store(StoreError::Database(error)))) if is_damaged(&error) => {
            let (table, column) = (DATABASE.to_owned(), "pages".to_owned());
            let (expected, found) = ("a database that SQLite can read".to_owned(), error.to_string());
            report.findings.push(Finding { table, row: "the file".to_owned(), column, expected, found });
            Ok(report)
        }
        Err(Stop::Failed(error)) => Err(error),
    }
}

/// Whether SQLite says that the file is malformed or no database.
fn is_damaged(error: &sqlx::Error) -> bool {
    const CORRUPT: u32 = 11;
    const NOTADB: u32 = 26;
    let code = error.as_database_error().and_then(|error| error.code()?.parse::<u32>().ok());
    code.is_some_and(|code| matches!(code & 0xff, CORRUPT | NOTADB))
}

async fn check(reader: &Reader, report: &mut FsckReport, progress: &mut dyn FnMut(u64, u64)) -> Result<(), Stop> {
    // The guard first: beside a running writer it may be ahead of an older snapshot, but never of a newer one.
    let published = read_guard(&reader.dir).await?;
    let mut snapshot = reader.readers.snapshot().await?;
    schema::check(&mut snapshot).await?;
    let mut replay = Replay::start(&mut snapshot).await?;
    while replay.next(&mut snapshot, report).await? {
        progress(report.entries, replay.size);
    }
    replay.finish(&mut snapshot).await?;
    report.checkpoints = replay.checkpoints;
    match published {
        Some(published) => check_guard(&published, &mut snapshot).await,
        None => Ok(()),
    }
}

/// The entries, replayed in order.
struct Replay {
    size: u64,
    audit: Audit,
    derived: Derived,
    /// The size of the last checkpoint.
    sealed: u64,
    checkpoints: u64,
    /// Erasures: the notice and the digests that may not be shown any more.
    erased: Vec<(u64, Vec<verifier::log::hash::Hash>)>,
    /// Reveals: the notice and the entry that reveals.
    reveals: Vec<(u64, u64)>,
}

impl Replay {
    async fn start(snapshot: &mut Snapshot) -> Result<Self, Stop> {
        let size = snapshot.rows_of("entry").await?;
        let genesis = crate::state::read_genesis(snapshot)
            .await
            .map_err(|error| Stop::found("entry", 0, "entry", "the genesis", error))?;
        let audit = Audit::new(&genesis.origin);
        Ok(Self {
            size,
            audit,
            derived: Derived::default(),
            sealed: 0,
            checkpoints: 0,
            erased: Vec::new(),
            reveals: Vec::new(),
        })
    }

    /// Replays some more entries; says whether there were any.
    async fn next(&mut self, snapshot: &mut Snapshot, report: &mut FsckReport) -> Result<bool, Stop> {
        let first = self.audit.size().0;
        let rows = snapshot.entry_rows(first, first + CHUNK).await?;
        if rows.is_empty() {
            return if first == self.size {
                Ok(false)
            } else {
                Err(Stop::found("entry", first, "idx", "an entry", "none"))
            };
        }
        let mut shown = snapshot.disclosure_rows(first, first + CHUNK).await?.into_iter().peekable();
        let mut signatures: Vec<(ReadEntry, PreparedKey)> = Vec::new();
        for (index, prev_idx, text) in rows {
            let expected = self.audit.size().0;
            if index != expected {
                return Err(Stop::found("entry", index, "idx", expected, index));
            }
            let mut own: Vec<(i64, String)> = Vec::new();
            while let Some(row) = shown.next_if(|(row, _)| index_of(*row >> 8) == index) {
                own.push(row);
            }
            let (entry, key) = self.fold(snapshot, index, &text, &own).await?;
            let derived = self.derived.entry(&entry);
            if prev_idx != derived {
                return Err(Stop::found("entry", index, "prev_idx", shown_index(derived), shown_index(prev_idx)));
            }
            if matches!(entry.body, ReadBody::Seal(_)) {
                self.check_checkpoint(snapshot).await?;
            }
            signatures.extend(key.map(|key| (entry, key)));
            report.entries = index + 1;
        }
        verify(&signatures)?;
        Ok(true)
    }

    async fn fold(
        &mut self,
        snapshot: &mut Snapshot,
        index: u64,
        text: &[u8],
        own: &[(i64, String)],
    ) -> Result<(ReadEntry, Option<PreparedKey>), Stop> {
        let texts: Vec<String> = own.iter().map(|(_, text)| text.clone()).collect();
        let entry = match ReadEntry::read(LeafIndex(index), text, &texts) {
            Ok(entry) => entry,
            Err(error) => return Err(naming::at_fault(snapshot, self.size, error, text, own).await),
        };
        let target = match entry.target() {
            Some(target) => snapshot.entry(target.0).await?,
            None => None,
        };
        let key = match self.audit.fold(&entry, target.as_deref(), &mut Vec::new()) {
            Ok(key) => key,
            Err(error) => return Err(naming::at_fault(snapshot, self.size, error, text, own).await),
        };
        if let ReadBody::Statement(held) = &entry.body {
            let mut placed: Vec<usize> = places(&held.statement, &texts).into_iter().flatten().collect();
            placed.sort_unstable();
            let rows = placed.into_iter().map(|place| disclosure_id(index, place));
            if let Some((expected, (row, _))) = rows.zip(own).find(|(expected, (row, _))| expected != row) {
                return Err(Stop::found("disclosure", row, "id", expected, row));
            }
            match &held.statement.content {
                Content::Erasure { target, digests, .. } => self.erased.push((target.0, digests.clone())),
                Content::Reveal { target, .. } => self.reveals.push((target.0, index)),
                _ => {}
            }
        }
        Ok((entry, key))
    }

    /// The seal just folded has its checkpoint.
    async fn check_checkpoint(&mut self, snapshot: &mut Snapshot) -> Result<(), Stop> {
        let size = self.audit.size().0;
        let (prev, note) = match snapshot.checkpoint_row(self.sealed).await? {
            Some((found, prev, note)) if found == size => (prev, note),
            Some((found, ..)) if found < size => {
                return Err(Stop::found("checkpoint", found, "size", "no row, since no seal ends there", "a row"));
            }
            _ => return Err(Stop::found("checkpoint", size, "size", "a row, since a seal ends there", "no row")),
        };
        if prev != self.derived.batch_prev.0.0 {
            return Err(Stop::found("checkpoint", size, "prev", self.derived.batch_prev, crate::hex(&prev)));
        }
        let wrong = |error: String| {
            Stop::found("checkpoint", size, "note", "the log's signed checkpoint of these entries", error)
        };
        let signed =
            verifier::log::checkpoint::SignedCheckpoint::parse(&note).map_err(|error| wrong(error.to_string()))?;
        if let Err(error) = self.audit.check_checkpoint(&signed) {
            // All entries but the last are held by the next one's `prev`; the last only by the signed root.
            let key = self.audit.registry().map(|registry| registry.log_key(LeafIndex(size - 1)));
            let is_signed = key.is_some_and(|key| signed.signed_by(key).is_ok());
            return Err(match error.fault {
                Fault::Root { size: same, expected, found } if is_signed && same.0 == size => Stop::found(
                    "entry",
                    size - 1,
                    "entry",
                    format_args!("an entry that leads to the signed root {found}"),
                    format_args!("one that leads to {expected}"),
                ),
                fault => wrong(fault.to_string()),
            });
        }
        if signed.note.signatures().len() != 1 || signed.format() != note {
            return Err(wrong("more than the log's own signature".to_owned()));
        }
        self.checkpoints += 1;
        self.sealed = size;
        self.derived.batch(self.audit.leaves().last().copied().unwrap_or(verifier::log::hash::Hash::ZERO), size);
        Ok(())
    }

    /// When all entries are replayed: nothing is owed or shown that must not be, and every other table is what follows.
    async fn finish(&mut self, snapshot: &mut Snapshot) -> Result<(), Stop> {
        if !self.audit.ends_in_seal() {
            return Err(Stop::found("entry", self.size.saturating_sub(1), "entry", "a seal", "another entry"));
        }
        if let Err(error) = self.audit.settle() {
            return Err(naming::owed(snapshot, &self.reveals, error).await);
        }
        self.check_erased(snapshot).await?;
        if let Some(row) = snapshot.disclosure_beyond(self.size).await? {
            return Err(Stop::found("disclosure", row, "id", "no row, since there is no such entry", "a row"));
        }
        if let Some((size, ..)) = snapshot.checkpoint_row(self.sealed).await? {
            return Err(Stop::found("checkpoint", size, "size", "no row, since no seal ends there", "a row"));
        }
        self.derived.check(snapshot).await
    }

    /// What was erased is not there.
    async fn check_erased(&self, snapshot: &mut Snapshot) -> Result<(), Stop> {
        for (notice, digests) in &self.erased {
            let reveals = self.reveals.iter().filter(|(target, _)| target == notice).map(|(_, index)| *index);
            for index in reveals.chain([*notice]) {
                let rows = snapshot.disclosures(index).await?;
                let erased = |text: &str| digests.contains(&verifier::log::hash::sha256(text.as_bytes()));
                if let Some((row, _)) = rows.iter().find(|(_, text)| erased(text)) {
                    return Err(Stop::found(
                        "disclosure",
                        row,
                        "disclosure",
                        "nothing: it was erased",
                        "the erased disclosure",
                    ));
                }
            }
        }
        Ok(())
    }
}

/// Verifies signatures on all cores.
fn verify(signatures: &[(ReadEntry, PreparedKey)]) -> Result<(), Stop> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let part = signatures.len().div_ceil(cores).max(1);
    let results: Vec<_> = std::thread::scope(|scope| {
        let running: Vec<_> = signatures.chunks(part).map(|part| scope.spawn(|| verify_entries(part))).collect();
        running.into_iter().map(std::thread::ScopedJoinHandle::join).collect()
    });
    results.into_iter().try_for_each(|result| result.unwrap_or(Ok(())).map_err(naming::found))
}

fn shown_index(index: Option<u64>) -> String {
    index.map_or_else(|| "NULL".to_owned(), |index| index.to_string())
}

/// What the guard holds. A copy that has neither it nor the log key signs nothing and needs none.
async fn read_guard(dir: &Path) -> Result<Option<Published>, Stop> {
    let path = dir.join(GUARD);
    if !path.exists() {
        if !dir.join(LOG_KEY).exists() {
            return Ok(None);
        }
        return Err(Stop::found("guard", "one", "note", "guard.db: without it the ledger does not sign", "no file"));
    }
    let mut guard = Guard::open(&path, false).await.map_err(LedgerError::from)?;
    let published = guard.published().await;
    guard.close().await.map_err(LedgerError::from)?;
    match published {
        Ok(Some(published)) => Ok(Some(published)),
        Ok(None) => Err(Stop::found("guard", "one", "note", "the newest checkpoint published", "none")),
        Err(error @ GuardError::Damaged(_)) => Err(Stop::found("guard", "one", "note", "a checkpoint", error)),
        Err(error) => Err(Stop::Failed(error.into())),
    }
}

/// The guard is not ahead of the ledger and has the same history.
async fn check_guard(published: &Published, snapshot: &mut Snapshot) -> Result<(), Stop> {
    let head = snapshot.head().await?.ok_or(LedgerError::Inconsistent { what: "there is no checkpoint" })?;
    let at_that_size = snapshot.checkpoint(published.checkpoint.size.0).await?;
    let checked = crate::guard::check(published, &head, at_that_size.as_ref());
    checked.map_err(|error| Stop::found("guard", "one", "note", "a checkpoint of this ledger", error))
}

/// Compares the rows of a table, both in the order of their keys; `columns` begin with the key.
fn compare(table: &str, columns: &[&str], expected: &[Row], found: &[Row]) -> Result<(), Stop> {
    for (expected, found) in expected.iter().zip(found) {
        if expected.0[0] != found.0[0] {
            let (missing, extra) = (&expected.0[0], &found.0[0]);
            return Err(Stop::found(table, extra, columns[0], missing, extra));
        }
        let differs = expected.0.iter().zip(&found.0).position(|(expected, found)| expected != found);
        if let Some(at) = differs {
            let (missing, there) = Cell::difference(&expected.0[at], &found.0[at]);
            return Err(Stop::found(table, &found.0[0], columns[at], missing, there));
        }
    }
    match (expected.get(found.len()), found.get(expected.len())) {
        (Some(missing), _) => Err(Stop::found(table, &missing.0[0], columns[0], "a row", "none")),
        (_, Some(extra)) => Err(Stop::found(table, &extra.0[0], columns[0], "no row", "a row")),
        _ => Ok(()),
    }
}
