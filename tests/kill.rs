//! `kill -9` at random moments of an import: nothing acknowledged is lost, nothing ever signed is contradicted.
//!
//! `MINGZHANG_KILLS` says how many (20), `MINGZHANG_SEED` repeats a run.
#![cfg(unix)]
#![allow(missing_docs, clippy::cast_possible_truncation)]
#![allow(clippy::unwrap_used)]

mod program;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use program::{command, files_under, import, ledger_with_centre, mingzhang, operator, ran, verify};
use serde_json::Value;
use verifier::log::base64::decode_url;
use verifier::log::checkpoint::SignedCheckpoint;
use verifier::log::tile::parse_entry_bundle;

/// Drafts of an import: enough for several commits.
const DRAFTS: u64 = 2000;
/// The bytes of a line in `--acks`, about.
const ACK: u64 = 44;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

/// `SplitMix64`: the same moments for the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % most.max(1)
    }

    fn up_to(&mut self, most: Duration) -> Duration {
        Duration::from_micros(self.below(u64::try_from(most.as_micros()).unwrap()))
    }
}

fn drafts() -> String {
    const STAGES: [&str; 4] = ["plan", "announcement", "award", "contract"];
    let mut lines = String::new();
    for n in 0..DRAFTS {
        let (project, stage) = (n / 4, STAGES[usize::try_from(n % 4).unwrap()]);
        let filler = "公共资源交易".repeat(usize::try_from(n % 23).unwrap());
        writeln!(
            lines,
            "{{\"notice_id\":\"n{n}\",\"project\":{{\"id\":\"P-{project}\"}},\"sector\":\"land\",\"stage\":\"{stage}\",\"title\":\"第{n}号公告\",\
             \"parties\":[{{\"role\":\"buyer\",\"name\":\"采购人{project}\",\"contact\":\"027-{n}\"}}],\"text\":\"{filler}\"}}"
        )
        .unwrap();
    }
    lines
}

/// A ledger that is imported into and killed, again and again.
struct Victim {
    dir: PathBuf,
    /// Every root ever seen, by size.
    seen: BTreeMap<u64, String>,
}

impl Victim {
    fn new(dir: PathBuf) -> Self {
        fs::create_dir(&dir).unwrap();
        ledger_with_centre(&dir);
        fs::write(dir.join("drafts.jsonl"), drafts()).unwrap();
        Self { dir, seen: BTreeMap::new() }
    }

    fn begin_import(&self) -> Child {
        let args = [
            "--json",
            "import",
            "ledger",
            "drafts.jsonl",
            "--publisher",
            "centre",
            "--key",
            "centre.key",
            "--acks",
            "acks",
        ];
        command(&operator(), &args, &self.dir).spawn().unwrap()
    }

    /// A reader beside the writer keeps the checkpoint it is shown.
    fn look(&mut self) {
        let stats = mingzhang(&self.dir, &["--json", "stats", "ledger"]).ends(0).json();
        let note = SignedCheckpoint::parse(stats["checkpoint"]["note"].as_str().unwrap()).unwrap();
        self.keep(&note);
    }

    fn keep(&mut self, note: &SignedCheckpoint) {
        let (size, root) = (note.checkpoint.size.0, note.checkpoint.root.to_string());
        let before = self.seen.entry(size).or_insert_with(|| root.clone());
        assert_eq!(*before, root, "two roots were signed for {size} entries");
    }

    /// What was acknowledged: lines that end.
    fn acknowledged(&self) -> BTreeMap<String, u64> {
        let text = fs::read_to_string(self.dir.join("acks")).unwrap_or_default();
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let read = |line: &str| {
            let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: `{line}`"));
            (line["notice_id"].as_str().unwrap().to_owned(), line["index"].as_u64().unwrap())
        };
        whole.lines().map(read).collect()
    }

    /// Everything that must hold at any moment; gives the number of notices recorded.
    fn check(&mut self) -> u64 {
        mingzhang(&self.dir, &["fsck", "ledger"]).ends(0);
        let tree = self.dir.join("tree");
        if tree.exists() {
            fs::remove_dir_all(&tree).unwrap();
        }
        mingzhang(&self.dir, &["export", "ledger", "tree"]).ends(0);
        verify(&self.dir, &["audit", "tree", "--policy", "ledger/policy.txt"]).ends(0);
        verify(&self.dir, &["audit", "tree", "--policy", "ledger/policy.txt", "--state", "audited"]).ends(0);
        self.check_checkpoints(&tree);
        let recorded = notices(&tree);
        for (notice, index) in self.acknowledged() {
            assert_eq!(recorded.get(&notice), Some(&index), "`{notice}` was acknowledged");
        }
        recorded.len() as u64
    }

