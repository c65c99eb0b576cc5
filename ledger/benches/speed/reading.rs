//! What readers wait for: receipts, dossiers, and checking a dossier.

use std::time::{Duration, Instant};

use ledger::Reader;
use verifier::dossier::DossierFile;
use verifier::log::hash::sha256;
use verifier::log::index::LeafIndex;
use verifier::log::policy::Policy;
use verifier::record::subject::{ProjectId, Subject};

use crate::notices::Notices;
use crate::table::Table;

/// Receipts asked for.
const RECEIPTS: u64 = 3000;
/// Dossiers asked for of each project.
const ROUNDS: usize = 4;

pub async fn measure(policy: &Policy, reader: &Reader, entries: u64, table: &mut Table) {
    let mut times = Vec::new();
    for n in 0..RECEIPTS {
        let hash = sha256(&n.to_le_bytes()).0;
        let index = u64::from_be_bytes(hash[..8].try_into().unwrap()) % entries;
        let started = Instant::now();
        assert!(reader.receipt(LeafIndex(index)).await.unwrap().is_some());
        times.push(started.elapsed());
    }
    told(table, &format!("5 receipt at {entries} entries, p99"), times, 1.0);
    let (mut making, mut verifying) = (Vec::new(), Vec::new());
    for project in (0..ROUNDS).flat_map(|_| Notices::projects_of_ten()) {
        let subject = Subject::Project(ProjectId::parse(&project).unwrap());
        let started = Instant::now();
        let text = reader.dossier(&subject).await.unwrap().format();
        making.push(started.elapsed());
        let started = Instant::now();
        let file = DossierFile::parse(&text).unwrap();
        assert!(verifier::dossier::verify(&file, policy, |_, _| false).is_ok());
        verifying.push(started.elapsed());
        assert_eq!(file.subjects[0].entries.as_ref().unwrap().len(), 10);
    }
    told(table, "6 dossier of 10 notices, making, p99", making, 5.0);
    told(table, "  dossier of 10 notices, verifying, p99", verifying, 5.0);
}

pub fn told(table: &mut Table, what: &str, mut times: Vec<Duration>, target: f64) {
    times.sort_unstable();
    let at = |percent: usize| times[times.len() * percent / 100].as_secs_f64() * 1e3;
    table.at_most(what, format!("p50 {:.2} ms", at(50)), at(99), target, "ms");
}
