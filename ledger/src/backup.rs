//! A consistent copy of a ledger while it is being written.
//!
//! The copy is written anew from a reader's snapshot, so it holds no deleted bytes. It never holds the rollback guard: a
//! guard restored together with an old ledger would let that ledger sign a second history. Nor does it hold keys.

use std::fs;
use std::io;
use std::path::Path;

use verifier::log::checkpoint::SignedCheckpoint;

use crate::error::LedgerError;
use crate::ledger::{ATTACHMENTS, DATABASE};
use crate::reader::Reader;

/// Copies the ledger in `dir` to `out`, which must be empty or not exist; gives the head of the copy. `progress` is told the
/// entries copied and of how many. `out` then holds `ledger.db` and the attachments, and is read and checked like any ledger;
/// to sign it needs the log key and the guard, which are kept apart from it: without the guard opening it for writing is
/// refused ([`GuardError::Missing`](crate::GuardError::Missing)), under a guard that is ahead of it too.
///
/// # Errors
/// There is no ledger, `out` is not empty, or a file cannot be written.
pub async fn backup(
    dir: &Path,
    out: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<SignedCheckpoint, LedgerError> {
    let failed = |source: io::Error| LedgerError::File { path: out.to_owned(), source };
    let reader = Reader::open(dir).await?;
    fs::create_dir_all(out).map_err(failed)?;
    if fs::read_dir(out).map_err(failed)?.next().is_some() {
        return Err(LedgerError::NotEmpty { dir: out.to_owned() });
    }
    let size = reader.head().await?.checkpoint.size.0;
    progress(0, size);
    let aside = out.join("ledger.db.new");
    let copied = crate::store::copy(&dir.join(DATABASE), &aside).await;
    reader.close().await;
    if let Err(error) = copied {
        // Half a copy is none, and would keep the next one out.
        let _ = fs::remove_file(&aside);
        return Err(error.into());
    }
    // After the database: every attachment that it names was there before.
    copy_attachments(&dir.join(ATTACHMENTS), &out.join(ATTACHMENTS)).map_err(failed)?;
    sync(&aside).and_then(|()| fs::rename(&aside, out.join(DATABASE))).and_then(|()| sync(out)).map_err(failed)?;
    let copy = Reader::open(out).await?;
    let head = copy.head().await?;
    copy.close().await;
    progress(head.checkpoint.size.0, head.checkpoint.size.0);
    Ok(head)
}

fn copy_attachments(from: &Path, to: &Path) -> io::Result<()> {
    let Ok(files) = fs::read_dir(from) else { return Ok(()) };
    fs::create_dir_all(to)?;
    for file in files {
        let file = file?;
        if file.file_type()?.is_file() {
            let copy = to.join(file.file_name());
            fs::copy(file.path(), &copy)?;
            sync(&copy)?;
        }
    }
    sync(to)
}

/// Makes a file, or the names in a directory, durable.
fn sync(path: &Path) -> io::Result<()> {
    if cfg!(unix) || path.is_file() { fs::File::open(path)?.sync_all() } else { Ok(()) }
}