    /// Every checkpoint seen is still one of the ledger's.
    fn check_checkpoints(&mut self, tree: &Path) {
        let mut sizes = BTreeSet::new();
        for file in files_under(&tree.join("checkpoints")) {
            let note = SignedCheckpoint::parse(&fs::read_to_string(file).unwrap()).unwrap();
            sizes.insert(note.checkpoint.size.0);
            self.keep(&note);
        }
        let gone: Vec<_> = self.seen.keys().filter(|size| !sizes.contains(size)).collect();
        assert!(gone.is_empty(), "checkpoints of these sizes were signed and are gone: {gone:?}");
    }

    /// Without a kill it ends in the notices of a ledger that was never killed.
    fn finish(mut self) {
        let last = import(&self.dir, "ledger", &["drafts.jsonl", "--acks", "acks"]).ends(0).json();
        assert_eq!(last["accepted"].as_u64().unwrap() + last["already_recorded"].as_u64().unwrap(), DRAFTS);
        self.check();
        let recorded: BTreeSet<String> = notices(&self.dir.join("tree")).into_keys().collect();
        assert_eq!(recorded, (0..DRAFTS).map(|n| format!("n{n}")).collect());
        assert_eq!(self.acknowledged().len() as u64, DRAFTS);
    }
}

/// The notices of a tree, each with its index; none twice.
fn notices(tree: &Path) -> BTreeMap<String, u64> {
    let mut notices = BTreeMap::new();
    for file in files_under(&tree.join("tile/entries")) {
        for bytes in parse_entry_bundle(&fs::read(file).unwrap()).unwrap() {
            let entry: Value = serde_json::from_slice(bytes).unwrap();
            let Some(jwt) = entry["statement"].as_str() else { continue };
            let claims: Value = serde_json::from_slice(&decode_url(jwt.split('.').nth(1).unwrap()).unwrap()).unwrap();
            if claims["sub"].as_str().unwrap().starts_with("project/") {
                let before =
                    notices.insert(claims["jti"].as_str().unwrap().to_owned(), entry["index"].as_u64().unwrap());
                assert_eq!(before, None, "{} stands in the ledger twice", claims["jti"]);
            }
        }
    }
    notices
}

/// How long an import takes here that nobody kills: the longer of the first and of one that finds everything recorded.
fn undisturbed(dir: PathBuf) -> Duration {
    let victim = Victim::new(dir);
    let mut took = Duration::ZERO;
    for accepted in [DRAFTS, 0] {
        let begun = Instant::now();
        let ran = ran(victim.begin_import().wait_with_output().unwrap()).ends(0).json();
        assert_eq!(ran["accepted"], accepted);
        took = took.max(begun.elapsed());
    }
    victim.finish();
    took
}

/// Kills an import some time after it began or after a commit; whether it was still running.
fn kill(victim: &mut Victim, random: &mut Random, whole: Duration) -> bool {
    let acks = || fs::metadata(victim.dir.join("acks")).map_or(0, |acks| acks.len());
    let before = acks();
    let mut child = victim.begin_import();
    match random.below(3) {
        0 => std::thread::sleep(random.up_to(whole)),
        1 => {
            // Just after something was acknowledged, where the next commit and the guard are under way.
            let (begun, some) = (Instant::now(), before + random.below(DRAFTS * ACK));
            while acks() <= some && begun.elapsed() < whole * 2 {
                std::thread::sleep(Duration::from_micros(200));
            }
            std::thread::sleep(random.up_to(whole / 16));
        }
        _ => {
            std::thread::sleep(random.up_to(whole / 2));
            victim.look();
            std::thread::sleep(random.up_to(whole / 16));
        }
    }
    child.kill().unwrap();
    let output = child.wait_with_output().unwrap();
    if output.status.code().is_some() {
        ran(output).ends(0);
        return false;
    }
    true
}

#[test]
fn an_import_killed_at_any_moment_loses_nothing_acknowledged_and_contradicts_no_checkpoint() {
    let (kills, seed) = (number("MINGZHANG_KILLS", 20), number("MINGZHANG_SEED", u64::from(std::process::id())));
    eprintln!("{kills} kills, MINGZHANG_SEED={seed}");
    let mut random = Random(seed);
    let root = tempfile::tempdir().unwrap();
    let whole = undisturbed(root.path().join("undisturbed"));
    let (mut killed, mut ledgers, mut victim) = (0, 0, None::<Victim>);
    while killed < kills {
        let one = victim.get_or_insert_with(|| {
            ledgers += 1;
            Victim::new(root.path().join(ledgers.to_string()))
        });
        let was_killed = kill(one, &mut random, whole);
        killed += u64::from(was_killed);
        // Once everything is recorded there is nothing left to lose: another takes its place.
        if !was_killed || one.check() == DRAFTS {
            victim.take().expect("the one at hand").finish();
        }
    }
    if let Some(victim) = victim {
        victim.finish();
    }
    eprintln!("{killed} kills in {ledgers} ledgers; an import takes {whole:?} here");
}
