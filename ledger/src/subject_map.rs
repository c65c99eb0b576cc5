//! Proofs of the subject map from what is stored of it, without the map in memory: formats.md §3.
//!
//! ```text
//! depth 0        root                         computed
//!       8        256 nodes                    map_tile −1
//!      16        256 nodes below each         map_tile 0…255, and what map_change overrides
//!      …         a bucket of a few subjects   a range of subject, and what map_change overrides
//! ```
//!
//! The writer's map is the verifier's [`SubjectMap`]; this is the definition of `node(S, d)` written down once more, so that
//! each tests the other.

use verifier::log::hash::Hash;
use verifier::record::subject_map::{MapNode, MapProof, SubjectMap, key_bit, map_leaf};

/// Bytes of a node in `map_tile`: place, weight, hash.
const TILE_NODE: usize = 34;
/// Bytes of a node in `map_change`: 16 bits of prefix, weight, hash.
const CHANGE_NODE: usize = 35;

/// 256 sibling nodes, at depth 8 or 16.
pub(crate) type MapTile = [MapNode; 256];

/// A subject of the bucket a proof ends in: key and value.
pub(crate) type Leaf = (Hash, Hash);

/// Where the way to a key leads within the stored nodes.
#[derive(Debug)]
pub(crate) struct Descent {
    /// The siblings passed, from the root down.
    siblings: Vec<Hash>,
    /// How deep it ends.
    depth: usize,
    /// Whether no subject is there at all.
    pub(crate) empty: bool,
}

/// Follows `key` through the two tiles, as far as there is more than one subject.
pub(crate) fn descend(key: &Hash, top: &TileLevels, below: &TileLevels) -> Descent {
    let mut descent = Descent { siblings: Vec::new(), depth: 0, empty: false };
    for (TileLevels(levels), byte) in [(top, key.0[0]), (below, key.0[1])] {
        for height in (1..=8).rev() {
            let at = usize::from(byte) >> height;
            if !matches!(levels[height][at], MapNode::Many(_)) {
                descent.empty = levels[height][at] == MapNode::Empty;
                return descent;
            }
            let child = usize::from(byte) >> (height - 1);
            descent.siblings.push(levels[height - 1][child ^ 1].hash());
            descent.depth += 1;
        }
    }
    descent.empty = below.0[0][usize::from(key.0[1])] == MapNode::Empty;
    descent
}

impl Descent {
    /// The first and the last key of the subtree where the descent ended: its subjects are needed to go on.
    pub(crate) fn bucket(&self, key: &Hash) -> (Hash, Hash) {
        let (mut first, mut last) = (Hash::ZERO, Hash([0xff; 32]));
        for depth in 0..self.depth {
            let (byte, bit) = (depth / 8, 0x80 >> (depth % 8));
            if key_bit(key, depth) {
                first.0[byte] |= bit;
            } else {
                last.0[byte] &= !bit;
            }
        }
        (first, last)
    }

    /// Ends the proof among the subjects of the bucket.
    pub(crate) fn prove(mut self, key: &Hash, bucket: &[Leaf]) -> MapProof {
        let mut subjects: Vec<Leaf> = bucket.to_vec();
        let mut depth = self.depth;
        while subjects.len() > 1 {
            let (on_the_way, aside) =
                subjects.into_iter().partition(|(other, _)| key_bit(other, depth) == key_bit(key, depth));
            let aside: Vec<Leaf> = aside;
            self.siblings.push(node(&aside, depth + 1));
            subjects = on_the_way;
            depth += 1;
        }
        self.siblings.reverse();
        MapProof { siblings: self.siblings, other: subjects.first().filter(|(other, _)| other != key).copied() }
    }
}

/// node(S, d) of the definition.
fn node(subjects: &[Leaf], depth: usize) -> Hash {
    match subjects {
        [] => Hash::ZERO,
        [(key, value)] => map_leaf(*key, *value),
        _ => {
            let (right, left): (Vec<Leaf>, Vec<Leaf>) = subjects.iter().partition(|(key, _)| key_bit(key, depth));
            verifier::record::subject_map::map_node(node(&left, depth + 1), node(&right, depth + 1))
        }
    }
}

/// A tile with the nodes above it: level 0 is the tile, level 8 the one node above all.
#[derive(Debug)]
pub(crate) struct TileLevels(Vec<Vec<MapNode>>);

impl TileLevels {
    /// Computes the nodes above a tile: at most 255 hashes.
    pub(crate) fn above(tile: &MapTile) -> Self {
        let mut levels = vec![tile.to_vec()];
        for _ in 0..8 {
            let below = levels.last().expect("begins with the tile");
            levels.push(below.chunks_exact(2).map(|pair| MapNode::above(pair[0], pair[1])).collect());
        }
        Self(levels)
    }
}

/// The root over the nodes at depth 8.
#[cfg(test)]
pub(crate) fn map_root(top: &MapTile) -> Hash {
    TileLevels::above(top).0[8][0].hash()
}

/// A tile of the writer's map: the 256 nodes at `depth` (8 or 16) below the first `depth` − 8 bits of `key`.
pub(crate) fn tile_of(map: &mut SubjectMap, mut key: Hash, depth: usize) -> MapTile {
    let mut tile = [MapNode::Empty; 256];
    for (byte, node) in (0..=255).zip(&mut tile) {
        key.0[depth / 8 - 1] = byte;
        *node = map.node(&key, depth);
    }
    tile
}

