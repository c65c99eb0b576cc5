//! The statistics: the figures of an inspector's report, drawn and as tables of which every number leads to its list.

use std::sync::Arc;

use ledger::index::{Figures, Part as Wanted};
use maud::{Markup, html};
use verifier::explain::place::place;
use verifier::inspection::charts::{self, LISTINGS, NOTICES, OUTCOMES, PERIODS, STAGES, STANDINGS};
use verifier::inspection::table::percent;
use verifier::inspection::{Cell, NOTES, Row, Table, tables};
use verifier::lifecycle::Law;
use verifier::lifecycle::summary::{Group, Summary};
use verifier::lifecycle::verdict::{StageStatus, Standing};
use verifier::record::code::Sector;

use super::Visit;
use super::chart;
use super::page::{Page, Place};
use super::text::{number, pick, said, time};
use crate::http::answer::Answer;
use crate::http::problem::Problem;
use crate::http::statistics::WantedFigures;

/// Rows of a table that are shown; the CSV has all.
const MOST_ROWS: usize = 60;
/// Bars of a chart, and months.
const MOST_BARS: usize = 14;
const MOST_MONTHS: i32 = 36;

/// The statistics
#[utoipa::path(get, path = "/statistics", operation_id = "statistics_page", tag = "portal",
    params(("sector" = Option<crate::http::parameters::SectorCode>, Query, description = "Of projects of this sector alone"),
        ("district" = Option<String>, Query, description = "Of projects of this district alone: six digits of GB/T 2260, or `none`", pattern = "^([0-9]{6}|none)?$")),
    responses((status = 200, description = "What was disclosed, when and by whom, as charts and tables", body = String, content_type = "text/html; charset=utf-8")))]
pub(super) async fn statistics(visit: Arc<Visit>) -> Result<Answer, Problem> {
    let part = visit.parameters::<WantedFigures>()?.part()?;
    let figures = visit.site.figures(&part).await?;
    let whole =
        if part == Wanted::default() { figures.clone() } else { visit.site.figures(&Wanted::default()).await? };
    let shown = Shown { visit: &visit, part: &part, figures: &figures };
    let body = shown.body(&whole);
    Ok(Page::new(visit.say("统计", "Statistics"), Place::Statistics, body).answer(&visit))
}

/// What is shown to whom.
struct Shown<'a> {
    visit: &'a Visit,
    part: &'a Wanted,
    figures: &'a Figures,
}

