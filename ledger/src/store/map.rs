//! Reading the subject map's tables, and the forms in which they hold a subject.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::RangeInclusive;

use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use verifier::log::hash::{Hash, LeafHash};
use verifier::record::code::Stage;
use verifier::record::subject::Subject;
use verifier::record::subject_map::{MapNode, MapProof, SubjectState, Tally, map_key};

use super::read::list;
use super::{Snapshot, StoreError, SubjectRow, index_of};
use crate::hex;
use crate::subject_map::{Descent, Leaf, MapTile, TileLevels, descend, parse_changes, parse_tile};

/// The row of `map_tile` with the nodes at depth 8.
const TOP: i64 = -1;

/// A subject as the ledger knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Held {
    /// What the map holds.
    pub(crate) state: SubjectState,
    /// Index of its newest entry.
    pub(crate) newest: u64,
}

/// What a map proof was made for.
#[derive(Debug)]
pub(crate) struct Proven {
    pub(crate) held: Option<Held>,
    pub(crate) proof: MapProof,
}

/// What all proofs of one head's map share: its uppermost nodes, and what `subject` and the tiles below do not show yet.
#[derive(Debug)]
pub(crate) struct MapHead {
    /// The nodes down to depth 8.
    top: TileLevels,
    /// Changed subjects as the newest batch left them.
    subjects: BTreeMap<Hash, Held>,
    /// Changed nodes at depth 16, by the first bits of the keys below, as the newest batch left them.
    nodes: BTreeMap<u16, MapNode>,
}

impl Snapshot {
    /// What all proofs share. Up to some 16,000 changed subjects, a few milliseconds: read once for several proofs.
    pub(crate) async fn map_head(&mut self) -> Result<MapHead, StoreError> {
        let top = TileLevels::above(&self.map_tiles([TOP]).await?[&TOP]);
        let mut head = MapHead { top, subjects: BTreeMap::new(), nodes: BTreeMap::new() };
        let query = sqlx::query("SELECT subjects, nodes FROM map_change ORDER BY size");
        for row in query.fetch_all(self.connection()).await? {
            let mut packed: &[u8] = row.try_get(0)?;
            while !packed.is_empty() {
                let key = Hash(take(&mut packed).ok_or_else(damaged_change)?);
                head.subjects.insert(key, unpack(&mut packed).ok_or_else(damaged_change)?);
            }
            head.nodes.extend(parse_changes(row.try_get(1)?).ok_or_else(damaged_change)?);
        }
        Ok(head)
    }

    /// What the map holds for these subjects, with the proofs, in this order.
    pub(crate) async fn prove_subjects(
        &mut self,
        subjects: &[Subject],
        head: &MapHead,
    ) -> Result<Vec<Proven>, StoreError> {
        let keys: Vec<Hash> = subjects.iter().map(|subject| map_key(&subject.to_string())).collect();
        let bytes: BTreeSet<u8> = keys.iter().map(|key| key.0[0]).collect();
        let below = self.map_tiles(bytes.iter().copied().map(i64::from)).await?;
        let mut levels = BTreeMap::new();
        for (byte, mut tile) in bytes.into_iter().zip(below.into_values()) {
            head.lay_over_tile(byte, &mut tile);
            levels.insert(byte, TileLevels::above(&tile));
        }
        let descents: Vec<Descent> = keys.iter().map(|key| descend(key, &head.top, &levels[&key.0[0]])).collect();
        let ranges: Vec<(Hash, Hash)> = keys.iter().zip(&descents).map(|(key, descent)| descent.bucket(key)).collect();
        let stored: BTreeMap<Hash, Held> = self.subjects(&ranges).await?.into_iter().collect();
        let prove = |((key, descent), (first, last)): ((Hash, Descent), (Hash, Hash))| {
            let mut bucket: BTreeMap<&Hash, &Held> = BTreeMap::new();
            if !descent.empty {
                bucket.extend(stored.range(first..=last));
                bucket.extend(head.subjects.range(first..=last));
            }
            let leaves: Vec<Leaf> = bucket.iter().map(|(key, held)| (**key, held.state.value())).collect();
            Proven { proof: descent.prove(&key, &leaves), held: bucket.remove(&key).cloned() }
        };
        Ok(keys.into_iter().zip(descents).zip(ranges).map(prove).collect())
    }

    /// What the map holds for a subject.
    pub(crate) async fn subject(&mut self, subject: &str, head: &MapHead) -> Result<Option<Held>, StoreError> {
        let key = map_key(subject);
        let newest = self.subjects(&[(key, key)]).await?.pop().map(|(_, held)| held);
        Ok(head.subjects.get(&key).cloned().or(newest))
    }

    /// The rows of `subject` whose keys begin with these bytes.
    pub(crate) async fn subjects_of(&mut self, bytes: RangeInclusive<u8>) -> Result<Vec<(Hash, Held)>, StoreError> {
        let mut subjects = Vec::new();
        // In parts, because a result is in memory as a whole.
        for byte in bytes {
            let (mut first, mut last) = (Hash::ZERO, Hash([0xff; 32]));
            (first.0[0], last.0[0]) = (byte, byte);
            subjects.append(&mut self.subjects(&[(first, last)]).await?);
        }
        Ok(subjects)
    }

