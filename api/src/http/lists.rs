//! Lists of notices and of projects, and the search in them, from the index: what is found is proven by receipt and dossier.

use std::sync::Arc;

use ledger::index::{Found, FoundProject, NoticeFilter, NoticePlace, Piece, ProjectFilter, Words};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use verifier::lifecycle::instant::{day_after, start_of};
use verifier::lifecycle::verdict::Standing;
use verifier::log::index::LeafIndex;
use verifier::record::code::{PublisherId, Sector, Stage, is_region_prefix};
use verifier::record::entry::EntryTime;
use verifier::record::instant::Instant;
use verifier::record::subject::ProjectId;

use super::answer::Answer;
use super::cache::Cache;
use super::entry_view::rfc3339;
use super::problem::{Code, Problem};
use super::{Site, notices, query};

/// Items of a page: the most, and where nothing is said.
const MAX_PAGE: usize = 100;
const PAGE: usize = 20;
/// How a project can stand.
const STANDINGS: [Standing; 4] = [Standing::Complete, Standing::InProgress, Standing::Overdue, Standing::Violated];

/// What is wanted, as it stands in a query. An empty parameter, as forms send it, is none.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Wanted {
    notice_id: String,
    sector: String,
    stage: String,
    region: String,
    publisher: String,
    project: String,
    from: String,
    until: String,
    status: String,
    text: String,
    after: String,
    limit: String,
}

/// A parameter that is there.
fn given(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !text.is_empty())
}

fn bad(name: &str, zh: &str, en: &str) -> Problem {
    Problem::new(Code::BadRequest, format!("{name}：{zh}"), format!("{name}: {en}"))
}

fn code<T>(name: &str, text: &str, parse: impl Fn(&str) -> Option<T>, known: &str) -> Result<Option<T>, Problem> {
    let unknown = |text| {
        bad(name, &format!("`{text}` 不是代码；可用：{known}"), &format!("`{text}` is no code; known are: {known}"))
    };
    given(text).map(|text| parse(text).ok_or_else(|| unknown(text))).transpose()
}

impl Wanted {
    /// Reads a query.
    pub(super) fn read(text: &str) -> Result<Self, Problem> {
        query(text)
    }

    fn sector(&self) -> Result<Option<Sector>, Problem> {
        let known = Sector::ALL.iter().map(|sector| sector.code()).collect::<Vec<_>>().join(", ");
        code("sector", &self.sector, Sector::named, &known)
    }

    fn stage(&self) -> Result<Option<Stage>, Problem> {
        let known = Stage::ALL.iter().map(|stage| stage.code()).collect::<Vec<_>>().join(", ");
        code("stage", &self.stage, Stage::named, &known)
    }

    fn standing(&self) -> Result<Option<Standing>, Problem> {
        let known = STANDINGS.map(Standing::code).join(", ");
        let parse = |text: &str| STANDINGS.into_iter().find(|standing| standing.code() == text);
        code("status", &self.status, parse, &known)
    }

    fn region(&self) -> Result<Option<String>, Problem> {
        let region = given(&self.region).map(str::to_owned);
        match region {
            Some(region) if !is_region_prefix(&region) => {
                Err(bad("region", "应为 2、4 或 6 位区划代码", "2, 4 or 6 digits of GB/T 2260 are expected"))
            }
            region => Ok(region),
        }
    }

    fn publisher(&self) -> Option<String> {
        given(&self.publisher).map(str::to_owned)
    }

    fn project(&self) -> Result<Option<ProjectId>, Problem> {
        let project = given(&self.project).map(ProjectId::normalise).transpose();
        project.map_err(|error| Problem::say(Code::BadRequest, &error))
    }

    fn words(&self) -> Result<Option<Words>, Problem> {
        let words = given(&self.text).map(Words::parse).transpose();
        words.map_err(|error| bad("text", "应有 1 至 200 个字符、至多 8 个词", &error.to_string()))
    }

    /// The period in milliseconds: from, to before. A day is one of Asia/Shanghai, and as an end it belongs to the period.
    fn period(&self) -> Result<[Option<u64>; 2], Problem> {
        let moment = |name: &str, text: &str, of_day: fn(jiff::civil::Date) -> i64| -> Result<Option<u64>, Problem> {
            let Some(text) = given(text) else { return Ok(None) };
            let instant = Instant::parse(text).ok_or_else(|| {
                bad(
                    name,
                    "应为日期（2026-03-17）或 RFC 3339 时刻",
                    "a date (2026-03-17) or an RFC 3339 instant is expected",
                )
            })?;
            let ms = match instant {
                Instant::At(at) => at.as_millisecond(),
                Instant::On(day) => of_day(day).saturating_mul(1000),
            };
            Ok(Some(u64::try_from(ms).unwrap_or(0)))
        };
        Ok([moment("from", &self.from, start_of)?, moment("until", &self.until, day_after)?])
    }

