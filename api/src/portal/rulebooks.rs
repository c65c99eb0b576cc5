//! The rules: each version recorded, every rule with its article, what it asks, for which days and how days are counted; and the
//! calendar of working days.

use std::sync::Arc;

use maud::{Markup, html};
use verifier::explain::lifecycle as words;
use verifier::explain::rule;
use verifier::lifecycle::rulebook::{Branch, CheckKind, Rule, Rulebook};
use verifier::lifecycle::shipped::is_shipped;
use verifier::record::code::Sector;
use verifier::record::statement::Content;
use verifier::record::subject::Subject;

use super::Visit;
use super::page::{Page, Place};
use super::text::{badge, named, number, pick};
use crate::http::answer::Answer;
use crate::http::problem::{Code, Problem};
use crate::http::registers::{jurisdiction, statements};

/// The rulebooks
#[utoipa::path(get, path = "/rulebooks", operation_id = "rulebooks_page", tag = "portal",
    responses((status = 200, description = "The versions of the rules, and the calendar", body = String, content_type = "text/html; charset=utf-8")))]
pub(super) async fn rulebooks(visit: Arc<Visit>) -> Result<Answer, Problem> {
    visit.parameters::<super::NoParameters>()?;
    if !visit.rest().is_empty() {
        return rulebook(visit).await;
    }
    let law = visit.site.ledger.law().await?;
    let title = visit.say("规则", "Rulebooks");
    let body = html! {
        h1 { (title) }
        p { (visit.say(
            "本网站和核验程序都只按账本中记录的规则评判项目；规则逐条注明条文，记录之后不能更改，只能发布新的版本，且不溯及既往。",
            "This site and the verifier judge projects by the rules recorded in the ledger alone; each names its article. What is recorded cannot be altered: a new version replaces it, and not for the past.",
        )) }
        @if law.is_empty() { p.muted { (visit.say("账本没有记录规则，因此不作裁决。", "The ledger records no rulebook, so nothing is judged.")) } }
        ul.plain {
            @for (index, start, rulebook) in law.versions() {
                li.card {
                    h2 { a href=(visit.link(&format!("/rulebooks/{index}"))) { (visit.say("版本 ", "Version ")) (rulebook.version) } }
                    p { (facts(&visit, rulebook, &start.to_string(), index)) }
                }
            }
        }
        @if !law.faults().is_empty() {
            h2 { (visit.say("读不懂的版本", "Versions that cannot be read")) }
            ul { @for (index, error) in law.faults() { li { (visit.say("条目 ", "Entry ")) (index) ": " (error.path) " — " (error.problem) } } }
        }
        (calendar(&visit).await?)
    };
    Ok(Page::new(title, Place::Rulebooks, body).answer(&visit))
}

fn facts(visit: &Visit, rulebook: &Rulebook, start: &str, index: u64) -> Markup {
    html! {
        (number(rulebook.rules.len() as u64)) (visit.say(" 条规则", " rules"))
        " · " (visit.say("适用法域 ", "for ")) code { (rulebook.jurisdiction) }
        " · " (visit.say("自 ", "counts from ")) time datetime=(start) { (start) } (visit.say(" 起适用", ""))
        " · " (visit.say("条目 ", "entry ")) (number(index)) " "
        @if is_shipped(rulebook) { (badge("ok", visit.say("与核验程序所附相同", "as shipped with the verifier"))) }
        @else { (badge("note", visit.say("非核验程序所附", "not those shipped with the verifier"))) }
    }
}

/// A rulebook
#[utoipa::path(get, path = "/rulebooks/{index}", operation_id = "rulebook_page", tag = "portal",
    params(("index" = u64, Path, description = "Its entry", example = 2)),
    responses((status = 200, description = "Every rule: article, what it asks, for which days, how days are counted", body = String, content_type = "text/html; charset=utf-8")))]
async fn rulebook(visit: Arc<Visit>) -> Result<Answer, Problem> {
    let law = visit.site.ledger.law().await?;
    let index: Option<u64> = visit.rest().parse().ok();
    let version = law.versions().find(|(at, ..)| Some(*at) == index);
    let Some((index, start, rulebook)) = version else {
        return Err(Problem::new(Code::NotFound, "该条目不是规则", "that entry is no rulebook"));
    };
    let mut sectors: Vec<Option<Sector>> = vec![None];
    sectors.extend(Sector::ALL.iter().copied().map(Some));
    let groups = sectors.into_iter().map(|sector| (sector, rules_of(rulebook, sector)));
    let groups: Vec<_> = groups.filter(|(_, rules)| !rules.is_empty()).collect();
    let title = format!("{}{}", visit.say("规则版本 ", "Rulebook, version "), rulebook.version);
    let body = html! {
        p.crumbs { a href=(visit.link("/rulebooks")) { (visit.say("规则", "Rulebooks")) } " › " (rulebook.version) }
        h1 { (title) }
        p { (facts(&visit, rulebook, &start.to_string(), index)) }
        p.small { (visit.say(
            "核对：L 已读法条原文，P 见于官方或二手页面，R 待律师确认（违反时只作提示）。",
            "Status: L read in the law, P read in an official or secondary page, R unconfirmed (breaking it is a warning only).",
        )) }
        @if groups.len() > 1 {
            p { @for (at, (sector, rules)) in groups.iter().enumerate() {
                @if at > 0 { " · " }
                a href=(format!("#{}", anchor(*sector))) { (heading(&visit, *sector)) } " " span.muted { (rules.len()) }
            } }
        }
        @for (sector, rules) in &groups {
            section aria-labelledby=(anchor(*sector)) {
                h2 id=(anchor(*sector)) { (heading(&visit, *sector)) }
                @for rule in rules { (one(&visit, rule)) }
            }
        }
    };
    Ok(Page::new(title, Place::Rulebooks, body).answer(&visit))
}

