//! The publisher's console (发布公告): a form for each sector and stage, whose fields are the vocabulary's and whose help is the
//! rulebook's. What is filled in is signed in the browser, with a key that never leaves it; the server is asked only what the
//! rules say of the draft, and records what was signed.

use std::collections::BTreeMap;
use std::sync::Arc;

use maud::{Markup, html};
use serde::Deserialize;
use verifier::explain::visible::visible;
use verifier::explain::{label, lifecycle as words};
use verifier::lifecycle::Law;
use verifier::lifecycle::instant::day_of;
use verifier::lifecycle::rulebook::{Branch, Check, CheckKind, Text};
use verifier::log::index::LeafIndex;
use verifier::record::authority::Grant;
use verifier::record::code::{PublisherId, Role, Sector, Stage};
use verifier::record::vocabulary::{Member, Shape, data_members};

use super::Visit;
use super::members::word;
use super::page::{Page, Place};
use super::text::pick;
use crate::http::answer::Answer;
use crate::http::now_ms;
use crate::http::problem::{Code, Problem};

const SCRIPT: &str = "publish.js";
/// Members that take more than a line.
const LONG: [&str; 8] =
    ["scope", "qualification", "reason", "evaluation", "decision", "buyer_conditions", "decision_basis", "result"];
/// Sectors in which somebody sells.
const SELLING: [Sector; 3] = [Sector::StateAsset, Sector::Land, Sector::Mining];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    sector: Option<String>,
    stage: Option<String>,
}

/// The publisher's console
///
/// A form for a notice of a sector and a stage, signed in the browser.
#[utoipa::path(get, path = "/publish", operation_id = "publish_page", tag = "portal",
    params(("sector" = Option<crate::http::parameters::SectorCode>, Query, description = "The sector"),
        ("stage" = Option<crate::http::parameters::StageCode>, Query, description = "The stage")),
    responses((status = 200, description = "The console", body = String, content_type = "text/html; charset=utf-8")))]
pub(super) async fn publish(visit: Arc<Visit>) -> Result<Answer, Problem> {
    let Asked { sector, stage } = visit.parameters()?;
    let sector =
        sector.filter(|code| !code.is_empty()).map(|code| Sector::parse(&code).ok_or_else(unknown)).transpose()?;
    let stage =
        stage.filter(|code| !code.is_empty()).map(|code| Stage::parse(&code).ok_or_else(unknown)).transpose()?;
    let title = visit.say("发布公告", "Publish a notice");
    let form = match (sector, stage) {
        (Some(sector), Some(stage)) => {
            let law = visit.site.ledger.law().await?;
            Some(Form { visit: &visit, sector, stage, asked: asked(&law, sector, stage) }.render())
        }
        _ => None,
    };
    let body = html! {
        h1 { (title) }
        p.lead { (visit.say(
            "公告在本浏览器中用发布主体的密钥签名后提交；密钥不离开浏览器。提交后得到回执，请妥善保存。",
            "A notice is signed in this browser with the publisher's key, which never leaves it, and submitted. Keep the receipt you get."
        )) }
        (choose(&visit, sector, stage))
        @if let Some(form) = form { (form) }
    };
    let head = html! { script type="module" src=(visit.asset(SCRIPT)) {} };
    Ok(Page::new(title, Place::Publish, body).with_head(head).answer(&visit))
}

fn unknown() -> Problem {
    Problem::new(Code::BadRequest, "没有这个类别或环节", "there is no such sector or stage")
}

/// Which form: works without any script.
fn choose(visit: &Visit, sector: Option<Sector>, stage: Option<Stage>) -> Markup {
    html! {
        form.card method="get" action=(visit.plain_link("/publish")) {
            @if let Some(language) = visit.chosen() { input type="hidden" name="lang" value=(language); }
            div.grid {
                div.field {
                    label for="sector" { (visit.say("类别", "Sector")) } br;
                    select #sector name="sector" required {
                        option value="" { "—" }
                        @for one in Sector::ALL { option value=(one.code()) selected[sector == Some(*one)] { (visit.say(one.zh(), one.en())) } }
                    }
                }
                div.field {
                    label for="stage" { (visit.say("环节", "Stage")) } br;
                    select #stage name="stage" required {
                        option value="" { "—" }
                        @for one in Stage::ALL { option value=(one.code()) selected[stage == Some(*one)] { (visit.say(one.zh(), one.en())) } }
                    }
                }
            }
            div.buttons { button.quiet type="submit" { (visit.say("打开表单", "Open the form")) } }
        }
    }
}

