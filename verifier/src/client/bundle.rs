//! Reading one bundle: its entries, what is disclosed beside them, its level-0 hash tile. Everything that can be said without
//! knowing the entries before, so that bundles are read in parallel.

use std::io::{BufRead as _, BufReader, Read as _};
use std::prelude::rust_2024::*;

use crate::audit::{AuditError, DisclosureLines, Fault, ReadEntry};
use crate::lifecycle::chronicle::Excerpt;
use crate::log::hash::{Hash, leaf_hash};
use crate::log::index::LeafIndex;
use crate::log::tile::{TileKind, WIDTH, parse_entry_bundle};

use super::fault::{Stop, TreeFault};
use super::source::Reader;
use super::tree::{Tree, tile_path};

/// A bundle, read.
pub(super) struct ReadBundle {
    /// Its number.
    pub(super) number: u64,
    /// Its entries from the first that is new.
    pub(super) entries: Vec<BundleEntry>,
    /// What is wrong behind these entries.
    pub(super) stop: Option<Stop>,
}

/// An entry of a bundle.
pub(super) struct BundleEntry {
    pub(super) entry: ReadEntry,
    /// The bytes of its target, if it names one.
    pub(super) target: Option<String>,
    /// What a report needs of it.
    pub(super) excerpt: Option<Excerpt>,
}

/// Reads a bundle; `known` are the leaf hashes of its entries that were folded before; `excerpts` are made for a report.
pub(super) fn read(tree: &Tree<'_>, number: u64, known: &[Hash], excerpts: bool) -> ReadBundle {
    let mut entries = Vec::new();
    let stop = read_into(tree, number, (known, excerpts), &mut entries).err();
    ReadBundle { number, entries, stop }
}

fn read_into(
    tree: &Tree<'_>,
    number: u64,
    (known, excerpts): (&[Hash], bool),
    out: &mut Vec<BundleEntry>,
) -> Result<(), Stop> {
    let width = usize::from(tree.width(number));
    let (path, bytes) = tree.tile(TileKind::Entries, number, tree.width(number))?;
    let entries = parse_entry_bundle(&bytes).map_err(|error| TreeFault::Bundle { path: path.clone(), error })?;
    let expected = if path.contains(".p/") { width } else { usize::from(WIDTH) };
    if entries.len() != expected {
        return Err(TreeFault::Width { path, expected, found: entries.len() }.into());
    }
    let first = number * u64::from(WIDTH);
    let mut disclosures = Disclosed::open(tree, number, first, first + width as u64)?;
    let mut leaves = Vec::with_capacity(width);
    out.reserve_exact(width - known.len());
    for (index, bytes) in (first..).zip(&entries[..width]) {
        let shown = disclosures.of(index)?;
        if let Some(expected) = known.get(leaves.len()) {
            if leaf_hash(bytes).0 != *expected {
                return Err(TreeFault::Rewritten { index }.into());
            }
            leaves.push(*expected);
            continue;
        }
        let entry = ReadEntry::read(LeafIndex(index), bytes, &shown)?;
        let target = entry.target().filter(|target| target.0 < index).map(|target| tree.entry(target)).transpose()?;
        leaves.push(entry.leaf.0);
        let excerpt = if excerpts { Excerpt::of(&entry) } else { None };
        out.push(BundleEntry { entry, target: target.flatten(), excerpt });
    }
    disclosures.finish(tree)?;
    check_tile(tree, TileKind::Hashes { level: 0 }, number, &leaves)?;
    check_stale(tree, TileKind::Entries, number, width, entry_bytes(&entries, width, &bytes))
}

/// The bytes of the first entries of a bundle.
fn entry_bytes<'a>(entries: &[&[u8]], width: usize, bytes: &'a [u8]) -> &'a [u8] {
    let length: usize = entries[..width].iter().map(|entry| entry.len() + 2).sum();
    &bytes[..length]
}

/// The hash tile must be exactly what the entries hash to.
pub(super) fn check_tile(tree: &Tree<'_>, kind: TileKind, index: u64, hashes: &[Hash]) -> Result<(), Stop> {
    let width = u16::try_from(hashes.len()).unwrap_or(WIDTH);
    let (path, found) = tree.tile(kind, index, width)?;
    let expected: Vec<u8> = hashes.iter().flat_map(|hash| hash.0).collect();
    let full = usize::from(WIDTH) * 32;
    let long_enough = if path.contains(".p/") { found.len() == expected.len() } else { found.len() == full };
    if !long_enough || !found.starts_with(&expected) {
        return Err(TreeFault::Tile { path }.into());
    }
    check_stale(tree, kind, index, hashes.len(), &expected)
}

