//! Notices: recording one, and reading what is recorded.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::Stream;
use http::header::{HeaderName, LOCATION};
use http::{HeaderMap, StatusCode};
use ledger::{LedgerError, Outcome, ReceiptParts, Scrubbed, SignedStatement};
use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use utoipa::ToSchema;
use verifier::log::index::{IndexError, LeafIndex, TreeSize};
use verifier::record::disclosure::MAX_DISCLOSURES_TOGETHER;
use verifier::record::statement::{Kind, MAX_JWT, Statement};

use super::answer::{Answer, JSON, json_bytes};
use super::cache::{Cache, Key, Stored};
use super::entry_view::EntryView;
use super::limits::seconds;
use super::lists::NoticeView;
use super::problem::{Code, Problem, recorded};
use super::{Client, Site, body};

/// The media type of a statement with its disclosures (RFC 9901).
pub(crate) const SD_JWT: &str = "application/sd-jwt";
/// The media type of a receipt (C2SP tlog-proof).
const RECEIPT: &str = "text/plain; charset=utf-8";
/// The longest id of a statement, in characters.
pub(super) const MAX_ID: usize = 200;
/// The longest statement with its disclosures, in bytes: 256 of them, a `~` after each.
const MAX_STATEMENT: u64 = (MAX_JWT + MAX_DISCLOSURES_TOGETHER + 257) as u64;

/// A statement that is recorded.
#[derive(Serialize, ToSchema)]
pub(crate) struct Recorded {
    /// The index of its entry.
    index: u64,
    /// Whether it was recorded by this request; else it was before.
    new: bool,
    /// Its receipt: a C2SP tlog-proof.
    receipt: String,
    /// Of an erasure: `clean` once no file of the ledger holds the erased bytes, `pending` while a reader or a file keeps them
    /// and the server goes on trying.
    #[serde(skip_serializing_if = "Option::is_none")]
    erased: Option<&'static str>,
}

/// Record a statement
///
/// An SD-JWT in compact form, signed by an enrolled publisher: the signature is the only authority asked for. The answer comes
/// once the entry is durable. The same statement again gets its receipt again and is not recorded twice.
#[utoipa::path(post, path = "/api/v1/notices", tag = "notices",
    request_body(content = String, content_type = "application/sd-jwt", description = "`<JWT>~<disclosure>~…~`, ASCII"),
    responses(
        (status = 201, description = "Recorded and durable", body = Recorded, headers(("Location" = String, description = "The entry"))),
        (status = 200, description = "Recorded before", body = Recorded, headers(("Location" = String, description = "The entry")))))]
pub(crate) async fn record<S, B>(
    client: Client,
    headers: HeaderMap,
    stream: S,
    site: Arc<Site>,
) -> Result<Answer, Problem>
where
    S: Stream<Item = Result<B, warp::Error>> + Unpin,
    B: bytes::Buf,
{
    let _turn = site.take_write(client)?;
    let body = body::whole(&site.limits, &headers, stream, SD_JWT, MAX_STATEMENT).await?;
    let text = String::from_utf8(body)
        .map_err(|_| Problem::new(Code::MalformedStatement, "声明应为 ASCII 文本", "a statement is ASCII text"))?;
    let statement = SignedStatement::parse(text.trim_ascii_end())?;
    drop(text);
    let waiting = timeout(seconds(site.limits.answer_seconds), submit(&site, statement));
    let Submitted { index, new, receipt, erased } =
        waiting.await.map_err(|_| Problem::of(Code::OutcomeUnknown).retry_after(5))??;
    let receipt = match receipt {
        Some(parts) => parts.make()?,
        None => published_receipt(&site, index).await?,
    };
    let status = if new { StatusCode::CREATED } else { StatusCode::OK };
    let body = Recorded { index, new, receipt, erased };
    Ok(Answer::json(Cache::Never, &body).with_status(status).with_header(LOCATION, &location(&site, index)))
}

/// What became of a statement that is recorded.
struct Submitted {
    index: u64,
    new: bool,
    /// What its receipt is made of, if it may leave as it is.
    receipt: Option<ReceiptParts>,
    erased: Option<&'static str>,
}

async fn submit(site: &Arc<Site>, statement: SignedStatement) -> Result<Submitted, Problem> {
    let kind = kind_of(&statement.jwt);
    if kind == Some(Kind::Notice) {
        let (outcome, mut receipt) = site.ledger.submit_for_receipt(statement).await?;
        // Witnesses cosign some newer head.
        receipt.take_if(|_| site.cosigning.is_some());
        let (index, new) = recorded(outcome)?;
        return Ok(Submitted { index, new, receipt, erased: None });
    }
    // Whoever goes away now does not stop what follows upon the recording.
    let work = tokio::spawn(submit_other(Arc::clone(site), kind, statement));
    work.await.map_err(|_| Problem::of(Code::OutcomeUnknown).retry_after(5))?
}

async fn submit_other(site: Arc<Site>, kind: Option<Kind>, statement: SignedStatement) -> Result<Submitted, Problem> {
    let (outcome, erased) = if kind == Some(Kind::Erasure) {
        erase(&site, statement).await
    } else {
        (site.ledger.submit(statement).await, None)
    };
    if !matches!(outcome, Ok(Outcome::Refused(_))) {
        // What notices show may be another now, even where what follows upon the recording has failed.
        site.generation.fetch_add(1, Ordering::AcqRel);
    }
    let (index, new) = recorded(outcome?)?;
    Ok(Submitted { index, new, receipt: None, erased })
}