    /// How many items a page may have.
    pub(super) fn limit(&self) -> Result<usize, Problem> {
        let Some(limit) = given(&self.limit) else { return Ok(PAGE) };
        let limit = limit.parse().ok().filter(|limit| (1..=MAX_PAGE).contains(limit));
        limit.ok_or_else(|| bad("limit", "应为 1 至 100", "1 to 100 is expected"))
    }

    /// Which notices.
    pub(super) fn notices(&self) -> Result<NoticeFilter, Problem> {
        let [from, until] = self.period()?;
        Ok(NoticeFilter {
            sector: self.sector()?,
            stage: self.stage()?,
            region: self.region()?,
            publisher: self.publisher(),
            project: self.project()?,
            from,
            until,
            standing: self.standing()?,
            words: self.words()?,
        })
    }

    /// Where the last page of notices ended.
    pub(super) fn notice_place(&self) -> Result<Option<NoticePlace>, Problem> {
        let Some(text) = given(&self.after) else { return Ok(None) };
        let (in_title, index) = text.strip_prefix('t').map_or((false, text), |index| (true, index));
        let index = LeafIndex::parse_decimal(index).map_err(|_| not_a_place())?.0;
        Ok(Some(NoticePlace { in_title, index }))
    }

    fn projects(&self) -> Result<(ProjectFilter, Option<u64>), Problem> {
        if let Some(name) =
            [("notice_id", &self.notice_id), ("project", &self.project)].into_iter().find(|(_, text)| !text.is_empty())
        {
            return Err(bad(name.0, "此列表没有该参数", "this list has no such parameter"));
        }
        let [from, until] = self.period()?;
        let after = given(&self.after).map(|text| LeafIndex::parse_decimal(text).map(|place| place.0));
        let filter = ProjectFilter {
            sector: self.sector()?,
            stage: self.stage()?,
            region: self.region()?,
            publisher: self.publisher(),
            from,
            until,
            standing: self.standing()?,
            words: self.words()?,
        };
        Ok((filter, after.transpose().map_err(|_| not_a_place())?))
    }

    /// The id of a notice that is looked for.
    fn notice_id(&self) -> Result<Option<&str>, Problem> {
        let Some(id) = given(&self.notice_id) else { return Ok(None) };
        let others =
            [&self.sector, &self.stage, &self.region, &self.project, &self.from, &self.until, &self.status, &self.text];
        if others.iter().any(|other| !other.is_empty()) {
            return Err(bad("notice_id", "只能与 publisher 同用", "goes with `publisher` alone"));
        }
        Ok(Some(id))
    }
}

fn not_a_place() -> Problem {
    bad("after", "应为上一页的 next", "the `next` of the page before is expected")
}

/// Where a page ended, for the next request.
pub(super) fn place_text(place: NoticePlace) -> String {
    format!("{}{}", if place.in_title { "t" } else { "" }, place.index)
}

impl Site {
    /// That the index can answer; while it is being made, it would find too little.
    pub(super) fn index_ready(&self) -> Result<u64, Problem> {
        let progress = *self.index.progress().borrow();
        if progress.ready {
            return Ok(progress.indexed);
        }
        let (indexed, size) = (progress.indexed, progress.size);
        Err(Problem::new(
            Code::IndexBuilding,
            format!("已索引 {indexed} / {size} 条"),
            format!("{indexed} of {size} entries are indexed"),
        )
        .retry_after(5))
    }
}

/// A page of notices.
#[derive(Serialize, ToSchema)]
pub(crate) struct NoticeList {
    /// Title hits first where words were looked for, then the others; each newest first.
    notices: Vec<NoticeView>,
    /// How many there are in all, counted up to 1,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
    /// The count as a person reads it: `1,000+` where there are more.
    #[serde(skip_serializing_if = "Option::is_none")]
    count_text: Option<String>,
    /// The `after` of the next page; none on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    /// Entries of the ledger that the index has seen: it may be a little behind.
    #[serde(skip_serializing_if = "Option::is_none")]
    indexed: Option<u64>,
}

/// A notice in a list.
#[derive(Serialize, ToSchema)]
pub(crate) struct NoticeView {
    /// Its index: `/api/v1/notices/{index}`.
    pub(super) index: u64,
    /// Its publisher.
    pub(super) publisher: String,
    /// What a list shows of it; only index and publisher where it was looked for by its id.
    #[serde(flatten)]
    #[schema(inline)]
    pub(super) shown: Option<NoticeSummary>,
}

