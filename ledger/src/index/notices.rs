//! Asking for notices: by facets, period, standing and words; title hits first, then the others, each newest first.
//!
//! A page is a walk along the row ids of FTS5 from where the last one ended, so that a notice that arrives meanwhile moves
//! nothing, and costs the same however far one has paged.

use std::collections::BTreeSet;

use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _, Sqlite, Transaction};
use verifier::lifecycle::verdict::Standing;
use verifier::record::code::{Sector, Stage};
use verifier::record::subject::ProjectId;

use super::excerpt::{Piece, around, line, whole};
use super::facets::Facets;
use super::figures::numbers_of;
use super::schema::failed;
use super::terms::{Words, facet};
use super::{COUNTED, Index};
use crate::error::LedgerError;
use crate::store::{StoreError, index_of, row_id};

/// Which notices, or projects with such notices.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of this sector.
    pub sector: Option<Sector>,
    /// Of this stage.
    pub stage: Option<Stage>,
    /// In this region: 2, 4 or 6 digits of GB/T 2260.
    pub region: Option<String>,
    /// By this publisher.
    pub publisher: Option<String>,
    /// Recorded not before, in milliseconds since the Unix epoch by the ledger's clock; of a project its first notice.
    pub from: Option<u64>,
    /// Recorded before, likewise.
    pub until: Option<u64>,
    /// Of projects that stand so.
    pub standing: Option<Standing>,
    /// With all these words; of a project in its id, names and titles.
    pub words: Option<Words>,
    /// Of a project: in all these lists of the statistics (see [`figures`](super::figures)), those with fewest projects first.
    pub lists: Vec<String>,
}

/// Which notices.
#[derive(Clone, Debug, Default)]
pub struct NoticeFilter {
    /// What may be asked of projects, too.
    pub shared: Filter,
    /// Of this project.
    pub project: Option<ProjectId>,
}

/// Where a page ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoticePlace {
    /// Whether among the title hits.
    pub in_title: bool,
    /// The last notice's index.
    pub index: u64,
}

/// A notice found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its index.
    pub index: u64,
    /// When it was recorded, in milliseconds since the Unix epoch by the ledger's clock.
    pub time: u64,
    /// Its project's id.
    pub project: String,
    /// Its project's name; empty if none was given.
    pub project_name: String,
    /// How its project stands, once that was judged.
    pub standing: Option<String>,
    /// The sector's code.
    pub sector: String,
    /// The stage's code.
    pub stage: String,
    /// Six digits of GB/T 2260; empty if none were given.
    pub region: String,
    /// Its publisher.
    pub publisher: String,
    /// Its publisher's id of it.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The title with the hits marked; empty where no words were looked for.
    pub marked_title: Vec<Piece>,
    /// Where else the words stand: `names`, `ids` or `text`, with an excerpt.
    pub excerpts: Vec<(&'static str, Vec<Piece>)>,
}

/// A page of notices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoticePage {
    /// The notices.
    pub found: Vec<Found>,
    /// Where the next page begins, if there is one.
    pub next: Option<NoticePlace>,
    /// How many there are, counted up to [`COUNTED`], and no further than [`LOOKED_AT`](super::LOOKED_AT) hits of the words where these are asked for
    /// together with a standing.
    pub count: u64,
    /// Whether there may be more than were counted.
    pub more: bool,
}

/// A filter as the tables see it.
pub(super) struct Question {
    pub(super) facets: Vec<String>,
    /// Row ids: from, to before.
    pub(super) rows: (i64, i64),
    pub(super) standing: Option<Standing>,
    /// Numbers of lists of projects.
    pub(super) lists: Vec<i64>,
    /// Hits of words that are looked at for those of a standing or a list.
    pub(super) looked_at: i64,
}

impl Question {
    /// The question for FTS5, if there is one: the words and all facets.
    pub(super) fn expression(&self, words: Option<String>) -> Option<String> {
        let facets = self.facets.iter().map(|facet| format!("\"{facet}\""));
        let parts: Vec<String> = words.into_iter().chain(facets).collect();
        (!parts.is_empty()).then(|| parts.join(" AND "))
    }
}

