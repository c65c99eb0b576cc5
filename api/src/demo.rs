//! `demo`: the main job, end to end, on the sample that ships with the program.
//!
//! A new ledger, a publisher and a supervisor enrolled, the sample imported, a reserve price sealed and revealed, a contact
//! erased; then everything a reader does with the result: audit the exported tree, open dossiers, and try to cheat.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use ledger::draft::Draft;
use ledger::publisher::{Desk, SealOrder, digests_of_field};
use ledger::{InitOptions, Ledger, Outcome, PrivateKey, Reader, SignedStatement};
use serde_json::json;
use verifier::audit::Audit;
use verifier::dossier::{self, Dossier, DossierFile};
use verifier::explain::Explain as _;
use verifier::log::checkpoint::SignedCheckpoint;
use verifier::log::index::LeafIndex;
use verifier::log::policy::Policy;
use verifier::log::tile::{entry_tiles, parse_entry_bundle};
use verifier::record::code::{PublisherId, Role, Sector, Stage};
use verifier::record::notice::SealableField;
use verifier::record::statement::Scope;
use verifier::record::subject::{ProjectId, Subject};

use crate::args::Demo;
use crate::clock::now;
use crate::failure::Failure;
use crate::init::policy_text;
use crate::language::{Language, current};
use crate::law::record_shipped;
use crate::output::{Output, plain, write};
use crate::publish::statement_of;

/// The sample: facts of real projects, and lifecycles composed from such facts, labelled 示例.
const SAMPLE: &str = include_str!("../sample/notices.jsonl");
/// One draft with a reserve price.
const SEALED: &str = include_str!("../sample/sealed.json");
/// The demo ledger's origin.
const ORIGIN: &str = "demo.example/mingzhang";
/// The sample's trading centre.
const CENTRE: (&str, &str) = ("demo-centre", "示例市公共资源交易中心");
/// The sample's supervisor.
const SUPERVISOR: (&str, &str) = ("demo-supervisor", "示例市公共资源交易监督管理局");

