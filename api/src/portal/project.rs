//! A project: its lifecycle drawn, the verdict with articles and arithmetic, its changes, its entries, and what proves them.

use std::collections::BTreeMap;
use std::sync::Arc;

use maud::{Markup, html};
use tokio::task::block_in_place;
use verifier::dossier::{Dossier, Public, Recorded, bounds};
use verifier::explain::place::place;
use verifier::explain::visible::visible;
use verifier::lifecycle::facts::{NoticeFacts, Project};
use verifier::lifecycle::instant::Seconds;
use verifier::lifecycle::shipped::is_shipped;
use verifier::lifecycle::verdict::{Lifecycle, LotVerdict, StageStatus, Standing};
use verifier::lifecycle::{AsOf, Law, judge};
use verifier::log::index::LeafIndex;
use verifier::record::code::Stage;
use verifier::record::json::Value;
use verifier::record::statement::Content;
use verifier::record::subject::ProjectId;

use super::page::{Page, Place};
use super::text::{badge, deadline, named, pick, said, standing, standing_class, state_class, time, time_ms};
use super::verification::{self, Proof};
use super::visit::encoded;
use super::{NoParameters, Visit, certificate, difference, timeline, verdict};
use crate::http::answer::Answer;
use crate::http::entry_view::kind_name;
use crate::http::problem::Problem;
use crate::http::projects::{open, project_id};

/// Entries that are listed, the newest; and changes that are compared.
const MOST_ENTRIES: usize = 200;
const MOST_CHANGES: usize = 20;

/// A project
///
/// Its lifecycle drawn and in words, the verdict with articles and arithmetic, what changed, and what proves it.
#[utoipa::path(get, path = "/projects/{project}", operation_id = "project_page", tag = "portal",
    params(("project" = String, Path, description = "The project's id, percent-encoded", example = "P-1")),
    responses((status = 200, description = "The project", body = String, content_type = "text/html; charset=utf-8")))]
pub(super) async fn project(visit: Arc<Visit>) -> Result<Answer, Problem> {
    visit.parameters::<NoParameters>()?;
    match visit.rest().strip_suffix("/print") {
        Some(id) => View::open(&visit, &project_id(id)?)
            .await
            .map(|view| block_in_place(|| certificate::project(&visit, &view))),
        None => View::open(&visit, &project_id(visit.rest())?).await.map(|view| block_in_place(|| view.page(&visit))),
    }
}

/// A project for paper
///
/// The verdict on A4, with a QR code that carries the receipt's address and the newest notice's leaf hash.
#[utoipa::path(get, path = "/projects/{project}/print", operation_id = "project_print", tag = "portal",
    params(("project" = String, Path, description = "The project's id, percent-encoded", example = "P-1")),
    responses((status = 200, description = "The project for A4", body = String, content_type = "text/html; charset=utf-8")))]
#[allow(dead_code)] // served by `project`
pub(super) fn print() {}

/// A project's dossier, as its pages look at it.
pub(super) struct View {
    pub(super) id: ProjectId,
    pub(super) dossier: Dossier,
    pub(super) facts: Project,
    pub(super) law: Law,
    /// When its entries became public, by the cosignatures of the policy that the ledger is served under.
    bounds: BTreeMap<u64, Public>,
}

impl View {
    async fn open(visit: &Visit, id: &ProjectId) -> Result<Self, Problem> {
        let (file, dossier) = open(&visit.site, id).await?;
        let bounds = visit.site.ledger.policy().map(|policy| bounds(&file, policy)).unwrap_or_default();
        let (facts, law) = (dossier.project(), dossier.law());
        Ok(Self { id: id.clone(), dossier, facts, law, bounds })
    }

