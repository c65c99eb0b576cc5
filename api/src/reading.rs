//! `receipt`, `dossier`, `absence`, `show`, `stats`: what the ledger hands out.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use ledger::Reader;
use serde_json::json;
use verifier::dossier::{self, Dossier, DossierFile, Recorded};
use verifier::log::index::LeafIndex;
use verifier::log::policy::Policy;
use verifier::record::code::{Sector, Stage};
use verifier::record::entry::EntryTime;
use verifier::record::instant::SHANGHAI;
use verifier::record::statement::{AuthorityChange, Content};
use verifier::record::subject::{ProjectId, Subject};

use crate::args::{Absence, Dir, ProjectFile, Receipt, Show};
use crate::failure::Failure;
use crate::output::{Output, plain, write};
use crate::publish::find;

/// Writes the receipt of an entry.
pub(crate) async fn receipt(arguments: &Receipt, output: Output) -> Result<u8, Failure> {
    let reader = Reader::open(&arguments.dir).await?;
    let index = match (&arguments.notice, arguments.index) {
        (Some(notice), _) => find(&reader, notice, arguments.publisher.as_deref()).await?,
        (None, Some(index)) => LeafIndex(index),
        (None, None) => return Err(Failure::said("请给出条目序号或 --notice 编号", "say an INDEX or --notice ID")),
    };
    let Some(receipt) = reader.receipt(index).await? else {
        let size = reader.head().await?.checkpoint.size;
        return Err(Failure::refused(format_args!(
            "{}: {index} ({}: {size})",
            output.pick("没有该条目", "there is no entry"),
            output.pick("条目总数", "entries")
        )));
    };
    reader.close().await;
    write(&arguments.output, receipt.as_bytes())?;
    said(
        output,
        &arguments.output,
        &format!("{} #{index}", output.pick("回执", "receipt of")),
        &json!({ "index": index.0, "file": arguments.output }),
    );
    Ok(0)
}

/// Writes a project's dossier.
pub(crate) async fn dossier(arguments: &ProjectFile, output: Output) -> Result<u8, Failure> {
    let project = project_id(&arguments.project)?;
    let reader = Reader::open(&arguments.dir).await?;
    let subject = Subject::from(&project);
    let file = reader.dossier(&subject).await?;
    let count = file.subjects[0].state.count;
    if count == 0 {
        suggest(&reader, &project, output).await?;
    }
    reader.close().await;
    write(&arguments.output, file.format().as_bytes())?;
    let text = format!("{} {project} · {} {count}", output.pick("案卷", "dossier of"), output.pick("条目", "entries"));
    said(
        output,
        &arguments.output,
        &text,
        &json!({ "project": project.as_str(), "entries": count, "file": arguments.output }),
    );
    Ok(0)
}

/// Writes a project's absence proof; with a stage, only if that stage was not disclosed.
pub(crate) async fn absence(arguments: &Absence, output: Output) -> Result<u8, Failure> {
    let Absence { of: arguments, stage } = arguments;
    let stage = stage.as_deref().map(parse_stage).transpose()?;
    let project = project_id(&arguments.project)?;
    let reader = Reader::open(&arguments.dir).await?;
    let file = reader.absence(&Subject::from(&project)).await?;
    let state = &file.subjects[0].state;
    if state.count == 0 {
        suggest(&reader, &project, output).await?;
    }
    reader.close().await;
    if let Some((stage, n)) = stage.map(|stage| (stage, state.tally.of(stage))).filter(|(_, n)| *n > 0) {
        return Err(Failure::said(
            format_args!("{project} 的{}（{stage}）已公示过：有 {n} 份公告，没有缺失可证", stage.zh()),
            format_args!("{project} disclosed {stage} (notices: {n}): there is no absence to prove"),
        ));
    }
    write(&arguments.output, file.format().as_bytes())?;
    let tally: BTreeMap<&str, u64> = state.tally.iter().map(|(stage, n)| (stage.code(), n)).collect();
    let mut text = format!(
        "{} {project} · {} {}",
        output.pick("缺失证明", "absence proof of"),
        output.pick("条目", "entries"),
        state.count
    );
    let mut json =
        json!({ "project": project.as_str(), "entries": state.count, "tally": tally, "file": arguments.output });
    if let Some(stage) = stage {
        let _ = write!(text, " · {} 0", output.pick(stage.zh(), stage.en()));
        json["stage"] = stage.code().into();
    }
    said(output, &arguments.output, &text, &json);
    Ok(0)
}

