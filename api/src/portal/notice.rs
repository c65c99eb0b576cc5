//! A notice: what it claims, what is withheld and why, its full text and attachments, its place in the project, its receipt.
//! Other entries have a page, too: what they are about and what they say.

use std::sync::Arc;

use ledger::Recorded;
use ledger::index::{Found, NoticeFilter};
use maud::{Markup, html};
use tokio::task::block_in_place;
use verifier::explain::place::place;
use verifier::explain::{label, remark};
use verifier::lifecycle::facts::{NoticeFacts, Project, Times, Why, Withheld};
use verifier::log::hash::Hash;
use verifier::log::index::LeafIndex;
use verifier::record::disclosure::{Shown, check_notice, parse_all};
use verifier::record::entry::{Body, Entry, EntryTime, entry_hash};
use verifier::record::json::{Object, Value};
use verifier::record::statement::{Content, Statement};
use verifier::record::subject::Subject;

use super::page::{Page, Place};
use super::text::{badge, code, number, pick, said, stage, time_ms};
use super::verification::{self, Proof};
use super::visit::encoded;
use super::{NoParameters, Visit, certificate, long_text, members};
use crate::http::answer::Answer;
use crate::http::entry_view::kind_name;
use crate::http::notices::index_in;
use crate::http::problem::{Code, Problem};
use crate::http::projects;

/// Neighbours in the project that are listed, and characters of a text that go on paper.
const MOST_NEIGHBOURS: usize = 30;
const ON_PAPER: usize = 3_000;

/// A notice
///
/// Its claims with labels in both languages, what is withheld, text, attachments, its place in the project and its receipt. Other
/// entries are shown as what they are.
#[utoipa::path(get, path = "/notices/{index}", operation_id = "notice_page", tag = "portal",
    params(("index" = u64, Path, description = "The entry's index", example = 0)),
    responses((status = 200, description = "The notice", body = String, content_type = "text/html; charset=utf-8")))]
pub(super) async fn notice(visit: Arc<Visit>) -> Result<Answer, Problem> {
    visit.parameters::<NoParameters>()?;
    let (index, on_paper) = match visit.rest().strip_suffix("/print") {
        Some(index) => (index_in(index)?, true),
        None => (index_in(visit.rest())?, false),
    };
    let recorded = visit.site.ledger.entry(index).await?.ok_or_else(|| Problem::of(Code::NotFound))?;
    let Some(view) = View::open(&visit, index, &recorded).await? else { return Ok(other(&visit, index, &recorded)) };
    Ok(if on_paper { view.certificate(&visit) } else { view.page(&visit).await? })
}

/// A notice for paper
///
/// On A4, with a QR code that carries the receipt's address and the leaf hash.
#[utoipa::path(get, path = "/notices/{index}/print", operation_id = "notice_print", tag = "portal",
    params(("index" = u64, Path, description = "The entry's index", example = 0)),
    responses((status = 200, description = "The notice for A4", body = String, content_type = "text/html; charset=utf-8")))]
#[allow(dead_code)] // served by `notice`
pub(super) fn print() {}

/// A notice, as its pages look at it.
struct View {
    index: u64,
    time: EntryTime,
    leaf: Hash,
    statement: Statement,
    facts: NoticeFacts,
    text: String,
    /// What became of what is withheld: by which entry, on what ground. Read only where something is.
    erasures: Vec<Erasure>,
    publisher: Option<String>,
}

/// A lawful erasure of values of this notice.
struct Erasure {
    entry: u64,
    digests: Vec<Hash>,
    ground: String,
    reason: String,
}

impl View {
    /// Nothing if the entry is no notice.
    async fn open(visit: &Visit, index: LeafIndex, recorded: &Recorded) -> Result<Option<Self>, Problem> {
        let unreadable = || Problem::of(Code::Internal);
        let entry = Entry::parse(&recorded.entry).map_err(|_| unreadable())?;
        let Body::Statement { statement: jwt, .. } = entry.body else { return Ok(None) };
        let statement = Statement::parse(jwt).map_err(|_| unreadable())?;
        let Some(notice) = statement.notice() else { return Ok(None) };
        let shown = check_notice(notice, &recorded.disclosures).map_err(|_| unreadable())?;
        let text = shown.values.values().find(|one| one.name == "text").and_then(|one| one.value.as_str());
        let text = text.unwrap_or_default().to_owned();
        let is_whole = shown.missing.is_empty() && notice.sealed.is_empty();
        let (facts, erasures) = if is_whole {
            (facts_alone(index.0, &statement, &shown, entry.time), Vec::new())
        } else {
            facts_in_project(visit, index.0, &statement).await?
        };
        let facts = facts.ok_or_else(unreadable)?;
        let publisher = visit.site.ledger.registry_now().name(&statement.iss, index).map(str::to_owned);
        let leaf = entry_hash(&recorded.entry).0;
        Ok(Some(Self { index: index.0, time: entry.time, leaf, statement, facts, text, erasures, publisher }))
    }

