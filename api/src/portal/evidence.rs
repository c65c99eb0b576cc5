//! Bringing evidence: whoever holds a file in which this ledger contradicts itself can have it judged here, and shown to all.
//!
//! Nothing is kept of a file that proves nothing against this ledger's own keys. What does is kept in its directory under the hash
//! of its text, at most [`MOST`] files and [`MOST_BYTES`] in all, and offered to whoever asks.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Buf;
use futures_util::Stream;
use http::HeaderMap;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use maud::{Markup, html};
use tokio::task::block_in_place;
use verifier::evidence::file::MAX_EVIDENCE;
use verifier::evidence::{Evidence, Proven};
use verifier::explain::Explain;
use verifier::log::hash::{hex, sha256};
use verifier::log::index::LeafIndex;
use verifier::log::policy::Policy;
use verifier::record::statement::{AuthorityChange, Content};
use verifier::record::subject::Subject;

use super::Visit;
use super::page::{Page, Place};
use super::text::{badge, code, number, said};
use crate::http::answer::{Answer, JSON};
use crate::http::attachments::{Sha256Hex, settle};
use crate::http::cache::Cache;
use crate::http::problem::{Code, Problem};
use crate::http::registers::statements;
use crate::http::{Client, Site, body};

/// Where evidence is kept, in the ledger's directory.
const FOLDER: &str = "evidence";
/// The most files, and bytes of all together.
const MOST: usize = 64;
const MOST_BYTES: u64 = 64 << 20;
/// What a form adds to its file.
const FORM: u64 = 64 << 10;
/// The form's field.
const FIELD: &str = "evidence";

/// Evidence that was brought
#[utoipa::path(get, path = "/evidence", operation_id = "evidence_page", tag = "portal",
    responses((status = 200, description = "A form to bring evidence, and what was brought that holds", body = String, content_type = "text/html; charset=utf-8")))]
pub(super) async fn evidence(visit: Arc<Visit>) -> Result<Answer, Problem> {
    visit.parameters::<super::NoParameters>()?;
    match visit.rest() {
        "" => page(&visit, html! {}).await,
        name => file(&visit.site, name).await,
    }
}

/// A file of evidence that holds
#[utoipa::path(get, path = "/evidence/{file}", operation_id = "evidence_file", tag = "portal",
    params(("file" = String, Path, description = "Its kind and the SHA-256 of its text, as the page lists it", pattern = "^[a-z-]{1,20}-[0-9a-f]{64}\\.json$")),
    responses((status = 200, description = "The evidence (`verifier/schema/evidence.schema.json`)", body = Object, content_type = "application/json")))]
async fn file(site: &Site, name: &str) -> Result<Answer, Problem> {
    let Some(kept) = Kept::named(name) else { return Err(Problem::of(Code::NotFound)) };
    match tokio::fs::read(site.dir.join(FOLDER).join(kept.file_name())).await {
        Ok(bytes) => {
            let as_file = format!("attachment; filename=\"{}\"", kept.file_name());
            Ok(Answer::new(JSON, Cache::Immutable, bytes).with_header(CONTENT_DISPOSITION, &as_file))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(Problem::of(Code::NotFound)),
        Err(error) => Err(error.into()),
    }
}

/// Bring evidence
///
/// A form with one file, `evidence`. It is judged against this ledger's own keys; nothing is kept unless it proves something.
#[utoipa::path(post, path = "/evidence", operation_id = "bring_evidence", tag = "portal",
    request_body(content = Form, content_type = "multipart/form-data"),
    responses((status = 200, description = "What it proves, or why it proves nothing", body = String, content_type = "text/html; charset=utf-8")))]
pub(super) async fn bring<S, B>(
    visit: Arc<Visit>,
    client: Client,
    headers: HeaderMap,
    stream: S,
) -> Result<Answer, Problem>
where
    S: Stream<Item = Result<B, warp::Error>> + Unpin,
    B: Buf,
{
    visit.check()?;
    let site = Arc::clone(&visit.site);
    let _turn = site.take_write(client)?;
    let most = MAX_EVIDENCE as u64 + FORM;
    let body = body::whole(&site.limits, &headers, stream, "multipart/form-data", most).await?;
    let text = field(&headers, body).await?;
    let told = judge(&visit, &text).await?;
    page(&visit, told).await
}

/// The form: a file, and nothing else.
#[derive(serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)] // described, and read by hand
pub(crate) struct Form {
    /// The evidence.
    #[schema(format = Binary)]
    evidence: String,
}

