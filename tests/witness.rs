//! A witness as the logs it cosigns for, its monitors and its enemies meet it: a process, asked over real sockets.
#![cfg(unix)]
#![allow(missing_docs)]
#![allow(clippy::unwrap_used)]

#[path = "../verifier/tests/forge/mod.rs"]
mod forge;
mod program;
#[path = "../verifier/tests/web/mod.rs"]
mod web;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use forge::{
    Forge, LOG, ORIGIN, SUPERVISOR, SUPERVISOR_KEY, add_checkpoint, common, consistency, disclose, log_key, sign,
    signed_note,
};
use program::{command, mingzhang, operator};
use serde_json::Value;
use verifier::log::add_checkpoint::{MAX_LENGTH, monitor_path};
use verifier::log::checkpoint::SignedCheckpoint;
use verifier::log::cosignature::cosignatures;
use verifier::log::hash::{Hash, leaf_hash, sha256};
use verifier::log::note::VerifierKey;
use verifier::log::tree::root_of;

const MINUTE: u64 = 60_000;

fn now() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// A witness process; it is killed when it is dropped.
struct Running {
    child: Child,
    url: String,
    vkey: VerifierKey,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start(dir: &Path, more: &[&str]) -> Running {
    let key = log_key(LOG).to_string();
    let args = ["--json", "witness", "w", "--listen", "127.0.0.1:0", "--log", &key];
    let mut child = command(&operator(), &[&args[..], more].concat(), dir).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let said: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
    let url = format!("http://{}", said["listen"].as_str().unwrap());
    Running { child, url, vkey: VerifierKey::parse(said["vkey"].as_str().unwrap()).unwrap() }
}

impl Running {
    /// Stops it as its operator would.
    fn stop(mut self) {
        let pid = self.child.id().to_string();
        assert!(std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        assert!(self.child.wait().unwrap().success());
    }

    fn post(&self, body: &[u8]) -> Answer {
        answer(agent().post(format!("{}/add-checkpoint", self.url)).send(body)).expect("it answers")
    }

    fn monitor(&self) -> Answer {
        answer(agent().get(format!("{}/{}", self.url, monitor_path(ORIGIN))).call()).expect("it answers")
    }

    /// Submits the head of these leaves.
    fn submit(&self, old: usize, leaves: &[Hash]) -> Answer {
        self.post(request(old, leaves).as_bytes())
    }
}

struct Answer {
    status: u16,
    media_type: String,
    allow: Option<String>,
    body: String,
}

impl Answer {
    #[track_caller]
    fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }

    /// A 409 with the size cosigned last.
    #[track_caller]
    fn conflicts(self, size: usize) {
        let found = self.is(409);
        assert_eq!((found.media_type.as_str(), found.body), ("text/x.tlog.size", format!("{size}\n")));
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_mins(1)))
        .build()
        .new_agent()
}

fn answer(answered: Result<http::Response<ureq::Body>, ureq::Error>) -> Option<Answer> {
    let mut response = answered.ok()?;
    let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    let (media_type, allow) = (header("content-type").unwrap_or_default(), header("allow"));
    let status = response.status().as_u16();
    Some(Answer { status, media_type, allow, body: response.body_mut().read_to_string().ok()? })
}

fn leaves(salt: u8, count: usize) -> Vec<Hash> {
    (0..count).map(|n| leaf_hash(&[salt, u8::try_from(n / 256).unwrap(), u8::try_from(n % 256).unwrap()]).0).collect()
}

fn note_of(leaves: &[Hash]) -> String {
    signed_note(LOG, leaves.len() as u64, root_of(leaves.iter().copied()).0)
}

/// What a log asks for: the head of these leaves, with the proof from `old` of them.
fn request(old: usize, leaves: &[Hash]) -> String {
    add_checkpoint(old, &consistency(leaves, old), &note_of(leaves))
}

