//! Certificates: notices and projects for A4, with a QR code that carries the receipt's address and the leaf hash, so that what
//! hangs on a board can be checked with a phone.

use maud::{Markup, html};
use qrcodegen::{QrCode, QrCodeEcc};
use verifier::explain::lifecycle as words;
use verifier::lifecycle::verdict::{Lifecycle, LotVerdict, Outcome};
use verifier::log::hash::hex;

use super::Visit;
use super::page::{Page, Place};
use super::project::View;
use super::text::{badge, bounded, code, columns, deadline, named, outcome_class, pick, said, stage_class, time_ms};
use crate::http::answer::Answer;

/// Light modules around a code (ISO/IEC 18004).
const QUIET: i32 = 4;

/// Where the receipt of an entry is, with the entry's leaf hash behind it.
pub(super) fn receipt_address(visit: &Visit, index: u64, leaf: &[u8]) -> String {
    format!("{}/api/v1/notices/{index}/receipt#leaf={}", visit.origin(), hex(leaf))
}

/// A text as a QR code, drawn as one path; nothing if it is too long for one.
pub(super) fn qr(text: &str, label: &str) -> Markup {
    let Ok(code) = QrCode::encode_text(text, QrCodeEcc::Medium) else { return html! {} };
    let size = code.size();
    let mut path = String::new();
    for y in 0..size {
        for x in (0..size).filter(|x| code.get_module(*x, y)) {
            path += &format!("M{} {}h1v1h-1z", x + QUIET, y + QUIET);
        }
    }
    let side = size + 2 * QUIET;
    html! {
        svg.qr viewBox=(format!("0 0 {side} {side}")) role="img" aria-label=(label) shape-rendering="crispEdges" {
            rect width=(side) height=(side) fill="#fff" {}
            path d=(path) fill="#000" {}
        }
    }
}

/// The code, what it carries in letters, and how it is checked.
pub(super) fn proof(visit: &Visit, index: u64, leaf: &[u8]) -> Markup {
    let address = receipt_address(visit, index, leaf);
    html! {
        section.proof aria-label=(visit.say("核验", "Verification")) {
            (qr(&address, visit.say("二维码：回执的地址和叶哈希", "QR code: the receipt's address and the leaf hash")))
            div {
                p { strong { (visit.say("扫码取回执，与下列叶哈希核对", "Scan for the receipt; its leaf hash is")) } }
                p { (code(&hex(leaf))) }
                p.small { (visit.say("核验：", "Verify: ")) code { "mingzhang-verify receipt " (index) ".tlog-proof --policy policy.txt" } }
                p.small { (code(&address)) }
            }
        }
    }
}

/// A project for paper.
pub(super) fn project(visit: &Visit, view: &View) -> Answer {
    let verdict = view.verdict();
    let name = view.name().unwrap_or(view.id.as_str());
    let newest = view.newest().and_then(|notice| Some((notice.index, view.dossier.entries.get(&notice.index)?.leaf)));
    let body = html! {
        p.crumbs { a href=(visit.project(view.id.as_str())) { (visit.say("返回项目", "Back to the project")) } }
        h1 { (said(name)) }
        dl.facts {
            dt { (visit.say("项目编号", "Project id")) } dd { (said(view.id.as_str())) }
            dt { (visit.say("账本", "Ledger")) } dd { code { (view.dossier.head.checkpoint.origin) } }
            dt { (visit.say("截至", "As of")) } dd { (time_ms(view.dossier.sealed_at.0)) " · " (view.dossier.head.checkpoint.size) " " (visit.say("条目", "entries")) }
            dt { (visit.say("依据", "By")) } dd { (view.rulebooks(visit)) }
            dt { (visit.say("全流程", "Lifecycle")) } dd { (view.standing(visit, &verdict)) }
        }
        @if !view.law.is_empty() { (lots(visit, view, &verdict)) }
        @if let Some((index, leaf)) = newest {
            h2 { (visit.say("最新公告", "Newest notice")) }
            p { (said(view.title_of(index))) " #" (index) }
            (proof(visit, index, &leaf.0.0))
        }
    };
    Page::new(name, Place::Elsewhere, body).for_paper(visit)
}

fn lots(visit: &Visit, view: &View, verdict: &Lifecycle<'_>) -> Markup {
    html! {
        @for lot in &verdict.lots {
            h2 { @match &lot.id { Some(id) => { (visit.say("标段", "Lot")) " " (said(id)) } None => (visit.say("各环节", "Stages")) } " " (badge("open", &named(visit, &lot.state))) }
            div.scroll tabindex="0" role="group" aria-label=(visit.say("各环节", "Stages")) {
                table {
                    (columns(visit, &[("环节", "Stage"), ("公开情况", "Disclosure"), ("公开时间", "Public since"), ("期限", "Deadline")]))
                    tbody { @for row in &lot.stages { tr {
                        th scope="row" { (visit.say(row.stage.zh(), row.stage.en())) }
                        td { (badge(stage_class(row.status), &named(visit, &row.status))) }
                        td { @if let Some(public) = row.public { (bounded(visit, public)) } }
                        td { @if let Some(due) = row.due { (deadline(due)) } }
                    } } }
                }
            }
            (unmet(visit, lot))
        }
        p.small { (visit.say("本页由账本自己的记录算出；完整的证据见案卷。", "Computed from the ledger's own record; the dossier has all evidence.")) " " code { (visit.origin()) "/api/v1/projects/" (super::visit::encoded(view.id.as_str())) "/dossier" } }
    }
}

/// The rules that are broken, overdue or cannot be told, each with its arithmetic.
fn unmet(visit: &Visit, lot: &LotVerdict<'_>) -> Markup {
    let told = lot.outcomes.iter().filter(|one| one.outcome >= Outcome::Undetermined);
    html! {
        ul { @for one in told { li {
            (badge(outcome_class(one.outcome), &named(visit, &one.outcome))) " " (pick(visit, &one.rule.title)) " · " (pick(visit, &words::basis(&one.rule.basis)))
            @if let Some(arithmetic) = one.decisive().and_then(|finding| finding.arithmetic.as_ref()) { p.small { (pick(visit, &words::arithmetic(arithmetic))) } }
        } } }
    }
}
