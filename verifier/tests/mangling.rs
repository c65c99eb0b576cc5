//! Every truncation and every changed byte of a receipt and of a dossier is refused, but in signature lines that the policy
//! does not need.
#![allow(missing_docs, clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use verifier::dossier::{self, DossierFile};
use verifier::log::checkpoint::SignedCheckpoint;
use verifier::log::policy::Policy;
use verifier::receipt;

fn good() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let good = std::env::var_os("SHARED_DATA").map_or(beside, PathBuf::from).join("vectors/ledger/good");
    if !good.is_dir() {
        eprintln!("SKIPPED: ../shared/data/vectors/ledger is absent");
        return None;
    }
    Some(good)
}

/// Calls `check` with every truncation and every text in which one bit of one byte is changed, on all cores.
fn mangle(text: &str, check: impl Fn(&str, &str) + Sync) {
    let cores = thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let check = &check;
    thread::scope(|scope| {
        for part in 0..cores {
            scope.spawn(move || {
                for at in (part..text.len()).step_by(cores) {
                    if text.is_char_boundary(at) {
                        check(&text[..at], &format!("cut at {at}"));
                    }
                    for bit in [1, 0x20] {
                        let mut bytes = text.as_bytes().to_vec();
                        bytes[at] ^= bit;
                        if let Ok(changed) = String::from_utf8(bytes) {
                            check(&changed, &format!("byte {at} ^ {bit}"));
                        }
                    }
                }
            });
        }
    });
}

/// Whether two checkpoints differ in nothing but signature lines that are not the log's.
fn same_but_for_witnesses(a: &SignedCheckpoint, b: &SignedCheckpoint) -> bool {
    let log = |note: &SignedCheckpoint| {
        let origin = note.checkpoint.origin.clone();
        note.note.signatures().iter().filter(|line| line.name == origin).cloned().collect::<Vec<_>>()
    };
    a.checkpoint == b.checkpoint && log(a) == log(b)
}

#[test]
fn no_byte_of_a_receipt_can_be_changed_or_left_out() {
    let Some(good) = good() else { return };
    let policy = Policy::parse(fs::read(good.join("policy.txt")).unwrap()).unwrap();
    let text = fs::read_to_string(good.join("n-1.tlog-proof")).unwrap();
    let receipt = receipt::verify(&text, &policy).unwrap();
    mangle(&text, |mangled, how| {
        if let Ok(other) = receipt::verify(mangled, &policy) {
            assert!(same_but_for_witnesses(&receipt.proof.checkpoint, &other.proof.checkpoint), "{how}");
            assert_eq!((&receipt.entry, &receipt.shown), (&other.entry, &other.shown), "{how}");
            assert_eq!(receipt.proof.hashes, other.proof.hashes, "{how}");
        }
    });
}

#[test]
fn no_byte_of_a_dossier_can_be_changed_or_left_out() {
    let Some(good) = good() else { return };
    let policy = Policy::parse(fs::read(good.join("policy.txt")).unwrap()).unwrap();
    let mut file = DossierFile::parse(&fs::read_to_string(good.join("project.dossier.json")).unwrap()).unwrap();
    for part in file.subjects.iter_mut().flat_map(|part| part.entries.iter_mut().flatten()) {
        (part.recorded_by, part.not_before) = (None, None);
    }
    let text = file.format();
    assert!(dossier::verify(&file, &policy, |_, _| false).is_ok());
    mangle(&text, |mangled, how| {
        let Ok(other) = DossierFile::parse(mangled) else { return };
        if dossier::verify(&other, &policy, |_, _| false).is_ok() {
            assert!(same_but_for_witnesses(&file.head.checkpoint, &other.head.checkpoint), "{how}");
            assert_eq!(file.subjects, other.subjects, "{how}");
            assert_eq!((&file.head.seal, &file.head.seal_proof), (&other.head.seal, &other.head.seal_proof), "{how}");
        }
    });
}
