//! The home page: what this is in three sentences, the newest notices, and who vouches for the ledger.

use std::sync::Arc;

use ledger::index::NoticeFilter;
use maud::{Markup, html};

use super::Visit;
use super::page::{Page, Place};
use super::text::{age, badge, clipped, number, said, sector, stage, time_ms};
use crate::cosigning::{Cosigning, CosigningState};
use crate::http::answer::Answer;
use crate::http::now_ms;
use crate::http::problem::Problem;

/// Notices shown.
const NEWEST: usize = 10;

/// The home page
#[utoipa::path(get, path = "/", operation_id = "home_page", tag = "portal",
    responses((status = 200, description = "What this is, the newest notices, the checkpoint and its witnesses", body = String, content_type = "text/html; charset=utf-8")))]
pub(super) async fn home(visit: Arc<Visit>) -> Result<Answer, Problem> {
    visit.parameters::<super::NoParameters>()?;
    let body = html! {
        h1 { (visit.say("明账：公共资源交易的公开账本", "Mingzhang: the open ledger of public-resource transactions")) }
        (what_this_is(&visit))
        form.search.large role="search" aria-labelledby="words-label" action=(visit.plain_link("/search")) method="get" {
            @if let Some(language) = visit.chosen() { input type="hidden" name="lang" value=(language); }
            label #words-label for="words" { (visit.say("项目名称、编号、单位或正文中的字词", "A project's name or id, a party, or words of a text")) }
            div { input #words type="search" name="text" maxlength="200"; button type="submit" { (visit.say("检索", "Search")) } }
        }
        section aria-labelledby="newest" {
            h2 #newest { (visit.say("最新公告", "Newest notices")) }
            (newest(&visit).await?)
        }
        section aria-labelledby="state" {
            h2 #state { (visit.say("账本现状", "State of the ledger")) }
            (state(&visit))
        }
    };
    let feed = html! {
        link rel="alternate" type="application/atom+xml" title=(visit.say("最新公告", "Newest notices")) href=(visit.plain_link("/feed.atom"));
    };
    Ok(Page::new(
        visit.say("明账 · 公共资源交易公开账本", "Mingzhang · ledger of public-resource transactions"),
        Place::Home,
        body,
    )
    .with_head(feed)
    .answer(&visit))
}

fn what_this_is(visit: &Visit) -> Markup {
    html! {
        p.lead { (visit.say(
            "每份公告由发布主体签名，依次录入账本；录入之后，谁也不能悄悄修改、抽走或倒填日期。",
            "Every notice is signed by its publisher and recorded in order; once recorded, nobody can quietly alter it, take it out or date it back.",
        )) }
        p { (visit.say(
            "每个项目该公开什么、何时到期、什么迟了或缺了，都按账本中记录的法规逐条算出，列明条文和算式。",
            "What each project must disclose, by when, and what is late or missing is computed rule by rule from the law recorded in this ledger, with its articles and the arithmetic.",
        )) }
        p { (visit.say(
            "您不必相信本网站：任何人都可以下载案卷、回执和缺失证明，自行核验。",
            "You need not believe this site: anyone can download dossiers, receipts and absence proofs and verify them.",
        )) " " a href=(visit.link("/verify")) { (visit.say("如何核验", "How to verify")) } }
    }
}

async fn newest(visit: &Visit) -> Result<Markup, Problem> {
    if let Err(problem) = visit.site.index_ready() {
        return Ok(html! { p.muted { (problem.code.title(visit.language)) " · " (problem.detail(visit.language)) } });
    }
    let page = visit.site.index.notices(&NoticeFilter::default(), None, NEWEST).await?;
    if page.found.is_empty() {
        return Ok(html! { p.muted { (visit.say("账本中还没有公告。", "There is no notice in the ledger yet.")) } });
    }
    Ok(html! {
        ol.notices {
            @for found in &page.found {
                li {
                    a.title href=(visit.notice(found.index)) { (said(&clipped(&found.title, 200))) }
                    p.about {
                        (badge("plain", &stage(visit, &found.stage))) " " (sector(visit, &found.sector))
                        " · " a href=(visit.project(&found.project)) { (said(&found.project)) }
                        " · " (time_ms(found.time))
                    }
                }
            }
        }
        p { a href=(visit.link("/search")) { (visit.say("全部公告", "All notices")) } }
    })
}

fn state(visit: &Visit) -> Markup {
    let site = &visit.site;
    html! {
        dl.facts {
            dt { (visit.say("条目", "Entries")) }
            dd { (number(site.published_head().map_or(0, |head| head.size.0))) }
            dt { (visit.say("最新检查点", "Newest checkpoint")) }
            dd { (age(visit, site.checkpoint_age().as_secs())) " " (visit.say("前签名", "old")) " · " a href=(visit.plain_link("/checkpoint")) { (visit.say("原文", "as signed")) } }
            @match site.cosigning.as_ref().map(Cosigning::state) {
                None => {
                    dt { (visit.say("见证人", "Witnesses")) }
                    dd { (visit.say("没有：目前只有账本自己的签名", "None: so far only the ledger's own signature")) }
                }
                Some(state) => (witnesses(visit, &state)),
            }
        }
    }
}

fn witnesses(visit: &Visit, state: &CosigningState) -> Markup {
    let now = now_ms() / 1000;
    html! {
        dt { (visit.say("见证人共签", "Cosigned by")) }
        dd {
            ul.plain {
                @for witness in &state.witnesses {
                    li {
                        (witness.name) " · "
                        @match witness.cosigned_at {
                            Some(at) => { (number(witness.size)) " " (visit.say("条目", "entries")) " · " (age(visit, now.saturating_sub(at))) " " (visit.say("前", "ago")) }
                            None => (visit.say("尚未共签", "not yet")),
                        }
                        @if witness.silenced { " " (badge("bad", visit.say("已停止：见警报", "silenced: see the alarms"))) }
                    }
                }
            }
            @if !state.quorum { p { (badge("due", visit.say("未达法定数量", "without its quorum"))) } }
        }
        @if !state.alarms.is_empty() {
            dt { (visit.say("警报", "Alarms")) }
            dd { ul.plain { @for alarm in &state.alarms { li { (visit.language.pick(&alarm.zh(), &alarm.en())) } } } }
        }
    }
}