/// The rules of one sector alone, or those of several.
fn rules_of(rulebook: &Rulebook, sector: Option<Sector>) -> Vec<&Rule> {
    let own = |rule: &&Rule| match (sector, rule.sectors.as_slice()) {
        (Some(sector), [only]) => *only == sector,
        (Some(_), _) => false,
        (None, sectors) => sectors.len() != 1,
    };
    rulebook.rules.iter().filter(own).collect()
}

fn anchor(sector: Option<Sector>) -> String {
    sector.map_or("shared".to_owned(), |sector| sector.code().to_owned())
}

fn heading(visit: &Visit, sector: Option<Sector>) -> String {
    sector.map_or(visit.say("各类通用", "Of several sectors"), |sector| visit.say(sector.zh(), sector.en())).to_owned()
}

fn one(visit: &Visit, rule: &Rule) -> Markup {
    html! {
        article.rule id=(rule.id) {
            h3 { (pick(visit, &rule.title)) }
            p.about { code { (rule.id) } " · " (pick(visit, &words::basis(&rule.basis))) @if rule.sectors.len() > 1 { " · " (sectors(visit, rule)) } }
            @if let [branch] = rule.branches.as_slice() { (asked(visit, branch)) }
            @else { ol { @for branch in &rule.branches { li { (asked(visit, branch)) } } } }
        }
    }
}

fn sectors(visit: &Visit, rule: &Rule) -> String {
    rule.sectors
        .iter()
        .map(|sector| visit.say(sector.zh(), sector.en()))
        .collect::<Vec<_>>()
        .join(visit.say("、", ", "))
}

/// What a variant asks, when, and how it counts.
fn asked(visit: &Visit, branch: &Branch) -> Markup {
    let parts = match &branch.check.kind {
        CheckKind::All(parts) => parts.as_slice(),
        _ => &[],
    };
    // Where all parts count alike it is said once.
    let mut countings = parts.iter().filter_map(|part| rule::counting_of(&part.check.kind));
    let first = countings.next();
    let is_one = countings.all(|counting| Some(counting) == first);
    html! {
        @if parts.is_empty() { p { (pick(visit, &rule::check(&branch.check))) } }
        @else { ul { @for part in parts { li { (pick(visit, &rule::check(&part.check))) @if !is_one { (counted(visit, part)) } } } } }
        p.small {
            span title=(named(visit, &branch.status)) { (visit.say("核对 ", "status ")) (branch.status.code()) }
            " · " (visit.say("不符合则为", "if broken: ")) (pick(visit, &rule::consequence(branch.violates)))
            @if let Some(condition) = rule::condition(&branch.applies) { " · " (visit.say("适用：", "applies: ")) (pick(visit, &condition)) }
            @if let Some(effective) = rule::effective(branch.effective) { " · " (visit.say("事件日期 ", "for events ")) (pick(visit, &effective)) }
        }
        @if parts.is_empty() { (counted(visit, branch)) } @else if let (true, [first, ..]) = (is_one, parts) { (counted(visit, first)) }
    }
}

fn counted(visit: &Visit, branch: &Branch) -> Markup {
    html! {
        @if let Some(counting) = rule::counting_of(&branch.check.kind) {
            p.small { (visit.say("计算：", "Counted: ")) (pick(visit, &rule::counting(counting))) }
        }
    }
}

/// The years that are announced, with their days off and the weekend days worked.
async fn calendar(visit: &Visit) -> Result<Markup, Problem> {
    let stated = statements(&visit.site, &Subject::Calendar(jurisdiction(&visit.site))).await?;
    let mut years: Vec<_> = stated
        .into_iter()
        .filter_map(|stated| match stated.statement.content {
            Content::Calendar { year, holidays, workdays, .. } => Some((year, stated.index, holidays, workdays)),
            _ => None,
        })
        .collect();
    years.sort_by_key(|(year, index, ..)| std::cmp::Reverse((*year, *index)));
    let days = |days: &std::collections::BTreeSet<jiff::civil::Date>| {
        days.iter().map(|day| day.strftime("%m-%d").to_string()).collect::<Vec<_>>().join(" ")
    };
    Ok(html! {
        h2 #calendar { (visit.say("日历", "Calendar")) }
        p { (visit.say(
            "工作日为周一至周五，去掉下列放假日，加上下列调休上班日。未列的年份无法按工作日计算，有关规则为无法判定。",
            "Working days are Monday to Friday without the days off below and with the weekend days worked. A year that is not announced cannot be counted in working days; rules that need it are undetermined.",
        )) }
        @if years.is_empty() { p.muted { (visit.say("账本没有记录日历。", "The ledger records no calendar.")) } }
        @for (at, (year, index, holidays, workdays)) in years.iter().enumerate() {
            details open[at == 0] {
                summary { (year) " · " (holidays.len()) (visit.say(" 天放假", " days off")) " · " (workdays.len()) (visit.say(" 天调休上班", " weekend days worked")) " · " (visit.say("条目 ", "entry ")) (index) }
                p { (visit.say("放假：", "Days off: ")) (days(holidays)) }
                p { (visit.say("调休上班：", "Weekend days worked: ")) @if workdays.is_empty() { "—" } @else { (days(workdays)) } }
            }
        }
    })
}
