//! The tables of `index.db`, with reasons, and opening the file.

use std::path::Path;

use sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Row as _, SqliteConnection};
use verifier::log::index::LeafIndex;
use verifier::record::entry::entry_hash;

use crate::error::LedgerError;
use crate::reader::Reader;
use crate::store::{StoreError, index_of, options};

/// Raised by whatever changes the tables, the folding or what is searched: an index of another version is made anew.
const VERSION: i64 = 2;

/// FTS5 without contents of its own (`content=''`), for the terms are made here: what a row was indexed by is computed again
/// from `notice` and `notice_text` when it must go. No ranking, so no sizes (`columnsize=0`): newest first is a walk along the
/// row ids, a thousand times cheaper than a rank over a million notices.
const TABLES: &str = "
-- Which ledger this is of, and how far it is.
CREATE TABLE state (
    id      INTEGER PRIMARY KEY CHECK (id = 0),
    genesis BLOB NOT NULL,    -- leaf hash of entry 0
    next    INTEGER NOT NULL, -- entries indexed
    last    BLOB NOT NULL     -- leaf hash of the last of them
) STRICT;

-- The notices, narrow, as lists show them.
CREATE TABLE notice (
    idx       INTEGER PRIMARY KEY, -- index of the entry
    project   INTEGER NOT NULL,    -- project.first
    time      INTEGER NOT NULL,    -- by the ledger's clock, ms; grows with idx
    sector    TEXT NOT NULL,
    stage     TEXT NOT NULL,
    region    TEXT NOT NULL,       -- empty if none was given
    publisher TEXT NOT NULL,
    id        TEXT NOT NULL,       -- the publisher's id of the notice
    title     TEXT NOT NULL,
    standing  TEXT                 -- project.standing, here too so that the newest of a standing are next to each other
) STRICT;
-- A period is a range of indexes: this finds its ends.
CREATE INDEX notice_time ON notice (time);
CREATE INDEX notice_project ON notice (project);
CREATE INDEX notice_standing ON notice (standing, idx);

-- Attachments that notices name: whoever brings one need not say which notice names it.
CREATE TABLE attachment (
    sha256 TEXT NOT NULL,    -- lower-case hex
    idx    INTEGER NOT NULL, -- index of the entry
    size   INTEGER,          -- bytes, where the notice says how many
    PRIMARY KEY (sha256, idx)
) STRICT, WITHOUT ROWID;

-- What else of a notice is searched, apart, so that a list does not read it.
CREATE TABLE notice_text (
    idx   INTEGER PRIMARY KEY,
    names TEXT NOT NULL, -- a line each
    ids   TEXT NOT NULL, -- a line each
    body  TEXT NOT NULL  -- the full text while it is disclosed
) STRICT;

CREATE TABLE project (
    first    INTEGER PRIMARY KEY, -- index of its first notice
    id       TEXT NOT NULL UNIQUE,
    name     TEXT NOT NULL,       -- as its newest notice has it
    sector   TEXT NOT NULL,       -- as its first notice has it
    region   TEXT NOT NULL,
    newest   INTEGER NOT NULL,    -- index of its newest notice
    notices  INTEGER NOT NULL,
    words    TEXT NOT NULL,       -- what it is found by, a line each
    facets   TEXT NOT NULL,       -- terms of all its notices
    standing TEXT,                -- how it stands under the rules; NULL until it was judged
    due      INTEGER,             -- the next deadline, seconds since the epoch
    judged   INTEGER NOT NULL     -- as of when it was judged, seconds since the epoch; -1: judge it again
) STRICT;
CREATE INDEX project_standing ON project (standing, first);
CREATE INDEX project_changed ON project (first) WHERE judged < 0;
CREATE INDEX project_due ON project (due) WHERE due IS NOT NULL;

-- By what name a publisher is enrolled from an entry on.
CREATE TABLE enrolment (
    publisher TEXT NOT NULL,
    idx       INTEGER NOT NULL,
    name      TEXT NOT NULL,
    PRIMARY KEY (publisher, idx)
) STRICT, WITHOUT ROWID;

-- Texts that statistics name, numbered from 0: rules, reasons, districts, units, lists.
CREATE TABLE name (
    number INTEGER PRIMARY KEY,
    text   TEXT NOT NULL UNIQUE
) STRICT;
-- What each project adds to the statistics, as the verifier writes it.
CREATE TABLE project_figures (
    project INTEGER PRIMARY KEY, -- project.first
    bytes   BLOB NOT NULL
) STRICT;
-- The lists behind the figures.
CREATE TABLE figure (
    name    INTEGER NOT NULL, -- name.number
    project INTEGER NOT NULL, -- project.first
    PRIMARY KEY (name, project)
) STRICT, WITHOUT ROWID;

