//! Which row it is: what the audit finds in an entry may be the fault of the entry before it, or of a row beside it.

use verifier::audit::{AuditError, Fault};
use verifier::log::hash::{Hash, LeafHash, sha256};
use verifier::record::entry::{Entry, entry_hash};
use verifier::record::replay::OwedError;
use verifier::record::statement::Content;

use super::Stop;
use crate::batch::digests;
use crate::error::LedgerError;
use crate::state::read_statement;
use crate::store::{Snapshot, disclosure_id};

/// The row that is at fault where an entry does not hold; `own` are the disclosures beside it.
pub(super) async fn at_fault(
    snapshot: &mut Snapshot,
    size: u64,
    error: AuditError,
    text: &[u8],
    own: &[(i64, String)],
) -> Stop {
    let index = error.index.0;
    match &error.fault {
        Fault::Chain { found, .. } if index > 0 => {
            // Either this entry's `prev` was changed or the entry before it: the tree's tiles tell.
            let leaf = snapshot.prove(size, |reader| reader.hash(0, index - 1)).await.ok();
            if leaf == Some(*found) {
                return other_entry(snapshot, index - 1, *found).await;
            }
        }
        Fault::Owed(_) | Fault::Disclosures { .. } => {
            let says = std::str::from_utf8(text).ok().and_then(|text| Entry::parse(text).ok()).map(|entry| entry.index);
            if let Some(says) = says.filter(|says| says.0 != index) {
                return Stop::found(
                    "entry",
                    index,
                    "entry",
                    format_args!("entry {index}"),
                    format_args!("entry {says}"),
                );
            }
            if let Some(stop) = misplaced(index, text, own) {
                return stop;
            }
        }
        _ => {}
    }
    found(error)
}

/// An entry that is another than its successor, or a signed checkpoint, says.
pub(super) async fn other_entry(snapshot: &mut Snapshot, index: u64, expected: Hash) -> Stop {
    let text = match snapshot.entry(index).await {
        Ok(text) => text.unwrap_or_default(),
        Err(error) => return LedgerError::from(error).into(),
    };
    let LeafHash(hash) = entry_hash(&text);
    Stop::found("entry", index, "entry", format_args!("leaf hash {expected}"), format_args!("{hash}"))
}

/// The first disclosure beside an entry that has not the digest of its place.
fn misplaced(index: u64, text: &[u8], own: &[(i64, String)]) -> Option<Stop> {
    let statement = std::str::from_utf8(text).ok().and_then(read_statement);
    let digests = statement.as_ref().map(digests).unwrap_or_default();
    own.iter().find_map(|(row, text)| {
        let place = usize::try_from(row - disclosure_id(index, 0)).ok()?;
        let found = sha256(text.as_bytes());
        match digests.get(place) {
            Some(digest) if *digest == found => None,
            Some(digest) => Some(Stop::found("disclosure", row, "disclosure", digest, found)),
            None => Some(Stop::found("disclosure", row, "id", "no row", "a row")),
        }
    })
}

/// The row of a disclosure that is owed and is not there: beside the notice, or beside the reveal of what was sealed.
pub(super) async fn owed(snapshot: &mut Snapshot, reveals: &[(u64, u64)], error: AuditError) -> Stop {
    let Fault::Owed(OwedError::Withheld { index, digest }) = &error.fault else { return found(error) };
    let reveals = reveals.iter().filter(|(target, _)| *target == index.0).map(|(_, reveal)| *reveal);
    let mut row = None;
    for holder in reveals.chain([index.0]) {
        let Some(statement) = snapshot.entry(holder).await.ok().flatten().as_deref().and_then(read_statement) else {
            continue;
        };
        let is_sealed = |content: &Content| matches!(content, Content::Notice(notice) if notice.sealed.iter().any(|sealed| sealed.digest == *digest));
        let place = digests(&statement).iter().position(|other| other == digest);
        if let Some(place) = place.filter(|_| row.is_none() && !is_sealed(&statement.content)) {
            row = Some(disclosure_id(holder, place));
        }
    }
    match row {
        Some(row) => Stop::found("disclosure", row, "id", format_args!("a disclosure of digest {digest}"), "no row"),
        None => found(error),
    }
}

/// What the audit finds stands in an entry, or in the disclosures beside it.
pub(super) fn found(error: AuditError) -> Stop {
    let (table, column) = match &error.fault {
        Fault::Owed(_) | Fault::Disclosures { .. } => ("disclosure", "disclosure"),
        _ => ("entry", "entry"),
    };
    Stop::found(table, error.index, column, "what a verifier accepts", &error.fault)
}