impl Filter {
    /// Nothing if nothing can fit.
    pub(super) async fn question(
        &self,
        transaction: &mut Transaction<'_, Sqlite>,
        looked_at: i64,
    ) -> Result<Option<Question>, StoreError> {
        if self.words.as_ref().is_some_and(Words::is_nothing) {
            return Ok(None);
        }
        let (Some(rows), Some(lists)) =
            (period(transaction, self.from, self.until).await?, numbers_of(transaction, &self.lists).await?)
        else {
            return Ok(None);
        };
        Ok(Some(Question { facets: self.facets(), rows, standing: self.standing, lists, looked_at }))
    }

    fn facets(&self) -> Vec<String> {
        let sector = self.sector.map(|sector| facet('s', sector.code()));
        let stage = self.stage.map(|stage| facet('g', stage.code()));
        let region = self.region.as_deref().filter(|region| !region.is_empty()).map(|region| facet('r', region));
        let publisher = self.publisher.as_deref().map(|publisher| facet('p', publisher));
        [sector, stage, region, publisher].into_iter().flatten().collect()
    }
}

impl NoticeFilter {
    /// Nothing if no notice can fit.
    async fn question(
        &self,
        transaction: &mut Transaction<'_, Sqlite>,
        looked_at: i64,
    ) -> Result<Option<Question>, StoreError> {
        let Some(mut question) = self.shared.question(transaction, looked_at).await? else { return Ok(None) };
        if let Some(project) = &self.project {
            let query = sqlx::query_scalar("SELECT first FROM project WHERE id = ?").bind(project.as_str());
            let first: Option<i64> = query.fetch_optional(&mut **transaction).await?;
            let Some(first) = first else { return Ok(None) };
            question.facets.push(facet('j', &first.to_string()));
        }
        Ok(Some(question))
    }
}

/// The row ids of a period; nothing if no notice is in it.
async fn period(
    transaction: &mut Transaction<'_, Sqlite>,
    from: Option<u64>,
    until: Option<u64>,
) -> Result<Option<(i64, i64)>, StoreError> {
    let mut ends = [Some(0), Some(i64::MAX)];
    for (end, time) in ends.iter_mut().zip([from, until]) {
        if let Some(time) = time {
            let time = i64::try_from(time).unwrap_or(i64::MAX);
            let query = sqlx::query_scalar("SELECT idx FROM notice WHERE time >= ? ORDER BY time, idx LIMIT 1");
            *end = query.bind(time).fetch_optional(&mut **transaction).await?;
        }
    }
    Ok(ends[0].map(|from| (from, ends[1].unwrap_or(i64::MAX))))
}

impl Index {
    /// A page of notices, after a place.
    ///
    /// # Errors
    /// The index cannot be read.
    pub async fn notices(
        &self,
        filter: &NoticeFilter,
        after: Option<NoticePlace>,
        limit: usize,
    ) -> Result<NoticePage, LedgerError> {
        let mut transaction = self.pool.begin().await.map_err(failed)?;
        Ok(self.page(&mut transaction, filter, after, limit).await?.0)
    }

    /// A page of notices, after a place, and what the notices found are of: the newest of them up to [`COUNTED`].
    ///
    /// # Errors
    /// The index cannot be read.
    pub async fn notices_and_facets(
        &self,
        filter: &NoticeFilter,
        after: Option<NoticePlace>,
        limit: usize,
    ) -> Result<(NoticePage, Facets), LedgerError> {
        let mut transaction = self.pool.begin().await.map_err(failed)?;
        let (page, newest) = self.page(&mut transaction, filter, after, limit).await?;
        let facets = Facets::count(&mut transaction, &newest).await?;
        Ok((page, facets))
    }

