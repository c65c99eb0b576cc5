//! Search: notices and projects by words, sector, stage, district, period and status, a page at a time, with what the hits are of.

use std::collections::BTreeMap;
use std::sync::Arc;

use ledger::index::{Facets, Found, FoundProject, Piece};
use maud::{Markup, html};
use verifier::explain::lifecycle::Named as _;
use verifier::explain::place::place;
use verifier::explain::visible::visible;
use verifier::lifecycle::verdict::Standing;
use verifier::record::code::{Sector, Stage};

use super::Visit;
use super::page::{Page, Place};
use super::statistics::figure_name;
use super::text::{self, badge, clipped, deadline, pick, said, time_ms};
use super::visit::encoded;
use crate::http::answer::Answer;
use crate::http::lists::count_text;
use crate::http::parameters::{MomentText, SectorCode, StageCode, StandingCode, Wanted, bad, place_text};
use crate::http::problem::Problem;

/// Districts that are offered.
const MOST_REGIONS: usize = 20;

/// Search
///
/// Notices, or projects with `of=projects`, by what `/api/v1/notices` and `/api/v1/projects` take.
#[utoipa::path(get, path = "/search", operation_id = "search_page", tag = "portal",
    params(("of" = Option<String>, Query, description = "`projects` for projects, else notices", pattern = "^(notices|projects)?$"),
        ("text" = Option<String>, Query, description = "Words, all of which must occur", max_length = 200, example = "道路"),
        ("sector" = Option<SectorCode>, Query, description = "The sector's code"),
        ("stage" = Option<StageCode>, Query, description = "The stage's code"),
        ("region" = Option<String>, Query, description = "2, 4 or 6 digits of GB/T 2260; of projects also `none`", pattern = "^(([0-9]{2}){0,3}|none)$"),
        ("figure" = Option<String>, Query, description = "Of projects: counted in this figure of the statistics", pattern = "^[A-Za-z0-9_:.-]{0,200}$"),
        ("unit" = Option<String>, Query, description = "Of projects: of this responsible unit", max_length = 200),
        ("publisher" = Option<String>, Query, description = "The publisher", pattern = "^[A-Za-z0-9._:-]{0,64}$"),
        ("from" = Option<MomentText>, Query, description = "Recorded from this day or instant on"),
        ("until" = Option<MomentText>, Query, description = "Recorded until the end of this day, or before this instant"),
        ("status" = Option<StandingCode>, Query, description = "How the project stands under the rules"),
        ("after" = Option<String>, Query, description = "Where the page before ended", pattern = "^(0|[1-9][0-9]{0,14})?$"),
        ("limit" = Option<u64>, Query, description = "Hits of a page", minimum = 1, maximum = 100)),
    responses((status = 200, description = "A page of hits", body = String, content_type = "text/html; charset=utf-8")))]
pub(super) async fn search(visit: Arc<Visit>) -> Result<Answer, Problem> {
    let of_projects = of_projects(&visit)?;
    let query = visit.query().iter().filter(|(name, _)| name != "of").collect::<Vec<_>>();
    let wanted = Wanted::read(&serde_urlencoded::to_string(query).unwrap_or_default())?;
    wanted.has_no(&["notice_id", "seconds"])?;
    visit.site.index_ready()?;
    let (hits, facets) = if of_projects {
        wanted.has_no(&["project"])?;
        let page = visit.site.index.projects(&wanted.projects()?, wanted.place()?, wanted.limit()?).await?;
        let next = page.next.map(|next| next.to_string());
        let rows = page.found.iter().map(|found| project(&visit, found)).collect();
        (Hits { rows, count: page.count, more: page.more, next }, Facets::default())
    } else {
        wanted.has_no(&["figure", "unit"])?;
        let (filter, limit) = (wanted.notices()?, wanted.limit()?);
        let (page, facets) = visit.site.index.notices_and_facets(&filter, wanted.notice_place()?, limit).await?;
        let rows = page.found.iter().map(|found| notice(&visit, found)).collect();
        let hits = Hits { rows, count: page.count, more: page.more, next: page.next.map(place_text) };
        (hits, facets)
    };
    let title = match visit.parameter("text") {
        "" => visit.say("检索", "Search").to_owned(),
        words => format!("{} · {}", clipped(words, 60), visit.say("检索", "Search")),
    };
    let body = html! {
        h1 { (visit.say("检索", "Search")) }
        (form(&visit, of_projects))
        (tabs(&visit, of_projects))
        (chosen(&visit))
        div.found {
            section.hits aria-labelledby="hits" { (hits.show(&visit, of_projects)) }
            @if !of_projects && hits.count > 0 { (facet_lists(&visit, &facets, hits.more)) }
        }
    };
    Ok(Page::new(title, Place::Search, body).with_head(feed(&visit, of_projects)).answer(&visit))
}