/// Runs the main job and tells it in a screenful.
pub(crate) async fn demo(arguments: &Demo, output: Output) -> Result<u8, Failure> {
    let begun = Instant::now();
    let kept = arguments.dir.clone();
    let temporary = tempfile::Builder::new().prefix("mingzhang-demo-").tempdir().map_err(Failure::operational)?;
    let dir = match &kept {
        Some(dir) => dir.clone(),
        None => temporary.path().join("ledger"),
    };
    let mut told = Told { output, step: 0, json: serde_json::Map::new() };
    let result = run(&dir, &mut told).await;
    if kept.is_none() && !arguments.once && result.is_ok() {
        let dir = temporary.keep();
        told.line(&format!("{} {}", output.pick("演示账本保留在", "the demo's ledger is kept in"), dir.display()));
    }
    let mut code = result?;
    if kept.is_some() && arguments.once {
        fs::remove_dir_all(&dir).map_err(|error| Failure::file(&dir, &error))?;
    }
    told.json.insert("seconds".into(), json!(begun.elapsed().as_secs_f64()));
    told.line(&format!("{:.1} s", begun.elapsed().as_secs_f64()));
    if output.json {
        output.print("", &serde_json::Value::Object(told.json));
    }
    if code == 3 {
        // The demo's own ledger has no witness; that reservation is told and is no failure.
        code = 0;
    }
    Ok(code)
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

async fn run(dir: &Path, told: &mut Told) -> Result<u8, Failure> {
    let people = People::new()?;
    let policy_file = begin(dir, &people, told).await?;
    let ledger = Ledger::open(dir).await?;
    enrol(&ledger, &people, told).await?;
    let ids = import(&ledger, &people, told).await?;
    seal_and_reveal(&ledger, &people, told).await?;
    erase(&ledger, &people, told).await?;
    ledger.seal().await?;
    ledger.close().await;
    let tree = dir.join("tree");
    let reader = Reader::open(dir).await?;
    let exported = reader.export(&tree, &mut |_, _| ()).await?;
    let policy = read_policy(&policy_file)?;
    let audit = audit(&tree, &policy)?;
    let totals = audit.totals();
    told.step(
        &format!("导出静态账本（{} 个文件）并重放审计：{} 条目、{} 公告、{} 项目、{} 个封印，全部成立", exported.written, audit.size(), totals.notices, totals.projects, totals.seals),
        &format!("exported the static tree ({} files) and audited it by replay: {} entries, {} notices, {} projects, {} seals, all hold", exported.written, audit.size(), totals.notices, totals.projects, totals.seals),
        json!({ "files": exported.written, "entries": audit.size().0, "notices": totals.notices, "projects": totals.projects }),
    );
    dossiers(dir, &reader, &policy, &audit, &ids, told).await?;
    reader.close().await;
    Ok(0)
}

/// The keys of those who act in the demo.
struct People {
    root: PrivateKey,
    centre: PrivateKey,
    supervisor: PrivateKey,
}

impl People {
    fn new() -> Result<Self, Failure> {
        Ok(Self { root: PrivateKey::generate()?, centre: PrivateKey::generate()?, supervisor: PrivateKey::generate()? })
    }
}

async fn begin(dir: &Path, people: &People, told: &mut Told) -> Result<PathBuf, Failure> {
    let options = InitOptions {
        origin: ORIGIN.to_owned(),
        jurisdiction: "cn".to_owned(),
        guard: None,
        root: people.root.jwk().clone(),
        recovery: PrivateKey::generate()?.jwk().clone(),
        predecessor: String::new(),
    };
    Ledger::init(dir, options).await?;
    let law = record_shipped(dir, "cn", &people.root).await?;
    let vkey = PrivateKey::read(&dir.join(ledger::LOG_KEY))?.log_vkey(ORIGIN)?;
    let policy = dir.join("policy.txt");
    fs::write(&policy, policy_text(&vkey.to_string())).map_err(|error| Failure::file(&policy, &error))?;
    told.step(
        &format!("新建账本 {ORIGIN}，记录规则和 {} 年日历", law.years.len()),
        &format!("made the ledger {ORIGIN}, recorded the rulebook and calendars of {} years", law.years.len()),
        json!({ "origin": ORIGIN, "dir": dir, "rulebook": law.rulebook.map(|(version, _)| version) }),
    );
    Ok(policy)
}

async fn submit(ledger: &Ledger, statement: SignedStatement) -> Result<LeafIndex, Failure> {
    match ledger.submit(statement).await? {
        Outcome::Recorded(index) | Outcome::Existing(index) => Ok(index),
        Outcome::Refused(refusal) => Err(refusal.into()),
    }
}

async fn enrol(ledger: &Ledger, people: &People, told: &mut Told) -> Result<(), Failure> {
    let root = Desk { iss: "root", key: &people.root, origin: ORIGIN, now: now() };
    for ((id, name), key, role) in
        [(CENTRE, &people.centre, Role::Publisher), (SUPERVISOR, &people.supervisor, Role::Supervisor)]
    {
        let id = PublisherId::parse(id).ok_or_else(|| Failure::operational("the sample's publisher id"))?;
        let scope = Scope { roles: vec![role], sectors: Sector::ALL.to_vec(), regions: vec![String::new()] };
        submit(ledger, root.grant("enrol", 0, &id, name, key.jwk(), &scope).map_err(Failure::from)?).await?;
    }
    told.step(
        &format!("登记发布主体：{}；监督部门：{}", CENTRE.1, SUPERVISOR.1),
        "enrolled a trading centre and a supervisor",
        json!({ "publishers": [CENTRE.0, SUPERVISOR.0] }),
    );
    Ok(())
}

/// Imports the sample; gives back its projects in order.
async fn import(ledger: &Ledger, people: &People, told: &mut Told) -> Result<Vec<ProjectId>, Failure> {
    let desk = Desk { iss: CENTRE.0, key: &people.centre, origin: ORIGIN, now: now() };
    let (mut statements, mut projects) = (Vec::new(), Vec::new());
    for line in SAMPLE.lines() {
        let draft = Draft::parse(line).map_err(Failure::from)?;
        statements.push(desk.notice(&draft, &[], false).map_err(Failure::from)?.0);
        if !projects.contains(&draft.project) {
            projects.push(draft.project);
        }
    }
    let count = statements.len();
    for outcome in ledger.submit_many(statements).await? {
        if let Outcome::Refused(refusal) = outcome {
            return Err(refusal.into());
        }
    }
    told.step(
        &format!("录入 {count} 份公告，{} 个项目（真实项目的事实，以及据此合成、标注“示例”的完整流程）", projects.len()),
        &format!("imported {count} notices of {} projects (facts of real projects, and lifecycles composed from such facts, labelled 示例)", projects.len()),
        json!({ "accepted": count, "refused": 0, "projects": projects.len() }),
    );
    Ok(projects)
}

async fn seal_and_reveal(ledger: &Ledger, people: &People, told: &mut Told) -> Result<(), Failure> {
    let desk = Desk { iss: CENTRE.0, key: &people.centre, origin: ORIGIN, now: now() };
    let draft = Draft::parse(SEALED).map_err(Failure::from)?;
    let order = SealOrder { field: SealableField::ReservePrice, until: Stage::Award.code().to_owned() };
    let (statement, withheld) = desk.notice(&draft, &[order], false).map_err(Failure::from)?;
    let sealed = submit(ledger, statement).await?;
    let disclosures = withheld.into_iter().map(|one| one.disclosure).collect();
    let subject = Subject::from(&draft.project).to_string();
    let reveal = desk.reveal(&format!("reveal/{sealed}"), &subject, sealed, disclosures).map_err(Failure::from)?;
    let revealed = submit(ledger, reveal).await?;
    told.step(
        &format!("密封底价并录入（#{sealed}），成交后启封（#{revealed}）：无人能事后更改"),
        &format!("sealed a reserve price (#{sealed}) and revealed it after the award (#{revealed}): nobody could change it in between"),
        json!({ "sealed": sealed.0, "revealed": revealed.0 }),
    );
    Ok(())
}

/// Erases the first contact of the sample.
async fn erase(ledger: &Ledger, people: &People, told: &mut Told) -> Result<(), Failure> {
    let head = ledger.head().await?.checkpoint.size.0;
    for index in (0..head).map(LeafIndex) {
        let Some(recorded) = ledger.entry(index).await? else { continue };
        let Some(statement) = statement_of(&recorded.entry) else { continue };
        let Some(notice) = statement.notice() else { continue };
        let shown =
            verifier::record::disclosure::check_notice(notice, &recorded.disclosures).map_err(Failure::operational)?;
        let digests = digests_of_field(notice, &shown, "contact");
        if digests.is_empty() {
            continue;
        }
        let desk = Desk { iss: SUPERVISOR.0, key: &people.supervisor, origin: ORIGIN, now: now() };
        let erasure = desk.erasure(
            "erasure/1",
            &statement.sub.to_string(),
            index,
            &digests,
            "个人信息保护法第四十七条",
            "联系人申请删除",
        );
        ledger.erase(erasure.map_err(Failure::from)?).await?;
        told.step(
            &format!("依法删除一处联系方式（#{index}）：字节已不在任何文件中，证明依然成立"),
            &format!("erased a contact lawfully (#{index}): its bytes are in no file, every proof still holds"),
            json!({ "target": index.0 }),
        );
        return Ok(());
    }
    Err(Failure::operational("the sample has no contact to erase"))
}

fn read_policy(path: &Path) -> Result<Policy, Failure> {
    let text = fs::read(path).map_err(|error| Failure::file(path, &error))?;
    Policy::parse(text).map_err(Failure::operational)
}

/// Replays an exported tree, one entry after another; `mingzhang-verify audit` does it on all cores.
fn audit(tree: &Path, policy: &Policy) -> Result<Audit, Failure> {
    let read = |path: String| fs::read(tree.join(&path)).map_err(|error| Failure::file(&tree.join(path), &error));
    let note = String::from_utf8(read("checkpoint".to_owned())?).map_err(Failure::refused)?;
    let head = SignedCheckpoint::parse(&note).map_err(Failure::refused)?;
    policy.check(&head).map_err(Failure::refused)?;
    let mut audit = Audit::new(&head.checkpoint.origin);
    let (mut bundles, mut tiles) = (Vec::new(), Vec::new());
    for path in entry_tiles(head.checkpoint.size) {
        let bundle = read(path.to_string())?;
        let disclosures =
            fs::read_to_string(tree.join(format!("disclosures/{}", verifier::log::tile::encode_index(path.index()))));
        bundles.push((path.index() * 256, bundle, disclosures.unwrap_or_default()));
    }
    let mut texts: Vec<String> = Vec::new();
    for (first, bundle, disclosures) in &bundles {
        let shown: std::collections::BTreeMap<u64, Vec<String>> = disclosures
            .lines()
            .filter_map(|line| {
                let value: serde_json::Value = serde_json::from_str(line).ok()?;
                let texts = value["disclosures"]
                    .as_array()?
                    .iter()
                    .filter_map(|text| text.as_str().map(str::to_owned))
                    .collect();
                Some((value["index"].as_u64()?, texts))
            })
            .collect();
        for (at, bytes) in parse_entry_bundle(bundle).map_err(Failure::refused)?.into_iter().enumerate() {
            let index = LeafIndex(first + at as u64);
            let none = Vec::new();
            let entry = verifier::audit::ReadEntry::read(index, bytes, shown.get(&index.0).unwrap_or(&none))
                .map_err(Failure::refused)?;
            let target =
                entry.target().and_then(|target| texts.get(usize::try_from(target.0).ok()?)).map(String::as_str);
            if let Some(key) = audit.fold(&entry, target, &mut tiles).map_err(Failure::refused)? {
                entry.verify(&key).map_err(Failure::refused)?;
            }
            texts.push(entry.text);
        }
    }
    audit.check_checkpoint(&head).map_err(Failure::refused)?;
    audit.settle().map_err(Failure::refused)?;
    Ok(audit)
}

/// Opens dossiers as a reader does, and shows that leaving a notice out is found.
async fn dossiers(
    dir: &Path,
    reader: &Reader,
    policy: &Policy,
    audit: &Audit,
    projects: &[ProjectId],
    told: &mut Told,
) -> Result<(), Failure> {
    let mut shown = Vec::new();
    for project in projects {
        let file = reader.dossier(&Subject::from(project)).await?;
        let dossier = open(&file, policy, audit)?;
        let has = |stage| dossier.state.tally.of(stage) > 0;
        let unfinished =
            (has(Stage::Candidates) && !has(Stage::Award)) || (has(Stage::Contract) && !has(Stage::Performance));
        let whole = has(Stage::Contract) && has(Stage::Performance);
        if (whole && shown.is_empty()) || (unfinished && shown.len() == 1) {
            shown.push((project.clone(), file, dossier));
        }
    }
    for (project, file, dossier) in &shown {
        let path = dir.join(format!("{}.dossier.json", shown_name(project)));
        write(&path, file.format().as_bytes())?;
        tell_dossier(dossier, project, &path, told);
    }
    let Some((project, file, _)) = shown.first() else {
        return Err(Failure::operational("the sample has no complete lifecycle"));
    };
    let error = cheat(file, policy)?;
    told.step(
        &format!("把 {project} 案卷中的一份公告抽掉、计数也改好：核验者拒绝\n     {error}"),
        &format!(
            "left one notice out of the dossier of {project} and mended the counts: the verifier refuses\n     {error}"
        ),
        json!({ "project": project.as_str(), "rejected": error }),
    );
    let absent = ProjectId::normalise("SL-NO-SUCH-PROJECT").map_err(Failure::from)?;
    let proof = reader.absence(&Subject::from(&absent)).await?;
    open(&proof, policy, audit)?;
    let bytes = proof.format().len();
    told.step(
        &format!("账本从未录入的项目 {absent}：缺失证明 {bytes} 字节，成立"),
        &format!("a project never recorded, {absent}: an absence proof of {bytes} bytes, which holds"),
        json!({ "bytes": bytes }),
    );
    Ok(())
}

fn shown_name(project: &ProjectId) -> String {
    project
        .as_str()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '-' || !c.is_ascii() { c } else { '_' })
        .collect()
}

