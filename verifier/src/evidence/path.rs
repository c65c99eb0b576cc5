//! Proofs made from hashes at hand (RFC 6962 §2.1.1 and §2.1.2): all that writing down evidence needs of a prover.
//!
//! ```text
//! 0…11                    A subtree is named by the range of its leaves. Whoever asks for a path brings a function that gives
//! ├─ 0…8                  the hash of a subtree, as far as it is at hand: from every leaf of the tree ([`of_leaves`]), or
//! └─ 8…11                 from one inclusion proof, which gives the hashes of all subtrees beside and above its leaf
//!    ├─ 8…10              ([`of_inclusion`]).
//!    └─ 10…11
//! ```
//!
//! Nothing made here is believed: [`proof`](crate::log::proof) checks it like what comes from outside.

use alloc::vec::Vec;
use core::ops::Range;

use crate::log::hash::{Hash, LeafHash, node_hash};
use crate::log::index::{LeafIndex, TreeSize};
use crate::log::tree::root_of;

/// The inclusion proof of a leaf, from its sibling upwards; nothing if the leaf is not in the tree or a hash not at hand.
pub fn inclusion_path(
    index: LeafIndex,
    size: TreeSize,
    hash: impl Fn(Range<u64>) -> Option<Hash>,
) -> Option<Vec<Hash>> {
    let mut path = siblings(index, size)?.into_iter().map(|(_, sibling)| hash(sibling)).collect::<Option<Vec<_>>>()?;
    path.reverse();
    Some(path)
}

/// The consistency proof between two sizes of one tree; nothing unless 0 < smaller < larger and every hash is at hand. It
/// always begins with the hash to start from, see [`root_within`](crate::log::proof::root_within).
pub fn consistency_path(
    smaller: TreeSize,
    larger: TreeSize,
    hash: impl Fn(Range<u64>) -> Option<Hash>,
) -> Option<Vec<Hash>> {
    if smaller.0 == 0 || smaller >= larger {
        return None;
    }
    let mut path = Vec::new();
    let mut tree = 0..larger.0;
    while tree.end != smaller.0 {
        let (left, right) = split(&tree);
        let beside;
        (tree, beside) = if smaller.0 <= left.end { (left, right) } else { (right, left) };
        path.push(hash(beside)?);
    }
    path.push(hash(tree)?);
    path.reverse();
    Some(path)
}

/// The hash of any subtree of a tree whose leaf hashes are all at hand. Costs a hash for each leaf of the subtree.
pub fn of_leaves(leaves: &[Hash]) -> impl Fn(Range<u64>) -> Option<Hash> {
    |range| {
        let (start, end) = (usize::try_from(range.start).ok()?, usize::try_from(range.end).ok()?);
        Some(root_of(leaves.get(start..end)?.iter().copied()).0)
    }
}

/// The hashes of the subtrees that one inclusion proof gives: of the leaf, beside it and above it. None of them if the proof
/// is not of the length its place needs; whether it leads to the tree's root is for the caller to know.
pub fn of_inclusion(
    leaf: LeafHash,
    index: LeafIndex,
    size: TreeSize,
    proof: &[Hash],
) -> impl Fn(Range<u64>) -> Option<Hash> {
    let steps = siblings(index, size).filter(|steps| steps.len() == proof.len()).unwrap_or_default();
    let mut known = alloc::vec![(index.0..index.0.saturating_add(1), leaf.0)];
    let mut below = leaf.0;
    for ((above, sibling), &hash) in steps.into_iter().rev().zip(proof) {
        below = if sibling.start > index.0 { node_hash(below, hash) } else { node_hash(hash, below) };
        known.extend([(sibling, hash), (above, below)]);
    }
    move |range| known.iter().find(|(known, _)| *known == range).map(|(_, hash)| *hash)
}

/// Whether an inclusion proof of this leaf gives every hash of the consistency proof of a smaller tree: whether it lies in the
/// largest complete subtree on either side of where that tree ends.
pub fn is_beside(index: LeafIndex, smaller: TreeSize) -> bool {
    if smaller.0 == 0 {
        return false;
    }
    let height = smaller.0.trailing_zeros();
    let (own, end) = (index.0 >> height, smaller.0 >> height);
    own == end || own + 1 == end
}

