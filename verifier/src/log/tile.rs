//! Tiles (切片): the tree and its entries as files of up to 256 each (tlog-tiles v0.1.0).
//!
//! ```text
//! tile/<L>/<N>[.p/<W>]        hashes of level L, 32 bytes each: the roots of complete subtrees of 256^L leaves
//! tile/entries/<N>[.p/<W>]    entries, each after its length as a big-endian u16
//! N = 1234067 is x001/x234/067; .p/<W> marks a partial tile of width W, 1 to 255
//! ```
//!
//! This is how they are named and framed; reading and writing the files is for others.

use alloc::{
    format,
    string::{String, ToString as _},
    vec::Vec,
};
use core::fmt;

use super::{hash::Hash, index};

/// How many hashes or entries a full tile holds.
pub const WIDTH: u16 = 256;

/// The highest level the specification names.
pub const MAX_LEVEL: u8 = 63;

/// Why something is not a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TileError {
    /// Not a tile's path.
    #[error("expected tile/<level>/<index> or tile/entries/<index>, with .p/<width> for a partial tile")]
    Path,
    /// A level above [`MAX_LEVEL`].
    #[error("a tile's level is 0 to {MAX_LEVEL}, found {found}")]
    Level {
        /// The level.
        found: u8,
    },
    /// An index no tree of up to 2^53 leaves has.
    #[error("a tile's index must lie within a tree of at most 2^53 leaves, found {found}")]
    Index {
        /// The index.
        found: u64,
    },
    /// Empty, or wider than [`WIDTH`].
    #[error("a tile holds 1 to {WIDTH} hashes or entries, found {found}")]
    Width {
        /// How many.
        found: usize,
    },
    /// Not a whole number of hashes.
    #[error("a tile of hashes is a multiple of 32 bytes long, found {found}")]
    Length {
        /// The length in bytes.
        found: usize,
    },
    /// The last entry, or its length, is cut off.
    #[error("the bundle ends inside entry {entry}, counted from 0; fetch it again")]
    CutOff {
        /// Which entry of the bundle, from 0.
        entry: usize,
    },
}

/// What a tile holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TileKind {
    /// Hashes of a level; level 0 are the leaf hashes.
    Hashes {
        /// The level, 0 to [`MAX_LEVEL`].
        level: u8,
    },
    /// The entries themselves.
    Entries,
}

/// The name of a tile within a static tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TilePath {
    kind: TileKind,
    index: u64,
    width: u16,
}

impl TilePath {
    /// Names the tile of a kind at an index; a width of [`WIDTH`] is a full one.
    ///
    /// # Errors
    /// [`TileError`] if level, index or width is out of range.
    pub fn new(kind: TileKind, index: u64, width: u16) -> Result<Self, TileError> {
        if let TileKind::Hashes { level } = kind
            && level > MAX_LEVEL
        {
            return Err(TileError::Level { found: level });
        }
        if index >= index::MAX / u64::from(WIDTH) {
            return Err(TileError::Index { found: index });
        }
        if width == 0 || width > WIDTH {
            return Err(TileError::Width { found: width.into() });
        }
        Ok(Self { kind, index, width })
    }

    /// Parses the one spelling of a path.
    ///
    /// # Errors
    /// [`TileError`] for every spelling [`Display`](fmt::Display) does not write.
    pub fn parse(path: &str) -> Result<Self, TileError> {
        let (kind, rest) = path.strip_prefix("tile/").and_then(|rest| rest.split_once('/')).ok_or(TileError::Path)?;
        let kind = match kind {
            "entries" => TileKind::Entries,
            level => TileKind::Hashes { level: parse_small(level).ok_or(TileError::Path)? },
        };
        let (index, width) = match rest.split_once(".p/") {
            Some((index, width)) => (index, parse_small(width).ok_or(TileError::Path)?.into()),
            None => (rest, WIDTH),
        };
        Self::new(kind, parse_index(index)?, width)
    }

