//! Moving the WAL into the database file, beside the writer instead of in its way.
//!
//! SQLite would do it within the commit that makes the WAL too long; that batch then waits for some 100 MB to reach the disk.
//! Here another thread moves most of it while the writer goes on, and the writer moves the little that is left between two
//! batches, after which the WAL begins anew.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use sqlx::{ConnectOptions as _, Connection as _, Row as _, SqliteConnection};
use tokio::sync::mpsc;

use super::{StoreError, open};

/// Bytes written since the WAL began after which it is moved.
const MOVE_BYTES: usize = 64 << 20;
/// Frames the writer may be left with: some tens of milliseconds.
const FEW_FRAMES: i64 = 512;
/// How often the thread tries to leave only few, while the writer adds more.
const PASSES: usize = 3;

/// The thread that moves the WAL.
pub(super) struct WalMover {
    order: mpsc::UnboundedSender<()>,
    moved: Arc<AtomicBool>,
    thread: JoinHandle<()>,
    written: usize,
    ordered: bool,
}

impl WalMover {
    pub(super) async fn start(path: &Path) -> Result<Self, StoreError> {
        let mut connection = open::options(path).connect().await?;
        let (order, mut orders) = mpsc::unbounded_channel();
        let moved = Arc::new(AtomicBool::new(false));
        let done = moved.clone();
        let work = async move {
            while orders.recv().await.is_some() {
                for _ in 0..PASSES {
                    // Whatever fails here the writer meets again and reports.
                    match move_wal(&mut connection).await {
                        Ok(left) if left > FEW_FRAMES => {}
                        _ => break,
                    }
                }
                done.store(true, Ordering::Release);
            }
            let _ = connection.close().await;
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(sqlx::Error::Io)?;
        let builder = std::thread::Builder::new().name("wal".to_owned());
        let thread = builder.spawn(move || runtime.block_on(work)).map_err(sqlx::Error::Io)?;
        Ok(Self { order, moved, thread, written: 0, ordered: false })
    }

    /// After each commit, with the bytes it wrote.
    pub(super) async fn committed(&mut self, bytes: usize, writer: &mut SqliteConnection) -> Result<(), StoreError> {
        self.written += bytes;
        if self.ordered && self.moved.swap(false, Ordering::Acquire) {
            move_wal(writer).await?;
            (self.ordered, self.written) = (false, 0);
        } else if !self.ordered && self.written >= MOVE_BYTES {
            // The thread lives as long as the sender.
            let _ = self.order.send(());
            self.ordered = true;
        }
        Ok(())
    }

    pub(super) fn stop(self) {
        drop(self.order);
        let _ = self.thread.join();
    }
}

/// Moves what can be moved without waiting for anybody; says how many frames are left.
async fn move_wal(connection: &mut SqliteConnection) -> Result<i64, StoreError> {
    let row = sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").fetch_one(connection).await?;
    let (frames, moved): (i64, i64) = (row.try_get(1)?, row.try_get(2)?);
    Ok(frames - moved)
}