/// The members that the rules in force today ask of a stage's notices, each with what to say of it.
fn asked(law: &Law, sector: Sector, stage: Stage) -> BTreeMap<String, Text> {
    let mut asked = BTreeMap::new();
    let today = day_of(i64::try_from(now_ms() / 1000).unwrap_or(i64::MAX));
    let Some(rulebook) = law.in_force(today).and_then(|at| law.rulebooks().nth(at)) else { return asked };
    for rule in rulebook.rules.iter().filter(|rule| rule.covers(sector)) {
        let Text { zh, en } = words::basis(&rule.basis);
        let said = Text { zh: format!("{}（{zh}）", rule.title.zh), en: format!("{} ({en})", rule.title.en) };
        for branch in &rule.branches {
            collect(branch, sector, stage, &said, &mut asked);
        }
    }
    asked
}

fn collect(branch: &Branch, sector: Sector, stage: Stage, said: &Text, asked: &mut BTreeMap<String, Text>) {
    if !branch.applies.sectors.is_empty() && !branch.applies.sectors.contains(&sector) {
        return;
    }
    let Check { kind, .. } = &branch.check;
    match kind {
        CheckKind::All(branches) => {
            for branch in branches {
                collect(branch, sector, stage, said, asked);
            }
        }
        CheckKind::Fields { stage: of, members } if of.stage == stage => {
            for path in members.iter().flatten() {
                asked.entry(path.as_str().to_owned()).or_insert_with(|| said.clone());
            }
        }
        _ => {}
    }
}

/// A form for one sector and stage.
struct Form<'a> {
    visit: &'a Visit,
    sector: Sector,
    stage: Stage,
    asked: BTreeMap<String, Text>,
}

