//! Where the tree is read from: an exported directory or an http(s) address. Every read has a limit.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::PathBuf;
use std::prelude::rust_2024::*;

use super::remote::Remote;

/// A tree of files.
#[derive(Clone, Debug)]
pub enum Source {
    /// An exported directory.
    Directory(PathBuf),
    /// An exported tree on a web server.
    Http(Remote),
}

/// Why a file could not be read. That it is not there is no error.
#[derive(Debug)]
pub(super) enum SourceError {
    /// Longer than anything valid.
    TooLong { path: String, limit: usize },
    /// The disk or the network failed.
    Failed { path: String, error: String },
}

/// An open file of the tree.
pub(super) type Reader = Box<dyn Read>;

impl Source {
    /// Names a source; nothing if it is neither a directory nor an http(s) address.
    pub fn new(source: &str) -> Option<Self> {
        if source.starts_with("http://") || source.starts_with("https://") {
            return Some(Self::Http(Remote::patient(source)));
        }
        let path = PathBuf::from(source);
        path.is_dir().then_some(Self::Directory(path))
    }

    /// Whether files are worth asking for many at a time.
    pub const fn is_remote(&self) -> bool {
        matches!(self, Self::Http(..))
    }

    /// Opens a file; nothing if it is not there.
    pub(super) fn open(&self, path: &str) -> Result<Option<Reader>, SourceError> {
        match self {
            Self::Directory(root) => match open_file(root.join(path)) {
                Ok(file) => Ok(file.map(|file| Box::new(file) as Reader)),
                Err(error) => Err(SourceError::Failed { path: path.to_owned(), error: error.to_string() }),
            },
            Self::Http(remote) => remote.fetch(path, |body| Ok(Box::new(body) as Reader)),
        }
    }

    /// Reads a file of at most `limit` bytes; nothing if it is not there.
    pub(super) fn read(&self, path: &str, limit: usize) -> Result<Option<Vec<u8>>, SourceError> {
        let bytes = match self {
            Self::Directory(root) => {
                let read =
                    open_file(root.join(path)).and_then(|file| file.map(|file| read_file(file, limit)).transpose());
                read.map_err(|error| SourceError::Failed { path: path.to_owned(), error: error.to_string() })?
            }
            Self::Http(remote) => remote.fetch(path, |body| read_all(body, 0, limit))?,
        };
        match bytes {
            Some(bytes) if bytes.len() > limit => Err(SourceError::TooLong { path: path.to_owned(), limit }),
            bytes => Ok(bytes),
        }
    }

    /// The names in a folder, none if it is not there; nothing at all if the source cannot list.
    pub(super) fn list(&self, folder: &str) -> Result<Option<Vec<String>>, SourceError> {
        let Self::Directory(root) = self else { return Ok(None) };
        let failed = |error: io::Error| SourceError::Failed { path: folder.to_owned(), error: error.to_string() };
        let entries = match fs::read_dir(root.join(folder)) {
            Ok(entries) => entries,
            Err(error) if is_absent(&error) => return Ok(Some(Vec::new())),
            Err(error) => return Err(failed(error)),
        };
        let names = entries.map(|entry| Ok(entry.map_err(failed)?.file_name().to_string_lossy().into_owned()));
        names.collect::<Result<_, _>>().map(Some)
    }
}

/// A folder or a device in the place of a file is no file either, and is not waited for.
fn open_file(path: PathBuf) -> io::Result<Option<File>> {
    match fs::metadata(&path) {
        Ok(metadata) if metadata.is_file() => {}
        Ok(_) => return Ok(None),
        Err(error) if is_absent(&error) => return Ok(None),
        Err(error) => return Err(error),
    }
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn read_file(file: File, limit: usize) -> io::Result<Vec<u8>> {
    let expected = file.metadata().map_or(0, |metadata| usize::try_from(metadata.len()).unwrap_or(limit));
    read_all(file, expected.min(limit), limit)
}

fn read_all(reader: impl Read, expected: usize, limit: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(expected + 1);
    reader.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
