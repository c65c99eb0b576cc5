//! How each project stands under the rules, judged by the verifier's own engine from the ledger's own record, as of the newest
//! head: again when something is recorded of it, when the rules or the calendar change, and when a deadline has passed. Nothing
//! else of a verdict depends on when it is given, so what was judged under an earlier head is as if it were judged under this one.

use std::sync::{Arc, PoisonError};

use sqlx::sqlite::SqliteRow;
use sqlx::{Connection as _, Row as _};
use verifier::lifecycle::chronicle::{Chronicle, Excerpt};
use verifier::lifecycle::instant::Seconds;
use verifier::lifecycle::summary::ProjectFigures;
use verifier::lifecycle::verdict::Lifecycle;
use verifier::lifecycle::{AsOf, Law, judge};
use verifier::log::index::LeafIndex;
use verifier::record::entry::Entry;
use verifier::record::subject::{ProjectId, Subject};

use super::Index;
use super::figures;
use super::schema::failed;
use crate::error::LedgerError;
use crate::lifecycle::{Read, statements_in};
use crate::store::row_id;

/// Projects judged between two looks at whether there is something more urgent.
const AT_ONCE: i64 = 64;
/// What stands in the place of a standing where no rulebook was recorded.
const NOT_JUDGED: &str = "not-judged";
/// What was never judged, or must be judged again whatever the time; what has a deadline that passed since it was judged.
const CHANGED: &str = "judged < 0";
const FELL_DUE: &str = "judged >= 0 AND due <= ? AND judged < ?";

/// A project, judged.
struct Judged {
    first: i64,
    newest: i64,
    standing: &'static str,
    due: Option<Seconds>,
    /// What it adds to the statistics; nothing if none of it was public.
    figures: Option<ProjectFigures>,
}

impl Index {
    /// Judges some of the projects that must be judged; whether there were any.
    pub(super) async fn judge_some(&self, size: u64) -> Result<bool, LedgerError> {
        let Some(at) = self.sealed_at(size).await? else { return Ok(false) };
        let rows = self.to_be_judged(at).await?;
        if rows.is_empty() {
            return Ok(false);
        }
        let law = self.law().await?;
        let mut chronicle = Chronicle::beginning(self.reader.began().await?);
        let mut projects = Vec::with_capacity(rows.len());
        // One for all: while the ledger records, each new head would have to be read anew.
        let mut snapshot = self.reader.readers.snapshot().await?;
        let map = self.reader.newest_map_head(&mut snapshot).await?;
        for row in &rows {
            let id: String = row.try_get(2).map_err(failed)?;
            let number = chronicle.projects();
            if let Ok(project) = ProjectId::parse(&id) {
                let statements = statements_in(&mut snapshot, &map, &Subject::Project(project)).await?;
                self.record(&statements, &mut chronicle).await?;
            }
            projects.push((row.try_get(0).map_err(failed)?, row.try_get(1).map_err(failed)?, number));
        }
        drop(snapshot);
        let judged = projects.into_iter().map(|(first, newest, number)| {
            let project = chronicle.project_until(number, at);
            let (mut standing, mut due, mut figures) = (NOT_JUDGED, None, None);
            if let Some((profile, project)) = project {
                let verdict = judge(&project, &law, AsOf { at, quorum: false });
                if !law.is_empty() {
                    (standing, due) = (verdict.standing.code(), next_due(&verdict));
                }
                figures = Some(ProjectFigures::of(&profile, &project, &verdict));
            }
            Judged { first, newest, standing, due, figures }
        });
        let judged = judged.collect();
        let written = self.write_standings(at, judged).await;
        if written.is_err() {
            *self.names.lock().await = None;
            self.forget_figures();
        }
        written.map(|()| true)
    }

    async fn to_be_judged(&self, at: Seconds) -> Result<Vec<SqliteRow>, LedgerError> {
        let changed = sqlx::AssertSqlSafe(format!("SELECT first, newest, id FROM project WHERE {CHANGED} LIMIT ?"));
        let mut rows = sqlx::query(changed).bind(AT_ONCE).fetch_all(&self.pool).await.map_err(failed)?;
        if rows.is_empty() {
            let due = sqlx::AssertSqlSafe(format!("SELECT first, newest, id FROM project WHERE {FELL_DUE} LIMIT ?"));
            let query = sqlx::query(due).bind(at).bind(at).bind(AT_ONCE);
            rows = query.fetch_all(&self.pool).await.map_err(failed)?;
        }
        Ok(rows)
    }

    /// How many projects must be judged as of an instant.
    pub(super) async fn pending(&self, at: Seconds) -> Result<u64, LedgerError> {
        let sql = format!(
            "SELECT (SELECT count(*) FROM project WHERE {CHANGED}) + (SELECT count(*) FROM project WHERE {FELL_DUE})"
        );
        let query = sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).bind(at).bind(at);
        query.fetch_one(&self.pool).await.map(crate::store::index_of).map_err(failed)
    }

    /// Takes what is recorded of a project into a chronicle, as an audit does.
    async fn record(&self, statements: &[Read], chronicle: &mut Chronicle) -> Result<(), LedgerError> {
        if let Some((index, _, first, _)) = statements.first() {
            let sql = "SELECT name FROM enrolment WHERE publisher = ? AND idx < ? ORDER BY idx DESC LIMIT 1";
            let query = sqlx::query_scalar(sql).bind(first.iss.as_str()).bind(row_id(*index));
            let name: Option<String> = query.fetch_optional(&self.pool).await.map_err(failed)?;
            if let Some(name) = name {
                chronicle.enrol(first.iss.as_str(), &name);
            }
        }
        for (index, recorded, statement, shown) in statements {
            if let Some(excerpt) = Excerpt::of_statement(*index, *recorded, statement, shown) {
                chronicle.add(excerpt);
            }
        }
        Ok(())
    }

    async fn write_standings(&self, at: Seconds, judged: Vec<Judged>) -> Result<(), LedgerError> {
        let mut names = self.names.lock().await;
        let Some(names) = names.as_mut() else { return Err(LedgerError::Closed) };
        let mut writer = self.writer.lock().await;
        let mut transaction = writer.begin().await.map_err(failed)?;
        let mut changes = Vec::new();
        for Judged { first, newest, standing, due, figures } in judged {
            // A project with a newer notice by now is judged again.
            let sql = "UPDATE project SET standing = ?, due = ?, judged = ? WHERE first = ? AND newest = ?";
            let query = sqlx::query(sql).bind(standing).bind(due).bind(at).bind(first).bind(newest);
            if query.execute(&mut *transaction).await.map_err(failed)?.rows_affected() == 0 {
                continue;
            }
            let sql = "UPDATE notice SET standing = ? WHERE project = ? AND standing IS NOT ?";
            let query = sqlx::query(sql).bind(standing).bind(first).bind(standing);
            query.execute(&mut *transaction).await.map_err(failed)?;
            changes.extend(figures::write(&mut transaction, names, first, figures).await?);
        }
        transaction.commit().await.map_err(failed)?;
        self.add_figures(&changes);
        Ok(())
    }

    /// When the head of a size was sealed.
    pub(super) async fn sealed_at(&self, size: u64) -> Result<Option<Seconds>, LedgerError> {
        let seal = self.reader.entry(LeafIndex(size.saturating_sub(1))).await?;
        let time = seal.and_then(|seal| Entry::parse(&seal.entry).ok().map(|entry| row_id(entry.time.0) / 1000));
        Ok(time)
    }

    pub(super) async fn law(&self) -> Result<Arc<Law>, LedgerError> {
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
