//! The index (索引): search, lists, statistics and feeds, in a second database file, `index.db`.
//!
//! Everything in it is derived from the entries and from what is disclosed beside them. It follows the ledger a little behind,
//! is thrown away and made again when it is missing, of another ledger or of another version, and then gives the same answers.
//! It proves nothing: whoever needs proof takes the receipt or the dossier of what he found.
//!
//! | | |
//! |---|---|
//! | `fold` `terms` `excerpt` | pure: spellings made one; the terms of the full-text index; hits shown in their text |
//! | `document` | what of a notice is searched |
//! | `schema` | all tables of `index.db`, and opening it |
//! | `follow` `project` `rows` `standing` `figures` | keeps it: entries in batches, erasures; how each project stands under the rules; all of that added up |
//! | `notices` `facets` `projects` `attachments` | asks it |

mod attachments;
mod document;
mod excerpt;
mod facets;
pub mod figures;
mod fold;
mod follow;
#[cfg(test)]
mod measure;
mod notices;
mod project;
mod projects;
mod rows;
mod schema;
mod standing;
mod terms;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sqlx::{Connection as _, SqliteConnection, SqlitePool};
use tokio::sync::{Mutex, watch};
use verifier::lifecycle::Law;

use crate::error::LedgerError;
use crate::reader::Reader;
use crate::store::{StoreError, reading};

pub use attachments::Announced;
pub use excerpt::Piece;
pub use facets::Facets;
pub use figures::{Figures, Part};
pub use notices::{Filter, Found, NoticeFilter, NoticePage, NoticePlace};
pub use projects::{FoundProject, ProjectPage};
pub use terms::{Words, WordsError};

/// Connections that answer questions.
const CONNECTIONS: u32 = 4;
/// The file.
pub(crate) const INDEX: &str = "index.db";
/// Hits are counted up to here: beyond, nobody counts along, and counting all would cost more than answering.
pub const COUNTED: u64 = 1000;
/// Hits of words that are looked at for those of a standing, at once; the next page goes on from there.
pub const LOOKED_AT: i64 = 5000;

/// How far the index is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Entries it holds everything of.
    pub indexed: u64,
    /// Entries of the head it is following.
    pub size: u64,
    /// Whether it has caught up with the ledger since it was opened or made.
    pub ready: bool,
}

/// The index of a ledger, open.
#[derive(Clone)]
pub struct Index {
    reader: Reader,
    pool: SqlitePool,
    writer: Arc<Mutex<SqliteConnection>>,
    progress: Arc<watch::Sender<Progress>>,
    looked_at: i64,
    /// The rules, until they change.
    law: Arc<std::sync::Mutex<Option<Arc<Law>>>>,
    /// Statistics, once they are read, and the names in them, which are the follower's.
    sums: Arc<std::sync::Mutex<Option<figures::Sums>>>,
    names: Arc<Mutex<Option<figures::Interned>>>,
}

impl Index {
    /// Opens the index of a ledger, and begins a new one if there is none that fits.
    ///
    /// # Errors
    /// The ledger cannot be read, or the file not be made.
    pub(crate) async fn open(reader: &Reader) -> Result<Self, LedgerError> {
        let path = path_in(&reader.dir);
        let (connection, indexed) = schema::open(&path, reader).await?;
        let pool = reading(&path, CONNECTIONS).await?;
        let progress = Progress { indexed, size: 0, ready: false };
        let (law, sums, names) = Default::default();
        let (writer, progress) = (Arc::new(Mutex::new(connection)), Arc::new(watch::Sender::new(progress)));
        Ok(Self { reader: reader.clone(), pool, writer, progress, looked_at: LOOKED_AT, law, sums, names })
    }

    /// How far it is; tells of every change.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    /// Closes the file.
    ///
    /// # Errors
    /// It cannot be closed.
    pub async fn close(self) -> Result<(), LedgerError> {
        self.pool.close().await;
        if let Some(writer) = Arc::into_inner(self.writer) {
            writer.into_inner().close().await.map_err(StoreError::from)?;
        }
        Ok(())
    }
}

fn path_in(dir: &Path) -> PathBuf {
    dir.join(INDEX)
}

/// Removes the index of a ledger that nobody has open: it is made again when it is needed.
pub(crate) fn remove(dir: &Path) -> Result<(), LedgerError> {
    for suffix in ["", "-wal", "-shm"] {
        let path = dir.join(format!("{INDEX}{suffix}"));
        match std::fs::remove_file(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(LedgerError::File { path, source });
            }
            _ => {}
        }
    }
    Ok(())
}