/// A stage as a person types it.
fn parse_stage(typed: &str) -> Result<Stage, Failure> {
    Stage::named(typed).ok_or_else(|| {
        let codes = |name: fn(&Stage) -> String| Stage::ALL.iter().map(name).collect::<Vec<_>>();
        let zh = codes(|stage| format!("{}（{}）", stage.zh(), stage.code())).join("、");
        let en = codes(|stage| stage.code().to_owned()).join(", ");
        Failure::said(
            format_args!("没有“{}”这个环节；有：{zh}", plain(typed)),
            format_args!("`{}` is no stage; these are: {en}", plain(typed)),
        )
    })
}

/// Says what was written, unless it was written to standard output itself.
fn said(output: Output, file: &std::path::Path, text: &str, json: &serde_json::Value) {
    if file != std::path::Path::new("-") {
        output.print(&format!("{text} → {}", file.display()), json);
    }
}

fn project_id(typed: &str) -> Result<ProjectId, Failure> {
    ProjectId::normalise(typed).map_err(Failure::from)
}

async fn suggest(reader: &Reader, project: &ProjectId, output: Output) -> Result<(), Failure> {
    let near = reader.near(project).await?;
    let mut text = format!("{project}: {}", output.pick("账本中没有该项目", "the ledger has no such project"));
    if !near.is_empty() {
        let _ = write!(text, "; {} {}", output.pick("相近的编号有", "near ids are"), near.join(", "));
    }
    eprintln!("{text}");
    Ok(())
}

/// Shows a project's timeline.
pub(crate) async fn show(arguments: &Show, output: Output) -> Result<u8, Failure> {
    let project = project_id(&arguments.project)?;
    let reader = Reader::open(&arguments.dir).await?;
    let file = reader.dossier(&Subject::from(&project)).await?;
    if file.subjects[0].state.count == 0 {
        suggest(&reader, &project, output).await?;
        return Ok(1);
    }
    reader.close().await;
    let dossier = open_own(&file)?;
    output.print(&timeline(&dossier, &project, output), &timeline_json(&dossier, &project));
    Ok(0)
}

/// Opens the ledger's own dossier, under a policy that trusts the key that signed its head.
pub(crate) fn open_own(file: &DossierFile) -> Result<Dossier, Failure> {
    let ledger_part = file.subjects.iter().find(|part| part.subject == Subject::Ledger);
    let entries = ledger_part.and_then(|part| part.entries.as_ref()).into_iter().flatten();
    let keys = entries.filter_map(|part| match verifier::record::entry::Entry::parse(&part.entry).ok()?.body {
        verifier::record::entry::Body::Genesis(genesis) => Some(genesis.log_key),
        verifier::record::entry::Body::Statement { statement, .. } => {
            match verifier::record::statement::Statement::parse(statement).ok()?.content {
                Content::Authority { change: AuthorityChange::LogKey { key }, .. } => Some(key),
                _ => None,
            }
        }
        verifier::record::entry::Body::Seal(_) => None,
    });
    let text: String = keys.map(|key| format!("log {key}\n")).collect();
    let policy = Policy::parse(format!("{text}quorum none\n")).map_err(Failure::operational)?;
    dossier::verify(file, &policy, |_, _| false).map_err(Failure::operational)
}

/// The ledger's time in Asia/Shanghai, to the minute.
fn clock(time: EntryTime) -> String {
    let instant = i64::try_from(time.0).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    instant.map_or_else(
        || time.0.to_string(),
        |instant| SHANGHAI.to_datetime(instant).strftime("%Y-%m-%d %H:%M").to_string(),
    )
}

fn timeline(dossier: &Dossier, project: &ProjectId, output: Output) -> String {
    let mut text = format!("{project}\n");
    let zh = |zh: &'static str, en: &'static str| output.pick(zh, en);
    for (index, recorded) in dossier.own_entries() {
        let Some(statement) = &recorded.statement else { continue };
        let name = dossier
            .registry
            .as_ref()
            .and_then(|registry| registry.name(&statement.iss, index))
            .unwrap_or(statement.iss.as_str());
        let said = match &statement.content {
            Content::Notice(notice) => {
                format!("{:<4} {}", zh(notice.stage.zh(), notice.stage.en()), plain(&notice.title))
            }
            Content::Reveal { target, .. } => format!("{} → #{target}", zh("启封", "reveal")),
            Content::Erasure { target, ground, reason, .. } => {
                format!("{} → #{target} {} · {}", zh("依法删除", "lawful erasure"), plain(ground), plain(reason))
            }
            _ => continue,
        };
        let _ = writeln!(
            text,
            "{}  #{index:<8} {said}\n{:18}{} · {}{}",
            clock(recorded.time),
            "",
            plain(name),
            plain(&statement.jti),
            marks(dossier, index, recorded, output)
        );
    }
    let head = &dossier.head.checkpoint;
    let _ = write!(
        text,
        "{} {} · {} {}",
        zh("截至", "as of"),
        clock(dossier.sealed_at),
        zh("账本大小", "ledger size"),
        head.size
    );
    text
}