    /// The tiles of these prefixes; one that is not stored is empty.
    async fn map_tiles(
        &mut self,
        prefixes: impl IntoIterator<Item = i64>,
    ) -> Result<BTreeMap<i64, MapTile>, StoreError> {
        let mut tiles: BTreeMap<i64, MapTile> =
            prefixes.into_iter().map(|prefix| (prefix, [MapNode::Empty; 256])).collect();
        let query = sqlx::query("SELECT prefix, nodes FROM map_tile WHERE prefix IN (SELECT value FROM json_each(?))");
        for row in query.bind(list(tiles.keys())).fetch_all(self.connection()).await? {
            let prefix = row.try_get(0)?;
            let damaged = StoreError::Damaged { table: "map_tile", row: prefix, what: "the nodes are malformed" };
            tiles.insert(prefix, parse_tile(row.try_get(1)?).ok_or(damaged)?);
        }
        Ok(tiles)
    }

    /// The rows of `subject` whose keys are in one of these ranges, ends included.
    async fn subjects(&mut self, ranges: &[(Hash, Hash)]) -> Result<Vec<(Hash, Held)>, StoreError> {
        let pair = |(first, last): &(Hash, Hash)| format!("[\"{}\",\"{}\"]", hex(&first.0), hex(&last.0));
        let pairs: Vec<String> = ranges.iter().map(pair).collect();
        let query = sqlx::query(
            "SELECT subject.key, count, newest, head, tally FROM json_each(?) AS bounds CROSS JOIN subject
             WHERE subject.key BETWEEN unhex(bounds.value ->> 0) AND unhex(bounds.value ->> 1)",
        );
        let rows = query.bind(format!("[{}]", pairs.join(","))).fetch_all(self.connection()).await?;
        rows.iter().map(read_subject).collect()
    }
}

impl MapHead {
    /// Brings subjects up to date; gives the keys of those that were not.
    pub(crate) fn lay_over(&self, subjects: &mut HashMap<Hash, Held>) -> BTreeSet<Hash> {
        subjects.extend(self.subjects.iter().map(|(key, held)| (*key, held.clone())));
        self.subjects.keys().copied().collect()
    }

    /// Brings the tile of the keys that begin with `byte` up to date.
    fn lay_over_tile(&self, byte: u8, tile: &mut MapTile) {
        for (prefix, node) in self.nodes.range(u16::from_be_bytes([byte, 0])..=u16::from_be_bytes([byte, 0xff])) {
            tile[usize::from(prefix & 0xff)] = *node;
        }
    }
}

fn damaged_change() -> StoreError {
    StoreError::Damaged { table: "map_change", row: 0, what: "a change is malformed" }
}

fn read_subject(row: &SqliteRow) -> Result<(Hash, Held), StoreError> {
    let damaged = || StoreError::Damaged { table: "subject", row: 0, what: "a subject is malformed" };
    let hash = |column: usize| -> Result<Hash, StoreError> {
        Ok(Hash(row.try_get::<&[u8], _>(column)?.try_into().map_err(|_| damaged())?))
    };
    let mut tally: &[u8] = row.try_get(4)?;
    let state = SubjectState {
        count: index_of(row.try_get(1)?),
        head: LeafHash(hash(3)?),
        tally: unpack_tally(&mut tally).filter(|_| tally.is_empty()).ok_or_else(damaged)?,
    };
    Ok((hash(0)?, Held { state, newest: index_of(row.try_get(2)?) }))
}

impl Held {
    /// The row of table `subject`.
    pub(crate) fn row(&self, key: &Hash) -> SubjectRow {
        let state = &self.state;
        let tally = pack_tally(&state.tally);
        SubjectRow { key: key.0, count: state.count, newest: self.newest, head: state.head.0.0, tally }
    }

    /// Adds the subject to `map_change.subjects`.
    pub(crate) fn pack(&self, key: &Hash, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&key.0);
        bytes.extend_from_slice(&self.state.count.to_be_bytes());
        bytes.extend_from_slice(&self.newest.to_be_bytes());
        bytes.extend_from_slice(&self.state.head.0.0);
        bytes.extend_from_slice(&pack_tally(&self.state.tally));
    }
}

/// What [`Held::pack`] wrote after the key.
fn unpack(bytes: &mut &[u8]) -> Option<Held> {
    let (count, newest) = (u64::from_be_bytes(take(bytes)?), u64::from_be_bytes(take(bytes)?));
    let head = LeafHash(Hash(take(bytes)?));
    Some(Held { state: SubjectState { count, head, tally: unpack_tally(bytes)? }, newest })
}

/// The tally as formats.md §3 hashes it.
fn pack_tally(tally: &Tally) -> Vec<u8> {
    let mut bytes = vec![0, 0];
    for (stage, n) in tally.iter() {
        bytes[1] += 1;
        bytes.push(u8::try_from(stage.code().len()).expect("a stage's code is short"));
        bytes.extend_from_slice(stage.code().as_bytes());
        bytes.extend_from_slice(&n.to_be_bytes());
    }
    bytes
}

fn unpack_tally(bytes: &mut &[u8]) -> Option<Tally> {
    let stages = u16::from_be_bytes(take(bytes)?);
    let mut counts = Vec::with_capacity(stages.min(32).into());
    for _ in 0..stages {
        let [length] = take(bytes)?;
        let (code, rest) = bytes.split_at_checked(length.into())?;
        *bytes = rest;
        counts.push((Stage::parse(std::str::from_utf8(code).ok()?)?, u64::from_be_bytes(take(bytes)?)));
    }
    Some(Tally::from_counts(counts))
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*taken)
}