/// What a list shows of a notice.
#[derive(Serialize, ToSchema)]
pub(crate) struct NoticeSummary {
    /// By what name its publisher is enrolled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) publisher_name: Option<String>,
    /// Its publisher's id of it.
    id: String,
    /// Milliseconds since the Unix epoch, by the ledger's clock.
    time: u64,
    /// The same as RFC 3339 in Asia/Shanghai.
    pub(super) recorded_at: String,
    /// Its project.
    pub(super) project: String,
    /// Its project's name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) project_name: String,
    /// How its project stands under the rules by the ledger's own record: `complete`, `in-progress`, `overdue`, `violated`,
    /// `not-judged`; none until it was judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    /// The sector's code.
    pub(super) sector: String,
    /// The stage's code.
    pub(super) stage: String,
    /// Six digits of GB/T 2260.
    #[serde(skip_serializing_if = "String::is_empty")]
    region: String,
    /// Its title.
    pub(super) title: String,
    /// The title in pieces, where words were looked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    title_pieces: Vec<PieceView>,
    /// Where else the words stand.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    excerpts: Vec<ExcerptView>,
}

/// A piece of a text as it was signed: text, never markup.
#[derive(Serialize, ToSchema)]
pub(crate) struct PieceView {
    text: String,
    /// Whether it is what was looked for.
    hit: bool,
}

/// An excerpt around a hit.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExcerptView {
    /// `names`, `ids` or `text`.
    field: &'static str,
    pieces: Vec<PieceView>,
}

fn pieces(pieces: Vec<Piece>) -> Vec<PieceView> {
    pieces.into_iter().map(|piece| PieceView { text: piece.text, hit: piece.hit }).collect()
}

impl NoticeView {
    /// A notice as the index found it.
    pub(super) fn of(found: Found, site: &Site) -> Self {
        let registry = site.ledger.registry_now();
        let publisher = PublisherId::parse(&found.publisher);
        let name = publisher.and_then(|iss| registry.name(&iss, LeafIndex(found.index)).map(str::to_owned));
        let excerpts = found.excerpts.into_iter().map(|(field, found)| ExcerptView { field, pieces: pieces(found) });
        let shown = NoticeSummary {
            publisher_name: name,
            id: found.id,
            time: found.time,
            recorded_at: rfc3339(EntryTime(found.time)),
            project: found.project,
            project_name: found.project_name,
            status: found.standing,
            sector: found.sector,
            stage: found.stage,
            region: found.region,
            title: found.title,
            title_pieces: pieces(found.marked_title),
            excerpts: excerpts.collect(),
        };
        Self { index: found.index, publisher: found.publisher, shown: Some(shown) }
    }
}

fn count_text(count: u64, more: bool) -> String {
    match (count, more) {
        (count, true) if count >= 1000 => format!("{},{:03}+", count / 1000, count % 1000),
        (count, false) if count >= 1000 => format!("{},{:03}", count / 1000, count % 1000),
        (count, _) => count.to_string(),
    }
}

/// Find notices
///
/// By sector, stage, region, publisher, project, period, status and words, in any combination; or one by its publisher's id.
/// Words are found in titles, names, ids and full texts, whatever signs, spaces, marks or look-alike letters part or disguise
/// them, from one character on. Pages stay as they are while notices arrive.
#[utoipa::path(get, path = "/api/v1/notices", tag = "notices",
    params(("text" = Option<String>, Query, description = "Words, all of which must occur", max_length = 200, example = "道路"),
        ("sector" = Option<String>, Query, description = "The sector's code", example = "land"),
        ("stage" = Option<String>, Query, description = "The stage's code", example = "announcement"),
        ("region" = Option<String>, Query, description = "2, 4 or 6 digits of GB/T 2260", example = "4201"),
        ("publisher" = Option<String>, Query, description = "Its publisher"),
        ("project" = Option<String>, Query, description = "Its project's id"),
        ("from" = Option<String>, Query, description = "Recorded from this day or instant on", example = "2026-03-17"),
        ("until" = Option<String>, Query, description = "Recorded until the end of this day, or before this instant"),
        ("status" = Option<String>, Query, description = "How its project stands: complete, in-progress, overdue, violated"),
        ("notice_id" = Option<String>, Query, description = "The id its publisher gave it; goes with `publisher` alone", max_length = 200),
        ("after" = Option<String>, Query, description = "The `next` of the page before"),
        ("limit" = Option<u64>, Query, description = "Notices of a page", minimum = 1, maximum = 100)),
    responses((status = 200, description = "A page", body = NoticeList)))]
pub(crate) async fn notices(text: String, site: Arc<Site>) -> Result<Answer, Problem> {
    let wanted = Wanted::read(&text)?;
    if let Some(id) = wanted.notice_id()? {
        let notices = notices::find(id, given(&wanted.publisher), &site).await?;
        let list = NoticeList { notices, count: None, count_text: None, next: None, indexed: None };
        return Ok(Answer::json(Cache::Revalidate, &list));
    }
    let (filter, after, limit) = (wanted.notices()?, wanted.notice_place()?, wanted.limit()?);
    let indexed = site.index_ready()?;
    let page = site.index.notices(&filter, after, limit).await?;
    let list = NoticeList {
        notices: page.found.into_iter().map(|found| NoticeView::of(found, &site)).collect(),
        count: Some(page.count),
        count_text: Some(count_text(page.count, page.more)),
        next: page.next.map(place_text),
        indexed: Some(indexed),
    };
    Ok(Answer::json(Cache::Revalidate, &list))
}

