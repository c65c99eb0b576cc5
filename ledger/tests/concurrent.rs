//! Many clients at once: what one sends while another's batch is on its way to the disk is judged by that batch, too.
#![allow(clippy::unwrap_used)]

mod fixture;

use std::collections::BTreeSet;
use std::sync::Arc;

use fixture::{audit, enrol, erasure, new_ledger, notice, publisher};
use ledger::{Ledger, Outcome, Refusal, fsck};
use tokio::task::JoinSet;
use verifier::log::index::LeafIndex;

const CLIENTS: usize = 16;
const EACH: usize = 40;

#[tokio::test(flavor = "multi_thread")]
async fn what_many_send_at_once_is_recorded_once() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = Arc::new(new_ledger(dir.path()).await);
    ledger.submit(enrol("P", &publisher(10), 0)).await.unwrap();
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let ledger = ledger.clone();
        clients.spawn(async move {
            let mut outcomes = Vec::new();
            for n in 0..EACH {
                // Every statement comes from all clients; the even ones say something else under the same id.
                let text = if n % 2 == 0 { format!("by {client}") } else { "by all".to_owned() };
                let statement = notice("P", &publisher(10), &format!("X{}", n % 7), &format!("n{n}"), &text);
                outcomes.push(ledger.submit(statement).await.unwrap());
            }
            outcomes
        });
    }
    let outcomes = clients.join_all().await;
    let mut recorded = BTreeSet::new();
    for n in 0..EACH {
        let of_one: Vec<&Outcome> = outcomes.iter().map(|outcomes| &outcomes[n]).collect();
        let index =
            of_one.iter().find_map(|outcome| if let Outcome::Recorded(index) = outcome { Some(*index) } else { None });
        let index = index.expect("one of them is recorded");
        assert!(recorded.insert(index));
        for outcome in of_one {
            match outcome {
                Outcome::Recorded(other) | Outcome::Existing(other) if n % 2 == 1 => assert_eq!(*other, index),
                Outcome::Recorded(other) => assert_eq!(*other, index),
                Outcome::Refused(Refusal::Conflict { index: other, .. }) if n % 2 == 0 => assert_eq!(*other, index),
                _ => panic!("{n}: {outcome:?}"),
            }
        }
    }
    assert_eq!(audit(&ledger).await.totals().notices, EACH as u64);
    Arc::into_inner(ledger).unwrap().close().await;
    assert_eq!(fsck(dir.path(), &mut |_, _| ()).await.unwrap().findings, []);
}

async fn size(ledger: &Ledger) -> u64 {
    ledger.head().await.unwrap().checkpoint.size.0
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_right_behind_its_notice_finds_it_wherever_that_is() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = new_ledger(dir.path()).await;
    ledger.submit(enrol("P", &publisher(10), 0)).await.unwrap();
    for round in 0..60 {
        let shown = notice("P", &publisher(10), "X", &format!("n{round}"), "a text");
        let target = LeafIndex(size(&ledger).await);
        let erase = erasure("X", target, &shown.disclosures, &format!("e{round}"));
        let later = async {
            // In the same batch, while the notice's batch is on its way, or after it.
            for _ in 0..round * 4 {
                tokio::task::yield_now().await;
            }
            ledger.submit(erase).await
        };
        let (recorded, erased) = tokio::join!(biased; ledger.submit(shown), later);
        assert_eq!(recorded.unwrap(), Outcome::Recorded(target));
        assert!(matches!(erased.unwrap(), Outcome::Recorded(_)), "round {round}");
    }
    let recorded = ledger.entries(LeafIndex(0)).await.unwrap();
    assert!(recorded.iter().all(|one| one.disclosures.is_empty()));
    assert_eq!(audit(&ledger).await.totals().erasures, 60);
    ledger.close().await;
    assert_eq!(fsck(dir.path(), &mut |_, _| ()).await.unwrap().findings, []);
}
