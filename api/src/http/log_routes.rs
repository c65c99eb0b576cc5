//! The log as static files (C2SP tlog-tiles; formats.md §6): what `export` writes, served from the database.

use std::sync::Arc;

use verifier::log::index::TreeSize;
use verifier::log::tile::{TilePath, parse_index};

use super::Site;
use super::answer::{Answer, BYTES, TEXT};
use super::cache::{Cache, Key, Stored};
use super::problem::{Code, Problem};

/// JSON Lines.
const JSON_LINES: &str = "application/jsonl";

fn not_there() -> Problem {
    Problem::of(Code::NotFound)
}

/// The newest checkpoint
///
/// A signed note (C2SP tlog-checkpoint): the tree's size and root, signed by the log's key, with the cosignatures it has.
#[utoipa::path(get, path = "/checkpoint", tag = "log",
    responses((status = 200, description = "The checkpoint", body = String, content_type = "text/plain; charset=utf-8")))]
pub(crate) async fn checkpoint(site: Arc<Site>) -> Result<Answer, Problem> {
    let not_yet = || {
        let (zh, en) = ("见证人尚未共签过账本头", "no head was cosigned by enough witnesses yet");
        Problem::new(Code::NotCosigned, zh, en).retry_after(5)
    };
    let size = site.published_size().ok_or_else(not_yet)?;
    let note = site.ledger.checkpoint(size).await?.ok_or_else(not_there)?;
    Ok(Answer::new(TEXT, Cache::Revalidate, note.format()))
}

/// A trust policy for this ledger
///
/// The one it is served under (C2SP tlog-policy): its keys and, where it has some, its witnesses. Whoever does not want to depend
/// on this server gets his policy elsewhere.
#[utoipa::path(get, path = "/policy.txt", tag = "log",
    responses((status = 200, description = "The policy", body = String, content_type = "text/plain; charset=utf-8")))]
pub(crate) async fn policy(site: Arc<Site>) -> Result<Answer, Problem> {
    if site.policy_file.is_empty() {
        return Err(not_there());
    }
    Ok(Answer::new(TEXT, Cache::Revalidate, site.policy_file.clone()))
}

/// A tile of hashes
///
/// `{n}` is `005`, `x001/x234/067`, and `005.p/17` for a partial tile, which stays even when the tile has grown full.
#[utoipa::path(get, path = "/tile/{level}/{n}", tag = "log",
    params(("level" = u8, Path, description = "0 to 63; 0 are the leaf hashes", maximum = 63),
        ("n" = String, Path, description = "The tile's number, and the width of a partial one", example = "000.p/2")),
    responses((status = 200, description = "1 to 256 hashes of 32 bytes", body = Vec<u8>, content_type = "application/octet-stream")))]
#[allow(dead_code)] // served by `tile`, which has both kinds
pub(crate) fn hash_tile() {}

/// A bundle of entries
///
/// Each entry after its length as a big-endian u16.
#[utoipa::path(get, path = "/tile/entries/{n}", tag = "log",
    params(("n" = String, Path, description = "The bundle's number, and the width of a partial one", example = "000.p/2")),
    responses((status = 200, description = "1 to 256 entries", body = Vec<u8>, content_type = "application/octet-stream")))]
pub(crate) async fn tile(tail: warp::path::Tail, site: Arc<Site>) -> Result<Answer, Problem> {
    let path = TilePath::parse(&format!("tile/{}", tail.as_str())).map_err(|_| not_there())?;
    let key = Key::Tile(path);
    if let Some(stored) = site.memory.find(&key) {
        return Ok(Answer::new(BYTES, Cache::Immutable, stored));
    }
    let stored = Stored::from(site.ledger.tile(&path).await?.ok_or_else(not_there)?);
    site.memory.keep(key, &stored);
    Ok(Answer::new(BYTES, Cache::Immutable, stored))
}

/// The disclosures beside 256 entries
///
/// JSON Lines `{"index":7,"disclosures":["…"]}`; an erasure removes from it.
#[utoipa::path(get, path = "/disclosures/{n}", tag = "log",
    params(("n" = String, Path, description = "The number of the bundle, spelt like a tile's", example = "000")),
    responses((status = 200, description = "A line for each entry that has some", body = String, content_type = "application/jsonl")))]
pub(crate) async fn disclosures(tail: warp::path::Tail, site: Arc<Site>) -> Result<Answer, Problem> {
    // Beyond 2^53 entries there are none.
    let n = parse_index(tail.as_str()).ok().filter(|n| *n < 1 << 45).ok_or_else(not_there)?;
    let lines = site.ledger.disclosure_file(n).await?.ok_or_else(not_there)?;
    Ok(Answer::new(JSON_LINES, Cache::Revalidate, lines))
}

/// A published checkpoint
///
/// With the cosignatures it has by now.
#[utoipa::path(get, path = "/checkpoints/{size}", tag = "log",
    params(("size" = u64, Path, description = "Its number of entries", example = 2)),
    responses((status = 200, description = "The checkpoint", body = String, content_type = "text/plain; charset=utf-8")))]
pub(crate) async fn published(size: String, site: Arc<Site>) -> Result<Answer, Problem> {
    let size = TreeSize::parse_decimal(&size).map_err(|_| not_there())?;
    if site.published_size().is_none_or(|published| size > published) {
        return Err(not_there());
    }
    let note = site.ledger.checkpoint(size).await?.ok_or_else(not_there)?;
    Ok(Answer::new(TEXT, Cache::Revalidate, note.format()))
}
