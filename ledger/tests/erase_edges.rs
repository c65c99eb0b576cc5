//! What an erasure does at its edges: sealed values, files beside the database, words said elsewhere, refusals.
#![allow(missing_docs, clippy::unwrap_used)]

mod fixture;

use std::fs;
use std::path::{Path, PathBuf};

use fixture::{ORIGIN, audit, enrol, erasure, new_ledger, notice, publisher};
use ledger::draft::Draft;
use ledger::publisher::{Desk, SealOrder};
use ledger::{Ledger, Outcome, Refusal, Scrubbed, SignedStatement, fsck};
use verifier::log::base64::decode_url;
use verifier::log::index::LeafIndex;

const SECRET: &str = "张三 027-1380000";

async fn record(ledger: &Ledger, statement: SignedStatement) -> LeafIndex {
    match ledger.submit(statement).await.unwrap() {
        Outcome::Recorded(index) => index,
        other => panic!("{other:?}"),
    }
}

/// A ledger with a publisher, and neighbours of what will be erased.
async fn ledger_in(dir: &Path) -> Ledger {
    let ledger = new_ledger(dir).await;
    record(&ledger, enrol("P", &publisher(10), 0)).await;
    for n in 0..40 {
        let text = format!("neighbour {n} {}", "words ".repeat(n * 20));
        record(&ledger, notice("P", &publisher(10), &format!("N{n}"), &format!("n{n}"), &text)).await;
    }
    ledger
}

/// Every file of a directory that holds one of these, by name.
fn holding(dir: &Path, texts: &[&[u8]]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(holding(&path, texts));
        } else {
            let bytes = fs::read(&path).unwrap();
            if texts.iter().any(|text| bytes.windows(text.len()).any(|window| window == *text)) {
                found.push(path);
            }
        }
    }
    found
}

fn is_nowhere(dir: &Path, disclosure: &str) {
    let opened = decode_url(disclosure).unwrap();
    assert_eq!(holding(dir, &[SECRET.as_bytes(), disclosure.as_bytes(), &opened]), Vec::<PathBuf>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_value_is_erased_from_its_reveal_and_before_it_without_a_search() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = ledger_in(dir.path()).await;
    let key = publisher(10);
    let desk = Desk { iss: "P", key: &key, origin: ORIGIN, now: 1_764_000_000 };
    for (project, reveal_first) in [("REVEALED", true), ("NEVER", false)] {
        let draft = format!(
            "{{\"notice_id\":\"{project}\",\"project\":{{\"id\":\"{project}\"}},\"sector\":\"land\",\"stage\":\"award\",\"title\":\"t\",\
             \"data\":{{\"experts\":[\"{SECRET}\"]}}}}"
        );
        let order = SealOrder::parse("experts:contract").unwrap();
        let (statement, withheld) = desk.notice(&Draft::parse(&draft).unwrap(), &[order], false).unwrap();
        let target = record(&ledger, statement).await;
        let disclosures: Vec<String> = withheld.into_iter().map(|one| one.disclosure).collect();
        let reveal = desk.reveal(&format!("r-{project}"), &format!("project/{project}"), target, disclosures.clone());
        let reveal = reveal.unwrap();
        if reveal_first {
            record(&ledger, reveal.clone()).await;
        }
        let statement = erasure(project, target, &disclosures, &format!("e-{project}"));
        assert!(matches!(ledger.erase(statement).await.unwrap(), (Outcome::Recorded(_), Scrubbed::Clean)));
        is_nowhere(dir.path(), &disclosures[0]);
        if !reveal_first {
            // What was erased while it was sealed does not come back.
            record(&ledger, reveal).await;
            is_nowhere(dir.path(), &disclosures[0]);
        }
    }
    assert_eq!(audit(&ledger).await.totals().reveals, 2);
    ledger.close().await;
    assert_eq!(fsck(dir.path(), &mut |_, _| ()).await.unwrap().findings, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_still_holds_it_is_named_and_rightful_words_elsewhere_are_not() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = ledger_in(dir.path()).await;
    // "A notice" is the title of every notice, too, and the second text stands beside two notices.
    for (n, text) in ["A notice", "a word that two notices say"].into_iter().enumerate() {
        record(&ledger, notice("P", &publisher(10), "OTHER", &format!("other{n}"), text)).await;
        let shown = notice("P", &publisher(10), "X", &format!("x{n}"), text);
        let disclosures = shown.disclosures.clone();
        let target = record(&ledger, shown).await;
        let erased = ledger.erase(erasure("X", target, &disclosures, &format!("e{n}"))).await.unwrap();
        assert!(matches!(erased, (Outcome::Recorded(_), Scrubbed::Clean)), "{erased:?}");
    }
    for (n, holds) in ["the disclosure", "the value"].into_iter().enumerate() {
        let shown = notice("P", &publisher(10), "Y", &format!("y{n}"), SECRET);
        let disclosure = shown.disclosures[0].clone();
        let target = record(&ledger, shown).await;
        let file = dir.path().join("attachments").join(format!("{n}"));
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        let content = if n == 0 { &disclosure } else { SECRET };
        fs::write(&file, format!("before {content} after")).unwrap();
        let statement = erasure("Y", target, std::slice::from_ref(&disclosure), &format!("ey{n}"));
        let (_, scrubbed) = ledger.erase(statement).await.unwrap();
        assert_eq!(scrubbed, Scrubbed::Remains { file: file.clone() }, "{holds}");
        fs::remove_file(file).unwrap();
        is_nowhere(dir.path(), &disclosure);
    }
    audit(&ledger).await;
    ledger.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_that_is_refused_erases_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = ledger_in(dir.path()).await;
    let shown = notice("P", &publisher(10), "X", "x", SECRET);
    let disclosures = shown.disclosures.clone();
    let target = record(&ledger, shown).await;
    let other_subject = ledger.erase(erasure("Z", target, &disclosures, "e")).await.unwrap();
    assert!(matches!(other_subject.0, Outcome::Refused(_)), "{other_subject:?}");
    record(&ledger, notice("P", &publisher(10), "Y", "y", "text")).await;
    let other = notice("P", &publisher(10), "Y", "y2", "other");
    let index = record(&ledger, other.clone()).await;
    ledger.erase(erasure("Y", index, &other.disclosures, "taken")).await.unwrap();
    // The id is taken by another erasure: nothing was erased here, and that is said.
    let conflict = ledger.erase(erasure("X", target, &disclosures, "taken")).await.unwrap();
    assert!(matches!(conflict.0, Outcome::Refused(Refusal::Conflict { .. })), "{conflict:?}");
    assert_eq!(conflict.1, Scrubbed::Remains { file: dir.path().join("ledger.db") });
    let kept = ledger.entries(target).await.unwrap().remove(0).disclosures;
    assert_eq!(kept, disclosures);
    ledger.close().await;
}
