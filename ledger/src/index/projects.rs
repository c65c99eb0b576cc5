//! Asking for projects: newest first by their first notice, so that a project with another notice keeps its place between two
//! pages.

use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, Sqlite, Transaction};
use verifier::lifecycle::instant::Seconds;

use super::excerpt::{Piece, line};
use super::notices::{Filter, PROJECTS, newest, walk};
use super::schema::failed;
use super::terms::Words;
use super::{COUNTED, Index};
use crate::error::LedgerError;
use crate::store::{StoreError, index_of};

/// A project found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundProject {
    /// The index of its first notice: its place.
    pub first: u64,
    /// Its id.
    pub id: String,
    /// Its name as its newest notice has it; empty if none was given.
    pub name: String,
    /// The sector of its first notice.
    pub sector: String,
    /// Six digits of GB/T 2260; empty if none were given.
    pub region: String,
    /// The index of its newest notice.
    pub newest: u64,
    /// Its notices.
    pub notices: u64,
    /// How it stands under the rules, once that was judged.
    pub standing: Option<String>,
    /// Its next deadline, in seconds since the Unix epoch.
    pub due: Option<Seconds>,
    /// The id, name or title with the words, the hits marked.
    pub excerpt: Vec<Piece>,
}

/// A page of projects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProjectPage {
    /// The projects.
    pub found: Vec<FoundProject>,
    /// Where the next page begins, if there is one: the place of the last.
    pub next: Option<u64>,
    /// How many there are, counted as notices are.
    pub count: u64,
    /// Whether there may be more than were counted.
    pub more: bool,
}

impl Index {
    /// A page of projects, after the place of one.
    ///
    /// # Errors
    /// The index cannot be read.
    pub async fn projects(
        &self,
        filter: &Filter,
        after: Option<u64>,
        limit: usize,
    ) -> Result<ProjectPage, LedgerError> {
        let mut transaction = self.pool.begin().await.map_err(failed)?;
        let Some(mut question) = filter.question(&mut transaction, self.looked_at).await? else {
            return Ok(ProjectPage::default());
        };
        let expression = question.expression(filter.words.as_ref().map(Words::anywhere));
        let (all, mut stopped) = newest(&mut transaction, &PROJECTS, expression.clone(), &question).await?;
        let counted = all.len() as u64;
        let more = counted > COUNTED || stopped.is_some();
        let end = after.map_or(i64::MAX, |after| i64::try_from(after).unwrap_or(i64::MAX));
        let mut rows: Vec<i64> = if more && after.is_some() {
            question.rows.1 = question.rows.1.min(end);
            let rows;
            (rows, stopped) = walk(&mut transaction, &PROJECTS, expression, &question, limit + 1).await?;
            rows
        } else {
            all.into_iter().filter(|row| *row < end).take(limit + 1).collect()
        };
        let more_pages = rows.len() > limit;
        rows.truncate(limit);
        let next = if more_pages { rows.last().map(|row| index_of(*row)) } else { stopped };
        let found = read(&mut transaction, &rows, filter.words.as_ref()).await?;
        Ok(ProjectPage { found, next, count: counted.min(COUNTED), more })
    }
}

async fn read(
    transaction: &mut Transaction<'_, Sqlite>,
    rows: &[i64],
    words: Option<&Words>,
) -> Result<Vec<FoundProject>, StoreError> {
    let sql = "SELECT p.first, p.id, p.name, p.sector, p.region, p.newest, p.notices, p.standing, p.due, p.words
        FROM json_each(?) j CROSS JOIN project p ON p.first = j.value ORDER BY j.key";
    let rows = sqlx::query(sql).bind(format!("{rows:?}")).fetch_all(&mut **transaction).await?;
    rows.iter().map(|row| read_row(row, words)).collect()
}

fn read_row(row: &SqliteRow, words: Option<&Words>) -> Result<FoundProject, StoreError> {
    let lines: String = row.try_get(9)?;
    Ok(FoundProject {
        first: index_of(row.try_get(0)?),
        id: row.try_get(1)?,
        name: row.try_get(2)?,
        sector: row.try_get(3)?,
        region: row.try_get(4)?,
        newest: index_of(row.try_get(5)?),
        notices: index_of(row.try_get(6)?),
        standing: row.try_get(7)?,
        due: row.try_get(8)?,
        excerpt: words.and_then(|words| line(&lines, words)).unwrap_or_default(),
    })
}
