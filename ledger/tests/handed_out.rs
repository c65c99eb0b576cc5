//! Receipts and dossiers hold what the ledger has at their head: across a change of the log's key, and between cosignatures.
#![allow(clippy::unwrap_used)]

mod fixture;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use fixture::{ORIGIN, enrol, new_ledger, notice, publisher, root};
use ledger::publisher::Desk;
use ledger::{LOG_KEY, Ledger, NEXT_LOG_KEY, Outcome, PrivateKey, Reader};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::task::JoinSet;
use verifier::dossier::{DossierFile, EntryPart};
use verifier::log::base64::encode;
use verifier::log::index::LeafIndex;
use verifier::log::note::VerifierKey;
use verifier::log::policy::Policy;
use verifier::record::subject::{ProjectId, Subject};

fn project(id: &str) -> Subject {
    Subject::Project(ProjectId::parse(id).unwrap())
}

async fn record(ledger: &Ledger, project: &str, jti: &str) -> LeafIndex {
    match ledger.submit(notice("P", &publisher(10), project, jti, jti)).await.unwrap() {
        Outcome::Recorded(index) => index,
        other => panic!("{other:?}"),
    }
}

fn policy_of(log: &VerifierKey) -> Policy {
    Policy::parse(format!("log {log}\nquorum none\n")).unwrap()
}

/// Opens a closed ledger and gives it its next log key; with the policy of that key.
async fn open_with_next_log_key(dir: &Path) -> (Ledger, Policy) {
    let next = PrivateKey::generate().unwrap();
    next.write(&dir.join(NEXT_LOG_KEY)).unwrap();
    let vkey = next.log_vkey(ORIGIN).unwrap();
    let ledger = Ledger::open(dir).await.unwrap();
    let root = root();
    let desk = Desk { iss: "root", key: &root, origin: ORIGIN, now: 1_764_000_000 };
    assert!(matches!(ledger.submit(desk.next_log_key(1, &vkey).unwrap()).await.unwrap(), Outcome::Recorded(_)));
    (ledger, policy_of(&vkey))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_stays_open_goes_on_when_the_log_key_changes() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = new_ledger(dir.path()).await;
    ledger.submit(enrol("P", &publisher(10), 0)).await.unwrap();
    let before = record(&ledger, "X", "1").await;
    ledger.close().await;

    let reader = Reader::open(dir.path()).await.unwrap();
    assert!(reader.receipt(before).await.unwrap().is_some());
    let (ledger, policy) = open_with_next_log_key(dir.path()).await;
    let after = record(&ledger, "X", "2").await;

    for index in [before, after] {
        let receipt = reader.receipt(index).await.unwrap().unwrap();
        assert_eq!(verifier::receipt::verify(&receipt, &policy).unwrap().proof.index, index);
    }
    let dossier = reader.dossier(&project("X")).await.unwrap();
    assert!(verifier::dossier::verify(&dossier, &policy, |_, _| false).is_ok());
    ledger.close().await;
}

/// Writes cosignatures as a witness of the name would give them to these checkpoints; no policy here asks for them.
async fn cosign(dir: &Path, witness: &str, sizes: &[u64]) {
    let options = SqliteConnectOptions::new().filename(dir.join("ledger.db"));
    let mut database = options.connect().await.unwrap();
    for size in sizes {
        let line = format!("— {witness} {}", encode(&[u8::try_from(*size % 200).unwrap(); 76]));
        let insert = sqlx::query("INSERT INTO cosignature (size, line) VALUES (?, ?)");
        insert.bind(i64::try_from(*size).unwrap()).bind(line).execute(&mut database).await.unwrap();
    }
    database.close().await.unwrap();
}

/// The sizes of the cosigned checkpoints before and after an entry, and the cosignatures of the one after.
fn around(part: &EntryPart) -> (Option<u64>, Option<(u64, usize)>) {
    let before = part.not_before.as_ref().map(|note| note.checkpoint.size.0);
    let lines = |text: &str| text.lines().filter(|line| line.starts_with("— witness")).count();
    let after = part.recorded_by.as_ref().map(|(note, _)| (note.checkpoint.size.0, lines(&note.format())));
    (before, after)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_entry_of_a_dossier_stands_between_the_cosigned_checkpoints_nearest_to_it() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = new_ledger(dir.path()).await;
    ledger.submit(enrol("P", &publisher(10), 0)).await.unwrap();
    let mut indexes = Vec::new();
    for n in 0..6 {
        // Each is its own batch, whose checkpoint has two entries more than the index: the notice and the seal.
        indexes.push(record(&ledger, "X", &format!("x{n}")).await.0);
        record(&ledger, &format!("OTHER{n}"), &format!("o{n}")).await;
    }
    ledger.close().await;
    let [after_second, after_fourth] = [indexes[1] + 2, indexes[3] + 2];
    cosign(dir.path(), "witness.example/a", &[after_second, after_fourth]).await;
    cosign(dir.path(), "witness.example/b", &[after_second]).await;

    let reader = Reader::open(dir.path()).await.unwrap();
    let file = reader.dossier(&project("X")).await.unwrap();
    let found: Vec<_> = file.subjects[0].entries.as_ref().unwrap().iter().map(around).collect();
    let (second, fourth) = (Some((after_second, 2)), Some((after_fourth, 1)));
    let expected = [
        (None, second),
        (None, second),
        (Some(after_second), fourth),
        (Some(after_second), fourth),
        (Some(after_fourth), None),
        (Some(after_fourth), None),
    ];
    assert_eq!(found, expected);
    assert_eq!(DossierFile::parse(&file.format()).unwrap(), file);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dossier_of_more_entries_than_are_read_together_is_whole() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = new_ledger(dir.path()).await;
    ledger.submit(enrol("P", &publisher(10), 0)).await.unwrap();
    let key = publisher(10);
    let notices = (0..600).map(|n| notice("P", &key, "X", &format!("x{n}"), &format!("text {n}"))).collect();
    ledger.submit_many(notices).await.unwrap();
    ledger.close().await;
    let reader = Reader::open(dir.path()).await.unwrap();
    let file = reader.dossier(&project("X")).await.unwrap();
    let entries = file.subjects[0].entries.as_ref().unwrap();
    assert_eq!(entries.len(), 600);
    assert!(entries.iter().all(|part| part.disclosures.len() == 1));
}

