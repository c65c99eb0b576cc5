//! One ledger from its first notice to its last lie, as real processes: publishers, witnesses, readers, and whoever owns the server.
#![cfg(unix)]
#![allow(missing_docs)]
#![allow(clippy::unwrap_used)]

#[path = "../verifier/tests/forge/mod.rs"]
mod forge;
mod program;
mod server;
#[path = "../verifier/tests/web/mod.rs"]
mod web;
mod witnesses;

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ::verifier::log::base64::decode_url;
use ::verifier::log::checkpoint::SignedCheckpoint;
use ::verifier::log::vkey::VerifierKey;
use forge::Forge;
use program::{Ran, ledger_with_centre, mingzhang, verify};
use serde_json::Value;
use server::{Publisher, Server};
use witnesses::{SOON, Witness, free_address, health, log_vkey, until_published, witness};

/// Notices, the clients that post them at the same time, and the projects they are about.
const NOTICES: usize = 200;
const CLIENTS: usize = 8;
const PROJECTS: usize = 20;
/// Between two looks at what others do.
const BRIEFLY: Duration = Duration::from_millis(20);
/// What is dropped is of this project.
const DROPPED: &str = "project/P-3";

/// Two witnesses that replay what they find at an address, and one that does not.
struct Witnesses {
    r1: Witness,
    r2: Witness,
    plain: Witness,
}

impl Witnesses {
    fn start(dir: &Path, log: &str, replayed: &str) -> Self {
        let start = |name, more: &[&str]| witness(dir, name, "127.0.0.1:0", log, more);
        let replay = ["--replay", replayed];
        Self { r1: start("r1", &replay), r2: start("r2", &replay), plain: start("plain", &[]) }
    }

    /// A policy over them that ends so.
    fn policy(&self, log: &str, quorum: &str) -> String {
        let named = [("r1", &self.r1), ("r2", &self.r2), ("plain", &self.plain)];
        let lines = named.map(|(name, one)| format!("witness {name} {} http://{}\n", one.vkey, one.address));
        format!("log {log}\n{}group replay any r1 r2\n{quorum}", lines.concat())
    }
}

/// Posts all notices from several clients at once, each as often as it takes; meanwhile, `at` so many, something happens.
fn post_all(dir: &Path, server: &Server, at: usize, happens: impl FnOnce()) {
    let (next, posted) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let centre = Publisher::centre(dir);
    let client = || {
        while let Some(number) = Some(next.fetch_add(1, Ordering::SeqCst)).filter(|number| *number < NOTICES) {
            let answer = server.post(&centre.notice(&format!("n{number}"), &format!("P-{}", number % PROJECTS)));
            assert!(answer.status == 201 && answer.json()["new"] == true, "{}", answer.text());
            posted.fetch_add(1, Ordering::SeqCst);
        }
    };
    thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(client)).collect();
        while posted.load(Ordering::SeqCst) < at && !clients.iter().any(thread::ScopedJoinHandle::is_finished) {
            thread::sleep(BRIEFLY);
        }
        happens();
    });
    assert_eq!(posted.into_inner(), NOTICES);
}

/// Waits until a witness has cosigned a head of so many entries.
#[track_caller]
fn until_seen(witness: &Witness, size: u64) {
    let begun = Instant::now();
    while (witness.seen() as u64) < size {
        assert!(begun.elapsed() < SOON, "it has seen {} of {size}", witness.seen());
        thread::sleep(BRIEFLY);
    }
}

/// A dossier as its reader verifies it, with nothing else at hand.
fn read_dossier(dir: &Path, name: &str, bytes: impl AsRef<[u8]>, policy: &str) -> Ran {
    fs::write(dir.join(name), bytes).unwrap();
    verify(dir, &["--json", "dossier", name, "--policy", policy])
}