fn open(file: &DossierFile, policy: &Policy, audit: &Audit) -> Result<Dossier, Failure> {
    dossier::verify(file, policy, |size, root| audit.root_at(size) == Some(root)).map_err(Failure::refused)
}

fn tell_dossier(dossier: &Dossier, project: &ProjectId, path: &Path, told: &mut Told) {
    let output = told.output;
    let missing = |stage: Stage| dossier.state.tally.of(stage) == 0;
    let absent: Vec<&str> = [Stage::Award, Stage::Contract, Stage::Performance]
        .into_iter()
        .filter(|s| missing(*s))
        .map(|s| output.pick(s.zh(), s.en()))
        .collect();
    let stages: Vec<String> = dossier
        .own_entries()
        .filter_map(|(_, recorded)| recorded.statement.as_ref()?.notice())
        .map(|notice| output.pick(notice.stage.zh(), notice.stage.en()).to_owned())
        .collect();
    let proven = if absent.is_empty() {
        String::new()
    } else {
        format!("\n     {}: {}", output.pick("已证明账本中没有", "proven absent from the ledger"), absent.join("、"))
    };
    let title = dossier
        .own_entries()
        .find_map(|(_, recorded)| Some(plain(&recorded.statement.as_ref()?.notice()?.title)))
        .unwrap_or_default();
    let text = format!("{project} {title}\n     {}{proven}", stages.join(" → "));
    told.step(
        &format!("案卷完整、未改动：{text}"),
        &format!("dossier intact and whole: {text}"),
        json!({ "project": project.as_str(), "notices": stages.len(), "absent": absent, "file": path }),
    );
}

/// Leaves the last notice out and mends what can be mended; gives back what the verifier says.
fn cheat(file: &DossierFile, policy: &Policy) -> Result<String, Failure> {
    let mut file = file.clone();
    let part = &mut file.subjects[0];
    let Some(left_out) = part.entries.as_mut().and_then(Vec::pop) else {
        return Err(Failure::operational("an empty dossier"));
    };
    part.state.count -= 1;
    if let Some(stage) =
        statement_of(&left_out.entry).as_ref().and_then(|statement| statement.notice()).map(|notice| notice.stage)
    {
        part.state.tally.set(stage, part.state.tally.of(stage) - 1);
    }
    if let Some(last) = part.entries.as_ref().and_then(|entries| entries.last()) {
        part.state.head = verifier::record::entry::entry_hash(&last.entry);
    }
    match dossier::verify(&file, policy, |_, _| true) {
        Err(error) => Ok(match current() {
            Language::Zh => error.zh(),
            Language::En => error.to_string(),
        }),
        Ok(_) => Err(Failure::refused("a dossier with a notice left out was accepted")),
    }
}
