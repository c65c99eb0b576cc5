//! What a visitor of the served demo does: fetches a dossier and verifies it under the witnesses' policy; and how whoever
//! runs the demo does the same, in his own shell, with curl and `mingzhang-verify`.

use std::env;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use verifier::dossier::{self, DossierFile, MAX_DOSSIER, Wholeness};
use verifier::log::policy::Policy;
use verifier::record::subject::ProjectId;

use super::network::Network;
use crate::failure::Failure;

/// What is encoded of a project's id in a URL: everything but what RFC 3986 calls unreserved.
const ENCODED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// The verifier's program.
const VERIFIER: &str = "mingzhang-verify";
/// How long the server may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Fetches the dossier of a project, which must be whole by the word of the replay group.
pub(super) async fn visit(network: &Network, project: &ProjectId, policy: Policy) -> Result<(), Failure> {
    let url = address(network, project);
    let fetched = tokio::task::spawn_blocking(move || fetch(&url)).await.map_err(Failure::operational)??;
    let file = DossierFile::parse(&fetched).map_err(Failure::refused)?;
    let dossier = dossier::verify(&file, &policy, |_, _| false).map_err(Failure::refused)?;
    match dossier.wholeness {
        Wholeness::ReplayGroup => Ok(()),
        _ => Err(Failure::refused(format_args!("the dossier of {project} is not whole by the replay group"))),
    }
}

fn fetch(url: &str) -> Result<String, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::operational(format_args!("{url}: {error}"));
    let call = ureq::get(url).config().timeout_global(Some(PATIENCE)).build().call();
    let mut text = String::new();
    let mut body = call.map_err(|error| failed(&error))?.into_body();
    body.as_reader().take(MAX_DOSSIER as u64).read_to_string(&mut text).map_err(|error| failed(&error))?;
    Ok(text)
}

fn address(network: &Network, project: &ProjectId) -> String {
    format!("{}/api/v1/projects/{}/dossier", network.url, utf8_percent_encode(project.as_str(), &ENCODED))
}

/// The line for a shell that fetches the dossier of a project and verifies it.
pub(super) fn command(network: &Network, project: &ProjectId) -> String {
    let (url, policy) = (quoted(&address(network, project)), quoted_path(&network.policy));
    format!("curl -sSf {url} | {} dossier - --policy {policy}", verifier())
}

/// How the verifier is run: the one built beside this program, or the one that is installed; else cargo, which has started this
/// program, builds it first.
fn verifier() -> String {
    let name = format!("{VERIFIER}{}", env::consts::EXE_SUFFIX);
    let own = env::current_exe().ok();
    let beside = own.as_ref().map(|own| own.with_file_name(&name)).filter(|path| path.is_file());
    let installed =
        env::var_os("PATH").and_then(|path| env::split_paths(&path).map(|dir| dir.join(&name)).find(|at| at.is_file()));
    match (beside, installed, workspace()) {
        (Some(beside), Some(installed), _) if same(&beside, &installed) => VERIFIER.to_owned(),
        (Some(beside), ..) => quoted_path(&beside),
        (None, None, Some(workspace)) => {
            let release = own.is_some_and(|own| own.parent().is_some_and(|dir| dir.ends_with("release")));
            let profile = if release { "--release " } else { "" };
            format!("cargo run --quiet {profile}--manifest-path {} --bin {VERIFIER} --", quoted_path(&workspace))
        }
        (None, ..) => VERIFIER.to_owned(),
    }
}

/// The workspace's manifest, if cargo has started this program.
fn workspace() -> Option<PathBuf> {
    let package = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from)?;
    package.parent().map(|workspace| workspace.join("Cargo.toml")).filter(|manifest| manifest.is_file())
}

fn same(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

fn quoted_path(path: &Path) -> String {
    quoted(&path.to_string_lossy())
}

/// A word for a POSIX shell.
fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/:%+,=@".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_stays_one_word_in_a_shell() {
        for word in ["plain/word-1.txt", "two words", "it's", "$(reboot) `x` \"y\" \\", "武汉〔2026〕1号", ""] {
            let echoed = std::process::Command::new("sh").args(["-c", &format!("printf %s {}", quoted(word))]).output();
            assert_eq!(String::from_utf8(echoed.expect("there is a shell").stdout).expect("it is text"), word);
        }
    }
}