    fn title(&self) -> &str {
        self.statement.notice().map_or("", |notice| &notice.title)
    }

    async fn page(&self, visit: &Visit) -> Result<Answer, Problem> {
        let project = self.project();
        let body = html! {
            p.crumbs { a href=(visit.link("/search")) { (visit.say("检索", "Search")) } " › " a href=(visit.project(project)) { (said(project)) } " › #" (self.index) }
            h1 { (said(self.title())) }
            (self.head(visit))
            (self.buttons(visit))
            (self.remarks(visit))
            (self.claims(visit))
            (self.withheld(visit))
            @if !self.text.is_empty() {
                section aria-labelledby="text" {
                    h2 #text { (visit.say("正文", "Full text")) " " span.about { (number(self.text.chars().count() as u64)) " " (visit.say("字", "characters")) } }
                    (long_text::show(visit, &self.text))
                }
            }
            (block_in_place(|| self.attachments(visit)))
            (self.neighbours(visit).await?)
            (self.record(visit))
            (verification::section(visit, &Proof::Receipt(&format!("/api/v1/notices/{}/receipt", self.index))))
        };
        Ok(Page::new(self.title(), Place::Elsewhere, body).with_head(verification::script(visit)).answer(visit))
    }

    fn project(&self) -> &str {
        self.statement.notice().map_or("", |notice| notice.project.as_str())
    }

    fn head(&self, visit: &Visit) -> Markup {
        let facts = &self.facts;
        let name = self.publisher.as_deref().unwrap_or(self.statement.iss.as_str());
        html! {
            p {
                (badge("plain", visit.say(facts.stage.zh(), facts.stage.en()))) " " (visit.say(facts.sector.zh(), facts.sector.en()))
                @if let Some(region) = facts.text_of("region") { " · " (pick(visit, &place(Some(region)))) }
                @if let Some(lot) = facts.lot() { " · " (visit.say("标段 ", "lot ")) (said(lot)) }
            }
            p.about {
                (visit.say("收录于 ", "recorded ")) (time_ms(self.time.0)) (visit.say("（账本时间）", " (by the ledger's clock)")) " · "
                a href=(visit.link(&format!("/publishers/{}", encoded(self.statement.iss.as_str())))) { (said(name)) }
            }
        }
    }

    fn buttons(&self, visit: &Visit) -> Markup {
        html! {
            p.buttons {
                a.button href=(visit.plain_link(&format!("/api/v1/notices/{}/receipt", self.index))) download { (visit.say("下载回执", "Receipt")) }
                a.button.quiet href=(visit.project(self.project())) { (visit.say("所在项目", "Its project")) }
                a.button.quiet href=(visit.link(&format!("/notices/{}/print", self.index))) { (visit.say("打印", "Print")) }
                a.button.quiet href=(visit.plain_link(&format!("/api/v1/notices/{}", self.index))) { "JSON" }
            }
        }
    }

    /// What a person should be told of its spelling and its codes.
    fn remarks(&self, visit: &Visit) -> Markup {
        let remarks = &self.facts.remarks;
        html! {
            @if !remarks.is_empty() {
                section.card aria-labelledby="remarks" {
                    h2 #remarks { (visit.say("提示", "Remarks")) }
                    ul { @for one in remarks { li {
                        (pick(visit, &label::path(&one.path))) " " (said(&one.value)) (visit.say("：", ": ")) (said(pick(visit, &remark::about(&one.about))))
                    } } }
                }
            }
        }
    }

    fn claims(&self, visit: &Visit) -> Markup {
        let members = &self.facts.members;
        let project = members.member("project").and_then(Value::as_object);
        let name = project.and_then(|project| project.member("name")?.as_str());
        let plain = ["lot", "published_at", "language", "source"];
        let amends = self.facts.text_of("amends");
        html! {
            section aria-labelledby="claims" {
                h2 #claims { (visit.say("公告内容", "What it says")) }
                dl.facts {
                    dt { (members::label(visit, "project")) }
                    dd { a href=(visit.project(self.project())) { (said(self.project())) } @if let Some(name) = name { " · " (said(name)) } }
                    dt { (visit.say("公告编号", "Notice id")) " " span.other lang=(visit.say("en", "zh-CN")) { (visit.say("notice id", "公告编号")) } }
                    dd { (said(&self.statement.jti)) }
                    @if let Some(amends) = amends { dt { (visit.say("更正", "Amends")) } dd { (said(amends)) } }
                    @for name in plain {
                        @if let Some(value) = members.member(name) { dt { (own_label(visit, name)) } dd { (members::show(visit, name, value)) } }
                    }
                    (related(visit, members))
                }
                @if let Some(parties) = members.member("parties") { h3 { (members::label(visit, "parties")) } (members::show(visit, "parties", parties)) }
                @if let Some(data) = self.facts.data().filter(|data| data.iter().any(|(name, _)| name != "_sd")) {
                    h3 { (visit.say("数据", "Data")) } (members::facts(visit, data))
                }
            }
        }
    }

