//! Checking that an entry is in a tree, and that one tree continues another (RFC 9162 §2.1.3.2 and §2.1.4.2).
//!
//! Both walk from the bottom to the top with two numbers: `node`, where the proven thing stands on its level, and `last`,
//! where the level ends. Making proofs is the ledger's work.

use super::{
    hash::{Hash, LeafHash, RootHash, node_hash},
    index::{LeafIndex, TreeSize},
};

/// Why a proof proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The entry would lie outside the tree.
    #[error("entry {index} is not in a tree of {size} entries")]
    OutsideTree {
        /// Where the entry should be.
        index: LeafIndex,
        /// The size of the tree.
        size: TreeSize,
    },
    /// The later tree is the smaller.
    #[error("a tree of {size2} entries cannot continue one of {size1}")]
    Shrunk {
        /// The earlier size.
        size1: TreeSize,
        /// The later size.
        size2: TreeSize,
    },
    /// The earlier tree is empty.
    #[error("an empty tree commits to nothing, so nothing continues it provably; start from this head instead")]
    EmptyTree,
    /// Too few or too many hashes.
    #[error("the proof has {found} hashes, which is not what these positions need")]
    Length {
        /// How many hashes the proof has.
        found: usize,
    },
    /// The hashes lead elsewhere.
    #[error("the proof leads to the root {found}, expected {expected}")]
    Root {
        /// The root to be proven.
        expected: RootHash,
        /// The root the proof leads to.
        found: RootHash,
    },
}

