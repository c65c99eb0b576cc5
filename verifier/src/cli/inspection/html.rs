//! `report.html`: one file that asks for nothing else, for the screen and for A4, in Chinese and English with a switch that is
//! two radio buttons and a style sheet.

use std::fmt::Write as _;

use verifier::explain::lifecycle::moment;
use verifier::explain::visible::visible;
use verifier::inspection::charts::{self, Bar, NOTICES, OUTCOMES, Part, STAGES, STANDINGS};
use verifier::inspection::table::percent;
use verifier::inspection::{Cell, NOTES, Row, Table};
use verifier::lifecycle::shipped::is_shipped;
use verifier::lifecycle::summary::Summary;
use verifier::lifecycle::verdict::{Outcome, StageStatus, Standing};

use super::super::lang::Lang;
use super::plot;
use super::{Findings, Inspection, file_name};

/// Rows of a table that are printed; the CSV has all.
const MOST_ROWS: usize = 200;
/// Bars of a plot, and months.
const MOST_BARS: usize = 14;
const MOST_MONTHS: i32 = 36;
const STYLE: &str = include_str!("style.css");

/// Both texts; the style sheet shows one.
pub(super) fn both(zh: &str, en: &str) -> String {
    let (zh, en) = (escaped(zh), escaped(en));
    if zh == en { zh } else { format!("<span class=\"zh\">{zh}</span><span class=\"en\" lang=\"en\">{en}</span>") }
}

/// A text of which nothing is markup and nothing is unseen.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in visible(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// The file.
pub(super) fn report(inspection: &Inspection<'_>, findings: &Findings) -> String {
    let mut page = String::new();
    let checked = |lang| if inspection.lang == lang { " checked" } else { "" };
    let _ = write!(
        page,
        "<!doctype html>\n<html lang=\"zh-CN\"><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
         <meta name=\"viewport\" content=\"width=device-width\"><meta name=\"referrer\" content=\"no-referrer\">\
         <title>全流程公开督查报告 · {0} · Report on disclosure</title><style>{STYLE}</style></head><body>\n\
         <input type=\"radio\" name=\"lang\" id=\"zh\"{1}><input type=\"radio\" name=\"lang\" id=\"en\"{2}>\
         <nav><label for=\"zh\">中文</label><label for=\"en\">English</label></nav><main>\n",
        escaped(&inspection.head.checkpoint.origin),
        checked(Lang::Zh),
        checked(Lang::En),
    );
    head(&mut page, inspection);
    tiles(&mut page, inspection, &findings.summary);
    plots(&mut page, findings);
    for table in findings.figures.iter().chain(findings.lists.iter().filter(|table| table.spec.key != "projects")) {
        section(&mut page, table);
    }
    notes(&mut page);
    page.push_str("</main></body></html>\n");
    page
}

fn head(page: &mut String, inspection: &Inspection<'_>) {
    let checkpoint = &inspection.head.checkpoint;
    let law = inspection.chronicle.law();
    let versions: Vec<(String, String)> = law
        .versions()
        .map(|(_, _, rulebook)| {
            let (zh, en) = if is_shipped(rulebook) {
                ("（与核验程序所附相同）", " (as shipped with the verifier)")
            } else {
                ("（非核验程序所附）", " (not those shipped with the verifier)")
            };
            (format!("{}{zh}", rulebook.version), format!("{}{en}", rulebook.version))
        })
        .collect();
    let zh: Vec<&str> = versions.iter().map(|(zh, _)| zh.as_str()).collect();
    let en: Vec<&str> = versions.iter().map(|(_, en)| en.as_str()).collect();
    let rules = if versions.is_empty() {
        both("账本没有记录规则，因此不作裁决", "the ledger records no rulebook, so nothing is judged")
    } else {
        both(&zh.join("；"), &en.join("; "))
    };
    let clock = if inspection.witnessed {
        both("以见证人的时钟为准", "by the witnesses' clocks")
    } else {
        both("以账本自己的时钟为准", "by the ledger's own clock")
    };
    let cosigners = if inspection.cosigners.is_empty() {
        both("没有策略所列的见证人共签", "no witness of the policy cosigned")
    } else {
        escaped(&inspection.cosigners.join("、"))
    };
    let years: Vec<String> = law.calendar().years().map(|year| year.to_string()).collect();
    let _ = write!(
        page,
        "<h1>{}</h1><table class=\"facts\">",
        both("公共资源交易全流程公开督查报告", "Report on the disclosure of public-resource transactions")
    );
    for (zh, en, value) in [
        ("账本", "Ledger", escaped(&checkpoint.origin)),
        ("截至", "As of", format!("{} {clock}", moment(inspection.as_of.at))),
        (
            "账本头",
            "Head",
            format!(
                "{} · <code>{}</code>",
                both(&format!("{} 条", checkpoint.size), &format!("{} entries", checkpoint.size)),
                checkpoint.root
            ),
        ),
        ("共签", "Cosigned by", cosigners),
        ("规则", "Rulebook", rules),
        ("日历", "Calendars", escaped(&span(&years))),
    ] {
        let _ = write!(page, "<tr><th>{}</th><td>{value}</td></tr>", both(zh, en));
    }
    page.push_str("</table>");
    let _ = write!(
        page,
        "<p>{}</p>",
        both(
            "账本的每个条目、签名与主体映射根均已重算，与账本所言一致；以下结论由核验程序按所记录的规则逐项目算出，不采信账本的任何评价。",
            "Every entry, signature and map root of the ledger was replayed and is as the ledger says; what follows was computed \
             from it project by project under the recorded rules, and rests on no opinion of the ledger."
        )
    );
}

