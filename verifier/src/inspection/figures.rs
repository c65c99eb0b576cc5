//! The sums of a report as tables: by sector, district and unit, by rule, by month, listings against results.

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::cmp::Reverse;

use serde_json::{Map, Value};

use super::table::{Cell, Column, Row, Spec, Table, named};
use crate::explain::lifecycle as words;
use crate::explain::place::place;
use crate::lifecycle::Law;
use crate::lifecycle::rulebook::Rule;
use crate::lifecycle::summary::{Counts, Group, Listings, Month, MonthFigures, Periods, RuleFigures, Summary};
use crate::lifecycle::verdict::{Outcome, StageStatus, Standing};

macro_rules! spec {
    ($name:ident, $key:literal, $title_zh:literal, $title_en:literal; $($column:literal $zh:literal $en:literal),+ $(,)?) => {
        const $name: Spec =
            Spec { key: $key, zh: $title_zh, en: $title_en, columns: &[$(Column { key: $column, zh: $zh, en: $en }),+] };
    };
}

macro_rules! group {
    ($name:ident, $key:literal, $title_zh:literal, $title_en:literal; $column:literal $zh:literal $en:literal) => {
        spec!($name, $key, $title_zh, $title_en; $column $zh $en, "projects" "项目" "projects", "lots" "标段" "lots", "notices" "公告" "notices",
            "complete" "完整" "complete", "in_progress" "进行中" "in progress", "overdue" "逾期" "overdue", "violated" "违规" "violated",
            "complete_rate" "完整率" "rate complete", "stages_due" "到期环节" "stages due", "on_time" "按时" "on time", "late" "迟公开" "late", "missing" "逾期缺失" "missing",
            "on_time_rate" "按时率" "rate on time", "late_rate" "迟公开率" "rate late", "missing_rate" "逾期率" "rate overdue");
    };
}

group!(SECTORS, "sectors", "按类别", "By sector"; "sector" "类别" "sector");
group!(DISTRICTS, "districts", "按地区", "By district"; "district" "地区" "district");
group!(UNITS, "units", "按责任单位", "By responsible unit"; "unit" "责任单位" "responsible unit");
spec!(RULES, "rules", "按规则", "By rule"; "rule" "规则" "rule", "title" "规则内容" "what it asks", "basis" "依据" "basis", "status" "核对" "status",
    "met" "符合" "met", "violated" "违反" "violated", "overdue" "逾期" "overdue", "pending" "未到期" "pending", "warning" "提示" "warning",
    "borderline" "临界" "borderline", "undetermined" "无法判定" "undetermined", "not_applicable" "不适用" "not applicable",
    "reasons" "原因" "reasons");
spec!(PERIODS, "periods", "法定最短期限", "Periods with a lawful minimum"; "rule" "规则" "rule", "title" "规则内容" "what it asks",
    "measured" "期限数" "periods", "below" "不足" "too short", "exact" "恰好" "exactly so long", "end_on_day_off" "末日非工作日" "last day not a working day",
    "borderline" "临界" "borderline");
spec!(MARGINS, "margins", "期限与法定最短期限之差（日）", "Periods against their lawful minimum, in days"; "rule" "规则" "rule", "title" "规则内容" "what it asks",
    "short_8" "少 8 日以上" "8 or more short", "short_3" "少 3–7 日" "3–7 short", "short_1" "少 1–2 日" "1–2 short", "exact" "恰好" "exactly so long",
    "over_1" "多 1–2 日" "1–2 more", "over_3" "多 3–7 日" "3–7 more", "over_8" "多 8–14 日" "8–14 more", "over_15" "多 15 日以上" "15 or more more");
spec!(COUNTS, "counts", "法定数目", "Numbers with a lawful bound"; "rule" "规则" "rule", "title" "规则内容" "what it asks", "counted" "计数" "counted",
    "below" "过少" "too few", "above" "过多" "too many");
spec!(MONTHS, "months", "按月", "By month"; "month" "月份" "month", "notices" "公告" "notices", "on_time" "按时环节" "stages on time",
    "late" "迟公开环节" "late stages", "missing" "当月到期而缺失的环节" "stages due and missing", "violated" "违反规则" "rules violated");