    /// What the tile holds.
    pub const fn kind(&self) -> TileKind {
        self.kind
    }

    /// Which tile of its level, from 0.
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// How many hashes or entries it holds, 1 to [`WIDTH`].
    pub const fn width(&self) -> u16 {
        self.width
    }
}

impl fmt::Display for TilePath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            TileKind::Entries => formatter.write_str("tile/entries/")?,
            TileKind::Hashes { level } => write!(formatter, "tile/{level}/")?,
        }
        formatter.write_str(&encode_index(self.index))?;
        if self.width < WIDTH { write!(formatter, ".p/{}", self.width) } else { Ok(()) }
    }
}

/// Spells an index in groups of three digits, all but the last after an `x`: 1234067 is `x001/x234/067`.
pub fn encode_index(index: u64) -> String {
    let mut path = format!("{:03}", index % 1000);
    let mut rest = index / 1000;
    while rest > 0 {
        path = format!("x{:03}/{path}", rest % 1000);
        rest /= 1000;
    }
    path
}

/// Parses the one spelling of an index.
///
/// # Errors
/// [`TileError::Path`] for every spelling [`encode_index`] does not write.
pub fn parse_index(path: &str) -> Result<u64, TileError> {
    let mut index: u64 = 0;
    let mut groups = path.split('/').peekable();
    while let Some(group) = groups.next() {
        let digits = if groups.peek().is_some() { group.strip_prefix('x') } else { Some(group) };
        let digits = digits
            .filter(|digits| digits.len() == 3 && digits.bytes().all(|byte| byte.is_ascii_digit()))
            .ok_or(TileError::Path)?;
        let group: u64 = digits.parse().map_err(|_| TileError::Path)?;
        index = index.checked_mul(1000).and_then(|index| index.checked_add(group)).ok_or(TileError::Path)?;
    }
    // A leading x000 would be a second spelling.
    if encode_index(index) == path { Ok(index) } else { Err(TileError::Path) }
}

/// Parses a decimal of 1 to 3 digits without leading zero that fits a byte.
fn parse_small(text: &str) -> Option<u8> {
    let number: u8 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

/// The tiles one level of a tree has: so many full ones, then one of this width unless it is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LevelTiles {
    /// The number of full tiles.
    pub full: u64,
    /// The width of the partial tile after them; 0 if there is none.
    pub partial: u16,
}

impl LevelTiles {
    /// The tiles of a level (0: leaves, and entries) in a tree of this size; none if the tree does not reach so high.
    pub fn new(size: index::TreeSize, level: u8) -> Self {
        let hashes = size.0.checked_shr(8 * u32::from(level)).unwrap_or(0);
        Self { full: hashes / u64::from(WIDTH), partial: u16::from(hashes.to_le_bytes()[0]) }
    }

    /// The width of the tile at an index; 0 if the level has no such tile.
    pub fn width(&self, index: u64) -> u16 {
        match index.cmp(&self.full) {
            core::cmp::Ordering::Less => WIDTH,
            core::cmp::Ordering::Equal => self.partial,
            core::cmp::Ordering::Greater => 0,
        }
    }

    /// Whether the level has no tile.
    pub fn is_empty(&self) -> bool {
        self.full == 0 && self.partial == 0
    }

    /// The paths of these tiles in order.
    pub fn paths(self, kind: TileKind) -> impl Iterator<Item = TilePath> {
        (0..=self.full)
            .map(move |index| (index, self.width(index)))
            .filter(|&(_, width)| width > 0)
            .map(move |(index, width)| TilePath { kind, index, width })
    }
}

/// The paths of all tiles of hashes of a tree, level by level.
pub fn hash_tiles(size: index::TreeSize) -> impl Iterator<Item = TilePath> {
    (0..=MAX_LEVEL)
        .map(move |level| (level, LevelTiles::new(size, level)))
        .take_while(|(_, tiles)| !tiles.is_empty())
        .flat_map(|(level, tiles)| tiles.paths(TileKind::Hashes { level }))
}