fn of_projects(visit: &Visit) -> Result<bool, Problem> {
    match visit.parameter("of") {
        // What the statistics count is projects.
        "" | "notices" => Ok(["figure", "unit"].iter().any(|name| !visit.parameter(name).is_empty())),
        "projects" => Ok(true),
        _ => Err(bad("of", "应为 notices 或 projects", "notices or projects is expected")),
    }
}

/// A page of hits.
struct Hits {
    rows: Vec<Markup>,
    count: u64,
    more: bool,
    next: Option<String>,
}

impl Hits {
    fn show(&self, visit: &Visit, of_projects: bool) -> Markup {
        let what = if of_projects { visit.say("个项目", "projects") } else { visit.say("份公告", "notices") };
        html! {
            h2 #hits { (count_text(self.count, self.more)) " " (what) }
            @if self.rows.is_empty() { (nothing(visit)) }
            ol.notices { @for row in &self.rows { (row) } }
            p.buttons {
                @if !visit.parameter("after").is_empty() { a.button.quiet href=(visit.with(&[("after", "")])) { (visit.say("回到第一页", "First page")) } }
                @if let Some(next) = &self.next { a.button href=(visit.with(&[("after", next)])) rel="next" { (visit.say("下一页", "Next page")) } }
            }
        }
    }
}

/// What to do where nothing is found.
fn nothing(visit: &Visit) -> Markup {
    let words = visit.parameter("text").trim();
    html! {
        p { (visit.say("没有找到。可减少条件，或换用编号、单位名称中的字词。", "Nothing was found. Ask for less, or for words of an id or of a name.")) }
        @if !words.is_empty() && words.chars().count() <= 128 {
            p { (visit.say("若这是项目编号，可取得它不在账本中的证明：", "If this is a project's id, here is the proof that the ledger does not have it: "))
                a href=(visit.plain_link(&format!("/api/v1/projects/{}/absence", encoded(words)))) { (visit.say("缺失证明", "absence proof")) } }
        }
    }
}

fn notice(visit: &Visit, found: &Found) -> Markup {
    html! {
        li {
            a.title href=(visit.notice(found.index)) {
                @if found.marked_title.is_empty() { (said(&clipped(&found.title, 200))) } @else { (marked(&found.marked_title)) }
            }
            p.about {
                (badge("plain", &text::stage(visit, &found.stage))) " " (text::sector(visit, &found.sector))
                @if !found.region.is_empty() { " · " (pick(visit, &place(Some(&found.region)))) }
                " · " (time_ms(found.time))
            }
            p.about {
                (text::standing(visit, found.standing.as_deref())) " "
                a href=(visit.project(&found.project)) { (said(&found.project)) @if !found.project_name.is_empty() { " " (said(&clipped(&found.project_name, 100))) } }
            }
            @for (_, pieces) in &found.excerpts { p.excerpt { (marked(pieces)) } }
        }
    }
}

