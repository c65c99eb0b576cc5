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
    /// The earlier tree is empty and the later is not.
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
/// is refused: a reader who has seen nothing yet has nothing to compare with.
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
    if size1 == size2 {
        return if proof.is_empty() { expect_root(root2, root1.0) } else { Err(length) };
    }
    if size1.0 == 0 {
        return Err(ProofError::EmptyTree);
    }
    // A complete subtree is its own starting point, and the proof leaves out the root the reader has.
    let (&start, rest) = if size1.0.is_power_of_two() && !proof.is_empty() {
        (&root1.0, proof)
    } else {
        proof.split_first().ok_or(length)?
    };
    let (mut node, mut last) = (size1.0 - 1, size2.0 - 1);
    let complete = node.trailing_ones();
    (node, last) = (node >> complete, last >> complete);
    let (mut first, mut second) = (start, start);
    for &hash in rest {
        if last == 0 {
            return Err(length);
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
    if last != 0 {
        return Err(length);
    }
    expect_root(root1, first)?;
    expect_root(root2, second)
}

fn ascend_to_right_child(node: &mut u64, last: &mut u64) {
    while *node & 1 == 0 && *node != 0 {
        (*node, *last) = (*node >> 1, *last >> 1);
    }
}

fn expect_root(expected: RootHash, found: Hash) -> Result<(), ProofError> {
    if expected.0 == found { Ok(()) } else { Err(ProofError::Root { expected, found: RootHash(found) }) }
}
