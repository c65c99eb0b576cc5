//! The directory of a report: written beside its place, and moved there file by file when all is written.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// A report being written.
pub(super) struct Directory {
    out: PathBuf,
    partial: PathBuf,
}

/// Whether a report may be written there: where there is nothing, an empty directory, or an earlier report.
///
/// # Errors
/// The disk's, or [`io::ErrorKind::DirectoryNotEmpty`] for a directory of other files.
pub(in super::super) fn check(out: &Path) -> io::Result<()> {
    let mut entries = match fs::read_dir(out) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if entries.next().is_some() && !out.join("report.json").is_file() {
        return Err(io::ErrorKind::DirectoryNotEmpty.into());
    }
    Ok(())
}

impl Directory {
    /// Begins a report.
    pub(super) fn begin(out: &Path) -> io::Result<Self> {
        check(out)?;
        let partial = out.join(format!(".partial-{}", std::process::id()));
        fs::create_dir_all(&partial)?;
        Ok(Self { out: out.to_owned(), partial })
    }

    /// Writes a file.
    pub(super) fn write(&self, name: impl AsRef<Path>, bytes: &[u8]) -> io::Result<()> {
        File::create(self.partial.join(name))?.write_all(bytes)
    }

    /// Adds to a file.
    pub(super) fn append(&self, name: impl AsRef<Path>, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        OpenOptions::new().append(true).open(self.partial.join(name))?.write_all(bytes)
    }

    /// Moves every file to its place, `report.json` and `report.html` last.
    pub(super) fn finish(self) -> io::Result<()> {
        let mut names: Vec<_> =
            fs::read_dir(&self.partial)?.map(|entry| Ok(entry?.file_name())).collect::<io::Result<_>>()?;
        names.sort_by_key(|name| name.to_string_lossy().starts_with("report."));
        for name in names {
            fs::rename(self.partial.join(&name), self.out.join(&name))?;
        }
        Ok(())
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // What is left of it is of no use to anybody.
        drop(fs::remove_dir_all(&self.partial));
    }
}