fn project(visit: &Visit, found: &FoundProject) -> Markup {
    let name = if found.name.is_empty() { &found.id } else { &found.name };
    html! {
        li {
            a.title href=(visit.project(&found.id)) { (said(&clipped(name, 200))) }
            p.about {
                (text::standing(visit, found.standing.as_deref())) " " (said(&found.id)) " · " (text::sector(visit, &found.sector))
                @if !found.region.is_empty() { " · " (pick(visit, &place(Some(&found.region)))) }
                " · " (found.notices) " " (visit.say("份公告", "notices"))
                @if let Some(due) = found.due { " · " (visit.say("下一步最迟 ", "next due ")) (deadline(due)) }
            }
            @if !found.excerpt.is_empty() { p.excerpt { (marked(&found.excerpt)) } }
        }
    }
}

/// A text with its hits marked, no longer than a list can bear.
fn marked(pieces: &[Piece]) -> Markup {
    let mut left = 300_usize;
    let mut shown = Vec::new();
    for piece in pieces {
        let text = clipped(&piece.text, left);
        left = left.saturating_sub(text.chars().count());
        shown.push((visible(&text), piece.hit));
        if left == 0 {
            break;
        }
    }
    html! { bdi { @for (text, hit) in shown { @if hit { mark { (text) } } @else { (text) } } } }
}

