//! The ledger vectors, written by an independent implementation: every good one holds, every attack is refused.
#![allow(missing_docs, clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

use verifier::dossier::{self, DossierFile};
use verifier::log::policy::Policy;
use verifier::receipt;

fn vectors() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/vectors/ledger");
    if !path.is_dir() {
        eprintln!("SKIPPED: ../shared/data/vectors/ledger is absent");
        return None;
    }
    Some(path)
}

fn policy(path: &Path) -> Policy {
    Policy::parse(fs::read(path).unwrap()).unwrap()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

fn verify_dossier(path: &Path, policy: &Policy) -> Result<dossier::Dossier, dossier::DossierError> {
    let file = DossierFile::parse(&fs::read_to_string(path).unwrap())?;
    assert_eq!(DossierFile::parse(&file.format()).as_ref(), Ok(&file), "what is read can be written and read again");
    dossier::verify(&file, policy, |_, _| false)
}

#[test]
fn good_dossiers_hold_under_both_policies() {
    let Some(vectors) = vectors() else { return };
    for name in ["project.dossier.json", "absent-project.dossier.json", "no-performance-yet.dossier.json"] {
        for policy_name in ["policy.txt", "policy-witnessed.txt"] {
            let policy = policy(&vectors.join("good").join(policy_name));
            let dossier = verify_dossier(&vectors.join("good").join(name), &policy);
            let dossier = dossier.unwrap_or_else(|error| panic!("{name} under {policy_name}: {error}"));
            if policy_name == "policy-witnessed.txt" {
                assert_eq!(dossier.wholeness, dossier::Wholeness::ReplayGroup);
                if name == "project.dossier.json" {
                    let public = dossier.entries[&7].public;
                    assert_eq!((public.after, public.by), (Some(1_764_547_625), Some(1_764_547_867)));
                }
            }
        }
    }
}

#[test]
fn every_bad_dossier_is_refused() {
    let Some(vectors) = vectors() else { return };
    let policy = policy(&vectors.join("good/policy.txt"));
    for path in files(&vectors.join("bad-dossiers")) {
        let error = verify_dossier(&path, &policy).expect_err(&path.display().to_string());
        println!("{}: {error}", path.file_stem().unwrap().display());
        assert!(!error.is_newer_format());
    }
}

#[test]
fn receipts_hold_or_are_refused() {
    let Some(vectors) = vectors() else { return };
    for name in ["policy.txt", "policy-witnessed.txt"] {
        let policy = policy(&vectors.join("good").join(name));
        let result = receipt::verify(&fs::read_to_string(vectors.join("good/n-1.tlog-proof")).unwrap(), &policy);
        assert_eq!(result.unwrap().meets_quorum(), name == "policy.txt");
    }
    let policy = policy(&vectors.join("good/policy.txt"));
    for path in files(&vectors.join("bad-receipts")) {
        let error =
            receipt::verify(&fs::read_to_string(&path).unwrap(), &policy).expect_err(&path.display().to_string());
        println!("{}: {error}", path.file_stem().unwrap().display());
    }
}