/// What whoever has the log's key makes of the first entries of the exported ledger.
fn forged(dir: &Path, log: &str, entries: usize) -> Forge {
    let jwk: Value = serde_json::from_str(&fs::read_to_string(dir.join("ledger/log.key")).unwrap()).unwrap();
    let secret: [u8; 32] = decode_url(jwk["d"].as_str().unwrap()).unwrap().try_into().unwrap();
    let vkey = VerifierKey::parse(log).unwrap();
    let mut forge = Forge::continued(&dir.join("shown"), &dir.join("tree"), entries, &vkey, &secret);
    forge.time = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap();
    forge
}

fn record(forge: &mut Forge, dir: &Path, id: &str, project: &str) {
    let notice = Publisher::centre(dir).notice(id, project);
    let disclosures: Vec<&str> = notice.disclosures.iter().map(String::as_str).collect();
    forge.record(&format!("project/{project}"), &notice.jwt, Some("announcement"), &disclosures);
}

#[test]
fn what_everybody_was_promised_holds_and_what_the_owner_of_the_server_does_about_it_is_seen() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    ledger_with_centre(dir);
    let (log, address) = (log_vkey(dir), free_address());
    let url = format!("http://{address}");
    let mut witnesses = Witnesses::start(dir, &log, &url);
    fs::write(dir.join("policy"), witnesses.policy(&log, "group enough all replay plain\nquorum enough\n")).unwrap();
    fs::write(dir.join("one-will-do"), witnesses.policy(&log, "group enough any replay plain\nquorum enough\n"))
        .unwrap();
    let server = Server::start_with(dir, &["--listen", &address, "--policy", "policy"]);
    let begun = usize::try_from(health(&server)["size"].as_u64().unwrap()).unwrap();
    mingzhang(dir, &["backup", "ledger", "yesterday"]).ends(0);

    is_recorded_while_a_witness_is_killed(dir, &server, &mut witnesses, &log, &url);
    let honest = usize::try_from(server.size()).unwrap();
    let monitor = ["--json", "monitor", &url, "--policy", "policy", "--state", "watch/state", "--once"];
    fs::create_dir(dir.join("watch")).unwrap();
    verify(dir, &monitor).ends(0);
    server.signal("TERM");
    assert_eq!(server.wait(), Some(0));
    mingzhang(dir, &["export", "ledger", "tree"]).ends(0);
    let _ = web::serve_at(&address, &dir.join("shown/tree"), 0);

    a_dropped_notice_is_refused_by_those_who_replay(dir, &log, &witnesses, honest);
    fs::rename(dir.join("shown"), dir.join("dropped")).unwrap();
    an_older_database_does_not_sign(dir);
    a_fork_is_cosigned_by_nobody(dir, &log, &witnesses, begun, honest);
    let told = verify(dir, &monitor).ends(1);
    the_monitor_proves_the_fork(dir, &told);
}

/// Everything posted is recorded, although one witness is killed; every dossier is whole by the witnesses that replay.
fn is_recorded_while_a_witness_is_killed(dir: &Path, server: &Server, witnesses: &mut Witnesses, log: &str, url: &str) {
    let r2 = &mut witnesses.r2;
    post_all(dir, server, NOTICES / 4, || {
        let address = r2.address.clone();
        r2.kill();
        thread::sleep(Duration::from_millis(300));
        *r2 = witness(dir, "r2", &address, log, &["--replay", url]);
    });
    let size = health(server)["size"].as_u64().unwrap();
    until_published(server, size);
    for one in [&witnesses.r1, &witnesses.r2, &witnesses.plain] {
        until_seen(one, size);
    }
    for number in 0..PROJECTS {
        let dossier = server.get(&format!("/api/v1/projects/P-{number}/dossier")).is(200);
        let told = read_dossier(dir, "dossier.json", dossier.body, "policy").ends(0).json();
        assert_eq!(
            (&told["wholeness"], &told["head"]["clock"]),
            (&"replay-group".into(), &"witnesses".into()),
            "{told}"
        );
        assert_eq!(told["count"], NOTICES / PROJECTS);
        let entries = told["entries"].as_array().unwrap();
        assert!(entries.iter().all(|entry| entry["time_grade"] == "witnessed"), "{told}");
    }
}

