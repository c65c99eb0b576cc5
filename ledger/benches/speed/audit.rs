//! The audit of an exported tree: the verifier's own program, as whoever doubts the ledger runs it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ledger::{LOG_KEY, PrivateKey, Reader};
use verifier::log::policy::Policy;

use crate::fixture::ORIGIN;
use crate::machine::raw_limit;
use crate::notices::Notices;
use crate::table::{Table, median};

/// Notices of a measurement of the raw limit.
const SAMPLE: u64 = 20_000;

/// Gives the policy under which the ledger is trusted.
pub async fn measure(
    program: &Path,
    notices: &Arc<Notices>,
    reader: &Reader,
    ledger: &Path,
    table: &mut Table,
) -> Policy {
    let (tree, policy) = (ledger.join("export"), ledger.join("policy.txt"));
    let key = PrivateKey::read(&ledger.join(LOG_KEY)).unwrap().log_vkey(ORIGIN).unwrap();
    let trusted = format!("log {key}\nquorum none\n");
    std::fs::write(&policy, &trusted).unwrap();
    let entries = reader.export(&tree, &mut |_, _| {}).await.unwrap().size;
    let signed = notices.sign(0, SAMPLE.min(entries)).await;
    let (mut rates, mut ratios, mut memory) = (Vec::new(), Vec::new(), 0);
    let (mut with_report, mut report_memory) = (Vec::new(), 0);
    for _ in 0..3 {
        let raw = raw_limit(notices, 0, &signed);
        let (took, peak) = audit(program, &tree, &policy, None);
        let (took_with, peak_with) = audit(program, &tree, &policy, Some(&ledger.join("report")));
        with_report.push(took_with.as_secs_f64() / took.as_secs_f64());
        report_memory = report_memory.max(peak_with);
        rates.push(entries as f64 / took.as_secs_f64());
        ratios.push(entries as f64 / took.as_secs_f64() / raw);
        memory = memory.max(peak);
    }
    std::fs::remove_dir_all(&tree).unwrap();
    table.at_least("4 audit ÷ raw limit", format!("{:.0}/s", median(&rates)), median(&ratios), 0.7);
    table.at_most("  audit, peak memory", format!("{entries} entries"), memory as f64 / 1024.0, 300.0, "MB");
    let projects = std::fs::read_to_string(ledger.join("report/projects.csv")).unwrap().lines().count() - 1;
    table.at_most("4 audit with report ÷ audit", format!("{projects} projects"), median(&with_report), 1.3, "");
    table.at_most(
        "  audit with report, peak memory",
        format!("{entries} entries"),
        report_memory as f64 / 1024.0,
        600.0,
        "MB",
    );
    std::fs::remove_dir_all(ledger.join("report")).unwrap();
    Policy::parse(trusted).unwrap()
}

/// Builds the program as it is released.
pub fn build() -> PathBuf {
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--release", "--package", "verifier"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .status();
    assert!(built.unwrap().success(), "the verifier must build");
    // This program is target/release/deps/speed-….
    let own = std::env::current_exe().unwrap();
    own.ancestors().nth(2).unwrap().join("mingzhang-verify")
}

/// How long it took, and its peak memory in KiB (0 where /proc does not tell).
fn audit(program: &Path, tree: &Path, policy: &Path, report: Option<&Path>) -> (Duration, u64) {
    let started = Instant::now();
    let mut command = Command::new(program);
    let command = command.args(["audit", "--json"]).arg(tree).arg("--policy").arg(policy);
    if let Some(report) = report {
        command.arg("--report").arg(report);
    }
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    let mut peak = 0;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            // Laws may be broken; the ledger must not be.
            let accepted = status.success() || (report.is_some() && status.code() == Some(3));
            assert!(accepted, "the audit must accept: {status}");
            return (started.elapsed(), peak);
        }
        peak = peak.max(peak_memory(child.id()));
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn peak_memory(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok()).unwrap_or(0)
}
