//! Which statements the ledger has: 8 bytes of a hash for each entry, in memory and in a table that only grows.

use std::collections::HashMap;

use verifier::log::hash::sha256_parts;
use verifier::record::code::PublisherId;

const FULL: usize = 256 * 8;

/// The first 8 bytes of SHA-256(iss || "\n" || jti).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct StatementId(u64);

impl StatementId {
    /// What stands for an entry without statement.
    pub(crate) const NONE: Self = Self(0);

    pub(crate) fn of(iss: &PublisherId, jti: &str) -> Self {
        let hash = sha256_parts(&[iss.as_str().as_bytes(), b"\n", jti.as_bytes()]);
        let (first, _) = hash.0.split_first_chunk().expect("32 bytes begin with 8");
        Self(u64::from_be_bytes(*first))
    }

    /// Whether these are its stored bytes.
    pub(crate) fn is(self, stored: &[u8]) -> bool {
        stored == self.0.to_be_bytes()
    }
}

/// The ids of all entries, in order. About 40 bytes an entry.
#[derive(Debug, Default)]
pub(crate) struct StatementIds {
    entries: u64,
    index: HashMap<StatementId, u64>,
    /// Further entries under an id that is taken: two statements whose hashes begin alike.
    further: Vec<(StatementId, u64)>,
    /// The tile that is not full, and the full ones not yet written.
    open: Vec<u8>,
    full: Vec<(u64, Vec<u8>)>,
    changed: bool,
}

impl StatementIds {
    /// Takes up the ids as they are stored.
    pub(crate) fn resume(stored: &[u8]) -> Self {
        let mut ids = Self { index: HashMap::with_capacity(stored.len() / 8), ..Self::default() };
        for id in stored.chunks_exact(8) {
            ids.note(StatementId(u64::from_be_bytes(id.try_into().expect("8 bytes"))));
        }
        ids.open = stored[stored.len() / FULL * FULL..].to_vec();
        ids
    }

    pub(crate) fn len(&self) -> u64 {
        self.entries
    }

    fn note(&mut self, id: StatementId) {
        if id != StatementId::NONE && *self.index.entry(id).or_insert(self.entries) != self.entries {
            self.further.push((id, self.entries));
        }
        self.entries += 1;
    }

    /// The id of the next entry.
    pub(crate) fn push(&mut self, id: StatementId) {
        self.note(id);
        self.changed = true;
        self.open.extend_from_slice(&id.0.to_be_bytes());
        if self.open.len() == FULL {
            let tile = std::mem::replace(&mut self.open, Vec::with_capacity(FULL));
            self.full.push((self.entries / 256 - 1, tile));
            self.changed = false;
        }
    }

    /// The entries that may hold the statement; whoever asks reads them to be sure.
    pub(crate) fn find(&self, id: StatementId) -> impl Iterator<Item = u64> + '_ {
        let further = self.further.iter().filter(move |(other, _)| *other == id).map(|(_, index)| *index);
        self.index.get(&id).copied().into_iter().chain(further)
    }

    /// The tiles that changed since the last call.
    pub(crate) fn take_changed(&mut self) -> Vec<(u64, Vec<u8>)> {
        let mut tiles = std::mem::take(&mut self.full);
        if std::mem::take(&mut self.changed) {
            tiles.push((self.entries / 256, self.open.clone()));
        }
        tiles
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_statement_is_found_again_even_under_one_id() {
        let mut ids = StatementIds::default();
        let mut tiles = std::collections::BTreeMap::new();
        for n in 0..1000_u64 {
            ids.push(if n % 10 == 9 { StatementId::NONE } else { StatementId(n / 3 + 1) });
            if n % 7 == 0 || n == 999 {
                tiles.extend(ids.take_changed());
            }
        }
        assert_eq!(tiles.len(), 4);
        let stored: Vec<u8> = tiles.into_values().flatten().collect();
        let resumed = StatementIds::resume(&stored);
        assert_eq!(resumed.len(), 1000);
        for ids in [&ids, &resumed] {
            assert_eq!(ids.find(StatementId(1)).collect::<Vec<_>>(), [0, 1, 2]);
            assert_eq!(ids.find(StatementId(4)).collect::<Vec<_>>(), [10, 11], "9 has none");
            assert_eq!(ids.find(StatementId(500)).count(), 0);
        }
        assert_eq!(ids.open, resumed.open);
    }
}