/// `2007–2026`, or what there is.
fn span(years: &[String]) -> String {
    match (years.first(), years.last()) {
        (Some(first), Some(last)) if first != last => format!("{first}–{last}（{}）", years.len()),
        (Some(only), _) => only.clone(),
        _ => "—".to_owned(),
    }
}

fn tiles(page: &mut String, inspection: &Inspection<'_>, summary: &Summary) {
    let all = &summary.all;
    let share = |part, of| if of == 0 { "—".to_owned() } else { percent(part, of) };
    let due = all.due_stages();
    page.push_str("<div class=\"tiles\">");
    let mut tile = |class: &str, zh: &str, en: &str, value: String, below: String| {
        let _ = write!(
            page,
            "<div class=\"{class}\"><b>{value}</b><span>{}</span><small>{below}</small></div>",
            both(zh, en)
        );
    };
    let lots = both(&format!("{} 个标段", all.lots), &format!("{} lots", all.lots));
    tile("", "项目", "projects", all.projects.to_string(), lots);
    let entries = inspection.head.checkpoint.size;
    let entries = both(&format!("账本共 {entries} 条"), &format!("{entries} entries in the ledger"));
    tile("", "公告", "notices", all.notices.to_string(), entries);
    let complete = all.standing(Standing::Complete);
    tile("ok", "完整公开的项目", "projects complete", complete.to_string(), share(complete, all.projects));
    let on_time = all.stage(StageStatus::OnTime);
    let of = |n: u64| both(&format!("{n} / {due} 个到期环节"), &format!("{n} of {due} stages due"));
    tile("ok", "按时公开率", "disclosed on time", share(on_time, due), of(on_time));
    let late = all.stage(StageStatus::Late);
    tile("due", "迟公开率", "disclosed late", share(late, due), of(late));
    let missing = all.stage(StageStatus::Missing);
    tile("bad", "逾期未公开率", "overdue", share(missing, due), of(missing));
    let violated = all.standing(Standing::Violated);
    let rules = all.outcome(Outcome::Violated);
    tile(
        "bad",
        "违反规则的项目",
        "projects in violation",
        violated.to_string(),
        both(&format!("{rules} 项规则"), &format!("{rules} rules")),
    );
    let open = all.outcome(Outcome::Undetermined);
    let warnings = all.outcome(Outcome::Warning);
    tile(
        "open",
        "无法判定",
        "undetermined",
        open.to_string(),
        both(&format!("另有提示 {warnings} 项"), &format!("and {warnings} warnings")),
    );
    page.push_str("</div>");
}

fn plots(page: &mut String, findings: &Findings) {
    let summary = &findings.summary;
    let mut bars = |title, parts: &[Part], bars: &[Bar]| {
        if !bars.is_empty() {
            page.push_str(&plot::bars(title, parts, bars));
        }
    };
    bars(("各类别项目的结论", "Projects by sector and verdict"), &STANDINGS, &charts::sectors(summary));
    bars(("各地区到期环节的公开情况", "Stages due, by district"), &STAGES, &charts::districts(summary, MOST_BARS));
    bars(("各规则的裁决", "What became of the rules"), &OUTCOMES, &charts::rules(summary, MOST_BARS));
    let months = charts::months(summary, MOST_MONTHS);
    let notices: Vec<_> = months.iter().map(|(name, month)| (name.clone(), vec![month.notices])).collect();
    page.push_str(&plot::columns(("每月公告数", "Notices by month"), &NOTICES, &notices));
    let due: Vec<_> =
        months.iter().map(|(name, one)| (name.clone(), vec![one.on_time, one.late, one.missing])).collect();
    if due.iter().any(|(_, numbers)| numbers.iter().any(|number| *number > 0)) {
        page.push_str(&plot::columns(("每月到期环节的公开情况", "Stages due, by month"), &STAGES, &due));
    }
}

