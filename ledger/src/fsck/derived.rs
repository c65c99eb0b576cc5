//! What must stand in the tables beside `entry`: derived batch by batch, with the writer's own pure functions.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use verifier::audit::{ReadBody, ReadEntry};
use verifier::log::hash::{Hash, LeafHash};
use verifier::record::statement::{Content, Statement};
use verifier::record::subject_map::{SubjectMap, SubjectState, map_key};

use super::{Stop, compare};
use crate::batch::map_rows;
use crate::statement_ids::{StatementId, StatementIds};
use crate::store::{Cell, Held, MapRows, Row, Snapshot, SubjectRow, row_id, tile_id};
use crate::subject_map::{format_tile, tile_of};
use crate::tree::Tree;

/// Rows read at once.
const CHUNK: usize = 256;

/// Everything that follows from the entries so far.
pub(super) struct Derived {
    tree: Tree,
    tiles: BTreeMap<i64, Vec<u8>>,
    ids: StatementIds,
    id_tiles: BTreeMap<i64, Vec<u8>>,
    precedents: Vec<u64>,
    names: Vec<(u64, String)>,
    subjects: HashMap<Hash, Held>,
    map: SubjectMap,
    unmerged: BTreeSet<Hash>,
    changed: BTreeSet<Hash>,
    /// Table `subject` as the last merge left it.
    merged: BTreeMap<[u8; 32], SubjectRow>,
    map_tiles: BTreeMap<i64, Vec<u8>>,
    /// Table `map_change` since then.
    changes: Vec<(u64, Vec<u8>, Vec<u8>)>,
    /// Leaf hash of the last entry before the batch.
    pub(super) batch_prev: LeafHash,
}

impl Default for Derived {
    fn default() -> Self {
        Self {
            tree: Tree::default(),
            tiles: BTreeMap::new(),
            ids: StatementIds::default(),
            id_tiles: BTreeMap::new(),
            precedents: Vec::new(),
            names: Vec::new(),
            subjects: HashMap::new(),
            map: SubjectMap::default(),
            unmerged: BTreeSet::new(),
            changed: BTreeSet::new(),
            merged: BTreeMap::new(),
            map_tiles: BTreeMap::new(),
            changes: Vec::new(),
            batch_prev: LeafHash(Hash::ZERO),
        }
    }
}

impl Derived {
    /// Takes in the next entry, which was folded; gives the index of its subject's previous entry.
    pub(super) fn entry(&mut self, entry: &ReadEntry) -> Option<u64> {
        let index = entry.index.0;
        self.tree.push(entry.leaf);
        match &entry.body {
            ReadBody::Seal(_) => {
                self.ids.push(StatementId::NONE);
                None
            }
            ReadBody::Genesis(_) => {
                self.ids.push(StatementId::NONE);
                self.subject(index, map_key("ledger"), || "ledger".to_owned(), entry.leaf, None)
            }
            ReadBody::Statement(held) => {
                let statement = &held.statement;
                self.ids.push(StatementId::of(&statement.iss, &statement.jti));
                if is_precedent(statement) {
                    self.precedents.push(index);
                }
                let stage = statement.notice().map(|notice| notice.stage);
                self.subject(index, held.key, || statement.sub.to_string(), entry.leaf, stage)
            }
        }
    }

    fn subject(
        &mut self,
        index: u64,
        key: Hash,
        name: impl FnOnce() -> String,
        leaf: LeafHash,
        stage: Option<verifier::record::code::Stage>,
    ) -> Option<u64> {
        let names = &mut self.names;
        let held = self.subjects.entry(key).or_insert_with(|| {
            names.push((index, name()));
            Held { state: SubjectState::default(), newest: index }
        });
        let prev = (held.state.count > 0).then_some(held.newest);
        held.state.push(leaf, stage);
        held.newest = index;
        self.changed.insert(key);
        prev
    }

