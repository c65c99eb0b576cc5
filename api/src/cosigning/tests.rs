//! A ledger and its witnesses, over real sockets; and witnesses that err or lie.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener as Listener;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ledger::witness::{Witness, WitnessOptions};
use ledger::{InitOptions, Ledger, PrivateKey, SystemClock};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use verifier::evidence::{Evidence, Misbehaviour};
use verifier::log::cosignature::cosignatures;
use verifier::log::index::TreeSize;
use verifier::log::note::{KeyKind, VerifierKey};

use super::*;
use crate::witness::policy_of;
use crate::witness::service::Service;

const ORIGIN: &str = "ledger.example/test";
/// Long enough for whatever must happen on a busy machine.
const SOON: Duration = Duration::from_mins(1);

async fn new_ledger(dir: &Path) -> (Ledger, VerifierKey) {
    let key = |seed| PrivateKey::from_seed(&[seed; 32]).jwk().clone();
    let (origin, jurisdiction) = (ORIGIN.to_owned(), "cn".to_owned());
    let options =
        InitOptions { origin, jurisdiction, guard: None, root: key(1), recovery: key(2), predecessor: String::new() };
    Ledger::init(dir, options).await.unwrap();
    let vkey = PrivateKey::read(&dir.join(ledger::LOG_KEY)).unwrap().log_vkey(ORIGIN).unwrap();
    (Ledger::open(dir).await.unwrap(), vkey)
}

/// A witness at work on an address of its own.
struct Running {
    url: String,
    vkey: VerifierKey,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

async fn witness(dir: &Path, log: &VerifierKey, address: &str) -> Running {
    let options = WitnessOptions { name: None, logs: vec![log.clone()], replay: false };
    let witness = Witness::open(dir, options, Arc::new(SystemClock)).await.unwrap();
    let listener = TcpListener::bind(address).await.unwrap();
    let (url, vkey) = (format!("http://{}", listener.local_addr().unwrap()), witness.vkey().clone());
    let (stop, stopped) = oneshot::channel();
    let service = Service::new(witness, None, policy_of(std::slice::from_ref(log)).unwrap(), dir.to_owned());
    let task = tokio::spawn(async move { service.run(listener, async { drop(stopped.await) }).await.unwrap() });
    Running { url, vkey, stop, task }
}

impl Running {
    async fn stop(self) {
        self.stop.send(()).unwrap();
        self.task.await.unwrap();
    }
}

fn policy(log: &VerifierKey, witnesses: &[(&str, &VerifierKey, &str)], quorum: &str) -> Policy {
    let mut text = format!("log {log}\n");
    for (name, vkey, url) in witnesses {
        text += &format!("witness {name} {vkey} {url}\n");
    }
    let names: Vec<&str> = witnesses.iter().map(|(name, ..)| *name).collect();
    if quorum != "none" {
        text += &format!("group enough {quorum} {}\n", names.join(" "));
    }
    let quorum = if quorum == "none" { "none" } else { "enough" };
    Policy::parse(text + &format!("quorum {quorum}\n")).unwrap()
}

fn options(dir: &Path, policy: Policy) -> CosigningOptions {
    CosigningOptions { policy, policy_file: Vec::new(), publish_without_quorum_after: None, dir: dir.to_owned() }
}

/// Waits until the state is as it should be.
async fn until(cosigning: &Cosigning, is: impl Fn(&CosigningState) -> bool) -> CosigningState {
    let mut state = cosigning.state.clone();
    let reached = tokio::time::timeout(SOON, state.wait_for(|state| is(state))).await;
    let last = cosigning.state();
    reached.unwrap_or_else(|_| panic!("{last:?}")).unwrap_or_else(|_| panic!("it has ended: {last:?}")).clone()
}

async fn published(cosigning: &Cosigning, size: u64) -> SignedCheckpoint {
    let reached = tokio::time::timeout(SOON, cosigning.until_published(TreeSize(size))).await;
    reached.unwrap_or_else(|_| panic!("{:?}", cosigning.state())).unwrap()
}

fn size(ledger: &Ledger) -> u64 {
    ledger.heads().newest().checkpoint.size.0
}

struct Three {
    dir: TempDir,
    ledger: Ledger,
    log: VerifierKey,
    witnesses: Vec<Running>,
    policy: Policy,
}

impl Three {
    async fn new(quorum: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (ledger, log) = new_ledger(&dir.path().join("ledger")).await;
        let mut witnesses = Vec::new();
        for number in 0..3 {
            witnesses.push(witness(&dir.path().join(format!("w{number}")), &log, "127.0.0.1:0").await);
        }
        let [a, b, c] = [0, 1, 2].map(|number: usize| &witnesses[number]);
        let three = [("a", &a.vkey, &*a.url), ("b", &b.vkey, &*b.url), ("c", &c.vkey, &*c.url)];
        let policy = policy(&log, &three, quorum);
        Self { dir, ledger, log, witnesses, policy }
    }

