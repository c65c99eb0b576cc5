//! What went wrong, as a page: what it is, what to do, and what may have been meant.

use maud::html;

use super::Visit;
use super::page::{Page, Place};
use super::text::said;
use crate::http::answer::Answer;
use crate::http::cache::Cache;
use crate::http::problem::{Code, Problem};

/// The page of a problem, with its status and its headers.
pub(crate) fn page(problem: Problem, visit: &Visit) -> Answer {
    let title = problem.code.title(visit.language);
    let detail = problem.detail(visit.language);
    let body = html! {
        h1 { (title) }
        @if detail != title { p.lead dir="auto" { (said(detail)) } }
        @if problem.code != Code::NotFound { p { (problem.code.action(visit.language)) } }
        @if let Some(index) = problem.index {
            p { a href=(visit.notice(index)) { (visit.say("见条目", "See entry")) " " (index) } }
        }
        @if !problem.near.is_empty() {
            h2 { (visit.say("相近的项目", "Projects with ids near it")) }
            ul { @for id in &problem.near { li { a href=(visit.project(id)) { (said(id)) } } } }
        }
        p {
            a href=(visit.link("/")) { (visit.say("回首页", "Home")) } " · "
            a href=(visit.link("/search")) { (visit.say("检索", "Search")) }
        }
        p.muted { (problem.code.status().as_u16()) " · " code { (problem.code.name()) } }
    };
    let mut answer = Page::new(title, Place::Elsewhere, body).answer(visit).with_status(problem.code.status());
    answer.cache = Cache::Never;
    answer.headers.extend(problem.headers);
    answer
}