impl Shown<'_> {
    fn body(&self, whole: &Figures) -> Markup {
        let Self { visit, figures, .. } = self;
        let summary = &figures.summary;
        let tables = &figures.tables;
        let table = |key: &str| tables.iter().find(|table| table.spec.key == key).map(|table| self.table(table));
        let months = charts::months(summary, MOST_MONTHS);
        let of_months =
            |numbers: fn(&verifier::lifecycle::summary::MonthFigures) -> Vec<u64>| -> Vec<(String, Vec<u64>)> {
                months.iter().map(|(name, month)| (name.clone(), numbers(month))).collect()
            };
        let margins: Vec<(String, Vec<u64>)> =
            self.margin_names(tables).into_iter().zip(charts::margins(summary)).collect();
        let bars = |zh, en, parts: &[charts::Part], bars: &[charts::Bar]| {
            if bars.is_empty() {
                html! {}
            } else {
                chart::bars(visit, visit.say(zh, en), parts, bars)
            }
        };
        html! {
            h1 { (visit.say("统计", "Statistics")) }
            (self.head())
            (self.filter(whole))
            (self.tiles())
            (self.section("sectors", html! {
                (bars("各类别项目的结论", "Projects by sector and verdict", &STANDINGS, &charts::sectors(summary)))
                (table("sectors").unwrap_or_default())
            }))
            (self.section("districts", html! {
                (bars("各地区到期环节的公开情况", "Stages due, by district", &STAGES, &charts::districts(summary, MOST_BARS)))
                (table("districts").unwrap_or_default())
            }))
            (self.section("units", table("units").unwrap_or_default()))
            (self.section("months", html! {
                (chart::columns(visit, "notices", visit.say("每月公告数", "Notices by month"), &NOTICES, &of_months(|month| vec![month.notices])))
                (chart::columns(visit, "due", visit.say("每月到期环节的公开情况", "Stages due, by month"), &STAGES, &of_months(|month| vec![month.on_time, month.late, month.missing])))
                (table("months").unwrap_or_default())
            }))
            (self.section("margins", html! {
                (chart::columns(visit, "margins", visit.say("各期限与法定最短期限之差（日）", "Periods by their margin over the lawful minimum, in days"), &PERIODS, &margins))
                (table("margins").unwrap_or_default())
                (table("periods").unwrap_or_default())
            }))
            (self.section("listings", html! {
                (bars("公告与结果", "Listings and results", &LISTINGS, &charts::listings(summary)))
                (table("listings").unwrap_or_default())
            }))
            (self.section("rules", html! {
                (bars("各规则的裁决", "What became of the rules", &OUTCOMES, &charts::rules(summary, MOST_BARS)))
                (table("rules").unwrap_or_default())
                (table("counts").unwrap_or_default())
            }))
            section aria-labelledby="notes" {
                h2 #notes { (visit.say("说明", "How to read this")) }
                ul { @for (zh, en) in NOTES { li { (visit.say(zh, en)) } } }
            }
        }
    }

    /// As of when, by whose clock, and how to compute it oneself.
    fn head(&self) -> Markup {
        let Self { visit, figures, .. } = self;
        html! {
            p {
                (visit.say("截至 ", "As of ")) (time(figures.as_of))
                (visit.say("（账本的时钟），共 ", " by the ledger's clock, ")) (number(figures.size)) (visit.say(" 条。", " entries. "))
                (visit.say("数字由账本逐项目按所记录的规则算出，与下列命令所得逐格相同：", "Computed project by project under the recorded rules; cell by cell what this command gives you:"))
            }
            pre tabindex="0" { code { "mingzhang-verify audit " (visit.origin()) " --policy policy.txt --report report" } }
            @if figures.pending > 0 {
                p role="status" { (number(figures.pending)) (visit.say(" 个项目正在重新评判，其数字暂为此前的。", " projects are being judged again; their figures are still those of before.")) }
            }
            @if figures.law.is_empty() {
                p { (visit.say("账本没有记录规则，因此不作裁决。", "The ledger records no rulebook, so nothing is judged.")) }
            }
            p {
                a href=(self.api("")) { "JSON" }
                @for (key, zh, en) in SECTIONS { " · " a href=(format!("#{key}")) { (visit.say(zh, en)) } }
            }
        }
    }

    fn filter(&self, whole: &Figures) -> Markup {
        let visit = self.visit;
        let district = self.part.district.as_deref();
        html! {
            form.filter method="get" action=(visit.plain_link("/statistics")) {
                @if let Some(language) = visit.chosen() { input type="hidden" name="lang" value=(language); }
                div.field {
                    label for="sector" { (visit.say("类别", "Sector")) }
                    select #sector name="sector" {
                        option value="" { (visit.say("全部", "All")) }
                        @for sector in whole.summary.sectors.keys() {
                            option value=(sector.code()) selected[self.part.sector == Some(*sector)] { (visit.say(sector.zh(), sector.en())) }
                        }
                    }
                }
                div.field {
                    label for="district" { (visit.say("地区", "District")) }
                    select #district name="district" {
                        option value="" { (visit.say("全部", "All")) }
                        @for code in whole.summary.districts.keys() {
                            option value=(code.as_deref().unwrap_or("none")) selected[district == Some(code.as_deref().unwrap_or_default())] { (pick(visit, &place(code.as_deref()))) }
                        }
                    }
                }
                button type="submit" { (visit.say("查看", "Show")) }
            }
        }
    }

    fn tiles(&self) -> Markup {
        let list = |figure: &str| self.list(vec![("figure", figure.to_owned())]);
        tiles(self.visit, &self.figures.summary.all, &list)
    }

    fn section(&self, key: &str, content: Markup) -> Markup {
        let title = SECTIONS.iter().find(|(known, ..)| *known == key);
        html! {
            section aria-labelledby=(key) {
                h2 id=(key) { @if let Some((_, zh, en)) = title { (self.visit.say(zh, en)) } }
                (content)
            }
        }
    }

    fn margin_names(&self, tables: &[Table]) -> Vec<String> {
        let columns =
            tables.iter().find(|table| table.spec.key == "margins").map_or(&[][..], |table| table.spec.columns);
        // The first two name the rule.
        columns.iter().skip(2).map(|column| self.visit.say(column.zh, column.en).to_owned()).collect()
    }

    fn table(&self, table: &Table) -> Markup {
        let visit = self.visit;
        let title = visit.say(table.spec.zh, table.spec.en);
        let asked = |row: &&Row| {
            table.spec.key != "rules" || row.iter().skip(4).any(|cell| matches!(cell, Cell::Number(n) if *n > 0))
        };
        let newest_first = table.spec.key == "months";
        let mut rows: Vec<&Row> = table.rows.iter().filter(asked).collect();
        if newest_first {
            rows.reverse();
        }
        let left_out = table.rows.len() - rows.len().min(MOST_ROWS);
        rows.truncate(MOST_ROWS);
        if rows.is_empty() {
            return html! { p.muted { (title) (visit.say("：无", ": none")) } };
        }
        let is_number = |at: usize| rows.iter().any(|row| row[at].is_number());
        html! {
            div.scroll tabindex="0" role="group" aria-label=(title) {
                table.figures.(table.spec.key) {
                    caption { (title) }
                    thead { tr { @for (at, column) in table.spec.columns.iter().enumerate() { th.number[is_number(at)] scope="col" { (visit.say(column.zh, column.en)) } } } }
                    tbody {
                        @for row in rows {
                            tr {
                                @for (at, cell) in row.iter().enumerate() {
                                    @if at == 0 { th scope="row" { (self.cell(table, row, at, cell)) } }
                                    @else { td.number[cell.is_number()] { (self.cell(table, row, at, cell)) } }
                                }
                            }
                        }
                    }
                }
            }
            p.small {
                a href=(self.api(&format!("/{}.csv", table.spec.key))) { (title) " CSV" } " · "
                a href=(self.api(&format!("/{}.json", table.spec.key))) { "JSON" }
                @if left_out > 0 { " · " (visit.say("另有 ", "")) (number(left_out as u64)) (visit.say(" 行，见 CSV", " more rows are in the CSV")) }
            }
        }
    }

    fn cell(&self, table: &Table, row: &Row, at: usize, cell: &Cell) -> Markup {
        let visit = self.visit;
        match cell {
            Cell::Number(0) => html! { span.muted { "0" } },
            Cell::Number(n) => {
                let figure = list_of(table.spec.key, &row[0], table.spec.columns[at].key);
                match figure {
                    Some(figure) => html! { a href=(self.list(figure)) { (number(*n)) } },
                    None => html! { (number(*n)) },
                }
            }
            Cell::Share(_, 0) => html! { span.muted { "—" } },
            Cell::Share(part, of) => html! { (percent(*part, *of)) },
            Cell::Named(_, text) | Cell::Words(text) => html! { (pick(visit, text)) },
            cell => said(&cell.said(|text| pick(visit, text))),
        }
    }

    /// The address of the list that a figure counts, within the part shown.
    fn list(&self, mut query: Vec<(&'static str, String)>) -> String {
        let has = |query: &[(&str, String)], name: &str| query.iter().any(|(known, _)| *known == name);
        if let Some(sector) = self.part.sector.filter(|_| !has(&query, "sector")) {
            query.push(("sector", sector.code().to_owned()));
        }
        if let Some(district) = self.part.district.as_deref().filter(|_| !has(&query, "region")) {
            query.push(("region", or_none(district)));
        }
        let query = serde_urlencoded::to_string(query).unwrap_or_default();
        self.visit.link(&format!("/search?of=projects&{query}"))
    }

    /// An address of the same figures for programs.
    fn api(&self, rest: &str) -> String {
        let sector = self.part.sector.map(Sector::code).map(|code| ("sector", code.to_owned()));
        let district = self.part.district.as_deref().map(|code| ("district", or_none(code)));
        let language = rest.contains(".csv").then(|| ("lang", self.visit.say("zh", "en").to_owned()));
        let query: Vec<_> = [sector, district, language].into_iter().flatten().collect();
        let query = serde_urlencoded::to_string(query).unwrap_or_default();
        let mark = if query.is_empty() { "" } else { "?" };
        self.visit.plain_link(&format!("/api/v1/statistics{rest}{mark}{query}"))
    }
}

