//! Attachments: files under the hash that an accepted notice names. The ledger vouches for the hash alone, so that whoever has
//! the bytes may bring them, and whoever fetches them checks them.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::Stream;
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, ETAG, HeaderValue};
use http::{HeaderMap, StatusCode};
use ledger::index::Announced;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tokio::time::timeout;
use utoipa::ToSchema;
use verifier::log::hash::hex;
use verifier::log::index::LeafIndex;
use verifier::record::entry::{Body, Entry};
use verifier::record::statement::Statement;
use warp::Reply as _;

use super::answer::{Answer, BYTES};
use super::body::Limited;
use super::cache::Cache;
use super::limits::seconds;
use super::notices::index_in;
use super::problem::{Code, Problem};
use super::{Client, Site, query};

/// Entries read at once while a notice is looked for.
const CHUNK: u64 = 4096;

/// The SHA-256 of an attachment, in lower-case hex.
#[derive(Clone, Debug)]
pub(crate) struct Sha256Hex(String);

impl std::str::FromStr for Sha256Hex {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let hex = text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if hex { Ok(Self(text.to_owned())) } else { Err(()) }
    }
}

/// An attachment
///
/// Always as a download. Ranges are answered; the address names the content, so that it never changes.
#[utoipa::path(get, path = "/attachments/{sha256}", operation_id = "attachment", tag = "attachments",
    params(("sha256" = String, Path, description = "Its SHA-256, 64 lower-case hex digits", pattern = "^[0-9a-f]{64}$")),
    responses((status = 200, description = "Its bytes", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 206, description = "The range asked for", body = Vec<u8>, content_type = "application/octet-stream")))]
#[allow(dead_code)] // served from the disk by `warp::fs`
pub(crate) fn read() {}

/// Dresses the file that warp serves.
pub(crate) fn serve(file: warp::fs::File) -> warp::reply::Response {
    let name = file.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut response = file.into_response();
    if response.status() == StatusCode::RANGE_NOT_SATISFIABLE {
        return Problem::of(Code::RangeNotSatisfiable).into_response();
    }
    let headers = response.headers_mut();
    let mut set = |header, value: &str| drop(HeaderValue::from_str(value).map(|value| headers.insert(header, value)));
    set(CONTENT_TYPE, BYTES);
    set(CONTENT_DISPOSITION, &format!("attachment; filename=\"{name}\""));
    set(CACHE_CONTROL, Cache::Immutable.control());
    set(ETAG, &format!("\"{name}\""));
    set(http::header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox");
    response
}

/// What is kept.
#[derive(Serialize, ToSchema)]
pub(crate) struct Kept {
    /// The SHA-256 of the bytes.
    sha256: String,
    /// How many there are.
    size: u64,
    /// Whether this request brought them; else they were here before.
    new: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PutQuery {
    notice: Option<String>,
}

/// Bring an attachment
///
/// Taken only if an accepted notice names this hash and the bytes have it. No other authority is asked for.
#[utoipa::path(put, path = "/attachments/{sha256}", tag = "attachments",
    params(("sha256" = String, Path, description = "Its SHA-256, 64 lower-case hex digits", pattern = "^[0-9a-f]{64}$"),
        ("notice" = Option<u64>, Query, description = "The index of a notice that names it; otherwise any notice that names it")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "Its bytes"),
    responses((status = 201, description = "Kept, durably", body = Kept), (status = 200, description = "Here before", body = Kept)))]
pub(crate) async fn bring<S, B>(
    sha256: Sha256Hex,
    text: String,
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
    let PutQuery { notice } = query(&text)?;
    let notice = notice.map(|text| index_in(&text)).transpose()?;
    let Sha256Hex(name) = sha256;
    let folder = site.dir.join(ledger::ATTACHMENTS);
    let target = folder.join(&name);
    if let Ok(metadata) = tokio::fs::metadata(&target).await {
        return Ok(Answer::json(Cache::Never, &Kept { sha256: name, size: metadata.len(), new: false }));
    }
    let announced = announced(&site, &name, notice).await?.ok_or_else(|| Problem::of(Code::AttachmentNotAnnounced))?;
    let most = announced.size.unwrap_or(u64::MAX).min(site.limits.attachment_bytes);
    let mut body = Limited::new(stream, &headers, most, seconds(site.limits.body_pause_seconds), None)?;
    let mut upload = Upload::begin(folder).await?;
    while let Some(bytes) = body.next().await? {
        upload.push(&bytes)?;
        tokio::task::yield_now().await;
    }
    let size = upload.finish(&name, target).await?;
    Ok(Answer::json(Cache::Never, &Kept { sha256: name, size, new: true }).with_status(StatusCode::CREATED))
}

