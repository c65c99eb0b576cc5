//! Appending, sustained: batches one behind the other, as an import sends them.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use ledger::{Ledger, Outcome, SignedStatement};
use tokio::task::JoinSet;

use crate::Plan;
use crate::machine::raw_limit;
use crate::notices::{Notices, check};
use crate::plain_sqlite::PlainSqlite;
use crate::table::{Table, median};

/// Notices submitted together.
const SUBMITTED: usize = 4096;
/// Submissions under way at a time.
const OUTSTANDING: usize = 3;
/// Measurements at the beginning and the end of a long run that are compared.
const COMPARED: usize = 3;
/// Where the long run's beginning ends.
const BEGINNING: u64 = 100_000;

/// What was measured, in notices a second.
#[derive(Default)]
pub struct Sustained {
    parts: Vec<Part>,
}

struct Part {
    /// Notices in the ledger afterwards.
    size: u64,
    append: f64,
    raw: f64,
    plain: f64,
}

impl Sustained {
    /// Fills a ledger, measuring each part right after the raw limit for its very bytes.
    pub async fn fill(&mut self, plan: &Plan, notices: &Arc<Notices>, ledger: &Arc<Ledger>, dir: &Path) {
        let mut size = 0;
        while size < plan.entries {
            let count = plan.part.min(plan.entries - size);
            let signed = notices.sign(size, count).await;
            let mut plain = PlainSqlite::create(&dir.join("plain.db")).await;
            let started = Instant::now();
            for batch in signed.chunks(SUBMITTED) {
                plain.insert(batch).await;
            }
            let plain_rate = count as f64 / started.elapsed().as_secs_f64();
            plain.close().await;
            let raw = raw_limit(notices, size, &signed);
            let append = append(ledger, signed).await;
            size += count;
            if plan.runs == 1 {
                println!("at {size:>9}: {append:>7.0}/s, raw limit {raw:>7.0}/s, ratio {:.2}", append / raw);
            }
            self.parts.push(Part { size, append, raw, plain: plain_rate });
        }
    }

    /// The median raw limit.
    pub fn raw(&self) -> f64 {
        self.median(|part| part.raw)
    }

    fn median(&self, of: impl Fn(&Part) -> f64) -> f64 {
        median(&self.parts.iter().map(of).collect::<Vec<_>>())
    }

    pub fn tell(&self, plan: &Plan, table: &mut Table) {
        let rate = format!("{:.0}/s", self.median(|part| part.append));
        table.at_least("1 append ÷ raw limit", rate, self.median(|part| part.append / part.raw), 0.5);
        let plain = format!("{:.0}/s", self.median(|part| part.plain));
        table.beside("  append ÷ plain SQLite inserts", plain, self.median(|part| part.append / part.plain));
        let (label, early, late) = self.ends(plan);
        let ratio = |parts: &[&Part]| median(&parts.iter().map(|part| part.append / part.raw).collect::<Vec<_>>());
        let value = format!("{:.2} ÷ {:.2}", ratio(&late), ratio(&early));
        table.at_least(&label, value, ratio(&late) / ratio(&early), 0.8);
    }

    /// The parts to compare, of equally many measurements.
    fn ends(&self, plan: &Plan) -> (String, Vec<&Part>, Vec<&Part>) {
        if plan.runs > 1 {
            let (early, late) = self.parts.iter().partition(|part| part.size < plan.entries);
            return ("2 append: second half ÷ first half".to_owned(), early, late);
        }
        let early: Vec<&Part> = self.parts.iter().filter(|part| part.size <= BEGINNING).collect();
        let last = |parts: &[&'_ Part]| parts.len().saturating_sub(COMPARED);
        let early = early[last(&early)..].to_vec();
        let all: Vec<&Part> = self.parts.iter().collect();
        let late = all[last(&all)..].to_vec();
        (format!("2 append at {} ÷ at {BEGINNING}", plan.entries), early, late)
    }
}

/// Notices a second.
async fn append(ledger: &Arc<Ledger>, signed: Vec<SignedStatement>) -> f64 {
    let count = signed.len() as f64;
    let mut signed = signed.into_iter();
    let started = Instant::now();
    let mut running: JoinSet<Vec<Outcome>> = JoinSet::new();
    loop {
        let batch: Vec<_> = signed.by_ref().take(SUBMITTED).collect();
        if batch.is_empty() || running.len() == OUTSTANDING {
            match running.join_next().await {
                Some(outcomes) => check(&outcomes.unwrap()),
                None => break,
            }
        }
        if !batch.is_empty() {
            let ledger = ledger.clone();
            running.spawn(async move { ledger.submit_many(batch).await.unwrap() });
        }
    }
    count / started.elapsed().as_secs_f64()
}