    /// What is announced by its digest alone, and why it is not shown.
    fn withheld(&self, visit: &Visit) -> Markup {
        let withheld = &self.facts.withheld;
        html! {
            @if !withheld.is_empty() {
                section aria-labelledby="withheld" {
                    h2 #withheld { (visit.say("未公开的内容", "What is not shown")) }
                    ul { @for one in withheld { li { (self.one_withheld(visit, one)) } } }
                }
            }
        }
    }

    fn one_withheld(&self, visit: &Visit, one: &Withheld) -> Markup {
        let path = match (&*one.place, one.name.as_deref()) {
            (place, Some(name)) => pick(visit, &label::path(&format!("{place}.{name}"))).to_owned(),
            ("", None) => visit.say("一项披露内容", "a disclosure").to_owned(),
            (place, None) => pick(visit, &label::path(place)).to_owned(),
        };
        let notice = self.statement.notice();
        let sealed = notice.and_then(|notice| notice.sealed.iter().find(|sealed| sealed.digest == one.digest));
        let erasure = self.erasures.iter().find(|erasure| erasure.digests.contains(&one.digest));
        html! {
            strong { (said(&path)) } " "
            @match one.why {
                Why::Sealed => {
                    (badge("note", visit.say("密封", "sealed"))) " "
                    @if let Some(sealed) = sealed { (visit.say("至", "until ")) (said(&stage(visit, &sealed.until))) }
                },
                Why::Erased => {
                    (badge("note", visit.say("依法删除", "lawfully erased")))
                    @if let Some(Erasure { entry, ground, reason, .. }) = erasure {
                        " " a href=(visit.notice(*entry)) { "#" (entry) } " · " (visit.say("依据：", "ground: ")) (said(ground)) " · " (visit.say("理由：", "reason: ")) (said(reason))
                    }
                },
            }
            p.about { (visit.say("摘要 ", "digest ")) (code(&verifier::log::base64::encode_url(&one.digest.0))) }
        }
    }

