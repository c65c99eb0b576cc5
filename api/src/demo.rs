//! `demo`: the main job, end to end, on the sample that ships with the program.
//!
//! A new ledger with its law, a publisher and a supervisor enrolled, the sample's notices recorded each at its own time, reserve
//! prices sealed and revealed, personal data erased; then everything a reader does with the result: audit the exported tree,
//! open dossiers and read their verdicts, and try to cheat. At last the ledger is served beside two replay witnesses, until the
//! demo is told to stop.

mod audit;
mod centre;
mod network;
mod reader;
mod sample;
mod visitor;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use ledger::{PrivateKey, Reader};
use serde_json::json;
use verifier::log::note::VerifierKey;
use verifier::log::policy::Policy;
use verifier::record::subject::ProjectId;

use crate::args::Demo;
use crate::clock::now;
use crate::failure::Failure;
use crate::init::{POLICY, policy_text};
use crate::logging::{self, LogFormat, LogLevel};
use crate::output::Output;
use crate::signals::asked_to_stop;
use audit::audit;
use centre::{CENTRE, Centre, ORIGIN, SUPERVISOR};
use network::Network;
use reader::Bidder;
use sample::Sample;

/// Runs the main job and tells it in a screenful; then serves the result until it is told to stop, or at once if it is to end.
pub(crate) async fn demo(arguments: &Demo, output: Output) -> Result<u8, Failure> {
    let begun = Instant::now();
    logging::start(LogFormat::Text, LogLevel::Error);
    let temporary = tempfile::Builder::new().prefix("mingzhang-demo-").tempdir().map_err(Failure::operational)?;
    let dir = arguments.dir.clone().unwrap_or_else(|| temporary.path().join("ledger"));
    let dir = std::path::absolute(&dir).map_err(|error| Failure::file(&dir, &error))?;
    let mut told = Told { output, step: 0, json: serde_json::Map::new() };
    let (sample, log) = run(&dir, &mut told).await?;
    let network = serve(&dir, &arguments.listen, &log, &sample, &mut told).await?;
    if arguments.once {
        network.stop().await?;
        told.end(begun);
        if arguments.dir.is_some() {
            fs::remove_dir_all(&dir).map_err(|error| Failure::file(&dir, &error))?;
        }
    } else {
        let asked = asked_to_stop();
        invite(&network, &sample, &mut told)?;
        told.end(begun);
        told.line(&format!(
            "{} {}/",
            output.pick("在浏览器中打开门户：", "open the portal in a browser:"),
            network.url
        ));
        if arguments.dir.is_none() {
            let _kept = temporary.keep();
        }
        network.run(asked).await?;
        told.line(&format!(
            "{} {}",
            output.pick("已停止；演示账本保留在", "stopped; the demo's ledger is kept in"),
            dir.display()
        ));
    }
    // Some of the demo's lifecycles break a rule, which is told and is no failure.
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

    /// Says how long all of it took, and to machines everything.
    fn end(&mut self, begun: Instant) {
        let seconds = begun.elapsed().as_secs_f64();
        self.json.insert("seconds".into(), json!(seconds));
        self.line(&format!("{seconds:.1} s"));
        if self.output.json {
            self.output.print("", &serde_json::Value::Object(std::mem::take(&mut self.json)));
        }
    }
}

/// Writes the ledger and reads it as others do; gives the sample and the log's key.
async fn run(dir: &Path, told: &mut Told) -> Result<(Sample, VerifierKey), Failure> {
    let mut sample = Sample::read()?;
    let mut centre = Centre::new(dir).await?;
    let (policy, log) = begin(dir, &centre, told).await?;
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
    Ok((sample, log))
}

/// Serves the ledger, has two witnesses replay it, and visits it.
async fn serve(
    dir: &Path,
    listen: &str,
    log: &VerifierKey,
    sample: &Sample,
    told: &mut Told,
) -> Result<Network, Failure> {
    let network = Network::start(dir, listen, log).await?;
    let project = shown(sample)?;
    visitor::visit(&network, project, read_policy(&network.policy)?).await?;
    let (url, size) = (&network.url, network.size);
    told.step(
        &format!("启动服务 {url} 和两个重放见证人：各自取回并重算全部 {size} 条目后共签；{project} 的案卷由重放组作证完整"),
        &format!("started the server {url} and two replay witnesses, which fetched and recomputed all {size} entries before they cosigned: the dossier of {project} is whole by the replay group's word"),
        json!({ "entries": size, "witnesses": 2, "wholeness": "replay-group" }),
    );
    Ok(network)
}

/// The project whose dossier is fetched: everything the law asks of it is there.
fn shown(sample: &Sample) -> Result<&ProjectId, Failure> {
    let complete = sample.first("complete").ok_or_else(|| Failure::operational("the sample has no whole lifecycle"))?;
    Ok(&complete.project)
}

/// Says where the ledger is served, and how anyone verifies what is served.
fn invite(network: &Network, sample: &Sample, told: &mut Told) -> Result<(), Failure> {
    let commands = [shown(sample)?, &Sample::real()?].map(|project| visitor::command(network, project));
    let output = told.output;
    told.line(&format!("{} {}", output.pick("服务地址", "listening on"), network.url));
    told.line(output.pick(
        "在另一终端核验一个完整的项目，和一个真实的项目：",
        "verify a complete project and a real one, in another terminal:",
    ));
    for command in &commands {
        told.line(&format!("  {command}"));
    }
    told.line(output.pick("按 Ctrl-C 结束", "Ctrl-C ends it"));
    told.json.insert("listening".into(), json!(network.url));
    told.json.insert("portal".into(), json!(format!("{}/", network.url)));
    told.json.insert("policy".into(), json!(network.policy));
    told.json.insert("commands".into(), json!(commands));
    Ok(())
}

/// Records the law, enrols the people and writes the policy.
async fn begin(dir: &Path, centre: &Centre, told: &mut Told) -> Result<(PathBuf, VerifierKey), Failure> {
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
    Ok((policy, vkey))
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