/// Records an erasure, and says whether the erased bytes are gone from every file.
async fn erase(site: &Site, statement: SignedStatement) -> (Result<Outcome, LedgerError>, Option<&'static str>) {
    let target = Statement::parse(&statement.jwt).ok().and_then(|statement| Some(statement.target()?.0));
    match site.ledger.erase(statement).await {
        Ok((outcome, Scrubbed::Clean)) => (Ok(outcome), Some("clean")),
        Ok((outcome, scrubbed)) => {
            tracing::warn!(?scrubbed, "an erasure is recorded, but its bytes are still in a file: trying again");
            site.erasures_pending.lock().expect("nobody panics while holding it").extend(target);
            (Ok(outcome), Some("pending"))
        }
        Err(error) => (Err(error), None),
    }
}

/// The kind that a JWT's header says; whether it is true the ledger finds out.
fn kind_of(jwt: &str) -> Option<Kind> {
    #[derive(Deserialize)]
    struct Header {
        typ: String,
    }
    let header = verifier::log::base64::decode_url(jwt.split('.').next()?).ok()?;
    Kind::parse(&serde_json::from_slice::<Header>(&header).ok()?.typ)
}

fn location(site: &Site, index: u64) -> String {
    format!("{}/api/v1/notices/{index}", site.public_url)
}

/// How long a receipt waits for witnesses to cosign its head.
const WITNESSES: Duration = Duration::from_secs(30);

/// A receipt under the newest head that may leave, or under one that enough witnesses have cosigned where they are asked to.
async fn published_receipt(site: &Site, index: u64) -> Result<String, Problem> {
    let mut head = site.ledger.published();
    if let Some(cosigning) = site.cosigning.as_ref().filter(|_| index < head.checkpoint.size.0) {
        let cosigned = timeout(WITNESSES, cosigning.until_published(TreeSize(index + 1))).await;
        head = cosigned.map_err(|_| {
            let zh = format!("第 {index} 条已录入，见证人尚未共签");
            let en = format!("entry {index} is recorded, but not enough witnesses have cosigned it yet");
            Problem::new(Code::NotCosigned, zh, en).retry_after(5)
        })??;
    }
    let receipt = site.receipts.make(LeafIndex(index), head).await?;
    receipt.ok_or_else(|| Problem::of(Code::NotFound))
}

/// An index as a client writes it. One that no ledger reaches is of nothing that is there.
pub(crate) fn index_in(text: &str) -> Result<LeafIndex, Problem> {
    LeafIndex::parse_decimal(text).map_err(|error| match error {
        IndexError::TooLarge => Problem::of(Code::NotFound),
        IndexError::NotDecimal => Problem::new(
            Code::BadRequest,
            format!("序号应为十进制整数：`{text}`"),
            format!("an index is a decimal number, not `{text}`"),
        ),
    })
}

/// An entry
///
/// As it was hashed, byte for byte, and as a person reads it: claims with the disclosed values in their places.
#[utoipa::path(get, path = "/api/v1/notices/{index}", tag = "notices",
    params(("index" = u64, Path, description = "The entry's index", example = 0)),
    responses((status = 200, description = "The entry", body = EntryView)))]
pub(crate) async fn read(index: String, site: Arc<Site>) -> Result<Answer, Problem> {
    let index = index_in(&index)?;
    let generation = site.generation.load(Ordering::Acquire);
    let key = Key::Notice(generation, index.0);
    if let Some(stored) = site.memory.find(&key) {
        return Ok(Answer::new(JSON, Cache::Revalidate, stored));
    }
    let recorded = site.ledger.entry(index).await?.ok_or_else(|| Problem::of(Code::NotFound))?;
    let view =
        EntryView::open(index, recorded, &site.ledger.registry_now()).ok_or_else(|| Problem::of(Code::Internal))?;
    let stored = Stored::from(json_bytes(&view));
    site.memory.keep(key, &stored);
    Ok(Answer::new(JSON, Cache::Revalidate, stored))
}

/// The receipt of an entry
///
/// A C2SP tlog-proof under the newest checkpoint, for `mingzhang-verify receipt`.
#[utoipa::path(get, path = "/api/v1/notices/{index}/receipt", tag = "notices",
    params(("index" = u64, Path, description = "The entry's index", example = 0)),
    responses((status = 200, description = "The receipt", body = String, content_type = "text/plain; charset=utf-8")))]
pub(crate) async fn receipt(index: String, site: Arc<Site>) -> Result<Answer, Problem> {
    let index = index_in(&index)?;
    let receipt = published_receipt(&site, index.0).await?;
    let name = format!("attachment; filename=\"{index}.tlog-proof\"");
    let answer = Answer::new(RECEIPT, Cache::Revalidate, receipt);
    Ok(answer.with_header(HeaderName::from_static("content-disposition"), &name))
}

/// The notices that their publishers gave this id: none, one, or one of each publisher.
pub(super) async fn find(id: &str, publisher: Option<&str>, site: &Site) -> Result<Vec<NoticeView>, Problem> {
    let _turn = timeout(Duration::from_secs(5), site.scans.acquire())
        .await
        .map_err(|_| Problem::of(Code::Busy).retry_after(2))?
        .map_err(|_| Problem::of(Code::Busy))?;
    let mut found = site.ledger.find_notice(id).await?;
    found.retain(|(_, iss)| publisher.is_none_or(|publisher| publisher == iss.as_str()));
    let view = |(index, iss): (LeafIndex, verifier::record::code::PublisherId)| NoticeView {
        index: index.0,
        publisher: iss.as_str().to_owned(),
        shown: None,
    };
    Ok(found.into_iter().map(view).collect())
}
