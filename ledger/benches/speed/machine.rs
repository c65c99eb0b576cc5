//! What this machine can do at most: the raw limits that the table's ratios are to.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use ledger::SignedStatement;
use verifier::log::key::PublicKey;

use crate::notices::Notices;
use crate::table::median;

/// Signatures a thread takes at a time, so that all cores are busy to the end.
const TAKEN: usize = 64;

pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Strict verifications a second, on all cores: these bytes, keys parsed beforehand. `first` is the number of the first notice.
pub fn raw_limit(notices: &Notices, first: u64, signed: &[SignedStatement]) -> f64 {
    let jobs: Vec<(&PublicKey, &[u8], Vec<u8>)> =
        signed.iter().zip(first..).map(|(one, n)| job(notices, one, n)).collect();
    let next = AtomicUsize::new(0);
    let started = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..cores() {
            scope.spawn(|| {
                while let Some(part) = jobs.chunks(TAKEN).nth(next.fetch_add(1, Ordering::Relaxed)) {
                    for (key, message, signature) in part {
                        key.verify(message, signature).unwrap();
                    }
                }
            });
        }
    });
    signed.len() as f64 / started.elapsed().as_secs_f64()
}

fn job<'a>(notices: &'a Notices, one: &'a SignedStatement, n: u64) -> (&'a PublicKey, &'a [u8], Vec<u8>) {
    let (message, signature) = one.jwt.rsplit_once('.').unwrap();
    let signature = verifier::log::base64::decode_url(signature).unwrap();
    (&notices.publisher(n).jwk().key, message.as_bytes(), signature)
}

/// One line about cores, verification and disk.
pub fn describe(dir: &Path, raw: f64) -> String {
    let path = dir.join("disk");
    let mut file = File::create(&path).unwrap();
    let syncs: Vec<f64> = (0..50).map(|_| timed(|| append_durably(&mut file, &[7; 4096]))).collect();
    let block = vec![7; 1 << 20];
    let written = timed(|| {
        (0..128).for_each(|_| file.write_all(&block).unwrap());
        file.sync_data().unwrap();
    });
    std::fs::remove_file(path).unwrap();
    format!(
        "machine: {} cores; raw limit {raw:.0} strict verifications/s; durable write of 4 KB {:.2} ms; sequential write {:.0} MB/s",
        cores(),
        median(&syncs) * 1e3,
        128.0 * 1.048_576 / written
    )
}

fn append_durably(file: &mut File, bytes: &[u8]) {
    file.write_all(bytes).unwrap();
    file.sync_data().unwrap();
}

/// Seconds.
pub fn timed(what: impl FnOnce()) -> f64 {
    let started = Instant::now();
    what();
    started.elapsed().as_secs_f64()
}