/// Bytes on their way to the disk; a file that is not finished is removed.
struct Upload {
    file: tempfile::NamedTempFile,
    hash: Sha256,
    size: u64,
}

impl Upload {
    async fn begin(folder: PathBuf) -> Result<Self, Problem> {
        let file = tokio::task::spawn_blocking(move || {
            std::fs::create_dir_all(&folder)?;
            tempfile::Builder::new().prefix(".upload-").tempfile_in(&folder)
        });
        let file = file.await.map_err(std::io::Error::other)??;
        Ok(Self { file, hash: Sha256::new(), size: 0 })
    }

    fn push(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        // A piece is at most a buffer of the connection: into the page cache it goes in microseconds.
        self.hash.update(bytes);
        self.size += bytes.len() as u64;
        Ok(self.file.write_all(bytes)?)
    }

    /// Durable under its name, if the bytes have the hash.
    async fn finish(self, name: &str, target: PathBuf) -> Result<u64, Problem> {
        let found = hex(&self.hash.finalize());
        if found != name {
            return Err(Problem::new(
                Code::AttachmentDiffers,
                format!("收到 {} 字节，其 SHA-256 为 {found}", self.size),
                format!("received {} bytes with SHA-256 {found}", self.size),
            ));
        }
        let (file, size) = (self.file, self.size);
        let kept = tokio::task::spawn_blocking(move || settle(file, &target));
        kept.await.map_err(std::io::Error::other)??;
        Ok(size)
    }
}

/// Puts a file that is written in its place, durably.
pub(crate) fn settle(file: tempfile::NamedTempFile, target: &Path) -> std::io::Result<()> {
    file.as_file().sync_all()?;
    file.persist(target).map_err(|error| error.error)?;
    match target.parent() {
        Some(folder) if cfg!(unix) => std::fs::File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

/// How an accepted notice names the hash, if one does: the notice said, or any.
async fn announced(site: &Site, name: &str, notice: Option<LeafIndex>) -> Result<Option<Announced>, Problem> {
    if let Some(index) = notice {
        let recorded = site.ledger.entry(index).await?;
        return Ok(recorded.and_then(|recorded| names(&recorded.entry, name)));
    }
    let indexed = site.index.progress().borrow().indexed;
    if let Some(found) = site.index.announced(name).await? {
        return Ok(Some(found));
    }
    newly_announced(site, name, indexed).await
}

/// How a notice that is not indexed yet names the hash: one such search at a time, for there are many while the index is made.
async fn newly_announced(site: &Site, name: &str, indexed: u64) -> Result<Option<Announced>, Problem> {
    let mut end = site.ledger.published().checkpoint.size.0;
    if end <= indexed {
        return Ok(None);
    }
    let turn = timeout(Duration::from_secs(10), site.scans.acquire()).await;
    let _turn = turn.map_err(|_| Problem::of(Code::Busy).retry_after(5))?.map_err(|_| Problem::of(Code::Busy))?;
    while end > indexed {
        let first = end.saturating_sub(CHUNK).max(indexed);
        let entries = site.ledger.entries(LeafIndex(first)).await?;
        let before = usize::try_from(end - first).unwrap_or(usize::MAX);
        let found = entries.iter().take(before).rev().find_map(|recorded| names(&recorded.entry, name));
        if found.is_some() {
            return Ok(found);
        }
        end = first;
    }
    Ok(None)
}

/// How the notice of an entry names an attachment, if it does.
fn names(entry: &str, sha256: &str) -> Option<Announced> {
    let Body::Statement { statement, .. } = Entry::parse(entry).ok()?.body else { return None };
    // The hash is looked for before the whole statement is read.
    let payload = verifier::log::base64::decode_url(statement.split('.').nth(1)?).ok()?;
    if !String::from_utf8_lossy(&payload).contains(sha256) {
        return None;
    }
    let statement = Statement::parse(statement).ok()?;
    let claims = ledger::draft::object_to_json(&statement.notice()?.claims);
    let attachments = claims.get("attachments")?.as_array()?.iter();
    let mut named = attachments.filter(|one| one["sha256"].as_str() == Some(sha256));
    named.next().map(|one| Announced { size: one["size"].as_u64() })
}
