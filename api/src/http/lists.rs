//! Lists of notices and of projects, and the search in them, from the index: what is found is proven by receipt and dossier.

use std::sync::Arc;

use ledger::index::{Found, FoundProject, Piece};
use serde::Serialize;
use utoipa::ToSchema;
use verifier::log::index::LeafIndex;
use verifier::record::code::PublisherId;
use verifier::record::entry::EntryTime;

use super::answer::Answer;
use super::cache::Cache;
use super::entry_view::rfc3339;
use super::parameters::{MomentText, SectorCode, StageCode, StandingCode, Wanted, place_text};
use super::problem::{Code, Problem};
use super::{Site, notices};

impl Site {
    /// That the index can answer; while it is being made, it would find too little.
    pub(crate) fn index_ready(&self) -> Result<u64, Problem> {
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
    /// How many there are, counted up to 1,000, and no further than the newest 5,000 hits of `text` where `status` is asked for too.
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
    /// The count as a person reads it: `1,000+` where there may be more.
    #[serde(skip_serializing_if = "Option::is_none")]
    count_text: Option<String>,
    /// The `after` of the next page; none on the last. A page before the last may have fewer than `limit`.
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

/// A count as a person reads it: `1,000+` where there may be more.
pub(crate) fn count_text(count: u64, more: bool) -> String {
    match (count, more) {
        (count, true) if count >= 1000 => format!("{},{:03}+", count / 1000, count % 1000),
        (count, false) if count >= 1000 => format!("{},{:03}", count / 1000, count % 1000),
        (count, true) => format!("{count}+"),
        (count, false) => count.to_string(),
    }
}

/// Find notices
///
/// By sector, stage, region, publisher, project, period, status and words, in any combination; or one by its publisher's id.
/// Words are found in titles, names, ids and full texts, whatever signs, spaces, marks or look-alike letters part or disguise
/// them, from one character on. Pages stay as they are while notices arrive.
#[utoipa::path(get, path = "/api/v1/notices", tag = "notices",
    params(("text" = Option<String>, Query, description = "Words, all of which must occur; signs alone find nothing", max_length = 200, example = "道路"),
        ("sector" = Option<SectorCode>, Query, description = "The sector's code", example = "land"),
        ("stage" = Option<StageCode>, Query, description = "The stage's code", example = "announcement"),
        ("region" = Option<String>, Query, description = "2, 4 or 6 digits of GB/T 2260", pattern = "^([0-9]{2}){0,3}$", example = "4201"),
        ("publisher" = Option<String>, Query, description = "Its publisher", pattern = "^[A-Za-z0-9._:-]{0,64}$"),
        ("project" = Option<String>, Query, description = "Its project's id, as a person types it"),
        ("from" = Option<MomentText>, Query, description = "Recorded from this day or instant on", example = "2026-03-17"),
        ("until" = Option<MomentText>, Query, description = "Recorded until the end of this day, or before this instant"),
        ("status" = Option<StandingCode>, Query, description = "How its project stands under the rules"),
        ("notice_id" = Option<String>, Query, description = "The id its publisher gave it; goes with `publisher` alone", min_length = 1, max_length = 200),
        ("after" = Option<String>, Query, description = "The `next` of the page before", pattern = "^(t?(0|[1-9][0-9]{0,14}))?$"),
        ("limit" = Option<u64>, Query, description = "Notices of a page", minimum = 1, maximum = 100)),
    responses((status = 200, description = "A page", body = NoticeList)))]
pub(crate) async fn notices(text: String, site: Arc<Site>) -> Result<Answer, Problem> {
    let wanted = Wanted::read(&text)?;
    if let Some((id, publisher)) = wanted.notice_id()? {
        let notices = notices::find(id, publisher, &site).await?;
        let list = NoticeList { notices, count: None, count_text: None, next: None, indexed: None };
        return Ok(Answer::json(Cache::Revalidate, &list));
    }
    wanted.has_no(&["seconds", "figure", "unit"])?;
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
    /// How many there are, counted up to 1,000, and no further than the newest 5,000 hits of `text` where `status` is asked for too.
    count: u64,
    /// The count as a person reads it: `1,000+` where there may be more.
    count_text: String,
    /// The `after` of the next page; none on the last. A page before the last may have fewer than `limit`.
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
    params(("text" = Option<String>, Query, description = "Words, all of which must occur in id, names or titles; signs alone find nothing", max_length = 200),
        ("sector" = Option<SectorCode>, Query, description = "With a notice of this sector", example = "land"),
        ("stage" = Option<StageCode>, Query, description = "With a notice of this stage", example = "announcement"),
        ("region" = Option<String>, Query, description = "With a notice in this region: 2, 4 or 6 digits of GB/T 2260; `none`: no notice gives one", pattern = "^(([0-9]{2}){0,3}|none)$", example = "4201"),
        ("publisher" = Option<String>, Query, description = "With a notice by this publisher", pattern = "^[A-Za-z0-9._:-]{0,64}$"),
        ("from" = Option<MomentText>, Query, description = "First recorded from this day or instant on", example = "2026-03-17"),
        ("until" = Option<MomentText>, Query, description = "First recorded until the end of this day, or before this instant"),
        ("status" = Option<StandingCode>, Query, description = "How it stands under the rules"),
        ("figure" = Option<String>, Query, description = "Counted in this figure of the statistics, named `column` or `table:row:column` (`late`, `rules:con.candidates.count:violated`, `months:2026-03:missing`); `projects` is all. `sector` and `region` (six digits, or `none`) are then those the statistics count it under", pattern = "^[A-Za-z0-9_:.-]{0,200}$"),
        ("unit" = Option<String>, Query, description = "Of this responsible unit, as the statistics name it", max_length = 200),
        ("after" = Option<String>, Query, description = "The `next` of the page before", pattern = "^(0|[1-9][0-9]{0,14})?$"),
        ("limit" = Option<u64>, Query, description = "Projects of a page", minimum = 1, maximum = 100)),
    responses((status = 200, description = "A page", body = ProjectList)))]
pub(crate) async fn projects(text: String, site: Arc<Site>) -> Result<Answer, Problem> {
    let wanted = Wanted::read(&text)?;
    wanted.has_no(&["notice_id", "project", "seconds"])?;
    let (filter, after, limit) = (wanted.projects()?, wanted.place()?, wanted.limit()?);
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
        let told = [(0, false), (37, true), (1000, false), (1000, true)].map(|(count, more)| count_text(count, more));
        assert_eq!(told, ["0", "37+", "1,000", "1,000+"]);
    }
}