#[track_caller]
fn assert_cosigned(note: &str, line: &str, vkey: &VerifierKey) -> u64 {
    let note = SignedCheckpoint::parse(&format!("{note}{line}")).unwrap();
    let times = cosignatures(&note, vkey).unwrap();
    assert_eq!(times.len(), 1, "{line}");
    assert!(times[0].abs_diff(now() / 1000) < 60);
    times[0]
}

#[test]
fn every_answer_of_the_protocol_is_given() {
    let dir = tempfile::tempdir().unwrap();
    let witness = start(dir.path(), &["--name", "w1.example/a"]);
    assert_eq!(witness.vkey.name(), "w1.example/a");
    let mode = fs::metadata(dir.path().join("w/witness.key")).unwrap().permissions();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode) & 0o777, 0o600);
    let (three, seven) = (leaves(1, 3), leaves(1, 7));

    // 404 and 409 before anything was cosigned.
    witness.monitor().is(404);
    witness.submit(2, &three).conflicts(0);

    // 200: the first, its continuation, and the same again.
    let first = witness.submit(0, &three).is(200);
    assert_cosigned(&note_of(&three), &first.body, &witness.vkey);
    let second = witness.submit(3, &seven).is(200);
    assert_cosigned(&note_of(&seven), &second.body, &witness.vkey);
    let again = witness.submit(7, &seven).is(200);
    assert_cosigned(&note_of(&seven), &again.body, &witness.vkey);

    // Monitors see the newest, with the log's line and the witness's; others' lines are not passed on.
    let seen = SignedCheckpoint::parse(&witness.monitor().is(200).body).unwrap();
    assert_eq!(seen.format(), note_of(&seven) + &again.body);
    let head = agent().head(format!("{}/{}", witness.url, monitor_path(ORIGIN))).call();
    let head = answer(head).unwrap().is(200);
    assert!(head.body.is_empty());

    // 400: no request, or an old size beyond the checkpoint.
    let good = request(7, &leaves(1, 9));
    for bad in
        ["", "old 7\n", &good[1..], &good[..good.len() - 1], &good.replace("old 7", "old 07"), &(good.clone() + "x")]
    {
        witness.post(bad.as_bytes()).is(400);
    }
    witness.post(b"old 7\n\xff\n").is(400);
    witness.post(add_checkpoint(8, &[], &note_of(&seven)).as_bytes()).is(400);
    witness.post(good.replace("\n\n—", "\nextension\n\n—").as_bytes()).is(400);

    // 403: another key's, or this key's over something else. 404: another log.
    let root = root_of(leaves(1, 9)).0;
    witness.post(add_checkpoint(7, &[], &signed_note(99, 9, root)).as_bytes()).is(403);
    let altered = note_of(&leaves(1, 9)).replacen("\n9\n", "\n8\n", 1);
    witness.post(add_checkpoint(7, &[], &altered).as_bytes()).is(403);
    witness.post(good.replace(ORIGIN, "ledger.example/other").as_bytes()).is(404);

    // 409: not from the size cosigned last, or that size with another root.
    witness.submit(3, &leaves(1, 9)).conflicts(7);
    witness.submit(0, &leaves(1, 9)).conflicts(7);
    witness.submit(3, &seven[..5]).conflicts(7);
    witness.submit(7, &leaves(2, 7)).conflicts(7);
    assert!(dir.path().join("w/evidence.json").exists(), "two heads of one size are kept");

    // 422: a proof that is none, or where none is needed, or the empty tree with a root.
    witness.post(add_checkpoint(7, &[], &note_of(&leaves(1, 9))).as_bytes()).is(422);
    witness.submit(7, &leaves(2, 9)).is(422);
    witness.post(add_checkpoint(7, &[sha256(b"x")], &note_of(&seven)).as_bytes()).is(422);
    witness.post(add_checkpoint(0, &[], &signed_note(LOG, 0, sha256(b"x"))).as_bytes()).is(422);

    // What is not of the protocol.
    witness.post(&vec![b'a'; MAX_LENGTH + 1]).is(413);
    let get = answer(agent().get(format!("{}/add-checkpoint", witness.url)).call()).unwrap().is(405);
    assert_eq!(get.allow.as_deref(), Some("POST"));
    let post = agent().post(format!("{}/{}", witness.url, monitor_path(ORIGIN))).send("");
    assert_eq!(answer(post).unwrap().is(405).allow.as_deref(), Some("GET, HEAD"));
    answer(agent().get(format!("{}/nothing", witness.url)).call()).unwrap().is(404);

    // Nothing of all this has moved it.
    witness.submit(7, &leaves(1, 9)).is(200);
    let nothing = start_again(dir.path(), witness);
    nothing.submit(0, &seven).conflicts(9);
}

