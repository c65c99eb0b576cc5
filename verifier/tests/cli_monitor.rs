//! A monitor as its operator runs it: a process that looks at a ledger on a web server, and what it raises an alarm for.
#![allow(missing_docs, clippy::unwrap_used)]
#![cfg(unix)]

mod forge;
mod program;
mod running;
mod schema;
mod web;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use forge::{Forge, LOG, ORIGIN, PUBLISHER_KEY, ROOT, common, cosign, disclose, notice, sign, signed_note, witness};
use program::{command, run, text};
use running::{Running, checked};
use serde_json::Value;
use verifier::log::add_checkpoint::monitor_path;
use verifier::log::hash::sha256;

const DAY: u64 = 86_400_000;
/// So old that no test is.
const FOR_EVER: [&str; 2] = ["--max-age", "5000w"];

fn now() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// A forged ledger on a web server, and the directory of whoever monitors it.
struct Watched {
    dir: tempfile::TempDir,
    forge: Forge,
    url: String,
}

/// What one run of a monitor printed.
struct Told {
    code: i32,
    alerts: Vec<Value>,
    ended: Vec<Value>,
    look: Value,
    err: String,
}

impl Told {
    /// The run ended so and told of these.
    #[track_caller]
    fn is(self, code: i32, kinds: &[&str]) -> Self {
        assert_eq!(
            (self.code, running::kinds(&self.alerts).as_slice()),
            (code, kinds),
            "{}\n{}\n{:?}",
            self.err,
            self.look,
            self.alerts
        );
        self
    }
}

impl Watched {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut forge = Forge::new(&dir.path().join("ledger"));
        forge.finish();
        fs::create_dir(dir.path().join("watch")).unwrap();
        let (url, _) = web::serve(&dir.path().join("ledger/tree"), 0);
        let watched = Self { dir, forge, url };
        watched.trust("quorum none\n");
        watched
    }

    /// What the monitor's policy says beside the log's key.
    fn trust(&self, rest: &str) {
        fs::write(self.policy(), format!("log {}\n{rest}", forge::log_key(LOG))).unwrap();
    }

    fn policy(&self) -> PathBuf {
        self.dir.path().join("watch/policy.txt")
    }

    fn state(&self) -> PathBuf {
        self.dir.path().join("watch/state")
    }

    fn evidence(&self) -> PathBuf {
        self.dir.path().join("watch/evidence.json")
    }

    fn tree(&self, path: &str) -> PathBuf {
        self.dir.path().join("ledger/tree").join(path)
    }

    fn args(&self, more: &[&str]) -> Vec<String> {
        let (policy, state) = (self.policy(), self.state());
        let own = ["monitor", &self.url, "--policy", text(&policy), "--state", text(&state), "--json"];
        own.iter().chain(more).map(|arg| (*arg).to_owned()).collect()
    }

    fn once(&self, more: &[&str]) -> Told {
        let args = self.args(&[&["--once"], more].concat());
        let ran = run(&args.iter().map(String::as_str).collect::<Vec<_>>());
        let mut lines: Vec<Value> = ran.out.lines().map(checked).collect();
        let look = lines.pop().unwrap_or_else(|| panic!("{ran:?}"));
        assert_eq!((&look["event"], &look["exit_code"]), (&"look".into(), &ran.code.into()), "{ran:?}");
        let of = |event: &str| lines.iter().filter(|line| line["event"] == event).cloned().collect();
        Told { code: ran.code, alerts: of("alert"), ended: of("ended"), look, err: ran.err }
    }

    /// Looks at a ledger of which only the times are old.
    fn look(&self, more: &[&str]) -> Told {
        self.once(&[&FOR_EVER, more].concat())
    }

    fn publish(&mut self, project: &str, number: u32) {
        let (words, digest) = disclose("text", &format!("\"{project}{number}\""));
        let rest = format!(r#","_sd":["{digest}"]"#);
        self.forge.publish(project, &format!("{project}-{number}"), "announcement", &rest, &[&words]);
    }

    fn seal(&mut self) {
        self.forge.seal();
        self.forge.finish();
    }

    /// The evidence that was written convinces whoever has the policy.
    #[track_caller]
    fn evidence_proves(&self, kind: &str) {
        let ran = run(&["evidence", text(&self.evidence()), "--policy", text(&self.policy()), "--json"]);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert_eq!(serde_json::from_str::<Value>(&ran.out).unwrap()["kind"], kind);
    }

    fn has_more_evidence(&self) -> bool {
        self.dir.path().join("watch/evidence-1.json").exists()
    }

    /// A witness's monitoring prefix on a web server, and the file it shows.
    fn witness(&self, name: &str) -> (String, PathBuf) {
        let root = self.dir.path().join(name);
        let file = root.join(monitor_path(ORIGIN));
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        (web::serve(&root, 0).0, file)
    }
}

