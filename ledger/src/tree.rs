//! The growing hash tree: its frontier, and the tiles that are not full yet.

use verifier::log::hash::{Hash, LeafHash, RootHash};
use verifier::log::index::TreeSize;
use verifier::log::tree::{Frontier, FrontierError};

use crate::prover::{Tiles, frontier, open_tiles};

const FULL: usize = 256 * 32;

/// A tree that only grows. Memory: a few tiles.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tree {
    frontier: Frontier,
    /// Per level: the number of its last tile and that tile's hashes, fewer than 256.
    open: Vec<OpenTile>,
    full: Vec<(u8, u64, Vec<u8>)>,
}

#[derive(Debug, Clone, Default)]
struct OpenTile {
    n: u64,
    hashes: Vec<u8>,
    changed: bool,
}

impl Tree {
    /// Takes up a tree of `size` leaves from its [`open_tiles`].
    ///
    /// # Errors
    /// The tree is too large; that the hashes are right only [`root`](Self::root) tells.
    pub(crate) fn resume(size: u64, mut tiles: Tiles) -> Result<Self, FrontierError> {
        let frontier = Frontier::from_parts(TreeSize(size), frontier(size, &mut tiles))?;
        let mut open = Vec::new();
        for level in (0..=7_u8).take_while(|level| size >> (u32::from(*level) * 8) > 0) {
            let n = size >> (u32::from(level) * 8 + 8);
            open.push(OpenTile { n, hashes: tiles.hashes.remove(&(level, n)).unwrap_or_default(), changed: false });
        }
        debug_assert!(open_tiles(size).all(|(level, n)| open[usize::from(level)].n == n));
        Ok(Self { frontier, open, full: Vec::new() })
    }

    /// How many leaves there are.
    pub(crate) fn size(&self) -> u64 {
        self.frontier.size().0
    }

    /// The root over all leaves.
    pub(crate) fn root(&self) -> RootHash {
        self.frontier.root()
    }

    /// Appends a leaf.
    pub(crate) fn push(&mut self, leaf: LeafHash) {
        let completed = self.frontier.push(leaf);
        self.append(0, leaf.0);
        for hash in completed {
            self.append(hash.level, hash.hash);
        }
    }

    fn append(&mut self, level: u8, hash: Hash) {
        let at = usize::from(level);
        if self.open.len() == at {
            self.open.push(OpenTile::default());
        }
        let tile = &mut self.open[at];
        tile.hashes.extend_from_slice(&hash.0);
        tile.changed = true;
        if tile.hashes.len() == FULL {
            let next = OpenTile { n: tile.n + 1, hashes: Vec::with_capacity(FULL), changed: false };
            let tile = std::mem::replace(tile, next);
            self.full.push((level, tile.n, tile.hashes));
        }
    }

    /// The tiles that are not full.
    pub(crate) fn open_tiles(&self) -> Tiles {
        (0..).zip(&self.open).map(|(level, tile)| ((level, tile.n), tile.hashes.clone())).collect()
    }

    /// The tiles that changed since the last call: level, number, hashes.
    pub(crate) fn take_changed(&mut self) -> Vec<(u8, u64, Vec<u8>)> {
        let mut tiles = std::mem::take(&mut self.full);
        for (level, tile) in (0..).zip(&mut self.open) {
            if std::mem::take(&mut tile.changed) {
                tiles.push((level, tile.n, tile.hashes.clone()));
            }
        }
        tiles
    }
}

#[cfg(test)]
mod tests {
    use verifier::log::hash::leaf_hash;
    use verifier::log::index::LeafIndex;
    use verifier::log::proof::check_inclusion;

    use super::*;
    use crate::prover::inclusion;

    #[test]
    fn a_tree_taken_up_again_goes_on_as_if_it_had_never_stopped() {
        for size in [0_u64, 1, 255, 256, 257, 511, 65_535, 65_536, 65_793] {
            let mut tree = Tree::default();
            let mut tiles = Tiles::default();
            for n in 0..size {
                tree.push(leaf_hash(&n.to_be_bytes()));
            }
            tiles.hashes.extend(tree.take_changed().into_iter().map(|(level, n, hashes)| ((level, n), hashes)));
            tiles.hashes.retain(|name, _| open_tiles(size).any(|open| open == *name));
            let mut resumed = Tree::resume(size, tiles).expect("a frontier");
            assert_eq!(resumed.root(), tree.root(), "{size}");
            for n in 0..300_u64 {
                tree.push(leaf_hash(&n.to_be_bytes()));
                resumed.push(leaf_hash(&n.to_be_bytes()));
            }
            assert_eq!(resumed.root(), tree.root());
            assert_eq!(resumed.take_changed(), tree.take_changed());
        }
    }

    #[test]
    fn what_a_batch_changed_and_what_is_open_proves_every_entry_of_the_batch() {
        let mut tree = Tree::default();
        for entries in [1_u64, 5, 249, 1, 1, 255, 256, 257, 3000, 61_000, 4097, 511, 2] {
            let first = tree.size();
            let leaf = |n: u64| leaf_hash(&n.to_be_bytes());
            for n in first..first + entries {
                tree.push(leaf(n));
            }
            let mut tiles = tree.open_tiles();
            tiles.hashes.extend(tree.take_changed().into_iter().map(|(level, n, hashes)| ((level, n), hashes)));
            for index in first..tree.size() {
                let proof = inclusion(index, tree.size(), &mut tiles);
                let checked =
                    check_inclusion(leaf(index), LeafIndex(index), TreeSize(tree.size()), &proof, tree.root());
                assert_eq!(checked, Ok(()), "{index} of {first} and {entries} more");
            }
        }
    }
}