-- Statistics: notices by sector and stage.
CREATE TABLE tally (
    sector TEXT NOT NULL,
    stage  TEXT NOT NULL,
    n      INTEGER NOT NULL,
    PRIMARY KEY (sector, stage)
) STRICT, WITHOUT ROWID;

CREATE VIRTUAL TABLE notice_terms USING fts5(terms, content='', columnsize=0, tokenize='ascii');
CREATE VIRTUAL TABLE project_terms USING fts5(terms, content='', columnsize=0, tokenize='ascii');
-- A deleted term leaves its page at once instead of with a later merge: what was erased must not stay.
INSERT INTO notice_terms(notice_terms, rank) VALUES ('secure-delete', 1);
-- Larger pieces are written at once: fewer merges.
INSERT INTO notice_terms(notice_terms, rank) VALUES ('hashsize', 8388608);
";

/// Opens the file, or makes it anew if it does not fit; gives the entries indexed.
pub(super) async fn open(path: &Path, reader: &Reader) -> Result<(SqliteConnection, u64), LedgerError> {
    if path.is_file() {
        match resume(path, reader).await {
            Ok(Some(opened)) => return Ok(opened),
            Ok(None) => tracing::info!("the index is of another ledger or version: it is made anew"),
            // It holds nothing that cannot be made again; that the ledger itself cannot be read shows below.
            Err(error) => tracing::warn!(%error, "the index cannot be used: it is made anew"),
        }
        super::remove(&reader.dir)?;
    }
    Ok((create(path, reader).await?, 0))
}

async fn resume(path: &Path, reader: &Reader) -> Result<Option<(SqliteConnection, u64)>, LedgerError> {
    let mut connection = connect(path, false).await?;
    let version: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut connection).await.map_err(failed)?;
    let fits = if version == VERSION { fitting(&mut connection, reader).await? } else { None };
    match fits {
        Some(next) => Ok(Some((connection, next))),
        None => {
            connection.close().await.map_err(failed)?;
            Ok(None)
        }
    }
}

/// The entries indexed, if the index is of this ledger's history.
async fn fitting(connection: &mut SqliteConnection, reader: &Reader) -> Result<Option<u64>, LedgerError> {
    let row = sqlx::query("SELECT genesis, next, last FROM state").fetch_one(connection).await.map_err(failed)?;
    let next = index_of(row.try_get(1).map_err(failed)?);
    for (index, column) in [(0, 0), (next.saturating_sub(1), 2)] {
        let hash: Vec<u8> = row.try_get(column).map_err(failed)?;
        let entry = reader.entry(LeafIndex(index)).await?;
        if (column == 0 || next > 0) && entry.is_none_or(|entry| entry_hash(&entry.entry).0.0 != *hash) {
            return Ok(None);
        }
    }
    Ok(Some(next))
}

async fn create(path: &Path, reader: &Reader) -> Result<SqliteConnection, LedgerError> {
    let mut connection = connect(path, true).await?;
    let genesis = reader.entry(LeafIndex(0)).await?;
    let genesis = genesis.ok_or(LedgerError::Inconsistent { what: "there is no genesis" })?;
    let hash = entry_hash(&genesis.entry).0.0;
    let mut transaction = connection.begin().await.map_err(failed)?;
    sqlx::raw_sql(TABLES).execute(&mut *transaction).await.map_err(failed)?;
    let state = sqlx::query("INSERT INTO state VALUES (0, ?, 0, ?)").bind(&hash[..]).bind(&hash[..]);
    state.execute(&mut *transaction).await.map_err(failed)?;
    let version = AssertSqlSafe(format!("PRAGMA user_version = {VERSION}"));
    sqlx::query(version).execute(&mut *transaction).await.map_err(failed)?;
    transaction.commit().await.map_err(failed)?;
    Ok(connection)
}

/// The connection that writes. What a crash takes away is derived again, so a commit need not reach the disk at once.
async fn connect(path: &Path, create: bool) -> Result<SqliteConnection, LedgerError> {
    let options = options(path)
        .create_if_missing(create)
        .page_size(16_384)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .pragma("secure_delete", "ON")
        .pragma("cache_size", "-12288")
        .pragma("journal_size_limit", (64 << 20).to_string());
    options.connect().await.map_err(failed)
}

pub(super) fn failed(error: sqlx::Error) -> LedgerError {
    LedgerError::Store(StoreError::Database(error))
}