impl Form<'_> {
    fn render(&self) -> Markup {
        let visit = self.visit;
        html! {
            noscript { p.card { (visit.say(
                "表单需要 JavaScript 来签名；也可用命令 mingzhang publish。",
                "The form needs JavaScript to sign; the command `mingzhang publish` does the same."
            )) } }
            form #publish autocomplete="off" novalidate
                data-sector=(self.sector.code()) data-stage=(self.stage.code()) data-origin=(visit.site.ledger.origin())
                data-drafts=(visit.plain_link("/api/v1/drafts")) data-notices=(visit.plain_link("/api/v1/notices"))
                data-policy=(visit.plain_link("/policy.txt")) data-page=(visit.link("/notices")) {
                (self.signer())
                (self.envelope())
                (self.parties())
                fieldset {
                    legend { (visit.say("本环节的内容", "What this stage says")) }
                    @for (name, shape) in data_members(self.stage).filter(|(name, _)| self.is_asked(name)) { (self.field("data", name, *shape)) }
                    details open[self.asks_nothing()] {
                        summary { (visit.say("其他字段", "Other fields")) }
                        @for (name, shape) in data_members(self.stage).filter(|(name, _)| !self.is_asked(name)) { (self.field("data", name, *shape)) }
                    }
                }
                fieldset {
                    legend { (visit.say("正文", "Full text")) }
                    (self.control("text", &words_of(visit, "text"), &html! { textarea #text data-path="text" data-shape="text" rows="10" {} }))
                }
                div #told aria-live="polite" {}
                div.buttons {
                    button #check type="button" class="quiet" { (visit.say("检查", "Check")) }
                    button #sign type="submit" { (visit.say("签名并发布", "Sign and publish")) }
                }
                div #done {}
            }
        }
    }

    /// Whether a rule asks for a member of `data` or for something within it.
    fn is_asked(&self, name: &str) -> bool {
        let own = format!("data.{name}");
        let within =
            |path: &String| path.strip_prefix(&own).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
        self.asked.keys().any(within)
    }

    fn asks_nothing(&self) -> bool {
        !data_members(self.stage).any(|(name, _)| self.is_asked(name))
    }

    /// Who signs: publishers with authority for the sector, and the key in this browser.
    fn signer(&self) -> Markup {
        let visit = self.visit;
        let registry = visit.site.ledger.registry_now();
        let publishes =
            |grant: &Grant| grant.scope.roles.contains(&Role::Publisher) && grant.scope.sectors.contains(&self.sector);
        let mut publishers: Vec<(&PublisherId, &Grant)> = registry
            .publishers(LeafIndex(u64::MAX))
            .filter_map(|(id, grant)| Some((id, grant.filter(|grant| publishes(grant))?)))
            .collect();
        publishers.truncate(1000);
        html! {
            fieldset {
                legend { (visit.say("发布主体与密钥", "Publisher and key")) }
                div.field {
                    label for="publisher" { (visit.say("发布主体", "Publisher")) } br;
                    select #publisher required {
                        option value="" { "—" }
                        @for (id, grant) in publishers { option value=(id.as_str()) data-kid=(grant.jwk().kid_text()) { (visible(&grant.name)) " · " (id.as_str()) } }
                    }
                }
                p #key-state role="status" {}
                div.field {
                    label for="key-file" { (visit.say("导入密钥文件", "Import a key file")) } br;
                    input #key-file type="file" accept=".key,.json,.jwk" aria-describedby="key-help";
                    p.help #key-help { (visit.say(
                        "mingzhang keygen 写出的文件（JWK）。只在本浏览器中保存，且不可再导出。",
                        "The file that `mingzhang keygen` writes (JWK). It is kept in this browser alone and cannot be exported again."
                    )) }
                }
                div.buttons {
                    button #key-new type="button" class="quiet" { (visit.say("在浏览器中生成新密钥", "Make a new key in the browser")) }
                    button #key-forget type="button" class="quiet" { (visit.say("从浏览器删除密钥", "Remove the key from the browser")) }
                }
            }
        }
    }

    fn envelope(&self) -> Markup {
        let visit = self.visit;
        let project = |member| {
            if member == "id" {
                visit.say("项目编号", "Project id")
            } else {
                visit.say("项目名称", "Project name")
            }
        };
        let required = true;
        html! {
            fieldset {
                legend { (visit.say("公告", "The notice")) }
                (self.line("title", &words_of(visit, "title"), required))
                (self.line("project.id", project("id"), required))
                (self.line("project.name", project("name"), false))
                (self.line("notice_id", visit.say("公告编号（本单位内不重复）", "Notice id (unique with this publisher)"), required))
                (self.line("region", visit.say("地区（六位行政区划代码）", "Region (six digits of GB/T 2260)"), false))
                (self.line("lot.id", visit.say("标段编号", "Lot id"), false))
                (self.line("amends", visit.say("更正哪一公告（公告编号）", "Amends (a notice id)"), false))
            }
        }
    }

    fn parties(&self) -> Markup {
        let visit = self.visit;
        let first = if SELLING.contains(&self.sector) { "seller" } else { "buyer" };
        let roles = [(first, label::member(first)), ("agent", word("agent"))];
        html! {
            @for (role, name) in roles {
                fieldset {
                    legend { (pick(visit, &name)) }
                    @for member in ["name", "id", "contact"] {
                        @let label = if member == "id" { visit.say("统一社会信用代码", "Unified social credit code").to_owned() } else { words_of(visit, member) };
                        (self.line(&format!("parties[role={role}].{member}"), &label, false))
                    }
                }
            }
        }
    }

    fn line(&self, path: &str, label: &str, required: bool) -> Markup {
        let input = html! { input id=(id_of(path)) type="text" data-path=(path) data-shape="text" required[required] aria-describedby=(help_id(path)); };
        self.control(path, label, &input)
    }

    /// A label, the control, and what the rules ask of it.
    fn control(&self, path: &str, label: &str, control: &Markup) -> Markup {
        html! {
            div.field {
                label for=(id_of(path)) {
                    (label)
                    @if self.asked.contains_key(path) { " " span.badge.plain { (self.visit.say("规则要求", "asked by rule")) } }
                } br;
                (control)
                p.help id=(help_id(path)) { @if let Some(said) = self.asked.get(path) { (pick(self.visit, said)) } }
            }
        }
    }

    /// A member of `data`, or of an element in it, by its shape.
    fn field(&self, within: &str, name: &str, shape: Shape) -> Markup {
        let path = format!("{within}.{name}");
        let label = words_of(self.visit, name);
        match shape {
            Shape::Object(members) => self.group(&path, &label, members),
            Shape::Period => self.group(&path, &label, &[("from", Shape::When), ("until", Shape::When)]),
            Shape::List(Shape::Object(members)) => self.list(&path, &label, members),
            _ => {
                let control = self.input(&path, name, shape);
                html! {
                    (self.control(&path, &label, &control))
                    @if within == "data" && matches!(name, "reserve_price" | "experts") { (self.seal(&path)) }
                }
            }
        }
    }

    fn group(&self, path: &str, label: &str, members: &[Member]) -> Markup {
        html! { fieldset { legend { (label) } @for (name, shape) in members { (self.field(path, name, *shape)) } } }
    }

    /// A list whose rows the script adds.
    fn list(&self, path: &str, label: &str, members: &[Member]) -> Markup {
        let visit = self.visit;
        html! {
            fieldset data-list=(path) {
                legend { (label) }
                template {
                    div.card data-row {
                        @for (name, shape) in members { (self.field(&format!("{path}[]"), name, *shape)) }
                        div.buttons { button type="button" class="quiet" data-remove { (visit.say("删除这一项", "Remove this one")) } }
                    }
                }
                div.buttons { button type="button" class="quiet" data-add { (visit.say("添加", "Add")) " · " (label) } }
            }
        }
    }

    fn input(&self, path: &str, name: &str, shape: Shape) -> Markup {
        let (id, help) = (id_of(path), help_id(path));
        let visit = self.visit;
        match shape {
            Shape::Text if LONG.contains(&name) => {
                html! { textarea id=(id) data-path=(path) data-shape="text" rows="3" aria-describedby=(help) {} }
            }
            Shape::List(_) => {
                html! { textarea id=(id) data-path=(path) data-shape="lines" rows="3" aria-describedby=(help) placeholder=(visit.say("每行一个", "one a line")) {} }
            }
            Shape::Bool => html! { select id=(id) data-path=(path) data-shape="bool" aria-describedby=(help) {
                option value="" { "—" } option value="true" { (visit.say("是", "yes")) } option value="false" { (visit.say("否", "no")) }
            } },
            Shape::One(codes) => html! { select id=(id) data-path=(path) data-shape="text" aria-describedby=(help) {
                option value="" { "—" } @for code in codes { option value=(code) { (pick(visit, &word(code))) } }
            } },
            Shape::When if is_day(path, name) => {
                html! { input id=(id) type="date" data-path=(path) data-shape="day" aria-describedby=(help); }
            }
            Shape::When => {
                html! { input id=(id) type="datetime-local" data-path=(path) data-shape="moment" aria-describedby=(help); }
            }
            Shape::Count => {
                html! { input id=(id) type="text" inputmode="numeric" data-path=(path) data-shape="count" aria-describedby=(help); }
            }
            Shape::Decimal => {
                html! { input id=(id) type="text" inputmode="decimal" data-path=(path) data-shape="text" aria-describedby=(help); }
            }
            Shape::Money | Shape::Amount => {
                html! { input id=(id) type="text" inputmode="decimal" data-path=(path) data-shape="money" placeholder=(visit.say("元", "CNY")) aria-describedby=(help); }
            }
            _ => html! { input id=(id) type="text" data-path=(path) data-shape="text" aria-describedby=(help); },
        }
    }

    /// Until when a value stays sealed.
    fn seal(&self, path: &str) -> Markup {
        let visit = self.visit;
        let id = format!("seal-{}", id_of(path));
        html! {
            div.field {
                label for=(id) { (visit.say("密封至", "Sealed until")) } br;
                select id=(id) data-seal=(path) {
                    option value="" { (visit.say("不密封，随公告公开", "not sealed, public with the notice")) }
                    @for stage in Stage::ALL { option value=(stage.code()) selected[path.ends_with("reserve_price") && *stage == Stage::Award] { (visit.say(stage.zh(), stage.en())) } }
                }
            }
        }
    }
}

/// Whether a member is a day rather than a moment.
fn is_day(path: &str, name: &str) -> bool {
    name == "on"
        || name.ends_with("_on")
        || matches!(name, "from" | "until")
        || path.contains(".planned.")
        || path.contains(".actual.")
}

fn words_of(visit: &Visit, name: &str) -> String {
    let Text { zh, en } = label::member(name);
    visit.language.pick(&zh, &en).to_owned()
}

/// The id of what is said to help with a path.
fn help_id(path: &str) -> String {
    format!("{}-help", id_of(path))
}

/// An element's id for a path.
fn id_of(path: &str) -> String {
    path.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
}