    /// The verdict by the ledger's own record as of its head, as the API gives it.
    pub(super) fn verdict(&self) -> Lifecycle<'_> {
        judge(&self.facts, &self.law, AsOf { at: self.as_of(), quorum: false })
    }

    /// The time of the head.
    pub(super) fn as_of(&self) -> Seconds {
        i64::try_from(self.dossier.sealed_at.0 / 1000).unwrap_or(i64::MAX)
    }

    pub(super) fn newest(&self) -> Option<&NoticeFacts> {
        self.facts.notices.last()
    }

    /// The project's name as its newest notice has it.
    pub(super) fn name(&self) -> Option<&str> {
        self.newest()?.members.member("project")?.as_object()?.member("name")?.as_str()
    }

    pub(super) fn title_of(&self, index: u64) -> &str {
        let recorded = self.dossier.entries.get(&index).and_then(|recorded| recorded.statement.as_ref());
        recorded.and_then(|statement| statement.notice()).map_or("", |notice| &notice.title)
    }

    /// A notice of the project, as it is named on its pages.
    pub(super) fn naming(&self, visit: &Visit, index: u64) -> Markup {
        html! { a href=(visit.notice(index)) { (said(self.title_of(index))) } " " span.about { "#" (index) } }
    }

    fn page(&self, visit: &Visit) -> Answer {
        let verdict = self.verdict();
        let name = self.name().unwrap_or(self.id.as_str());
        let feed = visit.plain_link(&format!("/feed.atom?project={}", encoded(self.id.as_str())));
        let dossier = format!("/api/v1/projects/{}/dossier", encoded(self.id.as_str()));
        let body = html! {
            p.crumbs { a href=(visit.link("/search")) { (visit.say("检索", "Search")) } " › " (said(self.id.as_str())) }
            h1 { (said(name)) }
            (self.head(visit, &verdict))
            (self.buttons(visit, &feed))
            (verification::section(visit, &Proof::Dossier(&dossier)))
            (self.lifecycle(visit, &verdict))
            (self.changes(visit))
            (self.related(visit, &verdict))
            (self.entries(visit))
            (self.absence(visit))
        };
        let head = html! {
            link rel="alternate" type="application/atom+xml" title=(self.id.as_str()) href=(feed);
            (verification::script(visit))
        };
        Page::new(name, Place::Elsewhere, body).with_head(head).answer(visit)
    }

    fn head(&self, visit: &Visit, verdict: &Lifecycle<'_>) -> Markup {
        let newest = self.newest();
        let region = newest.and_then(|notice| notice.text_of("region"));
        html! {
            p {
                (self.standing(visit, verdict)) " "
                code { (said(self.id.as_str())) }
                @if let Some(notice) = newest { " · " (visit.say(notice.sector.zh(), notice.sector.en())) }
                @if region.is_some() { " · " (pick(visit, &place(region))) }
                " · " (self.facts.notices.len()) " " (visit.say("份公告", "notices"))
            }
            p.about {
                (visit.say("截至", "As of ")) " " (time_ms(self.dossier.sealed_at.0)) (visit.say("（账本头）", " (the ledger's head)"))
                " · " (self.rulebooks(visit))
            }
        }
    }

    /// How it stands; not judged where the ledger records no rules.
    pub(super) fn standing(&self, visit: &Visit, verdict: &Lifecycle<'_>) -> Markup {
        standing(visit, (!self.law.is_empty()).then(|| verdict.standing.code()))
    }

    /// By which rules it is judged.
    pub(super) fn rulebooks(&self, visit: &Visit) -> Markup {
        let versions: Vec<_> = self.law.versions().collect();
        html! {
            @if versions.is_empty() { (visit.say("账本没有记录规则，不作裁决", "the ledger records no rulebook, so nothing is judged")) }
            @for (at, (index, _, rulebook)) in versions.iter().enumerate() {
                @if at > 0 { (visit.say("、", ", ")) }
                a href=(visit.link(&format!("/rulebooks/{index}"))) { (visit.say("规则 ", "rulebook ")) (said(&rulebook.version)) }
                @if is_shipped(rulebook) { (visit.say("（与核验程序所附相同）", " (as shipped with the verifier)")) }
            }
        }
    }

    fn buttons(&self, visit: &Visit, feed: &str) -> Markup {
        let api = format!("/api/v1/projects/{}", encoded(self.id.as_str()));
        html! {
            p.buttons {
                a.button href=(visit.plain_link(&format!("{api}/dossier"))) download { (visit.say("下载案卷", "Dossier")) }
                @if let Some(newest) = self.newest() {
                    a.button.quiet href=(visit.plain_link(&format!("/api/v1/notices/{}/receipt", newest.index))) download { (visit.say("最新公告的回执", "Newest notice's receipt")) }
                }
                a.button.quiet href="#absence" { (visit.say("缺失证明", "Absence proof")) }
                a.button.quiet href=(visit.link(&format!("/projects/{}/print", encoded(self.id.as_str())))) { (visit.say("打印", "Print")) }
                a.button.quiet href=(feed) { (visit.say("订阅（Atom）", "Follow (Atom)")) }
            }
        }
    }

    fn lifecycle(&self, visit: &Visit, verdict: &Lifecycle<'_>) -> Markup {
        if self.law.is_empty() {
            return html! {};
        }
        let faults = self.law.faults();
        html! {
            section aria-labelledby="lifecycle" {
                h2 #lifecycle { (visit.say("全流程", "Lifecycle")) }
                @for (index, error) in faults {
                    p { (badge("due", visit.say("规则读不了", "unreadable rulebook"))) " #" (index) " " (error.to_string()) }
                }
                @for (at, lot) in verdict.lots.iter().enumerate() { (self.lot(visit, lot, at, verdict.lots.len())) }
            }
        }
    }

    fn lot(&self, visit: &Visit, lot: &LotVerdict<'_>, at: usize, lots: usize) -> Markup {
        let when = |index: u64| {
            self.facts.notices.iter().find(|notice| notice.index == index).map(|notice| notice.public.early)
        };
        let name = lot
            .id
            .as_ref()
            .map_or_else(|| visit.say("项目", "Project").to_owned(), |id| format!("{} {id}", visit.say("标段", "Lot")));
        html! {
            section.lot aria-labelledby=(format!("lot-{at}")) {
                h3 id=(format!("lot-{at}")) {
                    (said(&name)) " " (badge(state_class(lot.state), &named(visit, &lot.state)))
                    @if lots > 1 { " " (badge(standing_class(lot.standing), &named(visit, &lot.standing))) }
                }
                @if let Some(onward) = &lot.restarts_as {
                    p { (visit.say("重新交易，转为", "It goes on as")) " " a href=(visit.project(onward)) { (said(onward)) } }
                }
                (next(visit, lot))
                (timeline::draw(visit, lot, self.as_of(), &when, &visible(&name)))
                (verdict::stages(visit, lot, &|index| self.naming(visit, index)))
                (pauses(visit, lot))
                h3 { (visit.say("逐条裁决", "Rule by rule")) }
                (verdict::rules(visit, lot))
            }
        }
    }

    /// What changes announce, and what differs between a notice and the one it amends.
    fn changes(&self, visit: &Visit) -> Markup {
        let changes: Vec<Markup> = self
            .facts
            .notices
            .iter()
            .rev()
            .filter_map(|notice| self.change(visit, notice))
            .take(MOST_CHANGES)
            .collect();
        html! {
            @if !changes.is_empty() {
                section aria-labelledby="changes" {
                    h2 #changes { (visit.say("变更对照", "What changed")) }
                    @for change in changes { (change) }
                }
            }
        }
    }

    fn change(&self, visit: &Visit, notice: &NoticeFacts) -> Option<Markup> {
        let announced = difference::announced(&notice.members);
        let amended = notice.text_of("amends").and_then(|id| {
            let same = |other: &&NoticeFacts| other.id == id && other.publisher == notice.publisher;
            self.facts.notices.iter().find(same)
        });
        if announced.is_empty() && amended.is_none() {
            return None;
        }
        let data = notice.data();
        let reason = data.and_then(|data| data.member("reason")?.as_str());
        let affects = data.and_then(|data| data.member("affects_bids"));
        Some(html! {
            article {
                h3 { (self.naming(visit, notice.index)) }
                p.about {
                    (visit.say(notice.stage.zh(), notice.stage.en())) " · " (time(notice.public.early))
                    @if let Some(reason) = reason { " · " (visit.say("原因：", "reason: ")) (said(reason)) }
                    @if affects == Some(&Value::Bool(true)) { " · " (badge("note", visit.say("影响投标", "affects bids"))) }
                }
                @if !announced.is_empty() { (difference::table(visit, &announced)) }
                @if let Some(amended) = amended {
                    @let differing = difference::between(visit, &amended.members, &notice.members);
                    p { (visit.say("更正", "Amends")) " " (self.naming(visit, amended.index)) }
                    @if !differing.is_empty() { (difference::table(visit, &differing)) }
                    (difference::texts(visit, self.text_of(amended.index), self.text_of(notice.index)))
                }
            }
        })
    }

    /// The full text of a notice, as far as it is disclosed.
    fn text_of(&self, index: u64) -> &str {
        let shown = self.dossier.entries.get(&index).map(|recorded| &recorded.shown.values);
        let text = shown.and_then(|values| values.values().find(|one| one.name == "text"));
        text.and_then(|one| one.value.as_str()).unwrap_or_default()
    }

    /// Projects that this one comes from or goes on in.
    fn related(&self, visit: &Visit, verdict: &Lifecycle<'_>) -> Markup {
        let mut related: Vec<(&str, &str)> = Vec::new();
        for value in
            self.facts.notices.iter().filter_map(|notice| notice.members.member("related")?.as_array()).flatten()
        {
            let Some(object) = value.as_object() else { continue };
            let of = |name: &str| object.member(name).and_then(Value::as_str);
            if let (Some(project), Some(kind)) = (of("project"), of("as")) {
                related.push((project, relation(visit, kind)));
            }
        }
        let onward = verdict.lots.iter().filter_map(|lot| lot.restarts_as.as_deref());
        related.extend(onward.map(|project| (project, visit.say("重新交易为", "restarted as"))));
        related.sort_unstable();
        related.dedup();
        html! {
            @if !related.is_empty() {
                section aria-labelledby="related" {
                    h2 #related { (visit.say("关联项目", "Related projects")) }
                    ul { @for (project, how) in related { li { (how) " " a href=(visit.project(project)) { (said(project)) } } } }
                }
            }
        }
    }

    fn entries(&self, visit: &Visit) -> Markup {
        let all: Vec<(LeafIndex, &Recorded)> = self.dossier.own_entries().collect();
        let shown = &all[all.len().saturating_sub(MOST_ENTRIES)..];
        let list = visit.link(&format!("/search?project={}", encoded(self.id.as_str())));
        html! {
            section aria-labelledby="entries" {
                h2 #entries { (visit.say("录入记录", "Entries")) }
                @if shown.len() < all.len() {
                    p { (visit.say("只列最新的", "The newest only:")) " " (shown.len()) " / " (all.len()) " · " a href=(list) { (visit.say("全部公告", "all notices")) } }
                }
                div.scroll tabindex="0" role="group" aria-labelledby="entries" {
                    table {
                        thead { tr {
                            th scope="col" { "#" }
                            th scope="col" { (visit.say("内容", "Entry")) }
                            th scope="col" { (visit.say("收录时间", "Recorded")) }
                            th scope="col" { (visit.say("发布主体", "Publisher")) }
                            th scope="col" { (visit.say("回执", "Receipt")) }
                        } }
                        tbody { @for (index, recorded) in shown { (self.entry(visit, *index, recorded)) } }
                    }
                }
            }
        }
    }

    fn entry(&self, visit: &Visit, index: LeafIndex, recorded: &Recorded) -> Markup {
        let statement = recorded.statement.as_ref();
        let publisher = statement.map(|statement| &statement.iss);
        let name = publisher.and_then(|iss| self.dossier.registry.as_ref()?.name(iss, index));
        html! {
            tr {
                td.number { (index.0) }
                td { @if let Some(statement) = statement { (self.what(visit, index.0, statement)) } }
                td { (time_ms(recorded.time.0)) (self.bounded(visit, index.0)) }
                td { @if let Some(publisher) = publisher {
                    a href=(visit.link(&format!("/publishers/{}", encoded(publisher.as_str())))) { (said(name.unwrap_or(publisher.as_str()))) }
                } }
                td { a href=(visit.plain_link(&format!("/api/v1/notices/{index}/receipt"))) download aria-label=(format!("{} #{index}", visit.say("下载回执", "Download receipt"))) { (visit.say("下载", "Download")) } }
            }
        }
    }

    /// What an entry is, and what it is about.
    fn what(&self, visit: &Visit, index: u64, statement: &verifier::record::statement::Statement) -> Markup {
        match (&statement.content, statement.notice()) {
            (_, Some(notice)) => {
                html! { (badge("plain", visit.say(notice.stage.zh(), notice.stage.en()))) " " a href=(visit.notice(index)) { (said(&notice.title)) } }
            }
            (Content::Reveal { target, .. }, _) => {
                html! { (badge("note", visit.say("启封", "reveal"))) " " (self.naming(visit, target.0)) }
            }
            (Content::Erasure { target, ground, .. }, _) => html! {
                (badge("note", visit.say("依法删除", "lawful erasure"))) " " (self.naming(visit, target.0)) p.about { (said(ground)) }
            },
            _ => html! { (kind_name(statement)) },
        }
    }

    /// Between which times an entry became public, as witnesses have it.
    pub(super) fn bounded(&self, visit: &Visit, index: u64) -> Markup {
        let Public { after, by } = self.bounds.get(&index).copied().unwrap_or_default();
        let at = |bound: u64| time(i64::try_from(bound).unwrap_or_default());
        html! {
            @match (after, by) {
                (Some(after), Some(by)) => p.about { (visit.say("见证：", "witnessed: ")) (at(after)) " ~ " (at(by)) },
                (None, Some(by)) => p.about { (visit.say("见证：不晚于 ", "witnessed: by ")) (at(by)) },
                (Some(after), None) => p.about { (visit.say("见证：不早于 ", "witnessed: not before ")) (at(after)) },
                (None, None) => {},
            }
        }
    }

    /// The proof that a stage was not disclosed, for each stage that was not.
    fn absence(&self, visit: &Visit) -> Markup {
        let absent: Vec<Stage> =
            Stage::ALL.iter().copied().filter(|stage| self.dossier.state.tally.of(*stage) == 0).collect();
        let action = visit.plain_link(&format!("/api/v1/projects/{}/absence", encoded(self.id.as_str())));
        html! {
            section aria-labelledby="absence" {
                h2 #absence { (visit.say("缺失证明", "Absence proof")) }
                p { (visit.say("证明截至账本头，本项目没有公示过某一环节；可用 mingzhang-verify absence 核验。", "Proof that by the ledger's head this project had not disclosed a stage, for `mingzhang-verify absence`.")) }
                form action=(action) method="get" {
                    label for="stage" { (visit.say("环节", "Stage")) } " "
                    select #stage name="stage" { @for stage in absent { option value=(stage.code()) { (visit.say(stage.zh(), stage.en())) } } } " "
                    button type="submit" { (visit.say("下载", "Download")) }
                }
            }
        }
    }
}

