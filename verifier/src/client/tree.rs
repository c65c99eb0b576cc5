//! The files of a tree as one head calls for them.

use std::collections::VecDeque;
use std::prelude::rust_2024::*;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::log::checkpoint::SignedCheckpoint;
use crate::log::index::{LeafIndex, TreeSize};
use crate::log::note;
use crate::log::policy::Policy;
use crate::log::tile::{LevelTiles, TileKind, TilePath, WIDTH, encode_index, parse_entry_bundle, parse_index};

use super::fault::{Stop, TreeFault};
use super::source::{Reader, Source};

/// The longest bundle: 256 entries of 65,535 bytes, each after its length.
const MAX_BUNDLE: usize = 256 * (65_535 + 2);
/// The longest hash tile.
const MAX_TILE: usize = 256 * 32;
/// Bundles kept for the targets of reveals and erasures.
const KEPT: usize = 8;

/// A bundle's number and bytes, and how many entries of it belong to the tree.
pub(super) type Bundle = (u64, Arc<Vec<u8>>);

/// A source under a policy, as far as one head reaches.
pub(super) struct Tree<'a> {
    pub(super) source: &'a Source,
    pub(super) policy: &'a Policy,
    pub(super) size: TreeSize,
    kept: Mutex<VecDeque<Bundle>>,
}

impl<'a> Tree<'a> {
    pub(super) fn new(source: &'a Source, policy: &'a Policy, size: TreeSize) -> Self {
        Self { source, policy, size, kept: Mutex::new(VecDeque::new()) }
    }

    /// The entries of a bundle.
    pub(super) fn width(&self, bundle: u64) -> u16 {
        LevelTiles::new(self.size, 0).width(bundle)
    }

    /// The bytes of a bundle or hash tile and the path they were at. A partial one may have given way to the full one.
    pub(super) fn tile(&self, kind: TileKind, index: u64, width: u16) -> Result<(String, Vec<u8>), Stop> {
        let limit = if kind == TileKind::Entries { MAX_BUNDLE } else { MAX_TILE };
        for width in [width, WIDTH] {
            let path = tile_path(kind, index, width);
            if let Some(bytes) = self.source.read(&path, limit)? {
                return Ok((path, bytes));
            }
        }
        Err(TreeFault::Missing { path: tile_path(kind, index, width) }.into())
    }

    /// The disclosures beside a bundle's entries; nothing if there are none.
    pub(super) fn disclosures(&self, bundle: u64) -> Result<(String, Option<Reader>), Stop> {
        let path = format!("disclosures/{}", encode_index(bundle));
        let reader = self.source.open(&path)?;
        Ok((path, reader))
    }

    /// The bytes of one entry, for whoever names it as a target; nothing outside the tree.
    pub(super) fn entry(&self, index: LeafIndex) -> Result<Option<String>, Stop> {
        if index.0 >= self.size.0 {
            return Ok(None);
        }
        let number = index.0 / u64::from(WIDTH);
        let at = usize::try_from(index.0 % u64::from(WIDTH)).unwrap_or_default();
        let bytes = self.kept_bundle(number)?;
        // A bundle that is malformed is found so where it is read itself.
        let Ok(entries) = parse_entry_bundle(&bytes) else { return Ok(None) };
        Ok(entries.get(at).and_then(|entry| core::str::from_utf8(entry).ok()).map(ToOwned::to_owned))
    }

    fn kept_bundle(&self, number: u64) -> Result<Arc<Vec<u8>>, Stop> {
        let kept = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, bytes)) = kept().iter().find(|(kept, _)| *kept == number) {
            return Ok(Arc::clone(bytes));
        }
        let (_, bytes) = self.tile(TileKind::Entries, number, self.width(number))?;
        let bytes = Arc::new(bytes);
        let mut kept = kept();
        kept.truncate(KEPT - 1);
        kept.push_front((number, Arc::clone(&bytes)));
        Ok(bytes)
    }

    /// No file of disclosures is about entries beyond the head, where the source can list them.
    pub(super) fn check_disclosure_files(&self) -> Result<(), Stop> {
        let bundles = self.size.0.div_ceil(u64::from(WIDTH));
        let mut folders = vec![String::new()];
        while let Some(folder) = folders.pop() {
            for name in self.source.list(&format!("disclosures/{folder}"))?.unwrap_or_default() {
                let number = format!("{folder}{name}");
                match parse_index(&number) {
                    Ok(at) if at >= bundles && !self.has_grown_to(at.saturating_mul(u64::from(WIDTH)))? => {
                        let path = format!("disclosures/{number}");
                        return Err(TreeFault::Beyond { path, size: self.size.0 }.into());
                    }
                    Err(_) if name.len() == 4 && name.starts_with('x') => folders.push(number + "/"),
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// Whether the source has a newer head by now, one that covers the entry: then what seems to be beyond the head is
    /// simply new. An export writes its checkpoint last, so that one under way is waited for a little.
    ///
    /// A server answers from what is recorded, and publishes a head only once enough witnesses, who read before they cosign, have
    /// cosigned it: there, being ahead of the head is no fault.
    pub(super) fn has_grown_to(&self, index: u64) -> Result<bool, Stop> {
        if self.source.is_remote() {
            return Ok(true);
        }
        for wait in [0, 200, 800] {
            thread::sleep(Duration::from_millis(wait));
            if self.reaches(index)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn reaches(&self, index: u64) -> Result<bool, Stop> {
        let Some(bytes) = self.source.read("checkpoint", note::MAX_LENGTH)? else { return Ok(false) };
        let note = String::from_utf8(bytes).ok().and_then(|text| SignedCheckpoint::parse(&text).ok());
        Ok(note.is_some_and(|note| note.checkpoint.size.0 > index && self.policy.check_log(&note).is_ok()))
    }
}

/// The path of a tile; every index below 2^53 / 256 and width of 1 to 256 has one.
pub(super) fn tile_path(kind: TileKind, index: u64, width: u16) -> String {
    TilePath::new(kind, index, width).map(|path| path.to_string()).unwrap_or_default()
}
