//! The static tree (formats.md §6): tiles, entry bundles, disclosures and checkpoints as files that any web server can serve
//! and an audit reads.
//!
//! Files are written aside and renamed into place; `checkpoint` comes last, so that whoever reads a head finds all it covers. A
//! second run writes only what is new: tiles and bundles never change, a file of disclosures only by an erasure.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use verifier::log::index::TreeSize;
use verifier::log::tile::{TilePath, encode_index, entry_tiles, hash_tiles};

use crate::error::LedgerError;
use crate::ledger::ATTACHMENTS;
use crate::reader::Reader;
use crate::store::Snapshot;

/// Checkpoints listed at once.
const CHUNK: u64 = 4096;

/// What an export wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// Size of the head exported.
    pub size: u64,
    /// Files written.
    pub written: u64,
    /// Files that were there already.
    pub kept: u64,
}

impl Reader {
    /// Writes the static tree of the newest head to `out`; `progress` is told bundles done and of how many.
    ///
    /// # Errors
    /// The database cannot be read, a file cannot be written, or `out` holds the tree of another ledger.
    pub async fn export(&self, out: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<Exported, LedgerError> {
        let mut snapshot = self.readers.snapshot().await?;
        let head = snapshot.head().await?.ok_or(LedgerError::Inconsistent { what: "there is no checkpoint" })?;
        let size = head.checkpoint.size;
        let mut tree = StaticTree { out, exported: Exported { size: size.0, ..Exported::default() } };
        tree.check_origin(&head.checkpoint.origin)?;
        tree.tiles(&mut snapshot, size).await?;
        tree.entries(&mut snapshot, size, progress).await?;
        tree.checkpoints(&mut snapshot, size.0).await?;
        tree.attachments(&self.dir.join(ATTACHMENTS))?;
        tree.replace("checkpoint", head.format().as_bytes())?;
        Ok(tree.exported)
    }
}

struct StaticTree<'a> {
    out: &'a Path,
    exported: Exported,
}

impl StaticTree<'_> {
    fn file(path: &Path) -> impl Fn(io::Error) -> LedgerError + '_ {
        |source| LedgerError::File { path: path.to_owned(), source }
    }

    /// A tree that is there already must be this ledger's.
    fn check_origin(&self, origin: &str) -> Result<(), LedgerError> {
        let path = self.out.join("checkpoint");
        match fs::read_to_string(&path) {
            Ok(note) if note.lines().next() == Some(origin) => Ok(()),
            Ok(_) => Err(LedgerError::OtherLedgersTree { out: self.out.to_owned(), origin: origin.to_owned() }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(Self::file(&path)(error)),
        }
    }

    fn has(&self, path: &str) -> bool {
        self.out.join(path).is_file()
    }

    /// Writes a file if its content is another than before.
    fn replace(&mut self, path: &str, bytes: &[u8]) -> Result<(), LedgerError> {
        if fs::read(self.out.join(path)).is_ok_and(|before| before == bytes) {
            self.exported.kept += 1;
            return Ok(());
        }
        self.write(path, bytes)
    }

    fn write(&mut self, path: &str, bytes: &[u8]) -> Result<(), LedgerError> {
        let path = self.out.join(path);
        let aside = path.with_file_name(format!(".{}.new", path.file_name().unwrap_or_default().to_string_lossy()));
        let folder = path.parent().unwrap_or(self.out);
        fs::create_dir_all(folder).map_err(Self::file(folder))?;
        let written = fs::File::create(&aside).and_then(|mut file| file.write_all(bytes));
        written.and_then(|()| fs::rename(&aside, &path)).map_err(Self::file(&path))?;
        self.exported.written += 1;
        Ok(())
    }

    async fn tiles(&mut self, snapshot: &mut Snapshot, size: TreeSize) -> Result<(), LedgerError> {
        for path in hash_tiles(size) {
            let text = path.to_string();
            if self.has(&text) {
                self.exported.kept += 1;
                continue;
            }
            let bytes = snapshot.tile_file(&path, size).await?;
            self.write(&text, &bytes)?;
        }
        Ok(())
    }

    async fn entries(
        &mut self,
        snapshot: &mut Snapshot,
        size: TreeSize,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<(), LedgerError> {
        let bundles = size.0.div_ceil(256);
        for path in entry_tiles(size) {
            let (first, width) = (path.index() * 256, u64::from(path.width()));
            self.disclosures(snapshot, path.index(), first, first + width).await?;
            self.bundle(snapshot, &path, size).await?;
            progress(path.index() + 1, bundles);
        }
        Ok(())
    }

    async fn bundle(&mut self, snapshot: &mut Snapshot, path: &TilePath, size: TreeSize) -> Result<(), LedgerError> {
        let name = path.to_string();
        if self.has(&name) {
            self.exported.kept += 1;
            return Ok(());
        }
        let bytes = snapshot.tile_file(path, size).await?;
        self.write(&name, &bytes)
    }

    /// Disclosures change when one is erased; a file without any goes.
    async fn disclosures(&mut self, snapshot: &mut Snapshot, n: u64, first: u64, end: u64) -> Result<(), LedgerError> {
        let path = format!("disclosures/{}", encode_index(n));
        let Some(bytes) = snapshot.disclosure_file(first, end).await? else {
            let file = self.out.join(&path);
            return if file.exists() { fs::remove_file(&file).map_err(Self::file(&file)) } else { Ok(()) };
        };
        self.replace(&path, bytes.as_bytes())
    }

    /// Every checkpoint with the cosignatures it has by now.
    async fn checkpoints(&mut self, snapshot: &mut Snapshot, size: u64) -> Result<(), LedgerError> {
        let mut after = 0;
        loop {
            let notes = snapshot.checkpoints_after(after, CHUNK).await?;
            let Some(last) = notes.last() else { return Ok(()) };
            after = last.checkpoint.size.0;
            for note in notes.iter().filter(|note| note.checkpoint.size.0 <= size) {
                self.replace(&format!("checkpoints/{}", note.checkpoint.size), note.format().as_bytes())?;
            }
        }
    }

    fn attachments(&mut self, from: &Path) -> Result<(), LedgerError> {
        let Ok(files) = fs::read_dir(from) else { return Ok(()) };
        for file in files {
            let path: PathBuf = file.map_err(Self::file(from))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.len() == 64
                && name.bytes().all(|b| b.is_ascii_hexdigit())
                && !self.has(&format!("attachments/{name}"))
            {
                let bytes = fs::read(&path).map_err(Self::file(&path))?;
                self.write(&format!("attachments/{name}"), &bytes)?;
            }
        }
        Ok(())
    }
}
