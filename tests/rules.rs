//! What the law asks, case by case: `rules/<rule id>.toml` for every rule that ships, `quorum/` for what witnesses change.
//!
//! How a case is told and judged: [`cases`].
#![allow(missing_docs)]
#![allow(clippy::unwrap_used)]

mod cases;
mod program;

use std::path::{Path, PathBuf};

use cases::{Law, judge, read, rules, told_in};
use verifier::lifecycle::shipped;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests").join(name)
}

fn cn() -> Law<'static> {
    Law { jurisdiction: "cn", rulebook: shipped::rulebook("cn").unwrap(), calendar: shipped::calendar("cn") }
}

#[test]
fn every_case_of_every_rule_comes_out_as_told() {
    let cases = read(&folder("rules"), cn());
    judge(&cases, cn());
}

#[test]
fn every_rule_has_its_cases() {
    assert_eq!(told_in(&folder("rules")), rules(cn().rulebook).into_keys().collect());
}
