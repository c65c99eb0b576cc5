//! Drafts: what the rules and a watchful eye say of a notice before it is signed. Nothing is recorded, and no key is asked for.

use std::sync::Arc;

use bytes::Buf;
use futures_util::Stream;
use http::HeaderMap;
use ledger::Reader;
use ledger::draft::{Draft, DraftError, MAX_DRAFT};
use serde::Serialize;
use serde_json::Value as Json;
use utoipa::ToSchema;
use verifier::explain::{label, remark};
use verifier::lifecycle::facts::NoticeFacts;
use verifier::lifecycle::remark::{Empty, empty_members, remarks};
use verifier::lifecycle::rulebook::Text;

use super::answer::{Answer, JSON};
use super::cache::Cache;
use super::problem::{Code, Problem};
use super::{Client, Site, body};
use crate::foresight::{Foresight, Remark};

/// What is to be known of a draft before it is signed.
#[derive(Serialize, ToSchema)]
pub(crate) struct Advice {
    /// The draft's id.
    notice_id: String,
    /// The project's id in its one spelling.
    project: String,
    /// The entry that has this id already, of whatever publisher.
    #[serde(skip_serializing_if = "Option::is_none")]
    known: Option<u64>,
    /// How many rules the notice would break if it became public now.
    breaks: usize,
    /// What the rules say, the gravest first, and the earliest lawful end of each period.
    #[schema(value_type = Vec<Object>)]
    remarks: Vec<Json>,
    /// Characters that look like others, codes whose check does not hold, values that say nothing.
    warnings: Vec<Warning>,
}

/// Something to be looked at in one member.
#[derive(Serialize, ToSchema)]
struct Warning {
    /// The member.
    path: String,
    /// What it is called, in Chinese.
    name_zh: String,
    /// What it is called, in English.
    name_en: String,
    /// What about it, in Chinese.
    zh: String,
    /// What about it, in English.
    en: String,
}

/// Look at a draft
///
/// What the rules recorded in this ledger will say of it beside what is recorded of its project, and what a person should look
/// at. A draft is a notice's members before they are signed.
#[utoipa::path(post, path = "/api/v1/drafts", tag = "notices", operation_id = "advise",
    request_body(content = Object, content_type = "application/json", description = "The draft"),
    responses((status = 200, description = "What is to be known of it", body = Advice)))]
pub(crate) async fn advise<S, B>(
    client: Client,
    headers: HeaderMap,
    stream: S,
    site: Arc<Site>,
) -> Result<Answer, Problem>
where
    S: Stream<Item = Result<B, warp::Error>> + Unpin,
    B: Buf,
{
    let _turn = site.take_write(client)?;
    let body = body::whole(&site.limits, &headers, stream, JSON, MAX_DRAFT as u64).await?;
    let text = String::from_utf8(body)
        .map_err(|_| Problem::new(Code::BadRequest, "稿件应为 UTF-8 文本", "a draft is UTF-8 text"))?;
    let draft = Draft::parse(&text).map_err(|error| Problem::say(code_of(&error), &error))?;
    let reader: &Reader = &site.ledger;
    let failed = |failure: crate::failure::Failure| {
        if failure.code == 1 {
            return Problem::new(Code::BadRequest, failure.message.clone(), failure.message);
        }
        tracing::error!(message = failure.message, "a draft could not be looked at");
        Problem::of(Code::Internal)
    };
    let foresight = Foresight::of_ledger(reader).await.map_err(failed)?;
    let mut project = reader.project(&draft.project).await?;
    let known = project.notices.iter().find(|notice| notice.id == draft.notice_id).map(|notice| notice.index);
    let told = foresight.look(&mut project, &draft, &[]).map_err(failed)?;
    Ok(Answer::json(
        Cache::Never,
        &Advice {
            notice_id: draft.notice_id,
            project: draft.project.as_str().to_owned(),
            known,
            breaks: told.iter().filter(|remark| remark.breaks()).count(),
            remarks: told.iter().map(Remark::json).collect(),
            warnings: project.notices.last().map(warnings).unwrap_or_default(),
        },
    ))
}

fn code_of(error: &DraftError) -> Code {
    if matches!(error, DraftError::Vocabulary(_)) { Code::Vocabulary } else { Code::BadRequest }
}

fn warnings(notice: &NoticeFacts) -> Vec<Warning> {
    let watched =
        remarks(&notice.members).into_iter().map(|watched| warning(&watched.path, remark::about(&watched.about)));
    let empty = empty_members(notice).into_iter().map(|(path, empty)| {
        let (zh, en) = match empty {
            Empty::Placeholder => ("是占位内容，什么也没说", "a placeholder, which says nothing"),
            Empty::NotEvidence => ("与公告发布是同一分钟", "the notice's own publication minute"),
        };
        warning(&path, Text { zh: zh.to_owned(), en: en.to_owned() })
    });
    watched.chain(empty).collect()
}

fn warning(path: &str, Text { zh, en }: Text) -> Warning {
    let Text { zh: name_zh, en: name_en } = label::path(path);
    Warning { path: path.to_owned(), name_zh, name_en, zh, en }
}