fn start_again(dir: &Path, witness: Running) -> Running {
    let vkey = witness.vkey.clone();
    witness.stop();
    let witness = start(dir, &[]);
    assert_eq!(witness.vkey, vkey);
    witness
}

#[test]
fn a_witness_is_one_process_and_only_what_it_was_made_as() {
    let dir = tempfile::tempdir().unwrap();
    let witness = start(dir.path(), &[]);
    let key = log_key(LOG).to_string();
    let args = ["witness", "w", "--listen", "127.0.0.1:0", "--log", &key];
    let second = mingzhang(dir.path(), &args).ends(2);
    assert!(second.err.contains(&format!("process {}", witness.child.id())), "{}", second.err);
    witness.stop();
    let replay = mingzhang(dir.path(), &[&args[..], &["--replay", "http://127.0.0.1:9"]].concat()).ends(1);
    assert!(replay.err.contains("a plain witness"), "{}", replay.err);
    mingzhang(dir.path(), &[&args[..], &["--name", "another.example"]].concat()).ends(1);
    let own = start(dir.path(), &[]).vkey.to_string();
    let wrong = mingzhang(dir.path(), &["witness", "x", "--listen", "127.0.0.1:0", "--log", &own]).ends(1);
    assert!(wrong.err.contains("a witness's key"), "{}", wrong.err);
    fs::remove_file(dir.path().join("w/witness.db")).unwrap();
    let lost = mingzhang(dir.path(), &args).ends(2);
    assert!(lost.err.contains("witness.db"), "{}", lost.err);
}

/// Submits the heads of one history as fast as it is answered, whatever happens to the witness; keeps what was cosigned.
fn press(salt: u8, url: &Mutex<String>, cosigned: &Mutex<BTreeMap<u64, Vec<u8>>>, until: &Mutex<bool>) {
    let whole = leaves(salt, 4000);
    let (mut old, mut size) = (0, 1);
    while !*until.lock().unwrap() && size < whole.len() {
        let address = url.lock().unwrap().clone();
        let body = request(old, &whole[..size]);
        let Some(answered) = answer(agent().post(format!("{address}/add-checkpoint")).send(&body)) else { continue };
        match answered.status {
            200 => {
                cosigned.lock().unwrap().entry(size as u64).or_default().push(salt);
                (old, size) = (size, size + 1);
            }
            409 => {
                old = answered.body.trim().parse().unwrap();
                size = size.max(old + 1);
            }
            422 => thread::sleep(Duration::from_millis(5)),
            status => panic!("{status} {}", answered.body),
        }
    }
}