/// Partial tiles of other heads, where the source can list them, begin or continue this one.
fn check_stale(tree: &Tree<'_>, kind: TileKind, index: u64, width: usize, bytes: &[u8]) -> Result<(), Stop> {
    let partial = tile_path(kind, index, 1);
    let Some(folder) = partial.strip_suffix("/1") else { return Ok(()) };
    for name in tree.source.list(folder)?.unwrap_or_default() {
        let Ok(other) = name.parse::<u8>() else { continue };
        if usize::from(other) == width || other.to_string() != name {
            continue;
        }
        let path = tile_path(kind, index, other.into());
        let Some(found) = tree.source.read(&path, 256 * (65_535 + 2))? else { continue };
        let agrees = if usize::from(other) < width { bytes.starts_with(&found) } else { found.starts_with(bytes) };
        let whole = match kind {
            TileKind::Hashes { .. } => found.len() == usize::from(other) * 32,
            TileKind::Entries => parse_entry_bundle(&found).is_ok_and(|entries| entries.len() == usize::from(other)),
        };
        if !agrees || !whole {
            return Err(TreeFault::Stale { path }.into());
        }
    }
    Ok(())
}

/// The disclosures of a bundle, line by line.
struct Disclosed {
    path: String,
    reader: Option<BufReader<Reader>>,
    lines: DisclosureLines,
    /// The first entry beyond the head.
    end: u64,
    next: Option<(u64, Vec<String>)>,
}

impl Disclosed {
    fn open(tree: &Tree<'_>, number: u64, first: u64, end: u64) -> Result<Self, Stop> {
        let (path, reader) = tree.disclosures(number)?;
        let lines = DisclosureLines::new(LeafIndex(first), LeafIndex(first + u64::from(WIDTH)));
        let reader = reader.map(|reader| BufReader::with_capacity(1 << 16, reader));
        let mut disclosed = Self { path, reader, lines, end, next: None };
        disclosed.advance()?;
        Ok(disclosed)
    }

    /// What is disclosed beside an entry; asked for in index order.
    fn of(&mut self, index: u64) -> Result<Vec<String>, Stop> {
        if self.next.as_ref().is_none_or(|(next, _)| *next != index) {
            return Ok(Vec::new());
        }
        let texts = self.next.take().map(|(_, texts)| texts).unwrap_or_default();
        self.advance()?;
        Ok(texts)
    }

    fn advance(&mut self) -> Result<(), Stop> {
        let Some(reader) = &mut self.reader else { return Ok(()) };
        let mut line = Vec::new();
        let limit = DisclosureLines::MAX_LINE;
        let read = reader.take(limit as u64 + 1).read_until(b'\n', &mut line);
        read.map_err(|error| Stop::Failed { path: self.path.clone(), error: error.to_string() })?;
        if line.is_empty() {
            self.reader = None;
            return Ok(());
        }
        if line.pop() != Some(b'\n') {
            let path = self.path.clone();
            let cut_off = AuditError {
                index: LeafIndex(self.end.saturating_sub(1)),
                fault: Fault::Disclosures { problem: "the file does not end in a newline: it is cut off".into() },
            };
            return Err(if line.len() >= limit { TreeFault::TooLong { path, limit }.into() } else { cut_off.into() });
        }
        let line = String::from_utf8(line).map_err(|_| TreeFault::Encoding { path: self.path.clone() })?;
        let (index, texts) = self.lines.read(&line)?;
        self.next = Some((index.0, texts));
        Ok(())
    }

    /// What is left must be about entries that are newer than the head.
    fn finish(mut self, tree: &Tree<'_>) -> Result<(), Stop> {
        let mut last = None;
        while let Some((index, _)) = self.next.take() {
            last = Some(index);
            self.advance()?;
        }
        match last {
            Some(index) if !tree.has_grown_to(index)? => {
                Err(TreeFault::Beyond { path: self.path, size: tree.size.0 }.into())
            }
            _ => Ok(()),
        }
    }
}