spec!(LISTINGS, "listings", "公告与结果", "Listings and results"; "sector" "类别" "sector", "listed" "有公告" "listed", "with_result" "有结果" "with result",
    "both" "两者皆有" "both", "without_result" "有公告无结果" "without result", "ended" "已终止" "ended", "without_listing" "有结果无公告" "without listing");

/// Every table of figures.
pub fn tables(summary: &Summary, law: &Law) -> Vec<Table> {
    let sectors =
        summary.sectors.iter().map(|(sector, group)| row(named(sector.code(), sector.zh(), sector.en()), group));
    let districts = summary.districts.iter().map(|(code, group)| {
        let code = code.as_deref();
        row(Cell::Named(code.unwrap_or_default().to_owned(), place(code)), group)
    });
    let months = summary.months.iter().map(|(month, figures)| {
        let name = Cell::Text(month_name(*month));
        [name].into_iter().chain(cells(of_month(figures))).collect()
    });
    vec![
        Table::new(&SECTORS, sectors.collect()),
        Table::new(&DISTRICTS, districts.collect()),
        Table::new(&UNITS, units(summary)),
        Table::new(&RULES, rules(summary, law)),
        Table::new(&PERIODS, periods(summary, law)),
        Table::new(&MARGINS, margins(summary, law)),
        Table::new(&COUNTS, counts(summary, law)),
        Table::new(&MONTHS, months.collect()),
        Table::new(&LISTINGS, listings(summary)),
    ]
}

/// The units with most amiss first.
fn units(summary: &Summary) -> Vec<Row> {
    let mut units: Vec<_> = summary.units.iter().collect();
    let amiss = |group: &Group| group.standing(Standing::Violated) + group.standing(Standing::Overdue);
    units.sort_by_key(|(_, group)| Reverse((amiss(group), group.projects)));
    units.into_iter().map(|(unit, group)| row(Cell::Text(unit.as_ref().to_owned()), group)).collect()
}

fn row(name: Cell, group: &Group) -> Row {
    let standing = |standing| Cell::Number(group.standing(standing));
    let (due, stage) = (group.due_stages(), |status| group.stage(status));
    vec![
        name,
        Cell::Number(group.projects),
        Cell::Number(group.lots),
        Cell::Number(group.notices),
        standing(Standing::Complete),
        standing(Standing::InProgress),
        standing(Standing::Overdue),
        standing(Standing::Violated),
        Cell::Share(group.standing(Standing::Complete), group.projects),
        Cell::Number(due),
        Cell::Number(stage(StageStatus::OnTime)),
        Cell::Number(stage(StageStatus::Late)),
        Cell::Number(stage(StageStatus::Missing)),
        Cell::Share(stage(StageStatus::OnTime), due),
        Cell::Share(stage(StageStatus::Late), due),
        Cell::Share(stage(StageStatus::Missing), due),
    ]
}

/// The totals as members of an object, named like the groups' columns.
pub fn totals(summary: &Summary) -> Map<String, Value> {
    let members = SECTORS.columns.iter().zip(row(Cell::Nothing, &summary.all)).skip(1);
    members.map(|(column, cell)| (column.key.to_owned(), cell.json())).collect()
}

/// `2026-03`.
pub fn month_name((year, month): Month) -> String {
    format!("{year:04}-{month:02}")
}

/// Numbers, each with the column of the table it stands in: the last ones.
fn in_columns<const N: usize>(spec: &'static Spec, numbers: [u64; N]) -> impl Iterator<Item = (&'static str, u64)> {
    let columns = &spec.columns[spec.columns.len() - N..];
    columns.iter().map(|column| column.key).zip(numbers)
}