/// Checks that a leaf stands at an index of the tree with this size and root. Costs one hash for each of the proof.
///
/// # Errors
/// [`ProofError`] if it does not, or the proof is not exactly the one needed.
pub fn check_inclusion(
    leaf: LeafHash,
    index: LeafIndex,
    size: TreeSize,
    proof: &[Hash],
    root: RootHash,
) -> Result<(), ProofError> {
    if index.0 >= size.0 {
        return Err(ProofError::OutsideTree { index, size });
    }
    let length = ProofError::Length { found: proof.len() };
    let (mut node, mut last) = (index.0, size.0 - 1);
    let mut hash = leaf.0;
    for &sibling in proof {
        if last == 0 {
            return Err(length);
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, hash);
            // The last node of its level stands alone until the level where it is a right child.
            ascend_to_right_child(&mut node, &mut last);
        } else {
            hash = node_hash(hash, sibling);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    if last == 0 { expect_root(root, hash) } else { Err(length) }
}

/// Checks that the tree with `size2` and `root2` begins with the leaves of the tree with `size1` and `root1`. Costs two
/// hashes for each of the proof.
///
/// Equal sizes need equal roots and an empty proof. That a tree continues the empty one says nothing, and asking for it
/// is refused, whatever the later size: a reader who has seen nothing yet has nothing to compare with.
///
/// # Errors
/// [`ProofError`] if it does not, or the proof is not exactly the one needed.
pub fn check_consistency(
    size1: TreeSize,
    root1: RootHash,
    size2: TreeSize,
    root2: RootHash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    let length = ProofError::Length { found: proof.len() };
    if size1 > size2 {
        return Err(ProofError::Shrunk { size1, size2 });
    }
    if size1.0 == 0 {
        return Err(ProofError::EmptyTree);
    }
    if size1 == size2 {
        return if proof.is_empty() { expect_root(root2, root1.0) } else { Err(length) };
    }
    // A complete subtree is its own starting point, and the proof leaves out the root the reader has.
    let (&start, rest) = if size1.0.is_power_of_two() && !proof.is_empty() {
        (&root1.0, proof)
    } else {
        proof.split_first().ok_or(length)?
    };
    let (first, second) = climb(size1, size2, start, rest).ok_or(length)?;
    expect_root(root1, first)?;
    expect_root(root2, second)
}

/// The root that the first `size1` leaves of the tree with `size2` and `root2` have, as a path within that tree shows. The
/// path is a consistency proof that always begins with the hash to start from, which RFC 9162 leaves out where `size1` is
/// a power of two: there it is the answer. Between equal sizes the path is empty. Costs two hashes for each of the path.
///
/// # Errors
/// [`ProofError`] unless 0 < `size1` ≤ `size2` and the path is exactly one that leads to `root2`.
pub fn root_within(size1: TreeSize, size2: TreeSize, root2: RootHash, path: &[Hash]) -> Result<RootHash, ProofError> {
    let length = ProofError::Length { found: path.len() };
    if size1 > size2 {
        return Err(ProofError::Shrunk { size1, size2 });
    }
    if size1.0 == 0 {
        return Err(ProofError::EmptyTree);
    }
    if size1 == size2 {
        return if path.is_empty() { Ok(root2) } else { Err(length) };
    }
    let (&start, rest) = path.split_first().ok_or(length)?;
    let (first, second) = climb(size1, size2, start, rest).ok_or(length)?;
    expect_root(root2, second)?;
    Ok(RootHash(first))
}

/// From the subtree that ends where the smaller tree ends up to both roots; nothing if that takes another number of hashes.
fn climb(size1: TreeSize, size2: TreeSize, start: Hash, rest: &[Hash]) -> Option<(Hash, Hash)> {
    let (mut node, mut last) = (size1.0 - 1, size2.0 - 1);
    let complete = node.trailing_ones();
    (node, last) = (node >> complete, last >> complete);
    let (mut first, mut second) = (start, start);
    for &hash in rest {
        if last == 0 {
            return None;
        }
        if node & 1 == 1 || node == last {
            first = node_hash(hash, first);
            second = node_hash(hash, second);
            ascend_to_right_child(&mut node, &mut last);
        } else {
            second = node_hash(second, hash);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    (last == 0).then_some((first, second))
}

fn ascend_to_right_child(node: &mut u64, last: &mut u64) {
    while *node & 1 == 0 && *node != 0 {
        (*node, *last) = (*node >> 1, *last >> 1);
    }
}

fn expect_root(expected: RootHash, found: Hash) -> Result<(), ProofError> {
    if expected.0 == found { Ok(()) } else { Err(ProofError::Root { expected, found: RootHash(found) }) }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::{super::hash::leaf_hash, *};

    const MAX_SIZE: usize = 130;

    fn leaves() -> Vec<Hash> {
        (0..130_u8).map(|number| leaf_hash(&[number]).0).collect()
    }

    fn split(leaves: &[Hash]) -> (&[Hash], &[Hash]) {
        leaves.split_at(leaves.len().next_power_of_two() / 2)
    }

    fn root(leaves: &[Hash]) -> Hash {
        if let [leaf] = leaves {
            return *leaf;
        }
        let (left, right) = split(leaves);
        node_hash(root(left), root(right))
    }

    /// PATH(m, D[n]) of RFC 9162 §2.1.3.1.
    fn path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
        if leaves.len() == 1 {
            return Vec::new();
        }
        let (left, right) = split(leaves);
        let (mut proof, sibling) = if index < left.len() {
            (path(index, left), root(right))
        } else {
            (path(index - left.len(), right), root(left))
        };
        proof.push(sibling);
        proof
    }

    /// SUBPROOF(m, D[n], known) of RFC 9162 §2.1.4.1.
    fn subproof(size: usize, leaves: &[Hash], known: bool) -> Vec<Hash> {
        if size == leaves.len() {
            return if known { Vec::new() } else { [root(leaves)].to_vec() };
        }
        let (left, right) = split(leaves);
        let (mut proof, sibling) = if size <= left.len() {
            (subproof(size, left, known), root(right))
        } else {
            (subproof(size - left.len(), right, false), root(left))
        };
        proof.push(sibling);
        proof
    }

    /// Every proof with one hash changed, dropped, doubled, or one more at either end.
    fn mangled(proof: &[Hash]) -> Vec<Vec<Hash>> {
        let mut all = Vec::new();
        for at in 0..proof.len() {
            let mut changed = proof.to_vec();
            changed[at].0[at] ^= 1;
            let mut dropped = proof.to_vec();
            dropped.remove(at);
            let mut doubled = proof.to_vec();
            doubled.insert(at, proof[at]);
            all.extend([changed, dropped, doubled]);
        }
        all.push([proof, &[Hash::ZERO]].concat());
        all.push([&[Hash::ZERO], proof].concat());
        all
    }

    #[test]
    fn every_leaf_of_every_tree_is_included_by_its_own_proof_only() {
        let leaves = leaves();
        for size in 1..=MAX_SIZE {
            let (tree_size, tree_root) = (TreeSize(size as u64), RootHash(root(&leaves[..size])));
            for index in 0..size {
                let proof = path(index, &leaves[..size]);
                let check = |leaf: usize, at: u64, proof: &[Hash], root| {
                    check_inclusion(LeafHash(leaves[leaf]), LeafIndex(at), tree_size, proof, root)
                };
                let at = index as u64;
                assert_eq!(check(index, at, &proof, tree_root), Ok(()));
                assert!(check(index, at + 1, &proof, tree_root).is_err());
                assert!(size == 1 || check((index + 1) % size, at, &proof, tree_root).is_err());
                assert!(check(index, at, &proof, RootHash(Hash::ZERO)).is_err());
                assert_eq!(
                    check(index, size as u64, &proof, tree_root),
                    Err(ProofError::OutsideTree { index: LeafIndex(size as u64), size: tree_size })
                );
                if size < 40 {
                    assert!(mangled(&proof).iter().all(|proof| check(index, at, proof, tree_root).is_err()));
                }
            }
        }
    }

    #[test]
    fn every_tree_continues_every_smaller_one_by_its_own_proof_only() {
        let leaves = leaves();
        for size2 in 1..=MAX_SIZE {
            let root2 = RootHash(root(&leaves[..size2]));
            for size1 in 1..=size2 {
                let root1 = RootHash(root(&leaves[..size1]));
                let proof = subproof(size1, &leaves[..size2], true);
                let check = |size1: usize, root1, size2: usize, root2, proof: &[Hash]| {
                    check_consistency(TreeSize(size1 as u64), root1, TreeSize(size2 as u64), root2, proof)
                };
                assert_eq!(check(size1, root1, size2, root2, &proof), Ok(()));
                let zero = RootHash(Hash::ZERO);
                assert!(check(size1, zero, size2, root2, &proof).is_err());
                assert!(check(size1, root1, size2, zero, &proof).is_err());
                assert!(size1 == size2 || check(size2, root2, size1, root1, &proof).is_err());
                if size2 < 40 {
                    assert!(mangled(&proof).iter().all(|proof| check(size1, root1, size2, root2, proof).is_err()));
                }
            }
        }
    }

    #[test]
    fn absurd_sizes_are_refused_without_a_panic() {
        let (leaf, zero, huge) = (LeafHash(Hash::ZERO), RootHash(Hash::ZERO), u64::MAX);
        for length in 0..70 {
            let proof = [Hash::ZERO].repeat(length);
            assert!(check_inclusion(leaf, LeafIndex(huge - 1), TreeSize(huge), &proof, zero).is_err());
            assert!(check_inclusion(leaf, LeafIndex(huge), TreeSize(huge), &proof, zero).is_err());
            assert!(check_consistency(TreeSize(huge - 1), zero, TreeSize(huge), zero, &proof).is_err());
            assert!(check_consistency(TreeSize(1 << 63), zero, TreeSize(huge), zero, &proof).is_err());
        }
    }
}