#[test]
fn killed_at_any_moment_it_never_cosigns_two_histories() {
    let dir = tempfile::tempdir().unwrap();
    let first = start(dir.path(), &[]);
    let url = Arc::new(Mutex::new(first.url.clone()));
    let (cosigned, until) = (Arc::new(Mutex::new(BTreeMap::new())), Arc::new(Mutex::new(false)));
    let presses: Vec<_> = [1, 2, 1, 2]
        .map(|salt| {
            let (url, cosigned, until) = (url.clone(), cosigned.clone(), until.clone());
            thread::spawn(move || press(salt, &url, &cosigned, &until))
        })
        .into();
    let mut witness = first;
    for round in 0..12_u64 {
        thread::sleep(Duration::from_millis(40 + 37 * (round % 5)));
        // The operating system ends it wherever it is: dropping it is `kill -9`.
        drop(witness);
        witness = start(dir.path(), &[]);
        *url.lock().unwrap() = witness.url.clone();
    }
    thread::sleep(Duration::from_millis(200));
    *until.lock().unwrap() = true;
    for press in presses {
        press.join().unwrap();
    }
    let cosigned = cosigned.lock().unwrap();
    let salts: std::collections::BTreeSet<u8> = cosigned.values().flatten().copied().collect();
    assert!(cosigned.len() > 20, "only {} heads were cosigned", cosigned.len());
    assert_eq!(salts.len(), 1, "heads of two histories were cosigned");
    // And what the witness remembers is at least the largest that anybody was answered.
    let seen = SignedCheckpoint::parse(&witness.monitor().is(200).body).unwrap();
    assert!(seen.checkpoint.size.0 >= *cosigned.keys().last().unwrap());
    let salt = *salts.first().unwrap();
    let size = usize::try_from(seen.checkpoint.size.0).unwrap();
    assert_eq!(seen.checkpoint.root, root_of(leaves(salt, size)));
}

/// A forged ledger on a web server, and a replay witness of it that has nothing else.
struct Watched {
    dir: tempfile::TempDir,
    forge: Forge,
    url: String,
}

impl Watched {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let forge = Forge::begun_at(&dir.path().join("ledger"), now() - 60 * MINUTE);
        let (url, _) = web::serve(&dir.path().join("ledger/tree"), 0);
        Self { dir, forge, url }
    }

    fn home(&self) -> PathBuf {
        let home = self.dir.path().join("witness");
        fs::create_dir_all(&home).unwrap();
        home
    }

    fn start(&self) -> Running {
        start(&self.home(), &["--replay", &self.url])
    }

    /// Seals, and submits the new head.
    fn sealed(&mut self, witness: &Running, old: usize) -> Answer {
        self.forge.seal();
        self.submitted(witness, old)
    }

    fn submitted(&mut self, witness: &Running, old: usize) -> Answer {
        self.forge.finish();
        witness.submit(old, &self.forge.leaves)
    }

    fn size(&self) -> usize {
        self.forge.leaves.len()
    }

    fn publish(&mut self, number: usize) {
        let (words, digest) = disclose("text", &format!("\"{number}\""));
        let rest = format!(r#","_sd":["{digest}"]"#);
        self.forge.publish(&format!("P{}", number % 7), &format!("n{number}"), "announcement", &rest, &[&words]);
    }
}

#[test]
fn a_replay_witness_cosigns_what_it_has_audited_and_catches_up_after_an_outage() {
    let mut watched = Watched::new();
    (0..400).for_each(|number| watched.publish(number));
    let witness = watched.start();
    let line = watched.sealed(&witness, 0).is(200).body;
    assert_cosigned(&note_of(&watched.forge.leaves), &line, &witness.vkey);
    let old = watched.size();
    watched.forge.time = now();
    watched.publish(400);
    watched.sealed(&witness, old).is(200);
    // Stopped, it writes down what it has audited; killed, it reads again what came since.
    let vkey = witness.vkey.clone();
    witness.stop();
    assert!(watched.home().join("w/replay.state").exists());
    let old = watched.size();
    for number in 401..900 {
        watched.publish(number);
        // A millisecond apart, so that the last of them is not of the future.
        watched.forge.time -= 999;
    }
    let witness = watched.start();
    assert_eq!(witness.vkey, vkey);
    watched.sealed(&witness, old).is(200);
    let old = watched.size();
    drop(witness);
    let witness = watched.start();
    watched.publish(900);
    watched.sealed(&witness, old).is(200);
    // A smaller head than it has audited is a rollback, whoever signed it.
    let old = watched.size();
    witness.submit(old, &watched.forge.leaves[..old - 1]).is(400);
}

