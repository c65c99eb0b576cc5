//! What pages are made of beside their HTML: files that are part of the program. Their address names their content, so that a
//! browser keeps them for ever and never shows an old one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::LazyLock;

use serde::Deserialize;
use verifier::log::hash::{hex, sha256};

use super::Visit;
use super::bundle::{self, Comments};
use crate::http::answer::Answer;
use crate::http::cache::{Cache, Stored};
use crate::http::problem::{Code, Problem};

/// `text/css`.
const CSS: &str = "text/css; charset=utf-8";
/// `image/svg+xml`.
const SVG: &str = "image/svg+xml";
/// `text/javascript`.
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

const STYLE: &str = concat!(
    include_str!("../../portal/style.css"),
    include_str!("../../portal/verify/verify.css"),
    include_str!("../../portal/publish/publish.css")
);

/// The files by name, each with its media type.
const FILES: &[(&str, &str, &[u8])] =
    &[("style.css", CSS, STYLE.as_bytes()), ("icon.svg", SVG, include_bytes!("../../portal/icon.svg"))];
/// The scripts by name, each with the module it is composed from.
const SCRIPTS: &[(&str, &str)] =
    &[("verify-page.js", "verify/page.js"), ("verifier.js", "verifier/verify.js"), ("publish.js", "publish/page.js")];

/// A file as it is served.
struct Asset {
    media_type: &'static str,
    stored: Stored,
    /// The first 16 hex digits of its SHA-256.
    version: String,
}

static ASSETS: LazyLock<BTreeMap<&str, Asset>> = LazyLock::new(|| {
    let version = |bytes: &[u8]| hex(&sha256(bytes).0[..8]);
    let file = |(name, media_type, bytes): &(&'static str, &'static str, &'static [u8])| {
        (*name, Asset { media_type, stored: Stored::from(*bytes), version: version(bytes) })
    };
    let script = |(name, module): &(&'static str, &'static str)| {
        let composed = bundle::compose(module, Comments::LeftOut);
        let version = version(composed.as_bytes());
        (*name, Asset { media_type: JAVASCRIPT, stored: Stored::from(composed), version })
    };
    FILES.iter().map(file).chain(SCRIPTS.iter().map(script)).collect()
});

/// Where an asset is, with its version.
pub(super) fn address(name: &str) -> String {
    let version = ASSETS.get(name).map_or("", |asset| &asset.version);
    format!("/assets/{name}?v={version}")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AssetQuery {
    v: Option<String>,
}

/// What pages are made of
///
/// Style sheet, scripts and images. With their version in the address they never change.
#[utoipa::path(get, path = "/assets/{name}", operation_id = "asset", tag = "portal",
    params(("name" = String, Path, description = "The file's name", example = "style.css"),
        ("v" = Option<String>, Query, description = "The first 16 hex digits of its SHA-256")),
    responses((status = 200, description = "The file", content(
        (Vec<u8> = "text/css; charset=utf-8"), (Vec<u8> = "text/javascript; charset=utf-8"), (Vec<u8> = "image/svg+xml")))))]
pub(super) async fn asset(visit: Arc<Visit>) -> Result<Answer, Problem> {
    let asset = ASSETS.get(visit.rest()).ok_or_else(|| Problem::of(Code::NotFound))?;
    let AssetQuery { v } = visit.parameters()?;
    let cache = if v.as_deref() == Some(&asset.version) { Cache::Immutable } else { Cache::Revalidate };
    Ok(Answer::new(asset.media_type, cache, asset.stored.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_the_content() {
        let expected = &hex(&sha256(STYLE.as_bytes()).0)[..16];
        assert_eq!(address("style.css"), format!("/assets/style.css?v={expected}"));
    }
}
