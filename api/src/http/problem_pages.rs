//! What a kind of problem means: where the `type` of a problem document leads.

use serde::Serialize;
use utoipa::ToSchema;

use super::answer::Answer;
use super::cache::Cache;
use super::problem::{Code, Problem};
use crate::language::Language;

/// A kind of problem.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProblemKind {
    /// The stable code.
    code: &'static str,
    /// The HTTP status.
    status: u16,
    /// What it is, in Chinese.
    title_zh: &'static str,
    /// What it is, in English.
    title_en: &'static str,
    /// What to do, in Chinese.
    action_zh: &'static str,
    /// What to do, in English.
    action_en: &'static str,
}

/// A kind of problem
#[utoipa::path(get, path = "/problems/{code}", tag = "operation",
    params(("code" = String, Path, description = "The stable code", example = "conflict")),
    responses((status = 200, description = "What it means and what to do", body = ProblemKind)))]
pub(crate) async fn page(code: String) -> Result<Answer, Problem> {
    let code = Code::ALL.iter().find(|known| known.name() == code).ok_or_else(|| Problem::of(Code::NotFound))?;
    Ok(Answer::json(
        Cache::Revalidate,
        &ProblemKind {
            code: code.name(),
            status: code.status().as_u16(),
            title_zh: code.title(Language::Zh),
            title_en: code.title(Language::En),
            action_zh: code.action(Language::Zh),
            action_en: code.action(Language::En),
        },
    ))
}
