//! Where a page verifies in the browser what it shows: the place, the script, and what the script is told.

use maud::{Markup, html};

use super::{Visit, offline};

const SCRIPT: &str = "verify-page.js";
const VERIFIER: &str = "verifier.js";
const POLICY: &str = "/policy.txt";

/// What is verified: the address of a dossier or of a receipt.
pub(super) enum Proof<'a> {
    Dossier(&'a str),
    Receipt(&'a str),
}

/// The place on the page.
pub(super) fn section(visit: &Visit, proof: &Proof<'_>) -> Markup {
    let (dossier, receipt) = match proof {
        Proof::Dossier(path) => (Some(visit.plain_link(path)), None),
        Proof::Receipt(path) => (None, Some(visit.plain_link(path))),
    };
    let offline = offline::offline();
    html! {
        section #verify data-dossier=[dossier] data-receipt=[receipt] data-policy=(visit.plain_link(POLICY))
            data-verifier=(visit.asset(VERIFIER)) data-offline=(visit.plain_link(offline::ADDRESS))
            data-sha256=(offline.sha256_hex()) data-integrity=(offline.integrity()) {}
    }
}

/// What the page's head needs for it.
pub(super) fn script(visit: &Visit) -> Markup {
    html! { script type="module" src=(visit.asset(SCRIPT)) {} }
}