/// The text of the form's file.
async fn field(headers: &HeaderMap, body: Vec<u8>) -> Result<String, Problem> {
    let form =
        |error: multer::Error| Problem::new(Code::BadRequest, format!("表单：{error}"), format!("the form: {error}"));
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let boundary = multer::parse_boundary(media_type).map_err(form)?;
    let whole = futures_util::stream::once(async { Ok::<_, std::convert::Infallible>(body) });
    let mut parts = multer::Multipart::new(whole, boundary);
    let mut found = None;
    while let Some(part) = parts.next_field().await.map_err(form)? {
        if part.name() != Some(FIELD) || found.is_some() {
            return Err(Problem::new(
                Code::BadRequest,
                "表单应只有一个文件 evidence",
                "the form must have one file, `evidence`, and nothing else",
            ));
        }
        // What is no UTF-8 is no JSON either, and judged as that.
        found = Some(String::from_utf8_lossy(&part.bytes().await.map_err(form)?).into_owned());
    }
    found.ok_or_else(|| Problem::new(Code::BadRequest, "表单中没有文件 evidence", "the form has no file `evidence`"))
}

/// What a file proves, or why it proves nothing.
async fn judge(visit: &Visit, text: &str) -> Result<Markup, Problem> {
    let refused = |problem: &dyn Explain| {
        let (zh, en) = (problem.zh(), problem.to_string());
        let told = html! {
            section.card role="status" aria-labelledby="result" {
                h2 #result { (badge("open", visit.say("不成立", "does not hold"))) " " (visit.say("这个文件不证明什么", "The file proves nothing")) }
                p { (said(visit.say(&zh, &en))) }
                p.small { code { (problem.rule()) } " · " (visit.say("没有保存任何内容。", "Nothing of it was kept.")) }
            }
        };
        Ok(told)
    };
    let evidence = match block_in_place(|| Evidence::parse(text)) {
        Ok(evidence) => evidence,
        Err(error) => return refused(&error),
    };
    let policy = own_policy(&visit.site).await?;
    let proven = match block_in_place(|| evidence.check(&policy)) {
        Ok(proven) => proven,
        Err(error) => return refused(&error),
    };
    let kept = keep(visit.site.dir.join(FOLDER), &evidence).await?;
    let told = html! {
        section.card role="status" aria-labelledby="result" {
            h2 #result { (badge("bad", visit.say("成立", "holds"))) " " (visit.say("证据成立", "The evidence holds")) }
            (proof(visit, &proven))
            @match &kept {
                Some(kept) => p { (visit.say("已保存，供任何人下载：", "It is kept for anyone to download: ")) (link(visit, kept)) },
                None => p { (visit.say("保存的证据已满，未再保存；请自行留存并公开。", "The place for evidence is full: keep and publish it yourself.")) },
            }
        }
    };
    Ok(told)
}

/// What is proven, and by which signatures.
fn proof(visit: &Visit, proven: &Proven) -> Markup {
    let misbehaviour = proven.misbehaviour();
    html! {
        p.lead { (said(visit.say(&misbehaviour.zh(), &misbehaviour.to_string()))) }
        p { (visit.say("谁都可以凭账本的公钥自行核验：", "Anyone with the ledger's key can verify it: ")) }
        dl.facts {
            dt { (visit.say("账本", "Ledger")) } dd { (said(proven.origin())) }
            @for head in proven.heads() {
                dt { (visit.say("签过的账本头", "Head that it signed")) }
                dd { (number(head.size.0)) (visit.say(" 条，根 ", " entries, root ")) (code(&head.root.to_string())) (visit.say("，密钥 ", ", by ")) (code(&head.key.to_string())) }
            }
        }
    }
}

/// The policy of every key that this ledger's log ever had.
async fn own_policy(site: &Site) -> Result<Policy, Problem> {
    let mut keys = vec![site.ledger.registry_now().genesis().log_key.clone()];
    for stated in statements(site, &Subject::Ledger).await? {
        if let Content::Authority { change: AuthorityChange::LogKey { key }, .. } = stated.statement.content {
            keys.push(key);
        }
    }
    keys.push(site.ledger.registry_now().log_key(LeafIndex(u64::MAX)).clone());
    let mut lines: Vec<String> = Vec::new();
    for key in keys {
        let line = format!("log {key}\n");
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    Policy::parse(format!("{}quorum none\n", lines.concat())).map_err(|_| Problem::of(Code::Internal))
}

/// Evidence that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Kept {
    kind: String,
    sha256: String,
}

impl Kept {
    fn named(file: &str) -> Option<Self> {
        let (kind, sha256) = file.strip_suffix(".json")?.rsplit_once('-')?;
        let is_hash = sha256.parse::<Sha256Hex>().is_ok();
        let is_kind = KINDS.iter().any(|(known, ..)| *known == kind);
        (is_hash && is_kind).then(|| Self { kind: kind.to_owned(), sha256: sha256.to_owned() })
    }

    fn file_name(&self) -> String {
        format!("{}-{}.json", self.kind, self.sha256)
    }
}