/// What of a notice is sealed, revealed or erased.
fn marks(dossier: &Dossier, index: LeafIndex, recorded: &Recorded, output: Output) -> String {
    let mut marks = String::new();
    for sealed in recorded.sealed() {
        let revealed = dossier.disclosures.is_revealed(index, sealed.digest);
        let state =
            if revealed { output.pick("已启封", "revealed") } else { output.pick("密封至", "sealed until") };
        let until = if revealed { "" } else { sealed.until.as_str() };
        let _ = write!(marks, " [{} {state}{}{until}]", sealed.field.code(), if revealed { "" } else { " " });
    }
    let erased = recorded.shown.missing.iter().filter(|digest| dossier.disclosures.is_erased(index, **digest)).count();
    if erased > 0 {
        let _ = write!(marks, " [{} {erased}]", output.pick("已依法删除", "lawfully erased:"));
    }
    marks
}

fn timeline_json(dossier: &Dossier, project: &ProjectId) -> serde_json::Value {
    let entries = dossier.own_entries().filter_map(|(index, recorded)| {
        let statement = recorded.statement.as_ref()?;
        let notice = statement.notice();
        Some(json!({
            "index": index.0, "seq": recorded.seq, "time": recorded.time.0, "kind": statement.kind().typ(), "iss": statement.iss.as_str(),
            "jti": statement.jti, "stage": notice.map(|n| n.stage.code()), "title": notice.map(|n| n.title.clone()),
        }))
    });
    json!({ "project": project.as_str(), "size": dossier.head.checkpoint.size.0, "entries": entries.collect::<Vec<_>>() })
}

/// Counts what the ledger holds.
pub(crate) async fn stats(arguments: &Dir, output: Output) -> Result<u8, Failure> {
    let reader = Reader::open(&arguments.dir).await?;
    let stats = reader.stats().await?;
    reader.close().await;
    let mut per_sector: BTreeMap<Sector, BTreeMap<&str, u64>> = BTreeMap::new();
    for ((sector, stage), n) in &stats.notices {
        per_sector.entry(*sector).or_default().insert(stage.code(), *n);
    }
    let head = &stats.head.checkpoint;
    let notices: u64 = stats.notices.values().sum();
    let mut text = format!(
        "{}\n{} {} · {} {} · {} {} · {} {} · {} {}\n",
        head.origin,
        output.pick("条目", "entries"),
        stats.entries,
        output.pick("主体", "subjects"),
        stats.subjects,
        output.pick("项目", "projects"),
        stats.projects,
        output.pick("公告", "notices"),
        notices,
        output.pick("发布主体", "publishers"),
        stats.publishers,
    );
    for (sector, stages) in &per_sector {
        let total: u64 = stages.values().sum();
        let _ = writeln!(text, "  {} {total}", output.pick(sector.zh(), sector.en()));
        for ((of, stage), n) in &stats.notices {
            if of == sector {
                let _ = writeln!(text, "    {} {n}", output.pick(stage.zh(), stage.en()));
            }
        }
    }
    let _ = write!(
        text,
        "ledger.db {:.1} MB\n{} {} · {}",
        megabytes(stats.bytes),
        output.pick("检查点", "checkpoint"),
        head.size,
        head.root
    );
    let sectors: BTreeMap<&str, &BTreeMap<&str, u64>> =
        per_sector.iter().map(|(sector, stages)| (sector.code(), stages)).collect();
    let json = json!({
        "origin": head.origin, "entries": stats.entries, "subjects": stats.subjects, "projects": stats.projects, "notices": notices,
        "publishers": stats.publishers, "sectors": sectors, "bytes": stats.bytes,
        "checkpoint": { "size": head.size.0, "root": head.root.to_string(), "note": stats.head.format() },
    });
    output.print(&text, &json);
    Ok(0)
}

#[allow(clippy::cast_precision_loss)] // shown with one decimal
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