    /// Takes in the end of a batch: its seal's leaf hash and the size it ends at.
    pub(super) fn batch(&mut self, seal: Hash, size: u64) {
        self.tiles.extend(self.tree.take_changed().into_iter().map(|(level, n, hashes)| (tile_id(level, n), hashes)));
        self.id_tiles.extend(self.ids.take_changed().into_iter().map(|(tile, ids)| (row_id(tile), ids)));
        let changed = std::mem::take(&mut self.changed);
        for key in &changed {
            self.map.insert(*key, self.subjects[key].state.value());
        }
        self.map_tiles.insert(-1, format_tile(&tile_of(&mut self.map, Hash::ZERO, 8)));
        match map_rows(&self.subjects, &mut self.map, &mut self.unmerged, &changed) {
            MapRows::Change { subjects, nodes } => self.changes.push((size, subjects, nodes)),
            MapRows::Merge { subjects, tiles } => {
                self.merged.extend(subjects.into_iter().map(|row| (row.key, row)));
                self.map_tiles.extend(tiles.into_iter().map(|(byte, nodes)| (i64::from(byte), nodes)));
                self.changes.clear();
            }
        }
        self.batch_prev = LeafHash(seal);
    }

    /// Holds every table against what must stand in it.
    pub(super) async fn check(&self, snapshot: &mut Snapshot) -> Result<(), Stop> {
        let blob = |bytes: &[u8]| Cell::Blob(bytes.to_vec());
        let pair = |(key, bytes): (&i64, &Vec<u8>)| Row(vec![Cell::Integer(*key), blob(bytes)]);
        check_table(snapshot, "tile", &["id", "hashes"], self.tiles.iter().map(pair)).await?;
        check_table(snapshot, "statement_id", &["tile", "ids"], self.id_tiles.iter().map(pair)).await?;
        let indexes = self.precedents.iter().map(|index| Row(vec![Cell::Integer(row_id(*index))]));
        check_table(snapshot, "precedent", &["idx"], indexes).await?;
        let name = |(first, name): &(u64, String)| Row(vec![Cell::Integer(row_id(*first)), Cell::Text(name.clone())]);
        check_table(snapshot, "subject_name", &["first", "name"], self.names.iter().map(name)).await?;
        check_table(snapshot, "map_tile", &["prefix", "nodes"], self.map_tiles.iter().map(pair)).await?;
        let change = |(size, subjects, nodes): &(u64, Vec<u8>, Vec<u8>)| {
            Row(vec![Cell::Integer(row_id(*size)), blob(subjects), blob(nodes)])
        };
        check_table(snapshot, "map_change", &["size", "subjects", "nodes"], self.changes.iter().map(change)).await?;
        let subject = |row: &SubjectRow| {
            let (count, newest) = (Cell::Integer(row_id(row.count)), Cell::Integer(row_id(row.newest)));
            Row(vec![blob(&row.key), count, newest, blob(&row.head), blob(&row.tally)])
        };
        let columns = ["key", "count", "newest", "head", "tally"];
        check_table(snapshot, "subject", &columns, self.merged.values().map(subject)).await
    }
}

/// Compares a table with its rows in the order of their keys.
async fn check_table(
    snapshot: &mut Snapshot,
    table: &'static str,
    columns: &[&'static str],
    mut expected: impl Iterator<Item = Row>,
) -> Result<(), Stop> {
    let mut after = None;
    loop {
        let found = snapshot.table_rows(table, columns, after.as_ref(), CHUNK).await?;
        // One more than was found, so that a missing row at the end is seen; the comparison of a full chunk goes on.
        let full = found.len() == CHUNK;
        let wanted: Vec<Row> = if full { expected.by_ref().take(CHUNK).collect() } else { expected.by_ref().collect() };
        compare(table, columns, &wanted, &found)?;
        match found.last() {
            Some(row) if full => after = Some(row.0[0].clone()),
            _ => return Ok(()),
        }
    }
}

/// Entries by which later ones are judged.
fn is_precedent(statement: &Statement) -> bool {
    matches!(statement.content, Content::Authority { .. } | Content::Reveal { .. } | Content::Erasure { .. })
}