/// What may be asked, with what is asked.
fn form(visit: &Visit, of_projects: bool) -> Markup {
    let option = |name: &'static str, code: &'static str, words: String| {
        html! { option value=(code) selected[visit.parameter(name) == code] { (words) } }
    };
    html! {
        form.filters role="search" action=(visit.plain_link("/search")) method="get" aria-label=(visit.say("检索条件", "What to search for")) {
            @if let Some(language) = visit.chosen() { input type="hidden" name="lang" value=(language); }
            @if of_projects { input type="hidden" name="of" value="projects"; }
            @for name in ["publisher", "project", "figure", "unit"] { @if !visit.parameter(name).is_empty() { input type="hidden" name=(name) value=(visit.parameter(name)); } }
            div.wide { label for="f-text" { (visit.say("字词", "Words")) } input #f-text type="search" name="text" maxlength="200" value=(visit.parameter("text")); }
            div { label for="f-sector" { (visit.say("类别", "Sector")) } select #f-sector name="sector" { option value="" { (visit.say("全部", "all")) }
                @for one in Sector::ALL { (option("sector", one.code(), visit.say(one.zh(), one.en()).to_owned())) } } }
            div { label for="f-stage" { (visit.say("环节", "Stage")) } select #f-stage name="stage" { option value="" { (visit.say("全部", "all")) }
                @for one in Stage::ALL { (option("stage", one.code(), visit.say(one.zh(), one.en()).to_owned())) } } }
            div { label for="f-status" { (visit.say("状态", "Status")) } select #f-status name="status" { option value="" { (visit.say("全部", "all")) }
                @for one in Standing::ALL { (option("status", one.code(), pick(visit, &one.name()).to_owned())) } } }
            div { label for="f-region" { (visit.say("区划代码", "District code")) } input #f-region name="region" inputmode="numeric" pattern="([0-9]{2}){0,3}|none" maxlength="6" placeholder="4201" value=(visit.parameter("region")); }
            div { label for="f-from" { (visit.say("收录自", "Recorded from")) } input #f-from type="date" name="from" value=(visit.parameter("from")); }
            div { label for="f-until" { (visit.say("收录至", "Recorded until")) } input #f-until type="date" name="until" value=(visit.parameter("until")); }
            div.submit { button type="submit" { (visit.say("检索", "Search")) } }
        }
    }
}

fn tabs(visit: &Visit, of_projects: bool) -> Markup {
    let tab = |of: &str, is: bool, words: &str| {
        html! { li { a href=(visit.with(&[("of", of), ("after", ""), ("project", ""), ("figure", ""), ("unit", "")])) aria-current=[is.then_some("true")] { (words) } } }
    };
    html! {
        ul.tabs aria-label=(visit.say("检索什么", "What is listed")) {
            (tab("", !of_projects, visit.say("公告", "Notices")))
            (tab("projects", of_projects, visit.say("项目", "Projects")))
        }
    }
}

/// What is asked beside the form's fields, and how to ask for less.
fn chosen(visit: &Visit) -> Markup {
    let named = [
        ("publisher", visit.say("发布主体", "publisher")),
        ("project", visit.say("项目", "project")),
        ("unit", visit.say("责任单位", "responsible unit")),
        ("figure", visit.say("统计中计入", "counted in the statistics as")),
    ];
    let given = named.into_iter().filter(|(name, _)| !visit.parameter(name).is_empty());
    html! {
        @for (name, words) in given {
            p.about {
                (words) " "
                @if name == "figure" { (figure_name(visit, visit.parameter(name))) } @else { (said(visit.parameter(name))) }
                " · " a href=(visit.with(&[(name, ""), ("after", "")])) { (visit.say("去掉", "remove")) }
            }
        }
    }
}

/// A facet: its parameter, what it is called, how many there are of each code, and what codes are called.
type FacetList<'a> = (&'static str, &'a str, &'a BTreeMap<String, u64>, &'a dyn Fn(&str) -> String);

/// What the hits are of, each a link that asks for those alone.
fn facet_lists(visit: &Visit, facets: &Facets, more: bool) -> Markup {
    let standing = |code: &str| {
        Standing::parse(code).map_or_else(|| code.to_owned(), |standing| pick(visit, &standing.name()).to_owned())
    };
    let lists: [FacetList<'_>; 4] = [
        ("status", visit.say("状态", "Status"), &facets.standings, &standing),
        ("sector", visit.say("类别", "Sector"), &facets.sectors, &|code| text::sector(visit, code)),
        ("stage", visit.say("环节", "Stage"), &facets.stages, &|code| text::stage(visit, code)),
        ("region", visit.say("地区", "District"), &facets.regions, &|code| {
            pick(visit, &place(Some(code))).to_owned()
        }),
    ];
    html! {
        aside.facets aria-label=(visit.say("缩小范围", "Narrow down")) {
            @if more { p.small.muted { (visit.say("按最新的 1,000 份统计", "among the newest 1,000")) } }
            @for (name, words, counts, label) in lists { (facet_list(visit, name, words, counts, more, label)) }
        }
    }
}

fn facet_list(
    visit: &Visit,
    name: &str,
    words: &str,
    counts: &BTreeMap<String, u64>,
    more: bool,
    label: &dyn Fn(&str) -> String,
) -> Markup {
    let mut counts: Vec<(&str, u64)> = counts.iter().map(|(code, n)| (code.as_str(), *n)).collect();
    counts.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    let current = visit.parameter(name);
    html! {
        @if !counts.is_empty() {
            h2 { (words) }
            ul.plain {
                @for (code, n) in counts.into_iter().take(MOST_REGIONS) {
                    li {
                        @if current == code {
                            strong { (said(&label(code))) } " " a href=(visit.with(&[(name, ""), ("after", "")])) { (visit.say("去掉", "remove")) }
                        } @else {
                            a href=(visit.with(&[(name, code), ("after", "")])) { (said(&label(code))) }
                        }
                        " " span.about { (count_text(n, more)) }
                    }
                }
            }
        }
    }
}

/// The same question as a feed.
fn feed(visit: &Visit, of_projects: bool) -> Markup {
    let own =
        visit.query().iter().filter(|(name, value)| !matches!(&**name, "of" | "after" | "limit") && !value.is_empty());
    let query = serde_urlencoded::to_string(own.collect::<Vec<_>>()).unwrap_or_default();
    let address =
        visit.plain_link(&if query.is_empty() { "/feed.atom".to_owned() } else { format!("/feed.atom?{query}") });
    html! { @if !of_projects { link rel="alternate" type="application/atom+xml" title=(visit.say("检索结果", "Search results")) href=(address); } }
}
