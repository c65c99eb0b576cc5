//! How fast a whole ledger is audited, against the raw cost of its signatures; and in how much memory.
//!
//! `cargo test --release -p verifier --test audit_speed -- --ignored --nocapture`; `ENTRIES` and `TREE` (kept between
//! runs) may be set.
#![allow(missing_docs, clippy::unwrap_used, clippy::cast_precision_loss)]

mod forge;

use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use ed25519_dalek::Verifier as _;
use forge::{Forge, PUBLISHER_KEY, disclose};

#[test]
#[ignore = "measures time"]
fn an_audit_takes_little_more_than_its_signatures() {
    let entries: u64 = std::env::var("ENTRIES").ok().and_then(|n| n.parse().ok()).unwrap_or(50_000);
    let kept = std::env::var("TREE").ok().map(PathBuf::from);
    let temporary = tempfile::tempdir().unwrap();
    let dir = kept.as_deref().unwrap_or(temporary.path());
    if !dir.join("tree").is_dir() {
        make(dir, entries);
    }
    let raw = raw_seconds(entries.min(50_000)) * (entries as f64 / entries.min(50_000) as f64);
    for round in 0..3 {
        let start = Instant::now();
        let mut command = Command::new(env!("CARGO_BIN_EXE_mingzhang-verify"));
        command.arg("audit").arg(dir.join("tree")).arg("--policy").arg(dir.join("policy.txt")).arg("--json");
        if round == 2 {
            command.arg("--state").arg(temporary.path().join("state"));
        }
        let output = command.output().unwrap();
        let seconds = start.elapsed().as_secs_f64();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        eprintln!("audit {seconds:.2} s, raw {raw:.2} s, ratio {:.2}", raw / seconds);
    }
}

/// 2 KB statements, most of it a text beside them; 50 entries a batch.
fn make(dir: &std::path::Path, entries: u64) {
    let mut forge = Forge::new(dir);
    let filler = "明账".repeat(60);
    for n in 0..entries {
        let (text, digest) = disclose("text", &format!("\"{n} {filler}\""));
        let rest = format!(r#","language":"{}","_sd":["{digest}"],"_sd_alg":"sha-256""#, "x".repeat(900));
        forge.publish(&format!("P-{}", n % (entries / 5).max(1)), &format!("n{n}"), "announcement", &rest, &[&text]);
        if n % 50 == 49 {
            forge.seal();
        }
    }
    forge.seal();
    forge.finish();
}

/// Strict verification of as many messages of 2 KB on all cores.
fn raw_seconds(entries: u64) -> f64 {
    let cores = std::thread::available_parallelism().unwrap().get() as u64;
    let key = forge::key(PUBLISHER_KEY);
    let message = vec![7_u8; 2048];
    let signature = ed25519_dalek::Signer::sign(&key, &message);
    let public = key.verifying_key();
    let _ = public.verify(&message, &signature);
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                for _ in 0..entries / cores {
                    assert!(std::hint::black_box(&public).verify_strict(&message, &signature).is_ok());
                }
            });
        }
    });
    start.elapsed().as_secs_f64()
}