/// Records as a server does, with the receipt; also reads the receipt back under the same head.
async fn record_for_receipt(ledger: &Ledger, policy: &Policy, jti: &str) -> LeafIndex {
    let statement = notice("P", &publisher(10), &format!("X{}", jti.len()), jti, jti);
    let (outcome, parts) = ledger.submit_for_receipt(statement.clone()).await.unwrap();
    let Outcome::Recorded(index) = outcome else { panic!("{outcome:?}") };
    let receipt = parts.expect("what is new has a receipt").make().unwrap();
    let verified = verifier::receipt::verify(&receipt, policy).unwrap();
    assert_eq!((verified.proof.index, verified.statement.unwrap().jti), (index, jti.to_owned()));
    let head = verified.proof.checkpoint;
    let mut read = ledger.receipts(&BTreeSet::from([index.0]), &head).await.unwrap();
    assert_eq!(read.remove(&index.0).unwrap().make().unwrap(), receipt);
    let (again, parts) = ledger.submit_for_receipt(statement).await.unwrap();
    assert_eq!((again, parts.is_none()), (Outcome::Existing(index), true));
    index
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_that_comes_with_the_recording_is_the_one_that_is_read_back() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = Arc::new(new_ledger(dir.path()).await);
    ledger.submit(enrol("P", &publisher(10), 0)).await.unwrap();
    let vkey = PrivateKey::read(&dir.path().join(LOG_KEY)).unwrap().log_vkey(ORIGIN).unwrap();
    let policy = Arc::new(policy_of(&vkey));
    let mut clients = JoinSet::new();
    for client in 0..16 {
        let (ledger, policy) = (Arc::clone(&ledger), Arc::clone(&policy));
        clients.spawn(async move {
            for n in 0..40 {
                record_for_receipt(&ledger, &policy, &format!("{client}-{n}")).await;
            }
        });
    }
    while let Some(done) = clients.join_next().await {
        done.unwrap();
    }
    Arc::into_inner(ledger).unwrap().close().await;

    let (ledger, policy) = open_with_next_log_key(dir.path()).await;
    record_for_receipt(&ledger, &policy, "after the key").await;
    ledger.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_statements_that_arrive_together_each_gets_its_own_answer() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = Arc::new(new_ledger(dir.path()).await);
    ledger.submit(enrol("P", &publisher(10), 0)).await.unwrap();
    let mut clients = JoinSet::new();
    for n in 0..60 {
        let ledger = Arc::clone(&ledger);
        clients.spawn(async move {
            let (iss, jti) = match n % 3 {
                0 => ("P", "the same".to_owned()),
                1 => ("P", format!("{n}")),
                _ => ("NOBODY", format!("{n}")),
            };
            let text = if n == 4 { "长".repeat(100_000) } else { jti.clone() };
            let submitted = ledger.submit_for_receipt(notice(iss, &publisher(10), "X", &jti, &text)).await.unwrap();
            (n, submitted.0, submitted.1.map(|parts| parts.make().unwrap()))
        });
    }
    let (mut first, mut again) = (Vec::new(), Vec::new());
    while let Some(done) = clients.join_next().await {
        match done.unwrap() {
            (n, Outcome::Recorded(index), Some(receipt)) if n % 3 != 2 => {
                let expected = format!("\nindex {index}\n");
                assert!(receipt.contains(&expected), "{n}: {receipt}");
                if n % 3 == 0 {
                    first.push(index);
                }
            }
            (n, Outcome::Existing(index), None) if n % 3 == 0 => again.push(index),
            (n, Outcome::Refused(_), None) if n % 3 == 2 => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((first.len(), again.len()), (1, 19));
    assert!(again.iter().all(|index| *index == first[0]));
    Arc::into_inner(ledger).unwrap().close().await;
}
