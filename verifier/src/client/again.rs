//! Old entries, read again: what was shown when it was audited must go on being shown, unless it was erased since.

use std::prelude::rust_2024::*;

use super::bundle::{self, BundleEntry};
use super::fault::{Stop, TreeFault};
use super::follower::Follower;
use super::tree::Tree;
use crate::log::tile::WIDTH;

impl Follower {
    /// Bundles with entries that were audited.
    pub fn bundles(&self) -> u64 {
        self.audit().size().0.div_ceil(u64::from(WIDTH))
    }

    /// Reads a bundle again that was audited, with its hash tile and what is disclosed beside it.
    ///
    /// # Errors
    /// It is not what was audited, is not there, or keeps something back that no erasure audited so far covers.
    pub fn look_again(&self, bundle: u64) -> Result<(), Stop> {
        let tree = Tree::new(self.source(), self.policy(), self.audit().size());
        let read = bundle::read(&tree, bundle, &[], false);
        let first = bundle * u64::from(WIDTH);
        for (index, BundleEntry { entry, .. }) in (first..).zip(&read.entries) {
            let audited = usize::try_from(index).ok().and_then(|at| self.audit().leaves().get(at));
            if audited != Some(&entry.leaf.0) {
                return Err(TreeFault::Rewritten { index }.into());
            }
            self.audit().check_shown(entry)?;
        }
        read.stop.map_or(Ok(()), Err)
    }
}