#[test]
fn a_sound_ledger_gives_nothing_to_report_and_only_what_is_new_is_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut watched = Watched::new();
    (0..300).for_each(|number| watched.publish("P1", number));
    watched.seal();
    let told = watched.look(&[]).is(0, &[]);
    assert_eq!(told.look["head"]["size"], watched.forge.size());
    assert_eq!(told.look["new_entries"], watched.forge.size());
    for file in ["state", "state.audit"] {
        let mode = fs::metadata(watched.dir.path().join("watch").join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    watched.publish("P2", 1);
    watched.seal();
    assert_eq!(watched.look(&[]).is(0, &[]).look["new_entries"], 2);
    assert_eq!(watched.look(&[]).is(0, &[]).look["new_entries"], 0);
    let args = watched.args(&["--once"]);
    let spoken: Vec<&str> = args.iter().map(String::as_str).filter(|arg| *arg != "--json").chain(FOR_EVER).collect();
    let said = run(&[&spoken[..], &["--lang", "zh"]].concat());
    assert!(said.out.contains("无事可报"), "{said:?}");
}

#[test]
fn another_head_of_the_same_size_is_a_fork_told_once_with_evidence() {
    let mut watched = Watched::new();
    watched.publish("P1", 1);
    watched.seal();
    watched.look(&[]).is(0, &[]);
    let (size, honest) = (watched.forge.size(), fs::read(watched.tree("checkpoint")).unwrap());
    fs::write(watched.tree("checkpoint"), signed_note(LOG, size, sha256(b"another"))).unwrap();
    let told = watched.look(&[]).is(1, &["fork"]);
    assert_eq!(told.alerts[0]["severity"], "integrity");
    assert_eq!(told.alerts[0]["evidence"], text(&watched.evidence()));
    assert!(told.err.contains("ALERT"), "{}", told.err);
    watched.evidence_proves("fork");
    watched.look(&[]).is(1, &[]);
    assert!(!watched.has_more_evidence());
    fs::write(watched.tree("checkpoint"), honest).unwrap();
    let ended = watched.look(&[]).is(0, &[]).ended;
    assert_eq!((&ended[0]["kind"], &ended[0]["id"]), (&"fork".into(), &told.alerts[0]["id"]));
}

#[test]
fn a_larger_head_of_another_history_is_a_fork() {
    let mut watched = Watched::new();
    watched.publish("P1", 1);
    watched.seal();
    watched.look(&[]).is(0, &[]);
    // The same log key, another history from the first notice on.
    let mut forge = Forge::new(&watched.dir.path().join("ledger"));
    (0..9).for_each(|number| {
        forge.publish("P2", &format!("m{number}"), "announcement", "", &[]);
    });
    forge.seal();
    forge.finish();
    watched.look(&[]).is(1, &["fork"]);
    watched.evidence_proves("fork");
}

#[test]
fn a_smaller_head_than_was_seen_is_a_rollback() {
    let mut watched = Watched::new();
    let old = fs::read(watched.tree("checkpoint")).unwrap();
    watched.publish("P1", 1);
    watched.seal();
    watched.look(&[]).is(0, &[]);
    let new = fs::read(watched.tree("checkpoint")).unwrap();
    fs::write(watched.tree("checkpoint"), old).unwrap();
    let told = watched.look(&[]).is(1, &["rollback"]);
    assert!(told.alerts[0]["message"].as_str().unwrap().contains("rollback") && watched.evidence().exists());
    watched.look(&[]).is(1, &[]);
    fs::write(watched.tree("checkpoint"), new).unwrap();
    assert_eq!(watched.look(&[]).is(0, &[]).ended[0]["kind"], "rollback");
}

#[test]
fn an_entry_that_breaks_a_rule_is_told_once() {
    let mut watched = Watched::new();
    watched.look(&[]).is(0, &[]);
    // Nobody authorised this key.
    let jwt = sign(77, "notice", &notice("P1", "n1", "announcement", ""));
    let index = watched.forge.record("project/P1", &jwt, Some("announcement"), &[]);
    watched.seal();
    let told = watched.look(&[]).is(1, &["bad-entry"]);
    assert_eq!(told.alerts[0]["entry"], index);
    // It stays so under what is built upon it.
    watched.publish("P2", 1);
    watched.seal();
    let told = watched.look(&[]).is(1, &[]);
    assert_eq!((&told.look["ongoing"][0], &told.look["error"]["entry"]), (&"bad-entry".into(), &index.into()));
}

#[test]
fn a_map_that_leaves_a_notice_out_is_told_with_evidence() {
    let mut watched = Watched::new();
    watched.publish("P1", 1);
    watched.seal();
    watched.look(&[]).is(0, &[]);
    watched.publish("P1", 2);
    watched.forge.conceal("project/P1");
    watched.seal();
    let told = watched.look(&[]).is(1, &["wrong-map-root"]);
    assert_eq!(told.alerts[0]["evidence"], text(&watched.evidence()));
    watched.evidence_proves("omission");
}

#[test]
fn a_head_that_is_not_the_logs_is_told() {
    let watched = Watched::new();
    watched.look(&[]).is(0, &[]);
    fs::write(watched.tree("checkpoint"), signed_note(99, 4, sha256(b"x"))).unwrap();
    watched.look(&[]).is(1, &["bad-checkpoint"]);
    fs::write(watched.tree("checkpoint"), "<html>login</html>").unwrap();
    watched.look(&[]).is(1, &["bad-checkpoint"]);
}

#[test]
fn what_is_withheld_is_told_and_told_again_when_it_is_withheld_again() {
    let mut watched = Watched::new();
    watched.look(&[]).is(0, &[]);
    watched.publish("P1", 1);
    watched.seal();
    let shown = fs::read(watched.tree("disclosures/000")).unwrap();
    let withhold = || fs::write(watched.tree("disclosures/000"), "").unwrap();
    withhold();
    let first = watched.look(&[]).is(1, &["withheld"]);
    watched.look(&[]).is(1, &[]);
    fs::write(watched.tree("disclosures/000"), shown).unwrap();
    assert_eq!(watched.look(&[]).is(0, &[]).ended[0]["kind"], "withheld");
    // A whole bundle that the head calls for is withheld too.
    watched.publish("P1", 2);
    watched.seal();
    let bundle = watched.tree(&format!("tile/entries/000.p/{}", watched.forge.size()));
    let bytes = fs::read(&bundle).unwrap();
    fs::remove_file(&bundle).unwrap();
    let second = watched.look(&[]).is(1, &["withheld"]);
    assert_ne!(first.alerts[0]["id"], second.alerts[0]["id"]);
    fs::write(&bundle, bytes).unwrap();
    watched.look(&[]).is(0, &[]);
}

#[test]
fn what_was_shown_once_and_is_kept_back_later_is_told() {
    let mut watched = Watched::new();
    (0..300).for_each(|number| watched.publish("P1", number));
    watched.seal();
    watched.look(&[]).is(0, &[]);
    // Each look reads another bundle again; an erasure may explain what is missing until the next.
    let shown = fs::read_to_string(watched.tree("disclosures/000")).unwrap();
    fs::write(watched.tree("disclosures/000"), shown.split_once('\n').unwrap().1).unwrap();
    let told: Vec<Told> = (0..4).map(|_| watched.look(&[])).collect();
    let alerts: Vec<&Value> = told.iter().flat_map(|told| &told.alerts).collect();
    assert_eq!(
        (alerts.len(), &alerts[0]["kind"], &alerts[0]["entry"]),
        (1, &"withheld".into(), &4.into()),
        "{alerts:?}"
    );
    assert_eq!(told[3].code, 1);
    fs::write(watched.tree("disclosures/000"), shown).unwrap();
    assert_eq!(watched.look(&[]).is(0, &[]).ended[0]["kind"], "withheld");
    // A bundle that is gone is kept back, one with other entries is false.
    let bundle = fs::read(watched.tree("tile/entries/000")).unwrap();
    fs::remove_file(watched.tree("tile/entries/000")).unwrap();
    let told: Vec<Told> = (0..4).map(|_| watched.look(&[])).collect();
    assert_eq!(told.iter().flat_map(|told| running::kinds(&told.alerts)).collect::<Vec<_>>(), ["withheld"]);
    let mut changed = bundle.clone();
    let at = String::from_utf8_lossy(&bundle[..2000]).find("\"time\":").unwrap() + 8;
    changed[at] = if changed[at] == b'1' { b'2' } else { b'1' };
    fs::write(watched.tree("tile/entries/000"), changed).unwrap();
    watched.look(&[]).is(1, &["bad-tree"]);
    fs::write(watched.tree("tile/entries/000"), bundle).unwrap();
    watched.look(&[]).is(0, &[]);
}

#[test]
fn a_head_that_grows_old_is_told_once_also_when_nobody_answers_any_more() {
    let mut watched = Watched::new();
    let told = watched.once(&["--max-age", "30d"]).is(3, &["stale"]);
    assert_eq!((&told.look["reasons"][0], &told.alerts[0]["severity"]), (&"stale".into(), &"freshness".into()));
    watched.once(&["--max-age", "30d"]).is(3, &[]);
    watched.forge.time = now() - DAY;
    watched.publish("P1", 1);
    watched.seal();
    assert_eq!(watched.once(&["--max-age", "30d"]).is(0, &[]).ended[0]["kind"], "stale");
    // It falls silent: nothing can be checked, and the head that was seen grows old all the same.
    fs::remove_file(watched.tree("checkpoint")).unwrap();
    watched.once(&["--max-age", "30d"]).is(2, &[]);
    watched.once(&["--max-age", "12h"]).is(2, &["stale"]);
    watched.once(&["--max-age", "12h"]).is(2, &[]);
}

#[test]
fn a_lost_quorum_is_told_once_and_again_when_it_is_lost_again() {
    let mut watched = Watched::new();
    watched.trust(&format!(
        "witness w1 {}\nwitness w2 {}\ngroup all all w1 w2\nquorum all\n",
        witness(21),
        witness(22)
    ));
    let publish = |watched: &Watched, seeds: &[u8]| {
        let note = watched.forge.note_at(watched.forge.leaves.len());
        let note = seeds.iter().fold(note, |note, seed| cosign(&note, *seed, now() / 1000));
        fs::write(watched.tree("checkpoint"), note).unwrap();
    };
    publish(&watched, &[21, 22]);
    watched.once(&[]).is(0, &[]);
    let lose_again = |watched: &mut Watched, number: u32| {
        watched.publish("P1", number);
        watched.seal();
        publish(watched, &[21]);
        let told = watched.look(&[]).is(3, &["quorum-lost"]);
        assert_eq!(told.look["reasons"][0], "ledger-word-only");
        watched.look(&[]).is(3, &[]);
        publish(watched, &[21, 22]);
        assert_eq!(watched.look(&[]).is(0, &[]).ended[0]["kind"], "quorum-lost");
    };
    lose_again(&mut watched, 1);
    lose_again(&mut watched, 2);
}

/// A rulebook of one rule: the result within ten days after the announcement.
fn record_rulebook(forge: &mut Forge) {
    let rules = r#"[{"id":"test.result","sector":"land","title":{"zh":"十日内公布结果","en":"The result within ten days"},"basis":{"law":{"zh":"某规定","en":"Some Provisions"},"article":"1"},"status":"L","effective":{"from":"2000-01-01"},"check":{"type":"interval","from":"announcement.public","to":"award.public","max":10,"unit":"calendar"}}]"#;
    let (rules, digest) = disclose("rules", rules);
    let common = common("root", "rb", "rulebook/cn");
    let claims = format!(
        r#"{{{common},"seq":0,"jurisdiction":"cn","version":"1","effective_from":"2000-01-01","_sd":["{digest}"]}}"#
    );
    forge.record("rulebook/cn", &sign(ROOT, "rulebook", &claims), None, &[&rules]);
}

#[test]
fn each_stage_that_becomes_overdue_is_told_once() {
    let mut watched = Watched::new();
    record_rulebook(&mut watched.forge);
    watched.publish("OLD1", 1);
    watched.publish("OLD2", 1);
    watched.forge.time += 11 * DAY;
    watched.publish("P1", 1);
    watched.forge.time += DAY;
    watched.publish("P2", 1);
    watched.seal();
    // What was overdue before anybody looked is one alert.
    let told = watched.look(&[]).is(3, &["overdue"]);
    assert!(told.alerts[0]["message"].as_str().unwrap().contains("2 disclosures of 2 projects"), "{:?}", told.alerts);
    watched.look(&[]).is(0, &[]);
    // Time goes on; only P1 is too late.
    watched.forge.time += 10 * DAY;
    watched.seal();
    let told = watched.look(&[]).is(3, &["overdue"]);
    let overdue = &told.alerts[0]["overdue"];
    assert_eq!(
        (&overdue["project"], &overdue["rule"], &overdue["stage"]),
        (&"P1".into(), &"test.result".into(), &"award".into())
    );
    assert_eq!((&told.look["reasons"][0], &told.look["overdue"]), (&"overdue".into(), &3.into()));
    watched.look(&[]).is(0, &[]);
    // P1 is disclosed at last, P2 becomes too late; the file of the audit may be lost meanwhile.
    fs::remove_file(watched.dir.path().join("watch/state.audit")).unwrap();
    watched.forge.publish("P1", "a1", "award", "", &[]);
    watched.forge.time += 3 * DAY;
    watched.seal();
    let told = watched.look(&[]).is(3, &["overdue"]);
    assert_eq!((&told.alerts[0]["overdue"]["project"], &told.look["overdue"]), (&"P2".into(), &3.into()));
    watched.look(&[]).is(0, &[]);
}

#[test]
fn what_witnesses_have_seen_is_held_against_the_audit() {
    let mut watched = Watched::new();
    let (url, shows) = watched.witness("w1");
    watched.trust(&format!("witness w1 {} {url}\nwitness w2 {}\nquorum none\n", witness(21), witness(22)));
    // Nothing yet, then what is served, then more than is served.
    let told = watched.look(&[]).is(0, &[]);
    assert_eq!(told.look["witnesses"], serde_json::json!([{ "name": "w1", "size": null, "error": null }]));
    let note = |watched: &Watched| cosign(&watched.forge.note_at(watched.forge.leaves.len()), 21, now() / 1000);
    fs::write(&shows, note(&watched)).unwrap();
    watched.look(&[]).is(0, &[]);
    let before = fs::read(watched.tree("checkpoint")).unwrap();
    watched.publish("P1", 1);
    watched.seal();
    let after = fs::read(watched.tree("checkpoint")).unwrap();
    fs::write(&shows, note(&watched)).unwrap();
    fs::write(watched.tree("checkpoint"), before).unwrap();
    assert_eq!(watched.look(&[]).is(0, &[]).look["witnesses"][0]["size"], watched.forge.size());
    fs::write(watched.tree("checkpoint"), after).unwrap();
    watched.look(&[]).is(0, &[]);
    // A larger one that turns out to be of another history, although its witness is gone by then.
    let size = watched.forge.size() + 2;
    fs::write(&shows, cosign(&signed_note(LOG, size, sha256(b"another")), 21, now() / 1000)).unwrap();
    watched.look(&[]).is(0, &[]);
    fs::remove_file(&shows).unwrap();
    watched.publish("P1", 2);
    watched.publish("P1", 3);
    watched.seal();
    let told = watched.look(&[]).is(1, &["fork"]);
    assert_eq!(told.alerts[0]["witness"], "w1");
    watched.evidence_proves("fork");
    watched.look(&[]).is(1, &[]);
}

#[test]
fn a_witness_of_another_history_of_the_same_size_gives_the_fork_away() {
    let mut watched = Watched::new();
    watched.publish("P1", 1);
    watched.seal();
    let (url, shows) = watched.witness("w2");
    watched.trust(&format!("witness w2 {}\nquorum none\n", witness(22)));
    let forked = cosign(&signed_note(LOG, watched.forge.size(), sha256(b"another")), 22, now() / 1000);
    fs::write(&shows, forked).unwrap();
    watched.look(&[]).is(0, &[]);
    let named = format!("w2={url}");
    watched.look(&["--witness-monitor", &named]).is(1, &["fork"]);
    watched.evidence_proves("fork");
    // A stranger's note says nothing about the log; nor does nonsense.
    let other = Watched::new();
    other.trust(&format!("witness w2 {}\nquorum none\n", witness(22)));
    for nonsense in [signed_note(99, 4, sha256(b"x")), "nonsense".into(), "x".repeat(3 << 20)] {
        fs::write(&shows, nonsense).unwrap();
        let told = other.look(&["--witness-monitor", &named]).is(0, &[]);
        assert!(told.look["witnesses"][0]["error"].is_string(), "{}", told.look);
    }
    let told = other.look(&["--witness-monitor", "w3=http://127.0.0.1:1"]).is(2, &[]);
    assert_eq!(told.look["error"]["rule"], "witness-monitor");
}

#[test]
fn what_a_witness_saw_long_ago_must_be_shown_by_now() {
    let mut watched = Watched::new();
    let (url, shows) = watched.witness("w1");
    watched.trust(&format!("witness w1 {} {url}\nquorum none\n", witness(21)));
    watched.forge.time = now();
    watched.publish("P1", 1);
    watched.seal();
    let note = signed_note(LOG, 100, sha256(b"later"));
    fs::write(&shows, cosign(&note, 21, now() / 1000 - 3600)).unwrap();
    watched.once(&["--max-age", "2h"]).is(0, &[]);
    let told = watched.once(&["--max-age", "30m"]).is(3, &["stale"]);
    assert_eq!(told.alerts[0]["witness"], "w1");
}

#[test]
fn nothing_is_remembered_before_the_alert_is_delivered() {
    let mut watched = Watched::new();
    let delivered = watched.dir.path().join("delivered");
    watched.look(&[]).is(0, &[]);
    // What a ledger says never becomes part of a command.
    let hostile = "$(touch pwned)`touch pwned`';touch pwned;";
    let common = common(forge::PUBLISHER, hostile, "project/P1");
    let claims = format!(
        r#"{{{common},"project":{{"id":"P1","name":"{hostile}"}},"sector":"land","stage":"announcement","title":"{hostile}","region":"420100"}}"#
    );
    let jwt = sign(PUBLISHER_KEY, "notice", &claims);
    watched.forge.record("project/P1", &jwt, Some("announcement"), &[]);
    let twice = sign(PUBLISHER_KEY, "notice", &claims.replace("\"land\"", "\"mining\""));
    watched.forge.record("project/P1", &twice, Some("announcement"), &[]);
    watched.seal();
    let before = fs::read(watched.state()).unwrap();
    for _ in 0..2 {
        let told = watched.look(&["--on-alert", "cat > /dev/null; exit 3"]).is(1, &["bad-entry"]);
        assert!(told.look["alerts"] == 0, "{}", told.look);
        assert_eq!(fs::read(watched.state()).unwrap(), before, "it must not go on before it has told");
    }
    watched.look(&["--on-alert", "no-such-command-anywhere"]).is(1, &["bad-entry"]);
    let command = format!("cd {}; cat >> delivered", text(watched.dir.path()));
    let told = watched.look(&["--on-alert", &command]).is(1, &["bad-entry"]);
    assert_eq!(told.look["alerts"], 1);
    assert_eq!(checked(fs::read_to_string(&delivered).unwrap().trim_end()), told.alerts[0]);
    assert_ne!(fs::read(watched.state()).unwrap(), before);
    watched.look(&["--on-alert", &command]).is(1, &[]);
    assert_eq!(fs::read_to_string(&delivered).unwrap().lines().count(), 1);
    let pwned = [watched.dir.path(), Path::new(".")].map(|dir| dir.join("pwned"));
    assert!(pwned.iter().all(|path| !path.exists()));
}

#[test]
fn a_webhook_that_does_not_answer_well_is_asked_again() {
    let mut watched = Watched::new();
    watched.trust(&format!("witness w1 {}\nquorum w1\n", witness(21)));
    watched.publish("P1", 1);
    watched.seal();
    let (status, posted) = (Arc::new(Mutex::new("503 Busy")), Arc::new(Mutex::new(Vec::new())));
    let (answering, keeping) = (status.clone(), posted.clone());
    let hook = web::answer_with(move |request| {
        keeping.lock().unwrap().push((request.method.clone(), String::from_utf8(request.body.clone()).unwrap()));
        (answering.lock().unwrap().to_string(), "Location: /elsewhere\r\n".to_owned(), Vec::new())
    });
    for bad in ["503 Busy", "404 Not Found", "302 Found"] {
        *status.lock().unwrap() = bad;
        let told = watched.look(&["--webhook", &hook]).is(2, &["quorum-lost"]);
        assert_eq!(told.look["error"]["rule"], "undelivered");
    }
    watched.look(&["--webhook", "http://127.0.0.1:9"]).is(2, &["quorum-lost"]);
    *status.lock().unwrap() = "204 No Content";
    let told = watched.look(&["--webhook", &hook]).is(3, &["quorum-lost"]);
    watched.look(&["--webhook", &hook]).is(3, &[]);
    let posted = posted.lock().unwrap();
    assert_eq!(posted.len(), 4, "a redirect is not followed, and what was taken is not posted again");
    assert!(posted.iter().all(|(method, _)| method == "POST"));
    assert_eq!(checked(posted[3].1.trim_end()), told.alerts[0]);
}

#[test]
fn of_several_alerts_those_that_were_delivered_are_not_sent_again() {
    let mut watched = Watched::new();
    record_rulebook(&mut watched.forge);
    watched.seal();
    watched.publish("A", 1);
    watched.seal();
    watched.look(&[]).is(0, &[]);
    watched.publish("B", 1);
    watched.publish("C", 1);
    watched.forge.time += 12 * DAY;
    watched.seal();
    // Nothing was overdue when it began, so each is told for itself. The second is not taken.
    let taken = watched.dir.path().join("taken");
    let fails_at = |number: u32| format!("cat >> {0}; test $(wc -l < {0}) -ne {number}", text(&taken));
    watched.look(&["--on-alert", &fails_at(2)]).is(2, &["overdue", "overdue"]);
    watched.look(&["--on-alert", &fails_at(99)]).is(3, &["overdue", "overdue"]);
    let projects: Vec<Value> =
        fs::read_to_string(&taken).unwrap().lines().map(|line| checked(line)["overdue"]["project"].clone()).collect();
    assert_eq!(projects, ["A", "B", "B", "C"]);
    watched.look(&[]).is(0, &[]);
}

impl Watched {
    /// A monitor that goes on.
    fn start(&self, more: &[&str]) -> Running {
        let args = self.args(&[&["--interval", "1s"], &FOR_EVER[..], more].concat());
        Running::start(command(&args.iter().map(String::as_str).collect::<Vec<_>>()))
    }
}

#[test]
fn one_process_goes_on_from_look_to_look_and_tells_each_thing_once() {
    let mut watched = Watched::new();
    let mut monitor = watched.start(&[]);
    assert!(monitor.until(|look| look["exit_code"] == 0).is_empty());
    watched.publish("P1", 1);
    watched.seal();
    let size = watched.forge.size();
    assert!(monitor.until(|look| look["head"]["size"] == size).is_empty());
    // One state is one process's.
    let second = watched.look(&[]).is(2, &[]);
    assert!(second.look["error"]["message"].as_str().unwrap().contains("another monitor"), "{}", second.look);
    watched.publish("P1", 2);
    watched.forge.conceal("project/P1");
    watched.seal();
    assert_eq!(running::kinds(&monitor.until(|look| look["exit_code"] == 1)), ["wrong-map-root"]);
    let mut looks = 0;
    let more = monitor.until(|_| {
        looks += 1;
        looks == 3
    });
    assert!(more.is_empty(), "{more:?}");
    drop(monitor);
    // Its memory outlives it.
    watched.look(&[]).is(1, &[]);
}

#[test]
fn killed_at_any_moment_it_has_told_whatever_it_remembers() {
    let mut watched = Watched::new();
    record_rulebook(&mut watched.forge);
    watched.seal();
    watched.look(&[]).is(0, &[]);
    let taken = watched.dir.path().join("taken");
    let command = format!("cat >> {}", text(&taken));
    let mut projects = Vec::new();
    for round in 0..10_u64 {
        let project = format!("K{round}");
        watched.publish(&project, 1);
        watched.forge.time += 11 * DAY;
        watched.seal();
        projects.push(project);
        let monitor = watched.start(&["--on-alert", &command]);
        std::thread::sleep(Duration::from_millis(15 + 29 * (round % 5)));
        // The operating system ends it wherever it is: dropping it is `kill -9`.
        drop(monitor);
    }
    let last = watched.look(&["--on-alert", &command]);
    assert!([0, 3].contains(&last.code), "{}", last.err);
    let told = fs::read_to_string(&taken).unwrap();
    let told: Vec<String> =
        told.lines().map(|line| checked(line)["overdue"]["project"].as_str().unwrap().to_owned()).collect();
    for project in &projects {
        assert!(told.contains(project), "{project} was never told: {told:?}");
    }
    watched.look(&["--on-alert", &command]).is(0, &[]);
}

#[test]
fn a_state_that_is_damaged_or_anothers_is_refused_and_a_lost_audit_is_made_again() {
    let mut watched = Watched::new();
    watched.publish("P1", 1);
    watched.seal();
    watched.look(&[]).is(0, &[]);
    let (state, audit) = (watched.state(), watched.dir.path().join("watch/state.audit"));
    let mut bytes = fs::read(&audit).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&audit, bytes).unwrap();
    let told = watched.look(&[]).is(0, &[]);
    assert!(told.err.contains("from the start"), "{}", told.err);
    // The rollback is seen although the audit was made again.
    fs::remove_file(&audit).unwrap();
    fs::write(watched.tree("checkpoint"), watched.forge.note_at(4)).unwrap();
    watched.look(&[]).is(1, &["rollback"]);
    let good = fs::read(&state).unwrap();
    for cut in [0, 10, good.len() - 1] {
        fs::write(&state, &good[..cut]).unwrap();
        assert_eq!(watched.look(&[]).is(2, &[]).look["error"]["rule"], "state");
    }
    for at in 0..good.len() {
        let mut bytes = good.clone();
        bytes[at] ^= 0x10;
        if at % 37 == 0 {
            fs::write(&state, &bytes).unwrap();
            assert_eq!(watched.look(&[]).is(2, &[]).look["error"]["rule"], "state");
        }
    }
}