    fn ledger_dir(&self) -> PathBuf {
        self.dir.path().join("ledger")
    }

    async fn start(&self) -> Cosigning {
        Cosigning::start(self.ledger.heads(), options(&self.ledger_dir(), self.policy.clone())).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_is_published_once_its_quorum_has_cosigned_it_and_not_before() {
    let mut three = Three::new("2").await;
    let cosigning = three.start().await;
    let first = published(&cosigning, size(&three.ledger)).await;
    assert!(three.policy.check(&first).is_ok());
    for _ in 0..5 {
        three.ledger.seal().await.unwrap();
        let note = published(&cosigning, size(&three.ledger)).await;
        assert!(three.policy.check(&note).is_ok());
    }
    // Those who were not needed cosign as well, and every line is kept.
    let all = |state: &CosigningState| state.witnesses.iter().all(|witness| witness.size == state.newest);
    until(&cosigning, all).await;
    let head = size(&three.ledger);
    let kept = three.ledger.heads().checkpoint(TreeSize(head)).await.unwrap().unwrap();
    let lines = three.witnesses.iter().filter(|witness| !cosignatures(&kept, &witness.vkey).unwrap().is_empty());
    assert_eq!(lines.count(), 3);

    // With two gone, nothing is published, and the state says whom it waits for.
    let (b, a) = (three.witnesses.remove(1), three.witnesses.remove(0));
    let address = b.url.trim_start_matches("http://").to_owned();
    a.stop().await;
    b.stop().await;
    three.ledger.seal().await.unwrap();
    let state = until(&cosigning, |state| {
        state.witnesses[2].size == state.newest
            && state.witnesses[0].error.is_some()
            && state.witnesses[1].error.is_some()
    })
    .await;
    assert_eq!((state.published, state.quorum), (Some(head), true));
    assert!(state.newest > head && state.may_sign());
    // One comes back, and that is enough.
    let b = witness(&three.dir.path().join("w1"), &three.log, &address).await;
    let note = published(&cosigning, size(&three.ledger)).await;
    assert!(three.policy.check(&note).is_ok() && cosignatures(&note, &b.vkey).unwrap().len() == 1);
    cosigning.stop().await;
    three.ledger.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_heads_in_a_row_are_cosigned_by_enough_at_once() {
    let three = Three::new("all").await;
    let cosigning = three.start().await;
    let ledger = Arc::new(three.ledger);
    let sealing = tokio::spawn({
        let ledger = ledger.clone();
        async move {
            for _ in 0..100 {
                ledger.seal().await.unwrap();
            }
        }
    });
    let mut seen = cosigning.follow();
    let mut heads = std::collections::BTreeSet::new();
    while !sealing.is_finished() {
        if tokio::time::timeout(Duration::from_millis(50), seen.changed()).await.is_ok() {
            let note = seen.borrow_and_update().clone().unwrap();
            assert!(three.policy.check(&note).is_ok(), "what is published has its quorum");
            heads.insert(note.checkpoint.size.0);
        }
    }
    sealing.await.unwrap();
    published(&cosigning, ledger.heads().newest().checkpoint.size.0).await;
    assert!(heads.len() > 1, "heads are published while newer ones come");
    cosigning.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_quorum_a_head_is_published_only_where_that_was_asked_for_and_stays_so() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("ledger");
    let (ledger, log) = new_ledger(&home).await;
    let absent = VerifierKey::new("w.example", KeyKind::CosignatureV1, log.key().clone()).unwrap();
    let policy = policy(&log, &[("a", &absent, "http://127.0.0.1:9")], "1");
    let cosigning = Cosigning::start(ledger.heads(), options(&home, policy.clone())).await.unwrap();
    let state = until(&cosigning, |state| state.witnesses[0].error.is_some()).await;
    assert_eq!((state.published, state.quorum), (None, false));
    cosigning.stop().await;
    let patient = CosigningOptions {
        publish_without_quorum_after: Some(Duration::from_millis(200)),
        ..options(&home, policy.clone())
    };
    let cosigning = Cosigning::start(ledger.heads(), patient).await.unwrap();
    ledger.seal().await.unwrap();
    let note = published(&cosigning, size(&ledger)).await;
    assert!(policy.check(&note).is_err());
    assert!(!until(&cosigning, |state| state.published == Some(state.newest)).await.quorum);
    cosigning.stop().await;
    // A restart, even of one that would not have published it, does not go back behind it.
    let cosigning = Cosigning::start(ledger.heads(), options(&home, policy)).await.unwrap();
    assert_eq!(cosigning.published().map(|note| note.checkpoint.size), Some(note.checkpoint.size));
    cosigning.stop().await;
    ledger.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn quorum_none_publishes_at_once_and_still_asks() {
    let three = Three::new("none").await;
    let cosigning = three.start().await;
    three.ledger.seal().await.unwrap();
    published(&cosigning, size(&three.ledger)).await;
    until(&cosigning, |state| state.witnesses.iter().all(|witness| witness.size == state.newest)).await;
    // The cosignatures follow the head, which waited for none.
    let cosigned =
        |note: &Option<SignedCheckpoint>| note.as_ref().is_some_and(|note| note.note.signatures().len() == 4);
    tokio::time::timeout(SOON, cosigning.follow().wait_for(cosigned)).await.unwrap().unwrap();
    cosigning.stop().await;
    let cosigning = three.start().await;
    // What was kept is published again.
    tokio::time::timeout(SOON, cosigning.follow().wait_for(cosigned)).await.unwrap().unwrap();
    cosigning.stop().await;
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() && path.file_name().is_some_and(|name| name != "writer.lock") {
            fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
        }
    }
}

async fn refused(dir: &Path, policy: &Policy) -> String {
    let ledger = Ledger::open(dir).await.unwrap();
    let Err(failure) = Cosigning::start(ledger.heads(), options(dir, policy.clone())).await else {
        panic!("it starts")
    };
    assert_eq!(failure.code, 1);
    assert!(ledger.seal().await.is_err(), "it signs");
    ledger.close().await;
    failure.message
}

fn evidence(dir: &Path) -> Evidence {
    Evidence::parse(&fs::read_to_string(dir.join("evidence.json")).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_restored_with_its_guard_from_an_older_copy_refuses_to_sign() {
    let three = Three::new("2").await;
    let home = three.ledger_dir();
    three.ledger.seal().await.unwrap();
    three.ledger.close().await;
    let old = three.dir.path().join("old");
    copy(&home, &old);
    let ledger = Ledger::open(&home).await.unwrap();
    let cosigning = Cosigning::start(ledger.heads(), options(&home, three.policy.clone())).await.unwrap();
    ledger.seal().await.unwrap();
    let newest = published(&cosigning, size(&ledger)).await;
    cosigning.stop().await;
    ledger.close().await;
    let said = refused(&old, &three.policy).await;
    assert!(said.contains("rollback") || said.contains("倒退"), "{said}");
    let Evidence::Rollback { notes } = evidence(&old) else { panic!() };
    assert_eq!(notes[0].checkpoint, newest.checkpoint);
    assert!(notes[1].checkpoint.size < newest.checkpoint.size);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_history_under_the_same_key_refuses_to_sign_and_the_evidence_proves_it() {
    let three = Three::new("2").await;
    let home = three.ledger_dir();
    three.ledger.close().await;
    let other = three.dir.path().join("other");
    copy(&home, &other);
    let ledger = Ledger::open(&home).await.unwrap();
    let cosigning = Cosigning::start(ledger.heads(), options(&home, three.policy.clone())).await.unwrap();
    ledger.seal().await.unwrap();
    published(&cosigning, size(&ledger)).await;
    cosigning.stop().await;
    ledger.close().await;
    // The copy goes on by itself, at other times, and becomes the larger.
    let forked = Ledger::open(&other).await.unwrap();
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(3)).await;
        forked.seal().await.unwrap();
    }
    forked.close().await;
    let said = refused(&other, &three.policy).await;
    assert!(said.contains("fork") || said.contains("分叉"), "{said}");
    let proven = evidence(&other).check(&three.policy).unwrap();
    assert!(matches!(proven.misbehaviour(), Misbehaviour::Fork { .. }), "{proven:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_that_appears_while_the_ledger_runs_stops_it() {
    let three = Three::new("2").await;
    let home = three.ledger_dir();
    three.ledger.close().await;
    let other = three.dir.path().join("other");
    copy(&home, &other);
    let ledger = Ledger::open(&home).await.unwrap();
    let cosigning = Cosigning::start(ledger.heads(), options(&home, three.policy.clone())).await.unwrap();
    published(&cosigning, size(&ledger)).await;
    // Whoever has the key and a copy signs a head of his own and has it cosigned.
    let thief = Ledger::open(&other).await.unwrap();
    thief.seal().await.unwrap();
    let [a, ..] = &three.witnesses[..] else { panic!() };
    let theft = policy(&three.log, &[("a", &a.vkey, &*a.url)], "1");
    let stealing = Cosigning::start(thief.heads(), options(&other, theft)).await.unwrap();
    published(&stealing, size(&thief)).await;
    tokio::time::sleep(Duration::from_millis(3)).await;
    ledger.seal().await.unwrap();
    let mut state = cosigning.state.clone();
    let alarmed = tokio::time::timeout(SOON, state.wait_for(|state| !state.may_sign())).await.unwrap();
    let alarm = alarmed.map(|state| state.alarms.last().cloned()).ok().flatten();
    assert!(alarm.as_ref().is_none_or(Alarm::is_proven));
    let proven = evidence(&home).check(&three.policy).unwrap();
    assert!(matches!(proven.misbehaviour(), Misbehaviour::TwoRoots { .. }), "{proven:?}");
    assert!(ledger.seal().await.is_err());
    stealing.stop().await;
    cosigning.stop().await;
}

/// A witness that answers as it is told; what it was asked is kept.
struct Told {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

fn told(answer: impl Fn(&str, usize) -> (u16, &'static str, String) + Send + 'static) -> Told {
    let listener = Listener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let keep = asked.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut head, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
                    break;
                }
                let lower = line.to_lowercase();
                length = lower.strip_prefix("content-length:").map_or(length, |found| found.trim().parse().unwrap());
                head += &line;
            }
            let mut body = vec![0; length];
            if reader.read_exact(&mut body).is_err() {
                continue;
            }
            let (method, body) = (head.split(' ').next().unwrap_or_default(), String::from_utf8(body).unwrap());
            let (status, media_type, answered) = if method == "GET" {
                (404, "text/plain", String::new())
            } else {
                let number = keep.lock().unwrap().len();
                keep.lock().unwrap().push(body.clone());
                answer(&body, number)
            };
            let head = format!(
                "HTTP/1.1 {status} X\r\nContent-Type: {media_type}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                answered.len()
            );
            let _ = stream.write_all((head + &answered).as_bytes());
        }
    });
    Told { url, asked }
}

/// A ledger of a few heads, a liar it has not met before, and an honest witness that is enough.
async fn with_liar(
    answer: impl Fn(&str, usize) -> (u16, &'static str, String) + Send + 'static,
) -> (TempDir, Ledger, Running, Told, CosigningOptions) {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("ledger");
    let (ledger, log) = new_ledger(&home).await;
    ledger.seal().await.unwrap();
    let honest = witness(&dir.path().join("w"), &log, "127.0.0.1:0").await;
    let liar = told(answer);
    let key = VerifierKey::new("liar.example", KeyKind::CosignatureV1, log.key().clone()).unwrap();
    let both = [("honest", &honest.vkey, &*honest.url), ("liar", &key, &*liar.url)];
    let options = options(&home, policy(&log, &both, "1"));
    (dir, ledger, honest, liar, options)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_is_answered_from_the_size_the_witness_has() {
    let (_dir, ledger, _honest, liar, options) = with_liar(|body, number| match number {
        0 => (409, "text/x.tlog.size", "2\n".to_owned()),
        _ if body.starts_with("old 2\n") => (503, "text/plain", "later".to_owned()),
        _ => (500, "text/plain", body.to_owned()),
    })
    .await;
    let cosigning = Cosigning::start(ledger.heads(), options).await.unwrap();
    let state = until(&cosigning, |state| state.witnesses[1].error.is_some()).await;
    assert_eq!(state.witnesses[1].error.as_deref(), Some("503: later"));
    assert_eq!((state.witnesses[1].size, state.alarms.len()), (2, 0));
    let asked = liar.asked.lock().unwrap().clone();
    assert!(asked[0].starts_with("old 0\n\n") && asked[1].starts_with("old 2\n"), "{asked:?}");
    cosigning.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_larger_size_than_ours_keeps_the_ledger_from_starting_even_unproven() {
    let (_dir, ledger, _honest, _liar, options) =
        with_liar(|_, _| (409, "text/x.tlog.size", "1000\n".to_owned())).await;
    let Err(failure) = Cosigning::start(ledger.heads(), options).await else { panic!("it starts") };
    assert!(failure.message.contains("1000"), "{}", failure.message);
    assert!(ledger.seal().await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_later_and_not_shown_is_an_alarm_and_no_retry_and_stops_nobody() {
    for (status, media_type, body) in [
        (409, "text/x.tlog.size", "1000\n"),
        (422, "text/plain", "the log has forked"),
        (409, "text/x.tlog.size", "0\n"),
    ] {
        let (_dir, ledger, _honest, liar, options) = with_liar(move |_, number| match number {
            0 => (503, "text/plain", "not yet".to_owned()),
            _ => (status, media_type, body.to_owned()),
        })
        .await;
        let cosigning = Cosigning::start(ledger.heads(), options).await.unwrap();
        let state = until(&cosigning, |state| !state.alarms.is_empty()).await;
        assert!(state.may_sign() && state.witnesses[1].silenced, "{state:?}");
        match &state.alarms[0] {
            Alarm::Ahead { size: 1000, .. } => assert_eq!(body, "1000\n"),
            Alarm::Contradicted { said, .. } => assert!(said.contains(body.trim()), "{said}"),
            other => panic!("{other:?}"),
        }
        let asked = liar.asked.lock().unwrap().len();
        for _ in 0..3 {
            ledger.seal().await.unwrap();
            published(&cosigning, size(&ledger)).await;
        }
        assert_eq!(liar.asked.lock().unwrap().len(), asked, "it is asked again");
        cosigning.stop().await;
        ledger.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_verify_is_not_kept() {
    let stranger = PrivateKey::from_seed(&[9; 32]).log_vkey(ORIGIN).unwrap();
    let line = format!("— liar.example {}\n", verifier::log::base64::encode(&[7; 76]));
    let known = format!("— {} {}\n", stranger.name(), verifier::log::base64::encode(&[7; 76]));
    for body in [line, known, "no line".to_owned(), String::new(), "x".repeat(100_000)] {
        let (_dir, ledger, _honest, _liar, options) = with_liar(move |_, _| (200, "text/plain", body.clone())).await;
        let cosigning = Cosigning::start(ledger.heads(), options).await.unwrap();
        let note = published(&cosigning, size(&ledger)).await;
        until(&cosigning, |state| state.witnesses[1].error.is_some()).await;
        assert_eq!(note.note.signatures().len(), 2);
        cosigning.stop().await;
        ledger.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_policy_must_be_of_this_ledger() {
    let dir = tempfile::tempdir().unwrap();
    let (ledger, _) = new_ledger(&dir.path().join("ledger")).await;
    let other = PrivateKey::from_seed(&[9; 32]).log_vkey(ORIGIN).unwrap();
    let options = options(dir.path(), policy(&other, &[], "none"));
    let Err(failure) = Cosigning::start(ledger.heads(), options).await else { panic!("it starts") };
    assert_eq!(failure.code, 1);
}
