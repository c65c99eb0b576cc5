//! A dossier as a bidder checks it: its times told by witnesses, its lifecycle judged by the rulebook and calendars in it.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use ed25519_dalek::{Signer as _, SigningKey};
use ledger::{Heads, Ledger, Reader};
use verifier::dossier::DossierFile;
use verifier::lifecycle::AsOf;
use verifier::log::cosignature::{Cosignature, cosigned_message};
use verifier::log::index::{LeafIndex, TreeSize};
use verifier::log::key::PublicKey;
use verifier::log::note::{KeyKind, VerifierKey, signature_line};
use verifier::log::policy::Policy;
use verifier::record::entry::Entry;
use verifier::record::subject::{ProjectId, Subject};

use crate::notices::Notices;
use crate::reading::told;
use crate::table::Table;

const WITNESSES: u8 = 3;
const PROJECTS: usize = 10;
const ROUNDS: usize = 20;
/// The first witness's clock at the first checkpoint, in seconds since the Unix epoch.
const BEGAN: u64 = 1_764_000_000;

pub async fn measure(log: &VerifierKey, dir: &Path, table: &mut Table) {
    let keys: Vec<SigningKey> = (0..WITNESSES).map(|n| SigningKey::from_bytes(&[n + 1; 32])).collect();
    let names: Vec<String> = (0..WITNESSES).map(|n| format!("w{n}")).collect();
    let vkeys: Vec<VerifierKey> = names.iter().zip(&keys).map(|(name, key)| vkey(name, key)).collect();
    let witnesses: String = names.iter().zip(&vkeys).map(|(name, vkey)| format!("witness {name} {vkey}\n")).collect();
    let text = format!("log {log}\n{witnesses}group replay 2 {}\nquorum replay\n", names.join(" "));
    let policy = Arc::new(Policy::parse(text).unwrap());
    let ledger = Ledger::open(dir).await.unwrap().under(policy.clone());
    let (heads, mut after) = (ledger.heads(), BTreeSet::from([ledger.head().await.unwrap().checkpoint.size.0]));
    let subjects: Vec<Subject> =
        Notices::projects_of_ten().take(PROJECTS).map(|id| Subject::Project(ProjectId::parse(&id).unwrap())).collect();
    for subject in &subjects {
        for part in ledger.dossier(subject).await.unwrap().subjects {
            for entry in part.entries.into_iter().flatten() {
                after.insert(checkpoint_after(&ledger, Entry::parse(&entry.entry).unwrap().index).await);
            }
        }
    }
    for size in &after {
        cosign(&heads, TreeSize(*size), &vkeys, &keys).await;
    }
    let mut verifying = Vec::new();
    for subject in (0..ROUNDS).flat_map(|_| &subjects) {
        let text = ledger.dossier(subject).await.unwrap().format();
        let started = Instant::now();
        let file = DossierFile::parse(&text).unwrap();
        let dossier = verifier::dossier::verify(&file, &policy, |_, _| false).unwrap();
        let at = dossier.head_time(&policy).unwrap().cast_signed();
        let law = dossier.law();
        assert!(!dossier.judge(&law, AsOf { at, quorum: true }).lots.is_empty());
        verifying.push(started.elapsed());
        assert!(dossier.own_entries().all(|(_, recorded)| recorded.public.by.is_some()), "every time is witnessed");
    }
    ledger.close().await;
    told(table, "  the same, 3 witnesses, judged, p99", verifying, 15.0);
}

fn vkey(name: &str, key: &SigningKey) -> VerifierKey {
    VerifierKey::new(name, KeyKind::CosignatureV1, PublicKey::parse(key.verifying_key().as_bytes()).unwrap()).unwrap()
}

/// The size of the checkpoint that first covers an entry: the next seal is its last entry.
async fn checkpoint_after(reader: &Reader, index: LeafIndex) -> u64 {
    let mut first = index;
    loop {
        let entries = reader.entries(first).await.unwrap();
        assert!(!entries.is_empty(), "the last entry is a seal");
        let seal = entries.iter().position(|one| Entry::parse(&one.entry).unwrap().seal().is_some());
        match seal {
            Some(at) => return first.0 + at as u64 + 1,
            None => first.0 += entries.len() as u64,
        }
    }
}

async fn cosign(heads: &Heads, size: TreeSize, vkeys: &[VerifierKey], keys: &[SigningKey]) {
    let note = heads.checkpoint(size).await.unwrap().unwrap();
    let line = |(vkey, key): (&VerifierKey, &SigningKey)| {
        let timestamp = BEGAN + size.0;
        let signature = key.sign(cosigned_message(timestamp, note.body()).as_bytes()).to_bytes();
        let line = signature_line(vkey.name(), vkey.key_id(), &Cosignature { timestamp, signature }.format());
        line.trim_end().to_owned()
    };
    heads.keep_cosignatures(size, vkeys.iter().zip(keys).map(line).collect()).await.unwrap();
}
