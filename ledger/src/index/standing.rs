//! How each project stands under the rules, judged by the verifier's own engine from the ledger's own record, as of the newest
//! head: again when it has another notice, when the rules or the calendar change, and on every new day.

use std::sync::{Arc, PoisonError};

use sqlx::{Connection as _, Row as _};
use verifier::lifecycle::instant::Seconds;
use verifier::lifecycle::verdict::Lifecycle;
use verifier::lifecycle::{AsOf, Law, judge};
use verifier::log::index::LeafIndex;
use verifier::record::entry::Entry;
use verifier::record::subject::ProjectId;

use super::Index;
use super::schema::failed;
use crate::error::LedgerError;
use crate::store::row_id;

/// Projects judged between two looks at whether there is something more urgent.
const AT_ONCE: i64 = 64;
/// What stands in the place of a standing where no rulebook was recorded.
const NOT_JUDGED: &str = "not-judged";

/// A project's first notice, its newest, how it stands, and what is due next.
type Judged = (i64, i64, &'static str, Option<Seconds>);

impl Index {
    /// Judges some of the projects that must be judged; whether there were any.
    pub(super) async fn judge_some(&self, size: u64) -> Result<bool, LedgerError> {
        let Some(at) = self.sealed_at(size).await? else { return Ok(false) };
        let day = day_number(at);
        let sql = "SELECT first, newest, id FROM project WHERE judged < ? ORDER BY judged LIMIT ?";
        let rows = sqlx::query(sql).bind(day).bind(AT_ONCE).fetch_all(&self.pool).await.map_err(failed)?;
        if rows.is_empty() {
            return Ok(false);
        }
        let law = self.law().await?;
        let mut judged: Vec<Judged> = Vec::with_capacity(rows.len());
        for row in &rows {
            let id: String = row.try_get(2).map_err(failed)?;
            let (standing, due) = match ProjectId::parse(&id) {
                Ok(id) if !law.is_empty() => {
                    let verdict = self.reader.project(&id).await?;
                    let verdict = judge(&verdict, &law, AsOf { at, quorum: false });
                    (verdict.standing.code(), next_due(&verdict))
                }
                _ => (NOT_JUDGED, None),
            };
            judged.push((row.try_get(0).map_err(failed)?, row.try_get(1).map_err(failed)?, standing, due));
        }
        self.write_standings(day, judged).await?;
        Ok(true)
    }

    async fn write_standings(&self, day: i64, judged: Vec<Judged>) -> Result<(), LedgerError> {
        let mut writer = self.writer.lock().await;
        let mut transaction = writer.begin().await.map_err(failed)?;
        for (first, newest, standing, due) in judged {
            // A project with a newer notice by now is judged again.
            let sql = "UPDATE project SET standing = ?, due = ?, judged = ? WHERE first = ? AND newest = ?";
            let query = sqlx::query(sql).bind(standing).bind(due).bind(day).bind(first).bind(newest);
            query.execute(&mut *transaction).await.map_err(failed)?;
            let sql = "UPDATE notice SET standing = ? WHERE project = ? AND standing IS NOT ?";
            let query = sqlx::query(sql).bind(standing).bind(first).bind(standing);
            query.execute(&mut *transaction).await.map_err(failed)?;
        }
        transaction.commit().await.map_err(failed)
    }

    /// When the head of a size was sealed.
    async fn sealed_at(&self, size: u64) -> Result<Option<Seconds>, LedgerError> {
        let seal = self.reader.entry(LeafIndex(size.saturating_sub(1))).await?;
        let time = seal.and_then(|seal| Entry::parse(&seal.entry).ok().map(|entry| row_id(entry.time.0) / 1000));
        Ok(time)
    }

    async fn law(&self) -> Result<Arc<Law>, LedgerError> {
        let held = self.law.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(law) = held {
            return Ok(law);
        }
        let law = Arc::new(self.reader.law().await?);
        *self.law.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&law));
        Ok(law)
    }

    /// Reads the law again before the next judgement.
    pub(super) fn forget_law(&self) {
        *self.law.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// The earliest deadline of all lots.
fn next_due(verdict: &Lifecycle<'_>) -> Option<Seconds> {
    verdict.lots.iter().filter_map(|lot| lot.next.as_ref()).map(|next| next.due).min()
}

/// The day of Asia/Shanghai (UTC+8, without summer time), counted from the epoch.
const fn day_number(at: Seconds) -> i64 {
    (at + 8 * 3600).div_euclid(86_400)
}
