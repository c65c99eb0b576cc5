//! The shell of every page: head, navigation, search, language switch, and a footer that says of which checkpoint the page is.

use http::header::{CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY};
use maud::{DOCTYPE, Markup, html};
use verifier::explain::visible::visible;

use super::Visit;
use super::text::{code, number, time_ms};
use crate::http::answer::{Answer, HTML};
use crate::http::cache::Cache;
use crate::language::Language;

/// What a page may do: nothing but show what this server gives it. No script and no style stands in a page itself.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// What no page asks a reader's device for.
const PERMISSIONS: &str = "accelerometer=(), camera=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), \
    payment=(), usb=()";

/// Where the navigation leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Home,
    Search,
    Statistics,
    Publishers,
    Rulebooks,
    Verify,
    Evidence,
    Publish,
    /// A page that the navigation does not name.
    Elsewhere,
}

/// The navigation, in its order.
const PLACES: [(Place, &str, &str, &str); 7] = [
    (Place::Search, "/search", "检索", "Search"),
    (Place::Statistics, "/statistics", "统计", "Statistics"),
    (Place::Publishers, "/publishers", "发布主体", "Publishers"),
    (Place::Rulebooks, "/rulebooks", "规则", "Rulebooks"),
    (Place::Verify, "/verify", "如何核验", "How to verify"),
    (Place::Evidence, "/evidence", "提交证据", "Evidence"),
    (Place::Publish, "/publish", "发布公告", "Publish"),
];

/// A page before it is dressed.
pub(crate) struct Page {
    /// Its title, which may hold what a notice says.
    pub(crate) title: String,
    /// Where in the navigation it is.
    pub(crate) place: Place,
    /// What else stands in its head: feeds, scripts.
    pub(crate) head: Markup,
    /// What it shows, from its `h1` on.
    pub(crate) body: Markup,
}

impl Page {
    /// A page with this title and this body.
    pub(crate) fn new(title: impl Into<String>, place: Place, body: Markup) -> Self {
        Self { title: title.into(), place, head: html! {}, body }
    }

    /// The same with more in its head.
    pub(crate) fn with_head(mut self, head: Markup) -> Self {
        self.head = head;
        self
    }

    /// The page as it is answered.
    pub(crate) fn answer(&self, visit: &Visit) -> Answer {
        self.dressed(visit, &[Language::Zh, Language::En], true)
    }

    /// The page for paper: without navigation and search.
    pub(crate) fn for_paper(&self, visit: &Visit) -> Answer {
        self.dressed(visit, &[Language::Zh, Language::En], false)
    }

    fn dressed(&self, visit: &Visit, languages: &[Language], has_navigation: bool) -> Answer {
        let title = visible(&self.title);
        let page = html! {
            (DOCTYPE)
            html lang=(tag(visit.language)) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (title) @if self.place != Place::Home { " · " (visit.say("明账", "Mingzhang")) } }
                    link rel="stylesheet" href=(visit.asset("style.css"));
                    link rel="icon" type="image/svg+xml" href=(visit.asset("icon.svg"));
                    @for language in languages {
                        link rel="alternate" hreflang=(tag(*language)) href=(visit.in_language(short(*language)));
                    }
                    (self.head)
                }
                body.paper[!has_navigation] {
                    a.skip href="#main" { (visit.say("跳到正文", "Skip to the content")) }
                    (self.header(visit, has_navigation))
                    main #main tabindex="-1" { (self.body) }
                    (footer(visit))
                }
            }
        };
        dress(Answer::new(HTML, Cache::Revalidate, page.into_string()), visit)
    }

    fn header(&self, visit: &Visit, has_navigation: bool) -> Markup {
        html! {
            header.top {
                div.bar {
                    a.brand href=(visit.link("/")) aria-current=[(self.place == Place::Home).then_some("page")] {
                        img src=(visit.asset("icon.svg")) alt="" width="28" height="28";
                        span { (visit.say("明账", "Mingzhang")) }
                    }
                    @if has_navigation { (search(visit)) }
                    (switch(visit))
                }
                @if has_navigation {
                    nav aria-label=(visit.say("主导航", "Main")) {
                        ul {
                            @for (place, path, zh, en) in PLACES {
                                li { a href=(visit.link(path)) aria-current=[(self.place == place).then_some("page")] { (visit.say(zh, en)) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The language as HTML writes it.
fn tag(language: Language) -> &'static str {
    language.pick("zh-CN", "en")
}

fn short(language: Language) -> &'static str {
    language.pick("zh", "en")
}

fn search(visit: &Visit) -> Markup {
    let words = visit.say("检索公告与项目", "Search notices and projects");
    html! {
        form.search role="search" aria-label=(words) action=(visit.plain_link("/search")) method="get" {
            @if let Some(language) = visit.chosen() { input type="hidden" name="lang" value=(language); }
            input type="search" name="text" maxlength="200" aria-label=(words) placeholder=(words);
            button type="submit" { (visit.say("检索", "Search")) }
        }
    }
}

/// The way to the same page in the other language, named in that language.
fn switch(visit: &Visit) -> Markup {
    let (code, name) = match visit.language {
        Language::Zh => ("en", "English"),
        Language::En => ("zh", "中文"),
    };
    let language = if code == "zh" { "zh-CN" } else { "en" };
    html! { a.switch href=(visit.in_language(code)) lang=(language) hreflang=(language) rel="alternate" { (name) } }
}

/// Of which checkpoint the page is, and how old that is.
fn footer(visit: &Visit) -> Markup {
    let site = &visit.site;
    let head = site.published_head();
    html! {
        footer {
            @match head {
                Some(head) => p {
                    (visit.say("检查点", "Checkpoint")) " " a href=(visit.plain_link("/checkpoint")) { (number(head.size.0)) " " (visit.say("条目", "entries")) }
                    " · " (visit.say("树根", "root")) " " (code(&head.root.to_string()))
                },
                None => p { (visit.say("尚无见证人共签过的检查点", "No checkpoint was cosigned by enough witnesses yet")) },
            }
            p {
                (visit.say("账本", "Ledger")) " " code { (site.ledger.published().checkpoint.origin) }
                " · " (visit.say("最新检查点签于", "newest checkpoint signed")) " " (time_ms(site.signed_at()))
            }
            p {
                a href=(visit.link("/verify")) { (visit.say("不必相信本网站：自行核验", "Do not believe this site: verify it yourself")) }
                " · " a href=(visit.plain_link("/openapi.json")) { "OpenAPI" }
                " · " a href=(visit.plain_link("/feed.atom")) { "Atom" }
            }
        }
    }
}

/// Adds what browsers must know of a page.
pub(super) fn dress(answer: Answer, visit: &Visit) -> Answer {
    answer
        .with_header(CONTENT_LANGUAGE, tag(visit.language))
        .with_header(CONTENT_SECURITY_POLICY, POLICY)
        .with_header(REFERRER_POLICY, "no-referrer")
        .with_header(HeaderName::from_static("cross-origin-opener-policy"), "same-origin")
        .with_header(HeaderName::from_static("permissions-policy"), PERMISSIONS)
}
