//! The policy under which the ledger checks what it hands out: the log key that signed its head, and no witness.
//!
//! Which keys the log has had is in the entries of the subject `ledger`. They are read when a head is not signed by the key
//! known so far, which is seldom: once for a [`Reader`](crate::Reader), and once after each change of the log's key.

use std::sync::Mutex;

use verifier::log::checkpoint::SignedCheckpoint;
use verifier::log::note::VerifierKey;
use verifier::log::policy::Policy;
use verifier::log::policy_check::{PolicyCheckError, Witnessed};
use verifier::record::statement::{AuthorityChange, Content};

use crate::error::LedgerError;
use crate::reader::Reader;
use crate::state::{read_genesis, read_statement};
use crate::store::Snapshot;

/// The policy of the log key in use alone.
#[derive(Debug)]
pub(crate) struct OwnPolicy {
    pub(crate) policy: Policy,
    /// The head checked last: whatever is made at one time is mostly of one head.
    checked: Mutex<Option<(SignedCheckpoint, Witnessed)>>,
}

impl OwnPolicy {
    /// As [`Policy::check_log`]; the same head again costs nothing.
    pub(crate) fn check(&self, head: &SignedCheckpoint) -> Result<Witnessed, PolicyCheckError> {
        let mut checked = self.checked.lock().expect("nobody panics while holding it");
        if let Some((_, witnessed)) = checked.as_ref().filter(|(before, _)| before == head) {
            return Ok(witnessed.clone());
        }
        let witnessed = self.policy.check_log(head)?;
        *checked = Some((head.clone(), witnessed.clone()));
        Ok(witnessed)
    }

    /// The policy of the newest of the log's keys that signed this head.
    pub(crate) async fn derive(
        head: &SignedCheckpoint,
        reader: &Reader,
        snapshot: &mut Snapshot,
    ) -> Result<Self, LedgerError> {
        let mut keys = vec![read_genesis(snapshot).await?.log_key];
        let map = reader.map_head(head.checkpoint.size.0, snapshot).await?;
        if let Some(held) = snapshot.subject("ledger", &map).await? {
            // From the newest backwards.
            let entries = snapshot.chain(held.newest, held.state.count).await?;
            keys.extend(entries.iter().rev().filter_map(|(_, entry)| named_key(entry)));
        }
        let newest = keys.into_iter().rev().find(|key| head.signed_by(key).is_ok());
        let inconsistent = |what| LedgerError::Inconsistent { what };
        Self::of(&newest.ok_or(inconsistent("no key of the ledger signed its newest checkpoint"))?)
    }

    /// The policy of a log key.
    pub(crate) fn of(key: &VerifierKey) -> Result<Self, LedgerError> {
        let policy = Policy::parse(format!("log {key}\nquorum none\n"))
            .map_err(|_| LedgerError::Inconsistent { what: "the log key makes no policy" })?;
        Ok(Self { policy, checked: Mutex::default() })
    }
}

/// The log key that an entry of the subject `ledger` names, if it changes that key.
fn named_key(entry: &str) -> Option<VerifierKey> {
    match read_statement(entry)?.content {
        Content::Authority { change: AuthorityChange::LogKey { key }, .. } => Some(key),
        _ => None,
    }
}