/// The sections, in their order.
const SECTIONS: [(&str, &str, &str); 7] = [
    ("sectors", "按类别", "By sector"),
    ("districts", "按地区", "By district"),
    ("units", "按责任单位", "By responsible unit"),
    ("months", "按月", "By month"),
    ("margins", "期限与法定最短期限", "Periods against their lawful minimum"),
    ("listings", "公告与结果", "Listings and results"),
    ("rules", "按规则", "By rule"),
];

fn or_none(district: &str) -> String {
    if district.is_empty() { "none".to_owned() } else { district.to_owned() }
}

/// The list that a cell counts: what `/search` must be asked for.
fn list_of(table: &str, first: &Cell, column: &str) -> Option<Vec<(&'static str, String)>> {
    let (Cell::Named(row, _) | Cell::Text(row)) = first else { return None };
    let group = || match column {
        "projects" | "lots" | "notices" => "projects".to_owned(),
        column => column.to_owned(),
    };
    Some(match table {
        "sectors" => vec![("figure", group()), ("sector", row.clone())],
        "districts" => vec![("figure", group()), ("region", or_none(row))],
        "units" => vec![("figure", group()), ("unit", row.clone())],
        "listings" => vec![("figure", format!("listings:{column}")), ("sector", row.clone())],
        _ if column == "not_applicable" => return None,
        _ => vec![("figure", format!("{table}:{row}:{column}"))],
    })
}