/// The subtrees above a leaf and the one beside its way below each, from the root down; nothing for a leaf outside.
fn siblings(index: LeafIndex, size: TreeSize) -> Option<Vec<(Range<u64>, Range<u64>)>> {
    if index.0 >= size.0 {
        return None;
    }
    let mut steps = Vec::new();
    let mut tree = 0..size.0;
    while tree.end - tree.start > 1 {
        let (left, right) = split(&tree);
        let (way, beside) = if index.0 < left.end { (left, right) } else { (right, left) };
        steps.push((tree, beside));
        tree = way;
    }
    Some(steps)
}

/// The two subtrees of one with at least two leaves: the left takes the largest power of two below their number.
fn split(tree: &Range<u64>) -> (Range<u64>, Range<u64>) {
    let middle = tree.start + (tree.end - tree.start).next_power_of_two() / 2;
    (tree.start..middle, middle..tree.end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::hash::{RootHash, leaf_hash};
    use crate::log::proof::{check_inclusion, root_within};

    const MAX_SIZE: u64 = 70;

    fn leaves() -> Vec<Hash> {
        (0..70_u8).map(|number| leaf_hash(&[number]).0).collect()
    }

    fn root(leaves: &[Hash], size: u64) -> RootHash {
        root_of(leaves[..usize::try_from(size).unwrap()].iter().copied())
    }

    #[test]
    fn what_the_leaves_give_the_checkers_accept() {
        let leaves = leaves();
        let hash = of_leaves(&leaves);
        for size in 1..=MAX_SIZE {
            for index in 0..size {
                let path = inclusion_path(LeafIndex(index), TreeSize(size), &hash).unwrap();
                let leaf = LeafHash(leaves[usize::try_from(index).unwrap()]);
                check_inclusion(leaf, LeafIndex(index), TreeSize(size), &path, root(&leaves, size)).unwrap();
            }
            for smaller in 1..size {
                let path = consistency_path(TreeSize(smaller), TreeSize(size), &hash).unwrap();
                let within = root_within(TreeSize(smaller), TreeSize(size), root(&leaves, size), &path);
                assert_eq!(within, Ok(root(&leaves, smaller)));
            }
        }
    }

    #[test]
    fn one_inclusion_proof_beside_the_end_of_a_smaller_tree_is_enough() {
        let leaves = leaves();
        for size in 2..=MAX_SIZE {
            for index in 0..size {
                let at = (LeafIndex(index), TreeSize(size));
                let proof = inclusion_path(at.0, at.1, of_leaves(&leaves)).unwrap();
                let known = of_inclusion(LeafHash(leaves[usize::try_from(index).unwrap()]), at.0, at.1, &proof);
                for smaller in 1..size {
                    let path = consistency_path(TreeSize(smaller), at.1, &known);
                    if is_beside(LeafIndex(index), TreeSize(smaller)) {
                        let path = path.expect("every hash is at hand");
                        let within = root_within(TreeSize(smaller), at.1, root(&leaves, size), &path);
                        assert_eq!(within, Ok(root(&leaves, smaller)), "{smaller} of {size} by {index}");
                    } else {
                        assert_eq!(path, None, "{smaller} of {size} by {index}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_not_there_has_no_path() {
        let leaves = leaves();
        let hash = of_leaves(&leaves);
        assert_eq!(inclusion_path(LeafIndex(5), TreeSize(5), &hash), None);
        assert_eq!(inclusion_path(LeafIndex(0), TreeSize(71), &hash), None);
        for (smaller, larger) in [(0, 5), (5, 5), (6, 5), (5, 71)] {
            assert_eq!(consistency_path(TreeSize(smaller), TreeSize(larger), &hash), None);
        }
        // A proof of another length gives nothing but its leaf.
        let known = of_inclusion(LeafHash(leaves[3]), LeafIndex(3), TreeSize(8), &leaves[..2]);
        assert_eq!((known(3..4), known(2..3), known(0..8)), (Some(leaves[3]), None, None));
    }
}