#[test]
fn a_replay_witness_refuses_a_map_that_leaves_something_out_and_a_plain_one_cannot_see_it() {
    let mut watched = Watched::new();
    let (witness, plain) = (watched.start(), start(watched.dir.path(), &[]));
    watched.sealed(&witness, 0).is(200);
    plain.submit(0, &watched.forge.leaves).is(200);
    let old = watched.size();
    watched.publish(1);
    let seal = watched.forge.seal_entry();
    let root = seal.split("\"map_root\":\"").nth(1).unwrap().trim_end_matches("\"}").to_owned();
    let seal = seal.replace(&root, &sha256(b"without one notice").to_string());
    watched.forge.push(None, &seal, None, &[]);
    watched.forge.publish_head();
    let refused = watched.submitted(&witness, old).is(422);
    assert!(refused.body.contains("the ledger lies about what it holds"), "{}", refused.body);
    plain.submit(old, &watched.forge.leaves).is(200);
    // It stays so, also for what is built upon it, and after a restart.
    let witness = start_replay_again(&watched, witness);
    watched.publish(2);
    watched.sealed(&witness, old).is(422);
}

fn start_replay_again(watched: &Watched, witness: Running) -> Running {
    witness.stop();
    watched.start()
}

#[test]
fn a_replay_witness_waits_for_what_is_withheld_until_it_is_shown_or_erased() {
    let mut watched = Watched::new();
    let witness = watched.start();
    let (_, digest) = disclose("text", "\"withheld\"");
    let rest = format!(r#","_sd":["{digest}"]"#);
    let target = watched.forge.publish("P1", "n1", "announcement", &rest, &[]);
    let refused = watched.sealed(&witness, 0).is(503);
    assert!(refused.body.contains("withheld"), "{}", refused.body);
    let claims = format!(
        r#"{{{},"target":{target},"digests":["{digest}"],"ground":"PIPL","reason":"asked"}}"#,
        common(SUPERVISOR, "e1", "project/P1")
    );
    watched.forge.record("project/P1", &sign(SUPERVISOR_KEY, "erasure", &claims), None, &[]);
    watched.sealed(&witness, 0).is(200);
}

#[test]
fn a_replay_witness_holds_the_ledgers_clock_against_its_own() {
    let mut watched = Watched::new();
    let witness = watched.start();
    // The first has nothing to be backdated against.
    watched.sealed(&witness, 0).is(200);
    let old = watched.size();
    watched.forge.time = now() - 4 * MINUTE;
    watched.publish(1);
    watched.sealed(&witness, old).is(200);
    let old = watched.size();
    watched.forge.time = now() + 10 * MINUTE;
    watched.publish(2);
    let ahead = watched.sealed(&witness, old).is(503);
    assert!(ahead.body.contains("after this witness's clock"), "{}", ahead.body);

    let mut watched = Watched::new();
    let witness = watched.start();
    watched.sealed(&witness, 0).is(200);
    let old = watched.size();
    watched.forge.time = now() - 10 * MINUTE;
    watched.publish(1);
    let backdated = watched.sealed(&witness, old).is(422);
    assert!(backdated.body.contains("more than 5 minutes before"), "{}", backdated.body);
    // After a restart it reads that entry's time again.
    let witness = start_replay_again(&watched, witness);
    watched.publish(2);
    watched.sealed(&witness, old).is(422);
}

#[test]
fn a_replay_witness_that_cannot_read_cosigns_nothing_and_tries_again() {
    let mut watched = Watched::new();
    let witness = watched.start();
    let tree = watched.dir.path().join("ledger/tree");
    watched.forge.seal();
    watched.forge.finish();
    let aside = watched.dir.path().join("aside");
    fs::rename(&tree, &aside).unwrap();
    watched.forge.leaves.len();
    witness.submit(0, &watched.forge.leaves).is(503);
    fs::rename(&aside, &tree).unwrap();
    witness.submit(0, &watched.forge.leaves).is(200);
}
