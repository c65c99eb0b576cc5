//! What a seal with a false map root left out, if that can be told from its root alone.
//!
//! A root says nothing about the map below it, and an exported tree holds no map. But whoever hides something changes little,
//! and what comes out of that can be computed and compared: the map as it was before the batch; one subject of the batch as it
//! was before; one subject gone. A map that is false in another way is false all the same, only a third party must replay
//! the ledger to see it.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use super::Audit;
use crate::log::hash::Hash;
use crate::log::index::LeafIndex;
use crate::record::entry::{Body, Entry};
use crate::record::statement::Statement;
use crate::record::subject_map::{MapNode, MapProof, SubjectMap, SubjectState, key_bit, map_key, map_leaf};

/// A subject of which a seal does not hold the newest entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Where the subject's newest entry before the seal stands.
    pub newest: LeafIndex,
    /// What the seal's map holds of the subject; `count` 0 if nothing.
    pub state: SubjectState,
    /// The proof of that under the seal's root.
    pub proof: MapProof,
}

/// What subjects are supposed to be in a map, by key, where it is not what was replayed.
type Supposed = BTreeMap<Hash, SubjectState>;

impl Audit {
    /// The subject that a seal with this false map root left out, once folding that seal has failed. `batch` are the entries
    /// since the seal before. Costs about the hashes of one whole map; nothing if no simple lie explains the root.
    pub fn left_out(&mut self, map_root: Hash, batch: &[String]) -> Option<LeftOut> {
        let earlier = self.earlier(batch)?;
        // The later of two states of one subject in this list is the earlier in time, and stays.
        let before: Supposed = earlier.iter().cloned().collect();
        if let Some(key) = before.keys().next()
            && self.suppose(&before).root() == map_root
        {
            return self.show(*key, &before);
        }
        let gone = self.subjects.keys().map(|key| (*key, SubjectState::default())).collect::<Vec<_>>();
        for (key, state) in earlier.into_iter().chain(gone) {
            if self.root_with(&key, &state) == map_root {
                return self.show(key, &[(key, state)].into());
            }
        }
        None
    }

    /// Where the newest entry of a subject stands, among those folded.
    pub fn newest(&self, subject: &str) -> Option<LeafIndex> {
        self.newest_of(&map_key(subject))
    }

    fn newest_of(&self, key: &Hash) -> Option<LeafIndex> {
        let head = self.subjects.get(key)?.head.0;
        self.leaves.iter().rposition(|leaf| *leaf == head).map(|at| LeafIndex(at as u64))
    }

    /// The subject of every entry of a batch as it was before that entry, the newest first.
    fn earlier(&self, batch: &[String]) -> Option<Vec<(Hash, SubjectState)>> {
        let mut before = Supposed::new();
        let mut earlier = Vec::new();
        for text in batch.iter().rev() {
            let entry = Entry::parse(text).ok()?;
            let Some((subject, seq, prev)) = entry.link() else { continue };
            let key = map_key(subject);
            let now = self.subjects.get(&key)?;
            let state = before.entry(key).or_insert_with(|| now.clone());
            (state.count, state.head) = (seq, prev);
            if let Body::Statement { statement, .. } = entry.body
                && let Some(stage) = Statement::parse(statement).ok()?.notice().map(|notice| notice.stage)
            {
                state.tally.set(stage, state.tally.of(stage).saturating_sub(1));
            }
            earlier.push((key, state.clone()));
        }
        Some(earlier)
    }

    /// The root of the map if one subject were in another state.
    fn root_with(&mut self, key: &Hash, state: &SubjectState) -> Hash {
        let (beside, _) = self.map.way(key);
        let mut node = if state.count == 0 { MapNode::Empty } else { MapNode::Single(map_leaf(*key, state.value())) };
        for (depth, beside) in (0..beside.len()).rev().zip(beside) {
            node = if key_bit(key, depth) { MapNode::above(beside, node) } else { MapNode::above(node, beside) };
        }
        node.hash()
    }

    /// The map if some subjects were in another state.
    fn suppose(&self, supposed: &Supposed) -> SubjectMap {
        let mut map = SubjectMap::default();
        for (key, state) in &self.subjects {
            let state = supposed.get(key).unwrap_or(state);
            if state.count > 0 {
                map.insert(*key, state.value());
            }
        }
        map
    }

    fn show(&self, key: Hash, supposed: &Supposed) -> Option<LeftOut> {
        let value = |other: Hash| supposed.get(&other).or_else(|| self.subjects.get(&other)).map(SubjectState::value);
        let proof = self.suppose(supposed).prove(&key, |other| value(other).unwrap_or(Hash::ZERO));
        Some(LeftOut { newest: self.newest_of(&key)?, state: supposed.get(&key)?.clone(), proof })
    }
}
