//! Many clients, each of whom waits for his notice to be durable before he sends the next.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use ledger::{Ledger, SignedStatement};
use tokio::task::JoinSet;

use crate::notices::{Notices, check};
use crate::plain_sqlite::PlainSqlite;
use crate::table::{Table, median};

const CLIENTS: usize = 64;
/// Notices of one client.
const EACH: usize = 50;
/// Commits of SQLite that are compared with.
const COMMITS: u64 = 600;

pub async fn measure(notices: &Arc<Notices>, dir: &Path, table: &mut Table) {
    let ledger = Arc::new(notices.new_ledger(&dir.join("singles")).await);
    let mut plain = PlainSqlite::create(&dir.join("plain.db")).await;
    let (mut rates, mut ratios, mut first) = (Vec::new(), Vec::new(), 0);
    for _ in 0..5 {
        let alone = notices.sign(first, COMMITS).await;
        let together = notices.sign(first + COMMITS, (CLIENTS * EACH) as u64).await;
        first += COMMITS + (CLIENTS * EACH) as u64;
        let started = Instant::now();
        for one in &alone {
            plain.insert_one(one).await;
        }
        let serial = COMMITS as f64 / started.elapsed().as_secs_f64();
        let rate = submit(&ledger, together).await;
        rates.push(rate);
        ratios.push(rate / serial);
    }
    plain.close().await;
    Arc::into_inner(ledger).unwrap().close().await;
    let rate = format!("{:.0}/s", median(&rates));
    table.at_least("3 64 single appends ÷ serial SQLite commits", rate, median(&ratios), 5.0);
}

/// Notices a second.
async fn submit(ledger: &Arc<Ledger>, signed: Vec<SignedStatement>) -> f64 {
    let count = signed.len() as f64;
    let started = Instant::now();
    let mut clients = JoinSet::new();
    let mut signed = signed.into_iter();
    for _ in 0..CLIENTS {
        let (ledger, own) = (ledger.clone(), signed.by_ref().take(EACH).collect::<Vec<_>>());
        clients.spawn(async move {
            for one in own {
                check(&[ledger.submit(one).await.unwrap()]);
            }
        });
    }
    while let Some(done) = clients.join_next().await {
        done.unwrap();
    }
    count / started.elapsed().as_secs_f64()
}
