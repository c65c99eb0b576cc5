//! The growing edge of an RFC 6962 tree: all that is needed to append and to know the root.
//!
//! ```text
//!            ●                     A tree of 11 leaves (binary 1011) is three complete subtrees, of 8, 2 and 1 leaves.
//!      ┌─────┴────┐                Their roots, largest first, are the frontier: one hash for every 1 bit of the size.
//!    ▲ 8      ┌───┴──┐
//!           ▲ 2     ▲ 1
//! ```

use alloc::vec::Vec;

use super::{
    hash::{Hash, LeafHash, RootHash, empty_root, node_hash},
    index::{self, TreeSize},
};

/// Why hashes are not a frontier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrontierError {
    /// A tree too large.
    #[error("a tree has at most 2^53 leaves, found {found}")]
    Size {
        /// The size given.
        found: u64,
    },
    /// Not one hash for every 1 bit of the size.
    #[error("the frontier of {size} leaves is {expected} hashes, found {found}")]
    Hashes {
        /// The size given.
        size: TreeSize,
        /// How many hashes it needs.
        expected: u32,
        /// How many were given.
        found: usize,
    },
}

/// The root of a complete subtree of 256^level leaves: one hash in a tile of that level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TileHash {
    /// The level, 1 or more (level 0 are the leaves themselves).
    pub level: u8,
    /// Which hash of the level, from 0: number `index % 256` of tile `index / 256`.
    pub index: u64,
    /// The hash.
    pub hash: Hash,
}

/// The root of the tree of these leaf hashes. Costs a hash of a node for each.
pub fn root_of(leaves: impl IntoIterator<Item = Hash>) -> RootHash {
    let mut frontier = Frontier::new();
    for leaf in leaves {
        frontier.push(LeafHash(leaf));
    }
    frontier.root()
}

/// The roots of the complete subtrees that make up a tree, the largest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    hashes: Vec<Hash>,
}

impl Frontier {
    /// The frontier of the empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes up a frontier where [`parts`](Self::parts) left it.
    ///
    /// # Errors
    /// [`FrontierError`] unless there is one hash for every 1 bit of the size. That they are the right hashes only
    /// [`root`](Self::root) can tell.
    pub fn from_parts(size: TreeSize, hashes: Vec<Hash>) -> Result<Self, FrontierError> {
        if size.0 > index::MAX {
            return Err(FrontierError::Size { found: size.0 });
        }
        let expected = size.0.count_ones();
        if hashes.len() != expected as usize {
            return Err(FrontierError::Hashes { size, expected, found: hashes.len() });
        }
        Ok(Self { size: size.0, hashes })
    }

    /// Size and hashes, to be stored.
    pub fn parts(&self) -> (TreeSize, &[Hash]) {
        (self.size(), &self.hashes)
    }

    /// How many leaves the tree has.
    pub const fn size(&self) -> TreeSize {
        TreeSize(self.size)
    }

    /// Appends a leaf; returns the hashes it completed on tile levels 1, 2, … (none for 255 leaves of 256, and then
    /// nothing is allocated). Costs two hashes of nodes on average, leaf not included.
    pub fn push(&mut self, leaf: LeafHash) -> Vec<TileHash> {
        let mut completed = Vec::new();
        let (mut hash, mut height) = (leaf.0, 0_u8);
        while self.size >> height & 1 == 1 {
            let left = self.hashes.pop().expect("one hash for every 1 bit of the size");
            hash = node_hash(left, hash);
            height += 1;
            if height.is_multiple_of(8) {
                completed.push(TileHash { level: height / 8, index: self.size >> height, hash });
            }
        }
        self.hashes.push(hash);
        self.size += 1;
        completed
    }

    /// The root of the tree. Costs at most as many hashes as the size has 1 bits.
    pub fn root(&self) -> RootHash {
        self.hashes.iter().rev().copied().reduce(|right, left| node_hash(left, right)).map_or_else(empty_root, RootHash)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::hash::leaf_hash, *};

    /// The recursive definition of RFC 6962 §2.1.
    fn merkle_tree_hash(leaves: &[LeafHash]) -> Hash {
        match leaves {
            [] => empty_root().0,
            [leaf] => leaf.0,
            _ => {
                let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
                node_hash(merkle_tree_hash(left), merkle_tree_hash(right))
            }
        }
    }

    fn leaves(count: u32) -> Vec<LeafHash> {
        (0..count).map(|number| leaf_hash(&number.to_be_bytes())).collect()
    }

    #[test]
    fn the_root_is_that_of_the_definition_for_every_size() {
        let leaves = leaves(520);
        let mut frontier = Frontier::new();
        for size in 0..=leaves.len() {
            assert_eq!(frontier.size(), TreeSize(size as u64));
            assert_eq!(frontier.root().0, merkle_tree_hash(&leaves[..size]));
            let (stored_size, stored) = frontier.parts();
            assert_eq!(Frontier::from_parts(stored_size, stored.to_vec()), Ok(frontier.clone()));
            if let Some(&leaf) = leaves.get(size) {
                frontier.push(leaf);
            }
        }
    }

    #[test]
    fn hashes_of_upper_tiles_come_out_where_they_are_completed() {
        let leaves = leaves(65_536 + 256);
        let mut frontier = Frontier::new();
        for (index, &leaf) in (0_u64..).zip(&leaves) {
            let completed = frontier.push(leaf);
            let expected = match index + 1 {
                65_536 => 2,
                size if size % 256 == 0 => 1,
                _ => 0,
            };
            assert_eq!(completed.len(), expected);
            for TileHash { level, index: at, hash } in completed {
                let width = 256_usize.pow(level.into());
                assert_eq!(at, index / width as u64);
                let from = usize::try_from(at).expect("small") * width;
                assert_eq!(hash, merkle_tree_hash(&leaves[from..from + width]));
            }
        }
    }

    #[test]
    fn hashes_of_another_size_are_no_frontier() {
        let error = FrontierError::Hashes { size: TreeSize(11), expected: 3, found: 2 };
        assert_eq!(Frontier::from_parts(TreeSize(11), [Hash::ZERO; 2].to_vec()), Err(error));
        let size = index::MAX + 1;
        assert_eq!(
            Frontier::from_parts(TreeSize(size), [Hash::ZERO; 2].to_vec()),
            Err(FrontierError::Size { found: size })
        );
    }
}
