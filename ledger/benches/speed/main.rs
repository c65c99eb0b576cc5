//! What the ledger costs, as ratios to what this machine can do at most, measured within the same run.
//!
//! ```text
//! cargo bench -p ledger                          20,000 entries, under a minute once built
//! MINGZHANG_BENCH=full cargo bench -p ledger     1,000,000 entries, minutes, some 6 GB in MINGZHANG_BENCH_DIR
//! MINGZHANG_BENCH_ENTRIES=100000 …               any other number
//! ```
//!
//! Times on a machine that does other work as well say little; the ratios are of measurements made one right after the other,
//! and each is the median of at least three.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::cast_precision_loss)]

#[path = "../../tests/fixture/mod.rs"]
mod fixture;

mod append;
mod audit;
mod machine;
mod notices;
mod plain_sqlite;
mod reading;
mod singles;
mod stages;
mod table;
mod witnessed;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use ledger::{Ledger, Reader};

use append::Sustained;
use notices::Notices;
use table::Table;

// As both programs have it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What is measured, and where.
struct Plan {
    entries: u64,
    /// Ledgers filled one after the other; rows about a whole ledger are about the last.
    runs: usize,
    /// Notices between two measurements of the raw limit.
    part: u64,
    dir: PathBuf,
}

impl Plan {
    fn from_environment() -> Self {
        let full = std::env::var("MINGZHANG_BENCH").is_ok_and(|mode| mode == "full");
        let entries = std::env::var("MINGZHANG_BENCH_ENTRIES").ok().and_then(|n| n.parse().ok());
        let entries: u64 = entries.unwrap_or(if full { 1_000_000 } else { 20_000 });
        let dir = std::env::var_os("MINGZHANG_BENCH_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
        let long = entries >= 200_000;
        Self { entries, runs: if long { 1 } else { 3 }, part: if long { 20_000 } else { entries.div_ceil(2) }, dir }
    }
}

fn main() {
    // `cargo test --benches` runs it too, and has nothing to learn from it.
    if std::env::args().any(|arg| arg == "--test") {
        return;
    }
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(run(&Plan::from_environment()));
}

async fn run(plan: &Plan) {
    let program = audit::build();
    let started = Instant::now();
    let stages = stages::listen();
    let notices = Arc::new(Notices::new(plan.entries));
    let mut table = Table::default();
    let mut sustained = Sustained::default();
    let mut last = None;
    for _ in 0..plan.runs {
        drop(last.take());
        let dir = tempfile::tempdir_in(&plan.dir).unwrap();
        let ledger = Arc::new(notices.new_ledger(&dir.path().join("ledger")).await);
        sustained.fill(plan, &notices, &ledger, dir.path()).await;
        Arc::into_inner(ledger).unwrap().close().await;
        last = Some(dir);
    }
    sustained.tell(plan, &mut table);
    let dir = last.unwrap();
    let ledger = dir.path().join("ledger");
    // Closing has moved all of the WAL.
    let size = std::fs::metadata(ledger.join("ledger.db")).unwrap().len();
    let own = notices.bytes();
    singles::measure(&notices, dir.path(), &mut table).await;
    of_whole_ledger(plan, &program, &notices, &ledger, size as f64 / own as f64, &mut table).await;
    table.print();
    println!("{}", machine::describe(dir.path(), sustained.raw()));
    println!("{}", stages.tell());
    println!("{} entries, {} in all", plan.entries, seconds(started));
}

/// The rows about a ledger of all entries: reading, opening, its size, its audit.
async fn of_whole_ledger(
    plan: &Plan,
    program: &Path,
    notices: &Arc<Notices>,
    ledger: &Path,
    size: f64,
    table: &mut Table,
) {
    let reader = Reader::open(ledger).await.unwrap();
    let policy = audit::measure(program, notices, &reader, ledger, table).await;
    reading::measure(&policy, &reader, plan.entries, table).await;
    reader.close().await;
    witnessed::measure(&policy.logs()[0].key, ledger, table).await;
    let bytes = std::fs::metadata(ledger.join("ledger.db")).unwrap().len();
    table.at_most("7 ledger.db a notice ÷ its own bytes", format!("{} MB", bytes >> 20), size, 1.35, "");
    let mut times = Vec::new();
    for _ in 0..3 {
        let started = Instant::now();
        let ledger = Ledger::open(ledger).await.unwrap();
        times.push(started.elapsed().as_secs_f64());
        ledger.close().await;
    }
    let rate = format!("{:.0} entries/s", plan.entries as f64 / table::median(&times));
    table.at_most(&format!("8 open at {} entries", plan.entries), rate, table::median(&times), 1.0, "s");
}

fn seconds(since: Instant) -> String {
    format!("{:.1} s", since.elapsed().as_secs_f64())
}