fn cells(numbers: impl Iterator<Item = (&'static str, u64)>) -> impl Iterator<Item = Cell> {
    numbers.map(|(_, number)| Cell::Number(number))
}

/// The numbers of a rule's periods, by the columns of their table.
pub fn of_periods(periods: &Periods) -> impl Iterator<Item = (&'static str, u64)> + use<> {
    let Periods { measured, below, exact, end_on_day_off, borderline, .. } = *periods;
    in_columns(&PERIODS, [measured, below, exact, end_on_day_off, borderline])
}

/// The margins of a rule's periods, likewise.
pub fn of_margins(periods: &Periods) -> impl Iterator<Item = (&'static str, u64)> + use<> {
    in_columns(&MARGINS, periods.margins)
}

/// The numbers of what a rule counts, likewise.
pub fn of_counts(counts: &Counts) -> impl Iterator<Item = (&'static str, u64)> + use<> {
    in_columns(&COUNTS, [counts.counted, counts.below, counts.above])
}

/// The numbers of a month, likewise.
pub fn of_month(month: &MonthFigures) -> impl Iterator<Item = (&'static str, u64)> + use<> {
    in_columns(&MONTHS, [month.notices, month.on_time, month.late, month.missing, month.violated])
}

/// The numbers of listings and results, likewise.
pub fn of_listings(listings: &Listings) -> impl Iterator<Item = (&'static str, u64)> + use<> {
    let Listings { listed, with_result, both, without_result, ended, without_listing } = *listings;
    in_columns(&LISTINGS, [listed, with_result, both, without_result, ended, without_listing])
}

/// The rules of every rulebook that counts, each once, as the newest says it.
fn known_rules(law: &Law) -> Vec<&Rule> {
    let mut rules: Vec<&Rule> = Vec::new();
    for rule in law.rulebooks().flat_map(|rulebook| &rulebook.rules) {
        match rules.iter_mut().find(|known| known.id == rule.id) {
            Some(known) => *known = rule,
            None => rules.push(rule),
        }
    }
    rules
}

fn rules(summary: &Summary, law: &Law) -> Vec<Row> {
    let rows = known_rules(law).into_iter().map(|rule| {
        let figures = summary.rules.get(&rule.id).cloned().unwrap_or_default();
        let outcome = |outcome| Cell::Number(figures.outcome(outcome));
        let borderline = figures.reasons.get("borderline").copied().unwrap_or_default();
        let reasons = figures.reasons.iter();
        let status: Vec<&str> = rule.branches.iter().map(|branch| branch.status.code()).collect();
        vec![
            Cell::Text(rule.id.clone()),
            Cell::Words(rule.title.clone()),
            Cell::Words(words::basis(&rule.basis)),
            Cell::Text(status.first().copied().unwrap_or_default().to_owned()),
            outcome(Outcome::Met),
            outcome(Outcome::Violated),
            outcome(Outcome::Overdue),
            outcome(Outcome::Pending),
            outcome(Outcome::Warning),
            Cell::Number(borderline),
            outcome(Outcome::Undetermined),
            outcome(Outcome::NotApplicable),
            Cell::Counts(reasons.map(|(code, count)| (code.clone(), words::reason_name(code), *count)).collect()),
        ]
    });
    rows.collect()
}

fn periods(summary: &Summary, law: &Law) -> Vec<Row> {
    by_rule(summary, law, |figures| {
        (figures.periods.measured > 0).then(|| cells(of_periods(&figures.periods)).collect())
    })
}

fn margins(summary: &Summary, law: &Law) -> Vec<Row> {
    by_rule(summary, law, |figures| {
        (figures.periods.measured > 0).then(|| cells(of_margins(&figures.periods)).collect())
    })
}

fn counts(summary: &Summary, law: &Law) -> Vec<Row> {
    by_rule(summary, law, |figures| (figures.counts.counted > 0).then(|| cells(of_counts(&figures.counts)).collect()))
}

/// A row for each rule of which something was measured: its name, and what that is.
fn by_rule(summary: &Summary, law: &Law, measured: impl Fn(&RuleFigures) -> Option<Row>) -> Vec<Row> {
    let rows = known_rules(law).into_iter().filter_map(|rule| {
        let name = vec![Cell::Text(rule.id.clone()), Cell::Words(rule.title.clone())];
        Some([name, measured(summary.rules.get(&rule.id)?)?].concat())
    });
    rows.collect()
}

fn listings(summary: &Summary) -> Vec<Row> {
    let rows = summary.listings.iter().map(|(sector, listings)| {
        let name = named(sector.code(), sector.zh(), sector.en());
        [name].into_iter().chain(cells(of_listings(listings))).collect()
    });
    rows.collect()
}