/// What is due next in a lot, and what is overdue.
fn next(visit: &Visit, lot: &LotVerdict<'_>) -> Markup {
    let missing: Vec<_> = lot.stages.iter().filter(|row| row.status == StageStatus::Missing).collect();
    let name = |stage: Stage| visit.say(stage.zh(), stage.en()).to_owned();
    html! {
        @for row in missing {
            p { (badge("bad", &named(visit, &StageStatus::Missing))) " " (name(row.stage))
                @if let Some(due) = row.due { (visit.say("，最迟 ", ", by ")) (deadline(due)) }
            }
        }
        @if let Some(next) = lot.next.as_ref().filter(|_| lot.standing != Standing::Complete) {
            p { (visit.say("下一步：", "Next: ")) @if let Some(stage) = next.stage { (name(stage)) (visit.say("，", ", ")) }
                (visit.say("最迟 ", "at the latest ")) (deadline(next.due)) }
        }
    }
}

/// The suspensions that objections cause, in words.
fn pauses(visit: &Visit, lot: &LotVerdict<'_>) -> Markup {
    let pauses = timeline::suspensions(lot);
    html! {
        @if !pauses.is_empty() {
            h3 { (visit.say("异议与暂停", "Objections and suspensions")) }
            ul {
                @for one in pauses {
                    li {
                        (time(one.since)) " → "
                        @match one.until { Some(until) => (time(until)), None => (visit.say("至今未答复", "still open")) }
                        " " @if one.breached { (badge("bad", visit.say("其间仍进行了下一环节", "it went on meanwhile"))) } @else { (badge("ok", visit.say("其间暂停", "paused meanwhile"))) }
                    }
                }
            }
        }
    }
}

/// How a related project is related.
pub(super) fn relation<'v>(visit: &'v Visit, kind: &str) -> &'v str {
    match kind {
        "plan" => visit.say("计划见", "planned in"),
        "retender" => visit.say("重新交易，原项目为", "restarted from"),
        "split" => visit.say("拆分自", "split from"),
        "merged" => visit.say("合并自", "merged from"),
        "contract-of" => visit.say("合同所属项目", "contract of"),
        _ => visit.say("关联", "related to"),
    }
}