/// The paths of all entry bundles of a tree.
pub fn entry_tiles(size: index::TreeSize) -> impl Iterator<Item = TilePath> {
    LevelTiles::new(size, 0).paths(TileKind::Entries)
}

/// Cuts a bundle into its entries: 1 to 256, each after its length, nothing behind.
///
/// # Errors
/// [`TileError::CutOff`] or [`TileError::Width`].
pub fn parse_entry_bundle(bundle: &[u8]) -> Result<Vec<&[u8]>, TileError> {
    let mut entries = Vec::new();
    let mut rest = bundle;
    while !rest.is_empty() {
        if entries.len() == usize::from(WIDTH) {
            return Err(TileError::Width { found: entries.len() + 1 });
        }
        let cut_off = TileError::CutOff { entry: entries.len() };
        let (length, after) = rest.split_first_chunk().ok_or(cut_off)?;
        let (entry, after) = after.split_at_checked(u16::from_be_bytes(*length).into()).ok_or(cut_off)?;
        entries.push(entry);
        rest = after;
    }
    if entries.is_empty() { Err(TileError::Width { found: 0 }) } else { Ok(entries) }
}

/// Joins entries into a bundle, each after its length.
///
/// # Panics
/// If an entry is longer than 65,535 bytes, which no entry of a log is.
pub fn format_entry_bundle<E: AsRef<[u8]>>(entries: impl IntoIterator<Item = E>) -> Vec<u8> {
    let mut bundle = Vec::new();
    for entry in entries {
        let entry = entry.as_ref();
        let length = u16::try_from(entry.len()).expect("an entry is at most 65,535 bytes");
        bundle.extend_from_slice(&length.to_be_bytes());
        bundle.extend_from_slice(entry);
    }
    bundle
}

/// Cuts a tile into its hashes: 1 to 256.
///
/// # Errors
/// [`TileError::Length`] or [`TileError::Width`].
pub fn parse_hash_tile(tile: &[u8]) -> Result<Vec<Hash>, TileError> {
    let (hashes, rest) = tile.as_chunks();
    if !rest.is_empty() {
        return Err(TileError::Length { found: tile.len() });
    }
    if hashes.is_empty() || hashes.len() > usize::from(WIDTH) {
        return Err(TileError::Width { found: hashes.len() });
    }
    Ok(hashes.iter().copied().map(Hash).collect())
}

