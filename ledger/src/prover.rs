//! Inclusion and consistency proofs, straight from RFC 6962's definitions: recursive, where the verifier's checks are
//! iterative (RFC 9162), so that each tests the other.
//!
//! A proof is made in two passes over one function: the first learns which tiles it needs, they are read at once, the
//! second computes.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use verifier::log::hash::{Hash, node_hash};
use verifier::log::tile::WIDTH;

const TILE_HEIGHT: u8 = 8;

/// Gives the hash of the complete subtree `n` of 2^`height` leaves.
pub(crate) trait HashReader {
    fn hash(&mut self, height: u8, n: u64) -> Hash;
}

/// A tile: its level and its number within the level.
pub(crate) type TileName = (u8, u64);

/// Learns which tiles a proof needs.
#[derive(Debug, Default)]
pub(crate) struct WantedTiles(pub(crate) BTreeSet<TileName>);

/// The tiles that proofs need, as wide as the tree they were read for.
#[derive(Debug, Default)]
pub(crate) struct Tiles {
    pub(crate) hashes: BTreeMap<TileName, Vec<u8>>,
    /// Subtrees within the tiles that one proof has computed for the next, by height and number.
    computed: HashMap<(u8, u64), Hash>,
}

impl FromIterator<(TileName, Vec<u8>)> for Tiles {
    fn from_iter<T: IntoIterator<Item = (TileName, Vec<u8>)>>(tiles: T) -> Self {
        Self { hashes: tiles.into_iter().collect(), computed: HashMap::new() }
    }
}

impl HashReader for WantedTiles {
    fn hash(&mut self, height: u8, n: u64) -> Hash {
        self.0.insert(place(height, n).0);
        Hash::ZERO
    }
}

impl HashReader for Tiles {
    fn hash(&mut self, height: u8, n: u64) -> Hash {
        if height.is_multiple_of(TILE_HEIGHT) {
            let (name, at) = place(height, n);
            let tile = self.hashes.get(&name).expect("every tile that was asked for was read");
            return Hash(tile[at * 32..][..32].try_into().expect("32 bytes"));
        }
        if let Some(hash) = self.computed.get(&(height, n)) {
            return *hash;
        }
        let hash = node_hash(self.hash(height - 1, 2 * n), self.hash(height - 1, 2 * n + 1));
        self.computed.insert((height, n), hash);
        hash
    }
}

/// The tile that holds a complete subtree, and the first of its hashes there.
fn place(height: u8, n: u64) -> (TileName, usize) {
    let first = n << (height % TILE_HEIGHT);
    let width = u64::from(WIDTH);
    ((height / TILE_HEIGHT, first / width), usize::try_from(first % width).expect("below 256"))
}

/// How many hashes the tile has in a tree of `size` leaves.
pub(crate) fn tile_width(size: u64, (level, n): TileName) -> u64 {
    let hashes = size >> (u32::from(level) * u32::from(TILE_HEIGHT));
    hashes.saturating_sub(n * u64::from(WIDTH)).min(u64::from(WIDTH))
}

/// The tiles at the right edge of a tree of `size` leaves that are not full.
pub(crate) fn open_tiles(size: u64) -> impl Iterator<Item = TileName> {
    let levels = (0..=7_u8).map(move |level| (level, size >> (u32::from(level) * 8)));
    levels.filter(|(_, hashes)| hashes % 256 != 0).map(|(level, hashes)| (level, hashes / 256))
}

/// The path from leaf `index` to the root of the first `size` leaves (RFC 6962 §2.1.1), from the leaf's sibling upwards.
pub(crate) fn inclusion(index: u64, size: u64, reader: &mut dyn HashReader) -> Vec<Hash> {
    debug_assert!(index < size);
    let mut proof = Vec::new();
    path(index, 0, size, reader, &mut proof);
    proof
}

/// The proof that the tree of `size2` leaves continues the one of `size1` (RFC 6962 §2.1.2), for 0 < size1 ≤ size2.
pub(crate) fn consistency(size1: u64, size2: u64, reader: &mut dyn HashReader) -> Vec<Hash> {
    debug_assert!(0 < size1 && size1 <= size2);
    let mut proof = Vec::new();
    subproof(size1, 0, size2, true, reader, &mut proof);
    proof
}

/// The roots of the complete subtrees that make up a tree of `size` leaves, the largest first.
pub(crate) fn frontier(size: u64, reader: &mut dyn HashReader) -> Vec<Hash> {
    let heights = (0..63_u8).rev().filter(|height| size >> height & 1 == 1);
    heights.map(|height| reader.hash(height, (size >> height) - 1)).collect()
}

