//! Statements are recorded as the verifier wants them, once, in order, and survive.
#![allow(clippy::unwrap_used)]

mod fixture;

use fixture::{audit, enrol, erasure, new_ledger, notice, publisher};
use ledger::publisher::Desk;
use ledger::{Ledger, LedgerError, LockError, Outcome, Refusal};
use verifier::log::index::LeafIndex;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_recorded_passes_the_audit_and_is_there_after_opening_again() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = new_ledger(dir.path()).await;
    let key = publisher(10);
    assert_eq!(ledger.submit(enrol("P", &key, 0)).await.unwrap(), Outcome::Recorded(LeafIndex(2)));
    let notices: Vec<_> =
        (0..700).map(|n| notice("P", &key, &format!("X{}", n % 90), &format!("n{n}"), "text")).collect();
    let outcomes = ledger.submit_many(notices.clone()).await.unwrap();
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Recorded(_))), "{:?}", outcomes[0]);
    assert_eq!(audit(&ledger).await.totals().notices, 700);
    ledger.close().await;

    let ledger = Ledger::open(dir.path()).await.unwrap();
    let again = ledger.submit_many(notices).await.unwrap();
    for (first, again) in outcomes.iter().zip(&again) {
        assert!(matches!((first, again), (Outcome::Recorded(a), Outcome::Existing(b)) if a == b));
    }
    ledger.submit(notice("P", &key, "NEW", "n700", "text")).await.unwrap();
    ledger.seal().await.unwrap();
    assert_eq!(audit(&ledger).await.totals().projects, 91);
    ledger.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_map_stays_right_across_merges() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = new_ledger(dir.path()).await;
    let key = publisher(10);
    ledger.submit(enrol("P", &key, 0)).await.unwrap();
    for round in 0..3 {
        let notices = (0..9000).map(|n| notice("P", &key, &format!("X{n}"), &format!("{round}-{n}"), "t")).collect();
        let outcomes = ledger.submit_many(notices).await.unwrap();
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Recorded(_))));
    }
    ledger.close().await;
    let ledger = Ledger::open(dir.path()).await.unwrap();
    ledger.submit(notice("P", &key, "X17", "last", "t")).await.unwrap();
    assert_eq!(audit(&ledger).await.totals().notices, 27_001);
    ledger.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_hold_is_refused_with_its_reason_and_leaves_no_trace() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = new_ledger(dir.path()).await;
    let key = publisher(10);
    let early = ledger.submit(notice("P", &key, "X", "1", "t")).await.unwrap();
    assert!(matches!(early, Outcome::Refused(Refusal::Authority(_))), "not enrolled yet: {early:?}");
    // The enrolment and a notice that needs it, in one breath.
    let together = vec![enrol("P", &key, 0), notice("P", &key, "X", "1", "t"), enrol("P", &key, 0)];
    let outcomes = ledger.submit_many(together).await.unwrap();
    assert_eq!(outcomes[1], Outcome::Recorded(LeafIndex(3)));
    assert_eq!(outcomes[2], Outcome::Existing(LeafIndex(2)));
    let mut bare = notice("P", &key, "X", "2", "t");
    bare.disclosures.clear();
    for (statement, what) in [
        (notice("P", &key, "X", "1", "other"), "conflict"),
        (notice("P", &publisher(11), "X", "2", "t"), "another key"),
        (enrol("Q", &publisher(12), 1), "seq"),
        (bare, "withheld"),
    ] {
        let outcome = ledger.submit(statement).await.unwrap();
        assert!(matches!(outcome, Outcome::Refused(_)), "{what}: {outcome:?}");
    }
    let (root, origin) = (fixture::root(), ledger.origin());
    let desk = Desk { iss: "root", key: &root, origin: &origin, now: 1_764_000_000 };
    let rulebook = desk.rulebook(0, "cn", "1", "2026-01-01", &serde_json::json!([{ "id": "a.b" }])).unwrap();
    let unfit = ledger.submit(rulebook).await.unwrap();
    assert!(
        matches!(&unfit, Outcome::Refused(Refusal::Rulebook(error)) if error.path.starts_with("rules[0]")),
        "{unfit:?}"
    );
    assert_eq!(audit(&ledger).await.size().0, 5);
    ledger.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_disclosure_is_gone_and_the_ledger_still_whole() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = new_ledger(dir.path()).await;
    let key = publisher(10);
    let shown = notice("P", &key, "X", "1", "t");
    let target = LeafIndex(3);
    // Target and erasure of the first in one batch, of the second in two.
    let together = vec![enrol("P", &key, 0), shown.clone(), erasure("X", target, &shown.disclosures, "e1")];
    let outcomes = ledger.submit_many(together).await.unwrap();
    assert_eq!(outcomes[2], Outcome::Recorded(LeafIndex(4)));
    let second = notice("P", &key, "X", "2", "u");
    assert_eq!(ledger.submit(second.clone()).await.unwrap(), Outcome::Recorded(LeafIndex(6)));
    ledger.submit(erasure("X", LeafIndex(6), &second.disclosures, "e2")).await.unwrap();
    let recorded = ledger.entries(LeafIndex(0)).await.unwrap();
    assert!(recorded.iter().all(|one| one.disclosures.is_empty()));
    assert_eq!(audit(&ledger).await.totals().erasures, 2);
    ledger.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_writer_is_refused_and_an_older_copy_does_not_sign() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = new_ledger(dir.path()).await;
    assert!(matches!(Ledger::open(dir.path()).await, Err(LedgerError::Lock(LockError::Held { .. }))));
    ledger.close().await;
    let older = std::fs::read(dir.path().join("ledger.db")).unwrap();
    let ledger = Ledger::open(dir.path()).await.unwrap();
    ledger.seal().await.unwrap();
    ledger.close().await;
    std::fs::write(dir.path().join("ledger.db"), older).unwrap();
    let refused = Ledger::open(dir.path()).await.err();
    assert!(
        matches!(refused, Some(LedgerError::Guard(ledger::GuardError::Older { ledger: 2, guard: 3 }))),
        "{refused:?}"
    );
}
