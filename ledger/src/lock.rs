//! One writer: a lock on `writer.lock` in the ledger's directory, which the operating system lets go when the process ends,
//! however it ends. The file holds the process's id, for whoever is refused.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

/// Why the ledger cannot be opened for writing.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process, or another part of this one, writes to it.
    #[error("{dir} is being written by process {holder}: stop that process, or ask it to record the notices")]
    Held {
        /// The ledger's directory.
        dir: PathBuf,
        /// The id of the process, as it wrote it down.
        holder: String,
    },
    /// The lock file cannot be used.
    #[error("the lock of {dir}: {source}")]
    File {
        /// The ledger's directory.
        dir: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

/// The right to write, until it is dropped.
#[derive(Debug)]
pub(crate) struct WriterLock {
    file: File,
}

impl WriterLock {
    /// Takes the lock of a ledger's directory, without waiting.
    pub(crate) fn take(dir: &Path) -> Result<Self, LockError> {
        let failed = |source| LockError::File { dir: dir.to_owned(), source };
        let path = dir.join("writer.lock");
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                file.take(32).read_to_string(&mut holder).map_err(failed)?;
                return Err(LockError::Held { dir: dir.to_owned(), holder: holder.trim().to_owned() });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        write_holder(&mut file).map_err(failed)?;
        Ok(Self { file })
    }
}

impl Drop for WriterLock {
    /// Closing the file is not enough: a process that was forked and does not run its program yet has it open, too.
    fn drop(&mut self) {
        let _ = self.file.unlock();
    }
}

fn write_holder(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_writer_is_refused_by_the_first_ones_id_until_it_is_gone() {
        let dir = tempfile::tempdir().expect("a directory");
        let first = WriterLock::take(dir.path()).expect("nobody holds it");
        match WriterLock::take(dir.path()) {
            Err(LockError::Held { holder, .. }) => assert_eq!(holder, std::process::id().to_string()),
            other => panic!("{other:?}"),
        }
        drop(first);
        assert!(WriterLock::take(dir.path()).is_ok());
    }
}