/// The hash of leaves `from` to `to`.
fn root(from: u64, to: u64, reader: &mut dyn HashReader) -> Hash {
    let leaves = to - from;
    if leaves.is_power_of_two() && from.is_multiple_of(leaves) {
        let height = leaves.trailing_zeros();
        return reader.hash(u8::try_from(height).expect("at most 63"), from >> height);
    }
    let middle = split(from, to);
    node_hash(root(from, middle, reader), root(middle, to, reader))
}

fn path(index: u64, from: u64, to: u64, reader: &mut dyn HashReader, proof: &mut Vec<Hash>) {
    if to - from == 1 {
        return;
    }
    let middle = split(from, to);
    if index < middle {
        path(index, from, middle, reader, proof);
        proof.push(root(middle, to, reader));
    } else {
        path(index, middle, to, reader, proof);
        proof.push(root(from, middle, reader));
    }
}

/// `whole`: the first `size1` leaves are a tree whose root the reader of the proof has.
fn subproof(size1: u64, from: u64, to: u64, whole: bool, reader: &mut dyn HashReader, proof: &mut Vec<Hash>) {
    if size1 == to {
        if !whole {
            proof.push(root(from, to, reader));
        }
        return;
    }
    let middle = split(from, to);
    if size1 <= middle {
        subproof(size1, from, middle, whole, reader, proof);
        proof.push(root(middle, to, reader));
    } else {
        subproof(size1, middle, to, false, reader, proof);
        proof.push(root(from, middle, reader));
    }
}

/// RFC 6962: the left subtree has as many leaves as the largest power of two below their number.
fn split(from: u64, to: u64) -> u64 {
    from + (to - from).next_power_of_two() / 2
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use verifier::log::hash::{LeafHash, RootHash, leaf_hash};
    use verifier::log::index::{LeafIndex, TreeSize};
    use verifier::log::proof::{check_consistency, check_inclusion};

    use super::*;
    use crate::tree::Tree;

    fn leaf(n: u64) -> LeafHash {
        leaf_hash(&n.to_be_bytes())
    }

    /// Every tile of a tree, and the root after each leaf.
    fn grow(size: u64) -> (Tiles, Vec<RootHash>) {
        let mut tree = Tree::default();
        let mut tiles = Tiles::default();
        let mut roots = vec![tree.root()];
        for n in 0..size {
            tree.push(leaf(n));
            for (level, n, hashes) in tree.take_changed() {
                tiles.hashes.insert((level, n), hashes);
            }
            roots.push(tree.root());
        }
        (tiles, roots)
    }

    #[test]
    fn every_proof_up_to_130_leaves_checks() {
        let (mut tiles, roots) = grow(130);
        let root = |size: u64| roots[usize::try_from(size).expect("small")];
        for size in 1..=130 {
            for index in 0..size {
                let proof = inclusion(index, size, &mut tiles);
                assert_eq!(check_inclusion(leaf(index), LeafIndex(index), TreeSize(size), &proof, root(size)), Ok(()));
            }
            for size1 in 1..=size {
                let proof = consistency(size1, size, &mut tiles);
                let checked = check_consistency(TreeSize(size1), root(size1), TreeSize(size), root(size), &proof);
                assert_eq!(checked, Ok(()), "{size1} to {size}");
            }
        }
    }

    #[test]
    fn the_first_pass_names_the_tiles_of_the_second() {
        let (mut tiles, _) = grow(70_000);
        let mut wanted = WantedTiles::default();
        inclusion(3, 70_000, &mut wanted);
        assert!(wanted.0.iter().all(|name| tile_width(70_000, *name) > 0));
        let few = tiles.hashes.iter().filter(|(name, _)| wanted.0.contains(name)).map(|(n, t)| (*n, t.clone()));
        let few = Tiles { hashes: few.collect(), ..Tiles::default() };
        assert!(few.hashes.len() < 8);
        assert_eq!(inclusion(3, 70_000, &mut { few }), inclusion(3, 70_000, &mut tiles));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8))]
        #[test]
        fn proofs_of_larger_trees_check(size in 131_u64..70_000, index in any::<u64>(), size1 in any::<u64>()) {
            let (mut tiles, roots) = grow(size);
            let (index, size1) = (index % size, size1 % size + 1);
            let root = |size: u64| roots[usize::try_from(size).expect("small")];
            let proof = inclusion(index, size, &mut tiles);
            prop_assert_eq!(check_inclusion(leaf(index), LeafIndex(index), TreeSize(size), &proof, root(size)), Ok(()));
            let proof = consistency(size1, size, &mut tiles);
            prop_assert_eq!(check_consistency(TreeSize(size1), root(size1), TreeSize(size), root(size), &proof), Ok(()));
        }
    }
}