/// The kinds of evidence that can hold.
const KINDS: [(&str, &str, &str); 4] = [
    ("fork", "分叉：同一账本的两段历史", "fork: two histories of one ledger"),
    ("no-seal", "末条不是封印", "a head whose last entry is no seal"),
    ("seq-twice", "一号两条：一条顶替了另一条", "one entry in the place of another"),
    ("omission", "遗漏：录入的条目不再计入", "omission: an entry that is no longer counted"),
];

/// Keeps evidence under the hash of its text, once, unless there is no room.
async fn keep(folder: PathBuf, evidence: &Evidence) -> Result<Option<Kept>, Problem> {
    let (kind, text) = (evidence.kind().to_owned(), evidence.format() + "\n");
    let kept = Kept { kind, sha256: hex(&sha256(text.as_bytes()).0) };
    let name = kept.file_name();
    let written = tokio::task::spawn_blocking(move || -> std::io::Result<bool> {
        std::fs::create_dir_all(&folder)?;
        let target = folder.join(name);
        if target.is_file() {
            return Ok(true);
        }
        let sizes: Vec<u64> =
            std::fs::read_dir(&folder)?.map(|entry| Ok(entry?.metadata()?.len())).collect::<std::io::Result<_>>()?;
        if sizes.len() >= MOST || sizes.iter().sum::<u64>() + text.len() as u64 > MOST_BYTES {
            return Ok(false);
        }
        let mut file = tempfile::Builder::new().prefix(".upload-").tempfile_in(&folder)?;
        std::io::Write::write_all(&mut file, text.as_bytes())?;
        settle(file, &target)?;
        Ok(true)
    });
    let is_there = written.await.map_err(std::io::Error::other)??;
    Ok(is_there.then_some(kept))
}

/// What is kept, in the order of its names.
async fn all(folder: &Path) -> Result<Vec<Kept>, Problem> {
    let mut kept = Vec::new();
    let mut entries = match tokio::fs::read_dir(folder).await {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(kept),
        Err(error) => return Err(error.into()),
    };
    while let Some(entry) = entries.next_entry().await? {
        kept.extend(entry.file_name().to_str().and_then(Kept::named));
    }
    kept.sort_by_key(Kept::file_name);
    Ok(kept)
}

fn link(visit: &Visit, kept: &Kept) -> Markup {
    let name = KINDS.iter().find(|(known, ..)| *known == kept.kind).map_or("", |(_, zh, en)| visit.say(zh, en));
    let address = visit.plain_link(&format!("/evidence/{}", kept.file_name()));
    html! { a href=(address) download { (name) } " " (code(&kept.sha256)) }
}

async fn page(visit: &Visit, result: Markup) -> Result<Answer, Problem> {
    let kept = all(&visit.site.dir.join(FOLDER)).await?;
    let title = visit.say("提交证据", "Bring evidence");
    let body = html! {
        h1 { (title) }
        (result)
        p { (visit.say(
            "账本若给人看过两段历史、顶替或遗漏过条目，它自己的签名就是证据。核验程序在发现时写出证据文件（evidence.json）；在此提交，即由本服务器按账本历来的密钥判定，并说明它证明了什么，或为何不成立。",
            "If the ledger showed two histories, or replaced or left out an entry, its own signatures are the evidence. The verifier writes a file (evidence.json) when it finds that; brought here, it is judged under the keys the ledger has had, and what it proves, or why it does not hold, is said.",
        )) }
        p { (visit.say(
            "不必在此提交：任何人都可以自行核验并公开证据。不成立的文件不作任何保存。",
            "You need not bring it here: anyone can check and publish evidence. Of a file that does not hold nothing is kept.",
        )) }
        pre tabindex="0" { code { "mingzhang-verify evidence evidence.json --policy policy.txt\nmingzhang-verify contradict receipt.tlog-proof later.dossier.json --policy policy.txt" } }
        form.card method="post" action=(visit.link("/evidence")) enctype="multipart/form-data" {
            div.field {
                label for="evidence" { (visit.say("证据文件", "File of evidence")) }
                p.help #limit { (visit.say("JSON，至多 ", "JSON, at most ")) (MAX_EVIDENCE >> 20) " MiB" }
                input #evidence type="file" name=(FIELD) accept=".json,application/json" required aria-describedby="limit";
            }
            button type="submit" { (visit.say("判定", "Judge it")) }
        }
        h2 { (visit.say("已成立的证据", "Evidence that holds")) }
        @if kept.is_empty() { p.muted { (visit.say("没有：还没有人提交过成立的证据。", "None: nobody has brought any that holds.")) } }
        @else { ul { @for kept in &kept { li { (link(visit, kept)) } } } }
    };
    Ok(Page::new(title, Place::Evidence, body).answer(visit))
}