fn section(page: &mut String, table: &Table) {
    let count = both(&format!("{} 项", table.total), &format!("{} rows", table.total));
    // Cases and rules have long texts.
    let wide = table
        .spec
        .columns
        .first()
        .is_some_and(|column| matches!(column.key, "project" | "rule") && table.spec.columns.len() > 7);
    let wide = if wide { " class=\"broad\"" } else { "" };
    let _ = write!(page, "<section{wide}><h2>{} <small>{count}</small></h2>", both(table.spec.zh, table.spec.en));
    if table.rows.is_empty() {
        let _ = write!(page, "<p class=\"none\">{}</p></section>", both("无", "none"));
        return;
    }
    let _ = write!(page, "<div class=\"wide\"><table class=\"{}\"><thead><tr>", table.spec.key);
    for (at, column) in table.spec.columns.iter().enumerate() {
        let class = if table.rows.iter().any(|row| row[at].is_number()) { " r" } else { "" };
        let _ = write!(page, "<th class=\"c-{}{class}\">{}</th>", column.key, both(column.zh, column.en));
    }
    page.push_str("</tr></thead><tbody>");
    // A rule that asked nothing of anybody is in the CSV alone.
    let asked = |row: &&Row| table.spec.key != "rules" || row[4..row.len() - 1].iter().any(|cell| !cell.is_nought());
    let (rows, asked_of): (Vec<&Row>, usize) = (table.rows.iter().filter(asked).collect(), table.rows.len());
    rows.iter().take(MOST_ROWS).for_each(|row| push_row(page, table, row));
    page.push_str("</tbody></table></div>");
    let silent = asked_of - rows.len();
    if silent > 0 {
        let (zh, en) = (
            format!("未涉及的规则 {silent} 条从略。"),
            format!("{silent} rules that asked nothing here are left out."),
        );
        let _ = write!(page, "<p class=\"more\">{}</p>", both(&zh, &en));
    }
    if table.total > MOST_ROWS as u64 {
        let file = file_name(table.spec.key).display().to_string();
        let _ = write!(
            page,
            "<p class=\"more\">{}</p>",
            both(
                &format!("此处列出前 {MOST_ROWS} 项，全部 {} 项见 {file}。", table.total),
                &format!("The first {MOST_ROWS} are shown; all {} are in {file}.", table.total)
            )
        );
    }
    page.push_str("</section>");
}

fn push_row(page: &mut String, table: &Table, row: &Row) {
    page.push_str("<tr>");
    for (column, cell) in table.spec.columns.iter().zip(row) {
        let class = if cell.is_number() { " r" } else { "" };
        let text = match cell {
            Cell::Named(_, text) | Cell::Words(text) => both(&text.zh, &text.en),
            Cell::Counts(_) => both(&cell.said(|text| &text.zh), &cell.said(|text| &text.en)),
            Cell::Share(_, 0) => "—".to_owned(),
            cell => escaped(&cell.said(|text| &text.zh)),
        };
        let _ = write!(page, "<td class=\"c-{}{class}\">{text}</td>", column.key);
    }
    page.push_str("</tr>");
}

fn notes(page: &mut String) {
    let _ = write!(page, "<h2>{}</h2><ul>", both("说明", "How to read this"));
    let cannot = (
        "本报告说不了的：从未提交的公告；同一项目用了两个不同编号；发布主体所述的时间是否属实；附件内容。",
        "What this report cannot tell: what was never submitted; one project under two different ids; whether instants said by publishers are true; what attachments hold.",
    );
    for (zh, en) in NOTES.into_iter().chain([cannot]) {
        let _ = write!(page, "<li>{}</li>", both(zh, en));
    }
    page.push_str("</ul>");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_notice_is_markup() {
        assert_eq!(escaped("<script>&\"'"), "&lt;script&gt;&amp;&quot;&#39;");
        assert_eq!(escaped("a\u{202E}b"), "a⟨U+202E⟩b");
        assert_eq!(
            both("一", "<one>"),
            "<span class=\"zh\">一</span><span class=\"en\" lang=\"en\">&lt;one&gt;</span>"
        );
    }
}