/// The form of `map_tile.nodes`.
pub(crate) fn format_tile(tile: &MapTile) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(256 * TILE_NODE);
    for (at, node) in (0..=255_u8).zip(tile) {
        if *node != MapNode::Empty {
            bytes.push(at);
            push_node(&mut bytes, node);
        }
    }
    bytes
}

/// Reads `map_tile.nodes`; none if it has not that form.
pub(crate) fn parse_tile(bytes: &[u8]) -> Option<MapTile> {
    let mut tile = [MapNode::Empty; 256];
    for node in bytes.chunks(TILE_NODE) {
        let (at, node) = node.split_first()?;
        tile[usize::from(*at)] = parse_node(node)?;
    }
    Some(tile)
}

/// Adds a node to `map_change.nodes`.
pub(crate) fn push_change(bytes: &mut Vec<u8>, prefix: u16, node: &MapNode) {
    bytes.extend_from_slice(&prefix.to_be_bytes());
    push_node(bytes, node);
}

/// Reads `map_change.nodes`: the first 16 bits of the keys below each node, and the node; none if it has not that form.
pub(crate) fn parse_changes(bytes: &[u8]) -> Option<Vec<(u16, MapNode)>> {
    let changes = bytes.chunks(CHANGE_NODE).map(|change| {
        let (prefix, node) = change.split_first_chunk()?;
        Some((u16::from_be_bytes(*prefix), parse_node(node)?))
    });
    changes.collect()
}

fn push_node(bytes: &mut Vec<u8>, node: &MapNode) {
    bytes.push(match node {
        MapNode::Empty => 0,
        MapNode::Single(_) => 1,
        MapNode::Many(_) => 2,
    });
    bytes.extend_from_slice(&node.hash().0);
}

fn parse_node(bytes: &[u8]) -> Option<MapNode> {
    let (weight, hash) = bytes.split_first()?;
    let hash = Hash(hash.try_into().ok()?);
    match weight {
        1 => Some(MapNode::Single(hash)),
        2 => Some(MapNode::Many(hash)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use verifier::log::hash::sha256;

    use super::*;

    /// Keys that share many bits, so that small maps are deep.
    fn key(seed: u16, like: u8) -> Hash {
        let mut key = sha256(&seed.to_be_bytes());
        key.0[..usize::from(like % 5)].fill(0xa5);
        key
    }

    fn stored(map: &mut SubjectMap, key: &Hash) -> (MapTile, MapTile) {
        let top = parse_tile(&format_tile(&tile_of(map, Hash::ZERO, 8))).expect("a tile");
        let below = parse_tile(&format_tile(&tile_of(map, *key, 16))).expect("a tile");
        (top, below)
    }

    fn prove(map: &mut SubjectMap, subjects: &BTreeMap<Hash, Hash>, key: &Hash) -> MapProof {
        let (top, below) = stored(map, key);
        let descent = descend(key, &TileLevels::above(&top), &TileLevels::above(&below));
        let (first, last) = descent.bucket(key);
        let bucket: Vec<Leaf> = subjects.range(first..=last).map(|(key, value)| (*key, *value)).collect();
        assert_eq!(descent.empty, bucket.is_empty());
        descent.prove(key, &bucket)
    }

    proptest! {
        #[test]
        fn what_is_in_the_map_is_proven_in_and_what_is_not_out(
            seeds in prop::collection::vec((any::<u16>(), any::<u8>()), 0..60),
            others in prop::collection::vec((any::<u16>(), any::<u8>()), 1..20),
        ) {
            let mut map = SubjectMap::default();
            let mut subjects = BTreeMap::new();
            for (n, (seed, like)) in seeds.iter().enumerate() {
                let (key, value) = (key(*seed, *like), sha256(&n.to_be_bytes()));
                map.insert(key, value);
                subjects.insert(key, value);
            }
            let all: Vec<Leaf> = subjects.iter().map(|(key, value)| (*key, *value)).collect();
            let root = map.root();
            prop_assert_eq!(root, node(&all, 0));
            prop_assert_eq!(root, map_root(&tile_of(&mut map, Hash::ZERO, 8)));
            for (key, value) in &all {
                prop_assert_eq!(prove(&mut map, &subjects, key).check_member(*key, *value, root), Ok(()));
            }
            for (seed, like) in others {
                let key = key(seed, like);
                if !subjects.contains_key(&key) {
                    prop_assert_eq!(prove(&mut map, &subjects, &key).check_absent(key, root), Ok(()));
                }
            }
        }
    }

    #[test]
    fn changes_are_read_as_they_were_written() {
        let nodes = [(0x1203, MapNode::Single(sha256(b"y"))), (0x12ff, MapNode::Many(sha256(b"x")))];
        let mut changes = Vec::new();
        for (prefix, node) in &nodes {
            push_change(&mut changes, *prefix, node);
        }
        assert_eq!(parse_changes(&changes).as_deref(), Some(&nodes[..]));
        assert_eq!(parse_changes(&changes[..40]), None);
        changes[2] = 0;
        assert_eq!(parse_changes(&changes), None, "a node that is empty is not written");
    }
}