/// A page of projects.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProjectList {
    /// Newest first, by their first notice.
    projects: Vec<ProjectView>,
    /// How many there are in all, counted up to 1,000.
    count: u64,
    /// The count as a person reads it: `1,000+` where there are more.
    count_text: String,
    /// The `after` of the next page; none on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    /// Entries of the ledger that the index has seen: it may be a little behind.
    indexed: u64,
}

/// A project in a list.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProjectView {
    /// Its id.
    project: String,
    /// Its name as its newest notice has it.
    #[serde(skip_serializing_if = "String::is_empty")]
    name: String,
    /// The sector of its first notice.
    sector: String,
    /// Six digits of GB/T 2260.
    #[serde(skip_serializing_if = "String::is_empty")]
    region: String,
    /// The index of its first notice.
    first: u64,
    /// The index of its newest notice.
    newest: u64,
    /// Its notices.
    notices: u64,
    /// How it stands under the rules by the ledger's own record: `complete`, `in-progress`, `overdue`, `violated`,
    /// `not-judged`; none until it was judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    /// Its next deadline, RFC 3339 in Asia/Shanghai.
    #[serde(skip_serializing_if = "Option::is_none")]
    due: Option<String>,
    /// Its id, name or a title with the words, in pieces.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    excerpt: Vec<PieceView>,
}

impl From<FoundProject> for ProjectView {
    fn from(found: FoundProject) -> Self {
        let due = found.due.and_then(|due| u64::try_from(due).ok());
        Self {
            project: found.id,
            name: found.name,
            sector: found.sector,
            region: found.region,
            first: found.first,
            newest: found.newest,
            notices: found.notices,
            status: found.standing,
            due: due.map(|due| rfc3339(EntryTime(due.saturating_mul(1000)))),
            excerpt: pieces(found.excerpt),
        }
    }
}

/// Find projects
///
/// By what their notices are of, by the period of their first notice, by status, and by words in id, names and titles.
#[utoipa::path(get, path = "/api/v1/projects", tag = "projects",
    params(("text" = Option<String>, Query, description = "Words, all of which must occur in id, names or titles", max_length = 200),
        ("sector" = Option<String>, Query, description = "With a notice of this sector", example = "land"),
        ("stage" = Option<String>, Query, description = "With a notice of this stage", example = "announcement"),
        ("region" = Option<String>, Query, description = "With a notice in this region: 2, 4 or 6 digits of GB/T 2260", example = "4201"),
        ("publisher" = Option<String>, Query, description = "With a notice by this publisher"),
        ("from" = Option<String>, Query, description = "First recorded from this day or instant on", example = "2026-03-17"),
        ("until" = Option<String>, Query, description = "First recorded until the end of this day, or before this instant"),
        ("status" = Option<String>, Query, description = "How it stands: complete, in-progress, overdue, violated"),
        ("after" = Option<String>, Query, description = "The `next` of the page before"),
        ("limit" = Option<u64>, Query, description = "Projects of a page", minimum = 1, maximum = 100)),
    responses((status = 200, description = "A page", body = ProjectList)))]
pub(crate) async fn projects(text: String, site: Arc<Site>) -> Result<Answer, Problem> {
    let wanted = Wanted::read(&text)?;
    let ((filter, after), limit) = (wanted.projects()?, wanted.limit()?);
    let indexed = site.index_ready()?;
    let page = site.index.projects(&filter, after, limit).await?;
    let list = ProjectList {
        projects: page.found.into_iter().map(ProjectView::from).collect(),
        count: page.count,
        count_text: count_text(page.count, page.more),
        next: page.next.map(|place| place.to_string()),
        indexed,
    };
    Ok(Answer::json(Cache::Revalidate, &list))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_end_where_nobody_counts_along() {
        assert_eq!([count_text(0, false), count_text(1000, false), count_text(1000, true)], ["0", "1,000", "1,000+"]);
    }

    #[test]
    fn a_day_as_an_end_belongs_to_the_period() {
        let wanted = Wanted::read("from=2026-03-17&until=2026-03-17&sector=").unwrap();
        let [from, until] = wanted.period().unwrap();
        assert_eq!(until.unwrap() - from.unwrap(), 86_400_000);
        assert!(Wanted::read("from=17.3.2026").unwrap().notices().is_err());
        assert!(Wanted::read("misspelt=1").is_err());
    }
}
