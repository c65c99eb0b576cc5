//! The offline verifier (离线验证器): one HTML file with all it needs in it, for a reader who does not want to depend on this
//! server. It is composed of the same modules as the pages' verifier, may reach no network, and is known by its hash, which is
//! recorded in `api/portal/verifier.html.sha256` and in CHANGELOG.md.

use std::sync::Arc;
use std::sync::LazyLock;

use http::header::{CONTENT_DISPOSITION, HeaderName};
use verifier::log::base64;
use verifier::log::hash::{Hash, hex, sha256};

use super::bundle::{self, Comments};
use super::{NoParameters, Visit};
use crate::http::answer::{Answer, HTML};
use crate::http::cache::{Cache, Stored};
use crate::http::problem::Problem;

/// Where the offline verifier is downloaded.
pub(super) const ADDRESS: &str = "/verifier.html";

const TEMPLATE: &str = include_str!("../../portal/verify/offline.html");
const STYLE: &str =
    concat!(include_str!("../../portal/verify/offline.css"), include_str!("../../portal/verify/verify.css"));

/// The file, and what it is known by.
pub(super) struct Offline {
    stored: Stored,
    hash: Hash,
}

static OFFLINE: LazyLock<Offline> = LazyLock::new(|| {
    let file = compose();
    Offline { hash: sha256(file.as_bytes()), stored: Stored::from(file) }
});

/// The offline verifier of this program.
pub(super) fn offline() -> &'static Offline {
    &OFFLINE
}

impl Offline {
    /// The SHA-256 of the file in lower-case hex, as `sha256sum verifier.html` prints it.
    pub(super) fn sha256_hex(&self) -> String {
        hex(&self.hash.0)
    }

    /// The same as browsers write it for subresource integrity: `sha256-<base64>`.
    pub(super) fn integrity(&self) -> String {
        integrity(self.hash)
    }
}

/// The file: style and script stand in it, and its policy lets nothing but these two work.
fn compose() -> String {
    let script = bundle::compose("verify/offline.js", Comments::Kept);
    let of = |text: &str| integrity(sha256(text.as_bytes()));
    // What comes from the template goes first, so that nothing within style or script is taken for a place to fill.
    let (head, rest) = TEMPLATE.split_once("{style}").expect("the template has a place for the style");
    let (middle, end) = rest.split_once("{script}").expect("the template has a place for the script");
    let head = head.replace("{script-hash}", &of(&script)).replace("{style-hash}", &of(STYLE));
    format!("{head}{STYLE}{middle}{script}{end}")
}

fn integrity(hash: Hash) -> String {
    format!("sha256-{}", base64::encode(&hash.0))
}

/// The offline verifier
///
/// One HTML file that verifies dossiers and receipts from disk, without any network.
#[utoipa::path(get, path = "/verifier.html", operation_id = "offline_verifier", tag = "portal",
    responses((status = 200, description = "The file, to be saved", body = String, content_type = "text/html; charset=utf-8")))]
pub(super) async fn verifier(visit: Arc<Visit>) -> Result<Answer, Problem> {
    visit.parameters::<NoParameters>()?;
    let answer = Answer::new(HTML, Cache::Revalidate, offline().stored.clone());
    // Opened here it would be this server's page, and prove no more than any other of them.
    Ok(answer
        .with_header(CONTENT_DISPOSITION, "attachment; filename=\"verifier.html\"")
        .with_header(HeaderName::from_static("content-security-policy"), "sandbox; default-src 'none'"))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    /// The file that records the hash. `UPDATE_VERIFIER_HASH=1 cargo test -p api offline` writes it anew.
    const RECORDED: &str = "portal/verifier.html.sha256";

    #[test]
    fn the_hash_is_the_one_recorded() {
        let said = format!("{}  verifier.html\n", offline().sha256_hex());
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(RECORDED);
        if std::env::var_os("UPDATE_VERIFIER_HASH").is_some() {
            fs::write(&path, &said).unwrap();
        }
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            said,
            "record it: UPDATE_VERIFIER_HASH=1 cargo test -p api offline"
        );
        let changes = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../CHANGELOG.md")).unwrap();
        assert!(changes.contains(&offline().sha256_hex()), "CHANGELOG.md names another hash of verifier.html");
    }

    #[test]
    fn the_file_needs_nothing_but_itself() {
        let file = compose();
        assert!(!file.contains("{script") && !file.contains("{style"));
        assert_eq!(file.matches("</script").count(), 1, "the script must not end within itself");
        assert_eq!(file.matches("</style").count(), 1);
        assert!(!file.contains("src=\"") && !file.contains("href=\"http"));
        assert!(offline().integrity().starts_with("sha256-"));
    }
}