/// Joins hashes into a tile.
pub fn format_hash_tile(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::{index::TreeSize, *};

    #[test]
    fn an_index_has_one_spelling() {
        for (index, path) in [(0, "000"), (999, "999"), (1000, "x001/000"), (1_234_067, "x001/x234/067")] {
            assert_eq!((encode_index(index).as_str(), parse_index(path)), (path, Ok(index)));
        }
        assert_eq!(parse_index(&encode_index(u64::MAX)), Ok(u64::MAX));
        for other in [
            "",
            "0",
            "00",
            "0000",
            "x000/001",
            "001/067",
            "x001",
            "x001/x067",
            "X001/067",
            "x001//067",
            "x001/067/",
            "+01",
            "x018/x446/x744/x073/x709/x551/616",
        ] {
            assert_eq!(parse_index(other), Err(TileError::Path), "{other:?}");
        }
    }

    #[test]
    fn a_path_has_one_spelling() {
        for path in ["tile/0/000", "tile/63/x001/x234/067", "tile/entries/000.p/255", "tile/2/000.p/1"] {
            assert_eq!(TilePath::parse(path).expect("a path").to_string(), path);
        }
        for other in [
            "",
            "tile",
            "tile/",
            "tile/0",
            "tile/0/",
            "/tile/0/000",
            "tile/00/000",
            "tile/-1/000",
            "tile/256/000",
            "tile/data/000",
            "tile/0/000.p/",
            "tile/0/000.p/01",
            "tile/0/000.p/256",
            "tile/0/000.p/+1",
            "tile/0/000.p/1.p/1",
            "tile/0/000.P/1",
            "tile/0/000/",
        ] {
            assert_eq!(TilePath::parse(other), Err(TileError::Path), "{other:?}");
        }
        assert_eq!(TilePath::parse("tile/64/000"), Err(TileError::Level { found: 64 }));
        assert_eq!(TilePath::parse("tile/0/000.p/0"), Err(TileError::Width { found: 0 }));
        let last = (1 << 45) - 1;
        assert!(TilePath::new(TileKind::Entries, last, WIDTH).is_ok());
        assert_eq!(TilePath::new(TileKind::Entries, last + 1, 1), Err(TileError::Index { found: last + 1 }));
        assert_eq!(TilePath::new(TileKind::Entries, 0, 257), Err(TileError::Width { found: 257 }));
    }

    #[test]
    fn a_tree_has_the_tiles_the_specification_counts() {
        let tiles = |size, level| LevelTiles::new(TreeSize(size), level);
        assert_eq!(tiles(70_000, 0), LevelTiles { full: 273, partial: 112 });
        assert_eq!(tiles(70_000, 1), LevelTiles { full: 1, partial: 17 });
        assert_eq!(tiles(70_000, 2), LevelTiles { full: 0, partial: 1 });
        assert!(tiles(70_000, 3).is_empty() && tiles(u64::MAX, 63).is_empty());
        assert_eq!((tiles(600, 0).width(1), tiles(600, 0).width(2), tiles(600, 0).width(3)), (256, 88, 0));
        let paths = |size| hash_tiles(TreeSize(size)).map(|path| path.to_string()).collect::<Vec<_>>();
        assert_eq!(paths(256), ["tile/0/000", "tile/1/000.p/1"]);
        assert_eq!(paths(513), ["tile/0/000", "tile/0/001", "tile/0/002.p/1", "tile/1/000.p/2"]);
        assert_eq!((paths(0).len(), paths(70_000).len()), (0, 277));
        assert_eq!(
            entry_tiles(TreeSize(257)).last().map(|path| path.to_string()).as_deref(),
            Some("tile/entries/001.p/1")
        );
    }

    #[test]
    fn every_cut_of_a_bundle_is_refused_or_a_shorter_bundle() {
        let entries = [&b"one"[..], b"", b"three"];
        let bundle = format_entry_bundle(entries);
        assert_eq!(parse_entry_bundle(&bundle), Ok(entries.to_vec()));
        for end in 0..bundle.len() {
            match parse_entry_bundle(&bundle[..end]) {
                Ok(parsed) => assert!([5, 7].contains(&end) && entries.starts_with(&parsed)),
                Err(error) => {
                    let expected = match end {
                        0 => TileError::Width { found: 0 },
                        1..=4 => TileError::CutOff { entry: 0 },
                        6 => TileError::CutOff { entry: 1 },
                        _ => TileError::CutOff { entry: 2 },
                    };
                    assert_eq!(error, expected);
                }
            }
        }
        assert_eq!(parse_entry_bundle(&[0; 512]).map(|entries| entries.len()), Ok(256));
        assert_eq!(parse_entry_bundle(&[0; 514]), Err(TileError::Width { found: 257 }));
        let longest = vec![b'x'; 65_535];
        assert_eq!(parse_entry_bundle(&format_entry_bundle([&longest])), Ok(vec![longest.as_slice()]));
    }

    #[test]
    fn a_tile_is_one_to_256_whole_hashes() {
        let hashes = vec![Hash([7; 32]); 256];
        assert_eq!(parse_hash_tile(&format_hash_tile(&hashes)), Ok(hashes));
        assert_eq!(parse_hash_tile(&[]), Err(TileError::Width { found: 0 }));
        assert_eq!(parse_hash_tile(&[0; 33]), Err(TileError::Length { found: 33 }));
        assert_eq!(parse_hash_tile(&[0; 257 * 32]), Err(TileError::Width { found: 257 }));
    }
}