    /// A page, and the newest rows that answer the question.
    async fn page(
        &self,
        transaction: &mut Transaction<'_, Sqlite>,
        filter: &NoticeFilter,
        after: Option<NoticePlace>,
        limit: usize,
    ) -> Result<(NoticePage, Vec<i64>), StoreError> {
        let Some(question) = filter.question(transaction, self.looked_at).await? else {
            return Ok((NoticePage::default(), Vec::new()));
        };
        let Places { mut places, counted, more, stopped, newest } =
            find(transaction, &question, filter.shared.words.as_ref(), after, limit + 1).await?;
        let more_pages = places.len() > limit;
        places.truncate(limit);
        let next = if more_pages { places.last().copied() } else { stopped };
        let indexes: Vec<i64> = places.iter().map(|place| row_id(place.index)).collect();
        let found = read(transaction, &indexes, filter.shared.words.as_ref()).await?;
        Ok((NoticePage { found, next, count: counted.min(COUNTED), more }, newest))
    }

    /// The notices after an index, oldest first.
    ///
    /// # Errors
    /// The index cannot be read.
    pub async fn notices_since(
        &self,
        filter: &NoticeFilter,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Found>, LedgerError> {
        let mut transaction = self.pool.begin().await.map_err(failed)?;
        let Some(mut question) = filter.question(&mut transaction, self.looked_at).await? else {
            return Ok(Vec::new());
        };
        question.rows.0 = question.rows.0.max(i64::try_from(after).unwrap_or(i64::MAX).saturating_add(1));
        let expression = question.expression(filter.shared.words.as_ref().map(Words::anywhere));
        let mut sql = select(&NOTICES, expression.as_ref(), &question, "ASC");
        sql.push(" LIMIT ").push_bind(i64::try_from(limit).unwrap_or(i64::MAX));
        let indexes: Vec<i64> = sql.build_query_scalar().fetch_all(&mut *transaction).await.map_err(failed)?;
        Ok(read(&mut transaction, &indexes, None).await?)
    }

    /// Notices by sector and stage, and projects by standing, none for those not judged yet.
    ///
    /// # Errors
    /// The index cannot be read.
    #[allow(clippy::type_complexity)]
    pub async fn counts(&self) -> Result<(Vec<(String, String, u64)>, Vec<(Option<String>, u64)>), LedgerError> {
        let mut transaction = self.pool.begin().await.map_err(failed)?;
        let query = sqlx::query_as::<_, (String, String, i64)>("SELECT sector, stage, n FROM tally");
        let notices = query.fetch_all(&mut *transaction).await.map_err(failed)?;
        let sql = "SELECT standing, count(*) FROM project GROUP BY standing";
        let query = sqlx::query_as::<_, (Option<String>, i64)>(sql);
        let projects = query.fetch_all(&mut *transaction).await.map_err(failed)?;
        let notices = notices.into_iter().map(|(sector, stage, n)| (sector, stage, index_of(n))).collect();
        Ok((notices, projects.into_iter().map(|(standing, n)| (standing, index_of(n))).collect()))
    }
}

/// The places of the next notices, title hits first.
#[derive(Default)]
struct Places {
    places: Vec<NoticePlace>,
    /// How many there are in all, to one beyond [`COUNTED`]; whether there may be more than that.
    counted: u64,
    more: bool,
    /// Where looking ended before all was looked at.
    stopped: Option<NoticePlace>,
    /// The newest of them all, up to [`COUNTED`].
    newest: Vec<i64>,
}

async fn find(
    transaction: &mut Transaction<'_, Sqlite>,
    question: &Question,
    words: Option<&Words>,
    after: Option<NoticePlace>,
    limit: usize,
) -> Result<Places, StoreError> {
    let expression = question.expression(words.map(Words::anywhere));
    let (all, stopped) = newest(transaction, &NOTICES, expression, question).await?;
    let counted = all.len() as u64;
    let more = counted > COUNTED || stopped.is_some();
    let newest_rows = all.iter().copied().take(usize::try_from(COUNTED).expect("a thousand")).collect();
    if more {
        let (places, stopped) = find_some(transaction, question, words, after, limit).await?;
        return Ok(Places { places, counted, more, stopped, newest: newest_rows });
    }
    // All are known: asking what else there is would cost as much again.
    let titles: BTreeSet<i64> = match words {
        None => BTreeSet::new(),
        Some(words) => {
            let expression = question.expression(Some(words.in_title()));
            newest(transaction, &NOTICES, expression, question).await?.0.into_iter().collect()
        }
    };
    let (titles, rest): (Vec<i64>, Vec<i64>) = all.into_iter().partition(|row| titles.contains(row));
    let is_next = |place: &NoticePlace| after.is_none_or(|after| place.comes_after(after));
    let places = places(true, titles).chain(places(false, rest)).filter(is_next).take(limit);
    Ok(Places { places: places.collect(), counted, more, stopped: None, newest: newest_rows })
}

/// The next places where not all are known.
async fn find_some(
    transaction: &mut Transaction<'_, Sqlite>,
    question: &Question,
    words: Option<&Words>,
    after: Option<NoticePlace>,
    limit: usize,
) -> Result<(Vec<NoticePlace>, Option<NoticePlace>), StoreError> {
    let Some(words) = words else {
        let rows = below(question, after.map(|after| after.index));
        let (rows, _) = walk(transaction, &NOTICES, rows.expression(None), &rows, limit).await?;
        return Ok((places(false, rows).collect(), None));
    };
    let mut found = Vec::new();
    if after.is_none_or(|after| after.in_title) {
        let rows = below(question, after.map(|after| after.index));
        let expression = rows.expression(Some(words.in_title()));
        let (rows, stopped) = walk(transaction, &NOTICES, expression, &rows, limit).await?;
        found.extend(places(true, rows));
        if let Some(stopped) = stopped {
            return Ok((found, Some(NoticePlace { in_title: true, index: stopped })));
        }
    }
    if found.len() >= limit {
        return Ok((found, None));
    }
    let rows = below(question, after.filter(|after| !after.in_title).map(|after| after.index));
    let anywhere = rows.expression(Some(words.anywhere())).unwrap_or_default();
    let expression = Some(format!("({anywhere}) NOT ({})", words.in_title()));
    let (rows, stopped) = walk(transaction, &NOTICES, expression, &rows, limit - found.len()).await?;
    found.extend(places(false, rows));
    Ok((found, stopped.map(|index| NoticePlace { in_title: false, index })))
}

fn places(in_title: bool, rows: Vec<i64>) -> impl Iterator<Item = NoticePlace> {
    rows.into_iter().map(move |row| NoticePlace { in_title, index: index_of(row) })
}

impl NoticePlace {
    /// Whether this place is behind another: title hits first, each newest first.
    fn comes_after(self, other: Self) -> bool {
        match (other.in_title, self.in_title) {
            (true, false) => true,
            (false, true) => false,
            _ => self.index < other.index,
        }
    }
}

/// The same question about rows below an index.
fn below(question: &Question, index: Option<u64>) -> Question {
    let end = index.map_or(i64::MAX, |index| i64::try_from(index).unwrap_or(i64::MAX));
    Question {
        facets: question.facets.clone(),
        rows: (question.rows.0, question.rows.1.min(end)),
        standing: question.standing,
        lists: question.lists.clone(),
        looked_at: question.looked_at,
    }
}

/// What is walked along.
pub(super) struct Walked {
    /// The full-text table, and from its rows (`t`) the way to where the standing is.
    terms: &'static str,
    join: &'static str,
    /// The table without terms, and its row id.
    table: &'static str,
    row: &'static str,
}

const NOTICES: Walked = Walked {
    terms: "notice_terms",
    // The part of one standing is narrow, and stays in memory.
    join: " CROSS JOIN notice n INDEXED BY notice_standing ON n.idx = t.rowid",
    table: "notice n",
    row: "n.idx",
};

pub(super) const PROJECTS: Walked = Walked {
    terms: "project_terms",
    join: " CROSS JOIN project n ON n.first = t.rowid",
    table: "project n",
    row: "n.first",
};

/// The newest row ids that answer a question, and, if not all was looked at, before which row that ended: where words and a
/// standing are asked for, nothing but the rows themselves tells which have both.
pub(super) async fn walk(
    transaction: &mut Transaction<'_, Sqlite>,
    walked: &Walked,
    expression: Option<String>,
    question: &Question,
    limit: usize,
) -> Result<(Vec<i64>, Option<u64>), StoreError> {
    let (mut rows, mut stopped) = (question.rows, None);
    if (question.standing.is_some() || !question.lists.is_empty())
        && let Some(expression) = &expression
    {
        let any = Question { facets: Vec::new(), rows, standing: None, lists: Vec::new(), looked_at: 0 };
        let mut sql = select(walked, Some(expression), &any, "DESC");
        sql.push(" LIMIT 1 OFFSET ").push_bind(question.looked_at);
        let first_beyond: Option<i64> = sql.build_query_scalar().fetch_optional(&mut **transaction).await?;
        if let Some(row) = first_beyond {
            rows.0 = row + 1;
            stopped = Some(index_of(rows.0));
        }
    }
    let lists = question.lists.clone();
    let question = Question { facets: Vec::new(), rows, standing: question.standing, lists, looked_at: 0 };
    let mut sql = select(walked, expression.as_ref(), &question, "DESC");
    sql.push(" LIMIT ").push_bind(i64::try_from(limit).unwrap_or(i64::MAX));
    let found: Vec<i64> = sql.build_query_scalar().fetch_all(&mut **transaction).await?;
    let is_full = found.len() >= limit;
    Ok((found, stopped.filter(|_| !is_full)))
}

/// The statement for row ids in an order, without its limit.
fn select(walked: &Walked, expression: Option<&String>, question: &Question, order: &str) -> QueryBuilder<Sqlite> {
    let Walked { terms, join, table, row } = walked;
    let (begin, row) = match (expression, question.lists.first()) {
        (Some(_), _) if question.standing.is_some() => (format!("{terms} t{join}"), "t.rowid"),
        (Some(_), _) => (format!("{terms} t"), "t.rowid"),
        (None, Some(_)) if question.standing.is_some() => {
            ("figure f CROSS JOIN project n ON n.first = f.project".to_owned(), "f.project")
        }
        (None, Some(_)) => ("figure f".to_owned(), "f.project"),
        (None, None) => ((*table).to_owned(), *row),
    };
    let mut sql: QueryBuilder<Sqlite> = QueryBuilder::new(format!("SELECT {row} FROM {begin}"));
    sql.push(format!(" WHERE {row} >= ")).push_bind(question.rows.0);
    sql.push(format!(" AND {row} < ")).push_bind(question.rows.1);
    if let Some(expression) = expression {
        sql.push(format!(" AND t.{terms} MATCH ")).push_bind(expression.clone());
    }
    if let Some(standing) = question.standing {
        sql.push(" AND n.standing = ").push_bind(standing.code());
    }
    let mut lists = question.lists.iter();
    if let (None, Some(list)) = (expression, question.lists.first()) {
        sql.push(" AND f.name = ").push_bind(*list);
        lists.next();
    }
    for list in lists {
        sql.push(" AND EXISTS (SELECT 1 FROM figure WHERE name = ").push_bind(*list);
        sql.push(format!(" AND project = {row})"));
    }
    sql.push(format!(" ORDER BY {row} {order}"));
    sql
}

/// The newest row ids, to one beyond [`COUNTED`].
pub(super) async fn newest(
    transaction: &mut Transaction<'_, Sqlite>,
    walked: &Walked,
    expression: Option<String>,
    question: &Question,
) -> Result<(Vec<i64>, Option<u64>), StoreError> {
    let limit = usize::try_from(COUNTED + 1).expect("a thousand");
    walk(transaction, walked, expression, question, limit).await
}

/// The notices in these rows, in their order.
async fn read(
    transaction: &mut Transaction<'_, Sqlite>,
    rows: &[i64],
    words: Option<&Words>,
) -> Result<Vec<Found>, StoreError> {
    let mut sql: QueryBuilder<Sqlite> = QueryBuilder::new(
        "SELECT n.idx, n.time, p.id, p.name, p.standing, n.sector, n.stage, n.region, n.publisher, n.id, n.title",
    );
    sql.push(if words.is_some() { ", x.names, x.ids, x.body" } else { "" });
    sql.push(" FROM json_each(").push_bind(format!("{rows:?}")).push(") j CROSS JOIN notice n ON n.idx = j.value");
    sql.push(" CROSS JOIN project p ON p.first = n.project");
    if words.is_some() {
        sql.push(" CROSS JOIN notice_text x ON x.idx = n.idx");
    }
    sql.push(" ORDER BY j.key");
    let rows = sql.build().fetch_all(&mut **transaction).await?;
    rows.iter().map(|row| read_row(row, words)).collect()
}

fn read_row(row: &SqliteRow, words: Option<&Words>) -> Result<Found, StoreError> {
    let mut found = Found {
        index: index_of(row.try_get(0)?),
        time: index_of(row.try_get(1)?),
        project: row.try_get(2)?,
        project_name: row.try_get(3)?,
        standing: row.try_get(4)?,
        sector: row.try_get(5)?,
        stage: row.try_get(6)?,
        region: row.try_get(7)?,
        publisher: row.try_get(8)?,
        id: row.try_get(9)?,
        title: row.try_get(10)?,
        marked_title: Vec::new(),
        excerpts: Vec::new(),
    };
    if let Some(words) = words {
        found.marked_title = whole(&found.title, words);
        let excerpts = [
            ("names", line(row.try_get(11)?, words)),
            ("ids", line(row.try_get(12)?, words)),
            ("text", around(row.try_get(13)?, words)),
        ];
        found.excerpts = excerpts.into_iter().filter_map(|(field, pieces)| Some((field, pieces?))).collect();
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::super::measure::{empty, fill, stand};
    use super::*;

    /// The indexes of all pages, and how many pages there were.
    async fn pages(index: &Index, filter: &NoticeFilter, limit: usize) -> (Vec<u64>, usize) {
        let (mut found, mut after, mut pages) = (Vec::new(), None, 0);
        loop {
            let page = index.notices(filter, after, limit).await.expect("a page");
            assert!(page.found.len() <= limit);
            found.extend(page.found.iter().map(|found| found.index));
            pages += 1;
            after = page.next;
            if after.is_none() {
                return (found, pages);
            }
        }
    }

    #[tokio::test]
    async fn what_is_looked_at_piece_by_piece_is_found_as_if_at_once() {
        let (_dir, mut index) = empty().await;
        fill(&index, 0..1500).await;
        stand(&index).await;
        for (typed, expected) in [("工程", 16), ("建设有限公司", 16), ("桥梁 洪山", 0), ("A420100202600000107", 4)]
        {
            let words = Some(Words::parse(typed).expect("words"));
            let shared = Filter { words, standing: Some(Standing::Violated), ..Filter::default() };
            let filter = NoticeFilter { shared, project: None };
            index.looked_at = i64::MAX;
            let (at_once, _) = pages(&index, &filter, 100).await;
            if expected > 0 {
                assert_eq!(at_once.len(), expected, "{typed}");
            }
            for looked_at in [7, 100, 1499] {
                index.looked_at = looked_at;
                for limit in [3, 100] {
                    let (found, n) = pages(&index, &filter, limit).await;
                    assert_eq!(found, at_once, "{typed}, {looked_at} looked at, pages of {limit}: {n}");
                }
            }
            index.looked_at = 7;
            let page = index.notices(&filter, None, 100).await.expect("a page");
            assert_eq!(page.more, page.next.is_some(), "{typed}");
        }
    }
}
