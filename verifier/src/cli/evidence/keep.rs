//! Where evidence is kept, in words.

use std::path::Path;

use verifier::client::evidence::Kept;

use super::super::lang::Lang;
use super::super::message::{InLanguage as _, Message};
use super::super::report::Failure;

/// The failure, and where its evidence is.
pub(crate) fn told(kept: Kept, mut failure: Failure, lang: Lang) -> Failure {
    let stop = match lang {
        Lang::Zh => "。",
        Lang::En => ". ",
    };
    let shown = |path: &Path| path.display().to_string();
    let said = match &kept {
        Kept::In(path) => Message::EvidenceKept { path: &shown(path) }.text(lang),
        Kept::Unproven(path, error) => {
            Message::EvidenceUnproven { path: &shown(path), why: &error.text(lang) }.text(lang)
        }
        Kept::Unwritable(path, error) => {
            Message::EvidenceUnwritable { path: &shown(path), error: &error.to_string() }.text(lang)
        }
        Kept::Impossible => Message::EvidenceImpossible.text(lang),
    };
    failure.message = failure.message + stop + &said;
    if let Kept::In(path) | Kept::Unproven(path, _) = kept {
        failure.evidence = Some(shown(&path));
    }
    failure
}