/// What a figure is called: `rules:con.candidates.count:violated` is the column of that row.
pub(super) fn figure_name(visit: &Visit, figure: &str) -> Markup {
    let tables = tables(&Summary::default(), &Law::default());
    let parts: Vec<&str> = figure.split(':').collect();
    let (table, row, column) = match parts.as_slice() {
        [table, row, column] => (*table, Some(*row), *column),
        [table, column] => (*table, None, *column),
        _ => ("sectors", None, figure),
    };
    let spec = tables.iter().map(|table| table.spec).find(|spec| spec.key == table);
    let column = spec.and_then(|spec| spec.columns.iter().find(|known| known.key == column));
    let (Some(spec), Some(column)) = (spec, column) else { return said(figure) };
    html! {
        @if table != "sectors" { (visit.say(spec.zh, spec.en)) " · " }
        @if let Some(row) = row { (said(row)) " · " }
        (visit.say(column.zh, column.en))
    }
}

/// The figures of a responsible unit, as a sentence with links.
pub(super) fn of_unit(visit: &Visit, unit: &str, group: &Group) -> Markup {
    let link = |figure: &str| {
        let query = serde_urlencoded::to_string([("figure", figure), ("unit", unit)]).unwrap_or_default();
        visit.link(&format!("/search?of=projects&{query}"))
    };
    tiles(visit, group, &link)
}

/// The figures of a group of projects, each with the address of its list.
fn tiles(visit: &Visit, group: &Group, link: &dyn Fn(&str) -> String) -> Markup {
    let due = group.due_stages();
    html! {
        ul.grid.plain {
            @for (figure, zh, en, n, of) in [
                ("projects", "项目", "projects", group.projects, 0),
                ("complete", "完整公开的项目", "projects complete", group.standing(Standing::Complete), group.projects),
                ("on_time", "按时公开的环节", "stages on time", group.stage(StageStatus::OnTime), due),
                ("late", "迟公开的环节", "stages late", group.stage(StageStatus::Late), due),
                ("missing", "逾期未公开的环节", "stages missing", group.stage(StageStatus::Missing), due),
                ("violated", "违反规则的项目", "projects in violation", group.standing(Standing::Violated), group.projects),
            ] {
                li.tile {
                    span.big { @if n > 0 { a href=(link(figure)) { (number(n)) } } @else { "0" } }
                    (visit.say(zh, en))
                    @if of > 0 { " " span.muted { (percent(n, of)) } }
                }
            }
        }
    }
}