    fn attachments(&self, visit: &Visit) -> Markup {
        let files: Vec<&Object> = self
            .facts
            .members
            .member("attachments")
            .and_then(Value::as_array)
            .unwrap_or_default()
            .iter()
            .filter_map(Value::as_object)
            .collect();
        let text = |file: &Object, name: &str| file.member(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let folder = visit.site.dir.join(ledger::ATTACHMENTS);
        html! {
            @if !files.is_empty() {
                section aria-labelledby="attachments" {
                    h2 #attachments { (visit.say("附件", "Attachments")) }
                    ul.plain { @for file in files {
                        @let sha256 = text(file, "sha256");
                        li {
                            @if folder.join(&sha256).is_file() {
                                a href=(visit.plain_link(&format!("/attachments/{sha256}"))) download { (said(&text(file, "name"))) }
                            } @else {
                                (said(&text(file, "name"))) " " (badge("open", visit.say("尚未提交", "not brought yet")))
                            }
                            @if let Some(size) = file.member("size").and_then(Value::as_number) { " · " (number(size.unsigned_abs())) " " (visit.say("字节", "bytes")) }
                            p.about { "SHA-256 " (code(&sha256)) }
                        }
                    } }
                }
            }
        }
    }

    /// The other notices of the project, as the index lists them.
    async fn neighbours(&self, visit: &Visit) -> Result<Markup, Problem> {
        let Some(project) = self.statement.notice().map(|notice| notice.project.clone()) else { return Ok(html! {}) };
        if visit.site.index_ready().is_err() {
            return Ok(html! {});
        }
        let filter = NoticeFilter { project: Some(project), ..NoticeFilter::default() };
        let page = visit.site.index.notices(&filter, None, MOST_NEIGHBOURS).await?;
        let more = page.next.is_some();
        let row = |found: &Found| {
            html! {
                li aria-current=[(found.index == self.index).then_some("true")] {
                    (badge("plain", &stage(visit, &found.stage))) " "
                    @if found.index == self.index { strong { (said(&found.title)) } } @else { a href=(visit.notice(found.index)) { (said(&found.title)) } }
                    " " span.about { (time_ms(found.time)) " · #" (found.index) }
                }
            }
        };
        Ok(html! {
            section aria-labelledby="neighbours" {
                h2 #neighbours { (visit.say("在项目中的位置", "Its place in the project")) }
                ol.plain.neighbours { @for found in page.found.iter().rev() { (row(found)) } }
                @if more { p { a href=(visit.project(self.project())) { (visit.say("更早的见项目页", "earlier ones: see the project")) } } }
            }
        })
    }

    fn record(&self, visit: &Visit) -> Markup {
        html! {
            section aria-labelledby="record" {
                h2 #record { (visit.say("在账本中", "In the ledger")) }
                dl.facts {
                    dt { (visit.say("序号", "Index")) } dd { (self.index) }
                    dt { (visit.say("叶哈希", "Leaf hash")) } dd { (code(&verifier::log::hash::hex(&self.leaf.0))) }
                    dt { (visit.say("密钥", "Key")) } dd { (code(&self.statement.kid.to_string())) }
                    dt { (visit.say("核验", "Verify")) } dd { code { "mingzhang-verify receipt " (self.index) ".tlog-proof --policy policy.txt" } }
                }
            }
        }
    }

    fn certificate(&self, visit: &Visit) -> Answer {
        let facts = &self.facts;
        let name = self.publisher.as_deref().unwrap_or(self.statement.iss.as_str());
        let text: String = self.text.chars().take(ON_PAPER).collect();
        let body = html! {
            p.crumbs { a href=(visit.notice(self.index)) { (visit.say("返回公告", "Back to the notice")) } }
            h1 { (said(self.title())) }
            dl.facts {
                dt { (members::label(visit, "project")) } dd { (said(self.project())) }
                dt { (visit.say("环节", "Stage")) } dd { (visit.say(facts.stage.zh(), facts.stage.en())) " · " (visit.say(facts.sector.zh(), facts.sector.en())) }
                dt { (visit.say("发布主体", "Publisher")) } dd { (said(name)) }
                dt { (visit.say("收录时间", "Recorded")) } dd { (time_ms(self.time.0)) }
                dt { (visit.say("账本", "Ledger")) } dd { code { (visit.site.ledger.published().checkpoint.origin) } " · #" (self.index) }
            }
            @if let Some(data) = facts.data() { (members::facts(visit, data)) }
            @if !text.is_empty() { h2 { (visit.say("正文", "Full text")) } (super::text::said_lines(&text)) }
            @if text.len() < self.text.len() { p.muted { (visit.say("……全文见公告页。", "… the whole text is on the notice's page.")) } }
            (certificate::proof(visit, self.index, &self.leaf.0))
        };
        Page::new(self.title(), Place::Elsewhere, body).for_paper(visit)
    }
}

/// A label of a member of the notice itself that the vocabulary of rules does not name.
fn own_label(visit: &Visit, name: &str) -> Markup {
    let (zh, en) = match name {
        "published_at" => ("自称发布时间", "published, by its own word"),
        _ => return members::label(visit, name),
    };
    html! { (visit.say(zh, en)) " " span.other lang=(visit.say("en", "zh-CN")) { (visit.say(en, zh)) } }
}

fn related(visit: &Visit, members: &Object) -> Markup {
    let related = members.member("related").and_then(Value::as_array).unwrap_or_default();
    let of = |value: &Value, name: &str| {
        value.as_object().and_then(|object| object.member(name)?.as_str()).unwrap_or_default().to_owned()
    };
    html! {
        @if !related.is_empty() {
            dt { (visit.say("关联项目", "Related projects")) }
            dd { ul.plain { @for one in related {
                @let project = of(one, "project");
                li { a href=(visit.project(&project)) { (said(&project)) } " " span.about { (super::project::relation(visit, &of(one, "as"))) } }
            } } }
        }
    }
}

/// A notice of which everything is shown.
fn facts_alone(index: u64, statement: &Statement, shown: &Shown, time: EntryTime) -> Option<NoticeFacts> {
    let mut project = Project::new("", 0);
    let recorded = i64::try_from(time.0 / 1000).unwrap_or(i64::MAX);
    project.record(index, statement, shown, Times { after: None, by: None, recorded });
    project.notices.pop()
}

/// A notice of which something was sealed or erased: what became of that, later entries of its project tell.
async fn facts_in_project(
    visit: &Visit,
    index: u64,
    statement: &Statement,
) -> Result<(Option<NoticeFacts>, Vec<Erasure>), Problem> {
    let Some(notice) = statement.notice() else { return Ok((None, Vec::new())) };
    let (_, dossier) = projects::open(&visit.site, &notice.project).await?;
    let facts = dossier.project().notices.into_iter().find(|notice| notice.index == index);
    let erasure = |(entry, recorded): (LeafIndex, &verifier::dossier::Recorded)| match &recorded
        .statement
        .as_ref()?
        .content
    {
        Content::Erasure { target, digests, ground, reason } if target.0 == index => {
            Some(Erasure { entry: entry.0, digests: digests.clone(), ground: ground.clone(), reason: reason.clone() })
        }
        _ => None,
    };
    Ok((facts, dossier.own_entries().filter_map(erasure).collect()))
}

/// An entry that is no notice.
fn other(visit: &Visit, index: LeafIndex, recorded: &Recorded) -> Answer {
    let entry = Entry::parse(&recorded.entry).ok();
    let statement = match entry.as_ref().map(|entry| &entry.body) {
        Some(Body::Statement { statement, .. }) => Statement::parse(statement).ok(),
        _ => None,
    };
    let kind = match (&statement, entry.as_ref().map(|entry| &entry.body)) {
        (Some(statement), _) => kind_words(visit, kind_name(statement)),
        (None, Some(Body::Genesis(_))) => visit.say("创世条目", "genesis"),
        _ => visit.say("封印", "seal"),
    };
    let title = format!("{kind} #{index}");
    let values = parse_all(&recorded.disclosures).unwrap_or_default();
    let body = html! {
        h1 { (title) }
        dl.facts {
            @if let Some(entry) = &entry { dt { (visit.say("收录时间", "Recorded")) } dd { (time_ms(entry.time.0)) } }
            @if let Some(statement) = &statement {
                dt { (visit.say("主体", "Subject")) } dd { @match &statement.sub { Subject::Project(id) => a href=(visit.project(id.as_str())) { (said(id.as_str())) }, sub => (said(&sub.to_string())) } }
                dt { (visit.say("发布主体", "Publisher")) } dd { (said(statement.iss.as_str())) }
                (said_by(visit, statement))
                @for one in values.values().filter(|one| one.name != "rules") {
                    dt { (members::label(visit, &one.name)) } dd { (members::show(visit, &one.name, &one.value)) }
                }
            }
            dt { (visit.say("叶哈希", "Leaf hash")) } dd { (code(&verifier::log::hash::hex(&entry_hash(&recorded.entry).0.0))) }
        }
        p.buttons {
            a.button href=(visit.plain_link(&format!("/api/v1/notices/{index}/receipt"))) download { (visit.say("下载回执", "Receipt")) }
            a.button.quiet href=(visit.plain_link(&format!("/api/v1/notices/{index}"))) { "JSON" }
        }
        h2 { (visit.say("条目原文", "The entry as it was hashed")) }
        pre tabindex="0" { (verifier::explain::visible::visible(&recorded.entry)) }
    };
    Page::new(title, Place::Elsewhere, body).answer(visit)
}

fn kind_words<'v>(visit: &'v Visit, kind: &'static str) -> &'v str {
    match kind {
        "reveal" => visit.say("启封", "reveal"),
        "erasure" => visit.say("依法删除", "lawful erasure"),
        "authority" => visit.say("授权", "authority"),
        "rulebook" => visit.say("规则", "rulebook"),
        "calendar" => visit.say("日历", "calendar"),
        kind => kind,
    }
}

/// What a statement that is no notice says.
fn said_by(visit: &Visit, statement: &Statement) -> Markup {
    match &statement.content {
        Content::Reveal { target, .. } => {
            html! { dt { (visit.say("所启封的公告", "Reveals values of")) } dd { a href=(visit.notice(target.0)) { "#" (target.0) } } }
        }
        Content::Erasure { target, ground, reason, .. } => html! {
            dt { (visit.say("所涉公告", "Erases values of")) } dd { a href=(visit.notice(target.0)) { "#" (target.0) } }
            dt { (visit.say("依据", "Ground")) } dd { (said(ground)) }
            dt { (visit.say("理由", "Reason")) } dd { (said(reason)) }
        },
        Content::Rulebook { version, effective_from, .. } => html! {
            dt { (visit.say("版本", "Version")) } dd { (said(version)) }
            dt { (visit.say("起效", "Effective from")) } dd { (effective_from.to_string()) }
        },
        Content::Calendar { year, .. } => html! { dt { (visit.say("年份", "Year")) } dd { (year) } },
        _ => html! {},
    }
}