/// The ledger goes on with a notice that its map does not count: only who has replayed it can tell.
fn a_dropped_notice_is_refused_by_those_who_replay(dir: &Path, log: &str, witnesses: &Witnesses, honest: usize) {
    let mut dropping = forged(dir, log, honest);
    record(&mut dropping, dir, "dropped", "P-3");
    dropping.conceal(DROPPED);
    dropping.seal();
    dropping.finish();
    for one in [&witnesses.r1, &witnesses.r2] {
        let (status, said) = one.submit(&dropping.submission(honest));
        assert!(status == 422 && said.contains("the ledger lies about what it holds"), "{status} {said}");
        assert_eq!(one.seen(), honest);
    }
    let (status, cosigned) = witnesses.plain.submit(&dropping.submission(honest));
    assert_eq!(status, 200, "{cosigned}");

    let mut file = dropping.dossier(DROPPED);
    file.head.checkpoint = SignedCheckpoint::parse(&(file.head.checkpoint.format() + &cosigned)).unwrap();
    let bytes = file.format();
    let refused = read_dossier(dir, "dropped.json", &bytes, "policy").ends(1).json();
    assert_eq!(refused["error"]["rule"], "quorum", "{refused}");
    let told = read_dossier(dir, "dropped.json", &bytes, "one-will-do").ends(3).json();
    assert_eq!((&told["wholeness"], &told["count"]), (&"ledger-word".into(), &(NOTICES / PROJECTS).into()), "{told}");
    assert_eq!(told["head"]["cosigned_by"], serde_json::json!(["plain"]));
    assert!(told["reasons"].as_array().unwrap().contains(&"ledger-word-only".into()), "{told}");
}

/// The guard knows what was published; so does every witness, should the guard be gone too.
fn an_older_database_does_not_sign(dir: &Path) {
    for file in ["ledger.db-wal", "ledger.db-shm"] {
        let _ = fs::remove_file(dir.join("ledger").join(file));
    }
    fs::copy(dir.join("yesterday/ledger.db"), dir.join("ledger/ledger.db")).unwrap();
    let refused = mingzhang(dir, &["serve", "ledger", "--listen", "127.0.0.1:0", "--policy", "policy"]).ends(2);
    assert!(refused.err.contains("restored from an older copy"), "{}", refused.err);
}

/// Another history of the same log: as long as what was cosigned, and longer.
fn a_fork_is_cosigned_by_nobody(dir: &Path, log: &str, witnesses: &Witnesses, begun: usize, honest: usize) {
    let mut fork = forged(dir, log, begun);
    while fork.leaves.len() + 1 < honest {
        let number = fork.leaves.len();
        record(&mut fork, dir, &format!("f{number}"), &format!("P-{}", number % PROJECTS));
        // So that the last of them is not of the future.
        fork.time -= 1000;
    }
    fork.seal();
    for one in [&witnesses.r1, &witnesses.r2] {
        assert_eq!(one.submit(&fork.submission(honest)), (409, format!("{honest}\n")));
    }
    record(&mut fork, dir, "longer", "P-1");
    record(&mut fork, dir, "longest", "P-1");
    fork.seal();
    fork.finish();
    for one in [&witnesses.r1, &witnesses.r2, &witnesses.plain] {
        let (status, said) = one.submit(&fork.submission(one.seen()));
        assert_eq!(status, 422, "{said}");
    }
}

/// One line tells of the fork, and its evidence needs nothing but the file and the policy.
fn the_monitor_proves_the_fork(dir: &Path, told: &Ran) {
    let lines = told.out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let alert = lines.into_iter().find(|line| line["event"] == "alert" && line["kind"] == "fork");
    let alert = alert.unwrap_or_else(|| panic!("{told:?}"));
    let elsewhere = tempfile::tempdir().unwrap();
    fs::copy(dir.join("policy"), elsewhere.path().join("policy")).unwrap();
    fs::copy(dir.join(alert["evidence"].as_str().unwrap()), elsewhere.path().join("evidence.json")).unwrap();
    let proven = verify(elsewhere.path(), &["--json", "evidence", "evidence.json", "--policy", "policy"]);
    assert_eq!(proven.ends(0).json()["kind"], "fork");
}
