//! `demo`: the main job, end to end, on the sample that ships with the program.
//!
//! A new ledger with its law, a publisher and a supervisor enrolled, the sample's notices recorded each at its own time, reserve
//! prices sealed and revealed, personal data erased; then everything a reader does with the result: audit the exported tree,
//! open dossiers and read their verdicts, and try to cheat.

mod audit;
mod centre;
mod reader;
mod sample;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use ledger::{PrivateKey, Reader};
use serde_json::json;
use verifier::log::policy::Policy;

use crate::args::Demo;
use crate::clock::now;
use crate::failure::Failure;
use crate::init::{POLICY, policy_text};
use crate::output::Output;
use audit::audit;
use centre::{CENTRE, Centre, ORIGIN, SUPERVISOR};
use reader::Bidder;
use sample::Sample;

/// Runs the main job and tells it in a screenful.
pub(crate) async fn demo(arguments: &Demo, output: Output) -> Result<u8, Failure> {
    let begun = Instant::now();
    let temporary = tempfile::Builder::new().prefix("mingzhang-demo-").tempdir().map_err(Failure::operational)?;
    let dir = arguments.dir.clone().unwrap_or_else(|| temporary.path().join("ledger"));
    let mut told = Told { output, step: 0, json: serde_json::Map::new() };
    run(&dir, &mut told).await?;
    match (&arguments.dir, arguments.once) {
        (None, false) => {
            told.line(&format!("{} {}", output.pick("演示账本保留在", "the demo's ledger is kept in"), dir.display()));
            let _kept = temporary.keep();
        }
        (Some(dir), true) => fs::remove_dir_all(dir).map_err(|error| Failure::file(dir, &error))?,
        _ => {}
    }
    let seconds = begun.elapsed().as_secs_f64();
    told.json.insert("seconds".into(), json!(seconds));
    told.line(&format!("{seconds:.1} s"));
    if output.json {
        output.print("", &serde_json::Value::Object(told.json));
    }
    // The demo's own ledger has no witness, and some of its lifecycles break a rule; both are told and are no failure.
    Ok(0)
}

struct Told {
    output: Output,
    step: u32,
    json: serde_json::Map<String, serde_json::Value>,
}

impl Told {
    fn line(&self, text: &str) {
        if !self.output.json {
            let _ = writeln!(std::io::stdout(), "{text}");
        }
    }

    fn step(&mut self, zh: &str, en: &str, json: serde_json::Value) {
        self.step += 1;
        self.line(&format!("{} {}", self.step, self.output.pick(zh, en)));
        self.json.insert(format!("step_{}", self.step), json);
    }
}

async fn run(dir: &Path, told: &mut Told) -> Result<(), Failure> {
    let mut sample = Sample::read()?;
    let mut centre = Centre::new(dir).await?;
    let policy = begin(dir, &centre, told).await?;
    record(&mut centre, &mut sample, told).await?;
    centre.finish(now()).await?;
    let reader = Reader::open(dir).await?;
    let tree = dir.join("tree");
    let exported = reader.export(&tree, &mut |_, _| ()).await?;
    let policy = read_policy(&policy)?;
    let audit = audit(&tree, &policy)?;
    let (files, entries, totals) = (exported.written, audit.size(), audit.totals());
    told.step(
        &format!("导出静态账本（{files} 个文件）并重放审计：{entries} 条目、{} 公告、{} 项目、{} 个封印，全部成立", totals.notices, totals.projects, totals.seals),
        &format!("exported the static tree ({files} files) and audited it by replay: {entries} entries, {} notices, {} projects, {} seals, all hold", totals.notices, totals.projects, totals.seals),
        json!({ "files": files, "entries": entries.0, "notices": totals.notices, "projects": totals.projects }),
    );
    Bidder { dir, reader: &reader, policy: &policy, audit: &audit }.read(&sample, told).await?;
    reader.close().await;
    Ok(())
}

/// Records the law, enrols the people and writes the policy.
async fn begin(dir: &Path, centre: &Centre, told: &mut Told) -> Result<PathBuf, Failure> {
    let law = centre.record_law().await?;
    let vkey = PrivateKey::read(&dir.join(ledger::LOG_KEY))?.log_vkey(ORIGIN)?;
    let policy = dir.join(POLICY);
    fs::write(&policy, policy_text(&vkey.to_string())).map_err(|error| Failure::file(&policy, &error))?;
    let (version, rules) = law.rulebook.unwrap_or_default();
    let years = law.years.len();
    told.step(
        &format!("新建账本 {ORIGIN}，记录规则 {version}（{rules} 条）和 {years} 年日历"),
        &format!(
            "made the ledger {ORIGIN}, recorded the rulebook {version} ({rules} rules) and calendars of {years} years"
        ),
        json!({ "origin": ORIGIN, "dir": dir, "rulebook": version }),
    );
    centre.enrol().await?;
    told.step(
        &format!("登记发布主体：{}；监督部门：{}", CENTRE.1, SUPERVISOR.1),
        "enrolled a trading centre and a supervisor",
        json!({ "publishers": [CENTRE.0, SUPERVISOR.0] }),
    );
    Ok(policy)
}

/// Records everything that happens in the sample.
async fn record(centre: &mut Centre, sample: &mut Sample, told: &mut Told) -> Result<(), Failure> {
    let lifecycles = sample.lifecycles.len();
    let counts = centre.record(std::mem::take(&mut sample.events)).await?;
    told.step(
        &format!("录入 {} 份公告，各按其公布时间：真实项目的事实，和据此编排、标注“示例”的 {lifecycles} 个全流程", counts.notices),
        &format!("recorded {} notices, each at the time it was published: facts of real projects, and {lifecycles} lifecycles composed from such facts, labelled 示例", counts.notices),
        json!({ "accepted": counts.notices, "refused": 0, "lifecycles": lifecycles }),
    );
    let revealed = counts.revealed;
    told.step(
        &format!("其中密封 {revealed} 个底价，开标或成交后启封：其间无人能改"),
        &format!("sealed {revealed} reserve prices among them and revealed each after the opening or the award: nobody could change it in between"),
        json!({ "revealed": revealed }),
    );
    let erased = counts.erased;
    told.step(
        &format!("依法删除 {erased} 处个人信息：字节已不在任何文件中，证明依然成立"),
        &format!(
            "erased personal data in {erased} notices lawfully: its bytes are in no file, every proof still holds"
        ),
        json!({ "erased": erased }),
    );
    Ok(())
}

fn read_policy(path: &Path) -> Result<Policy, Failure> {
    let text = fs::read(path).map_err(|error| Failure::file(path, &error))?;
    Policy::parse(text).map_err(Failure::operational)
}
