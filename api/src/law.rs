//! `rulebook`, `calendar`, and what `init` records of both: the law the ledger is judged by.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use ledger::publisher::Desk;
use ledger::{Ledger, Outcome, PrivateKey, Reader, SignedStatement};
use serde_json::json;
use verifier::lifecycle::rulebook::{Rulebook, RulebookError};
use verifier::lifecycle::shipped::{self, CalendarFile, Year};
use verifier::record::entry::{Body, Entry};
use verifier::record::statement::{Content, Statement};
use verifier::record::subject::Subject;

use crate::args::LawFile;
use crate::authority::signer;
use crate::clock::now;
use crate::failure::Failure;
use crate::output::Output;

/// The largest rulebook or calendar file.
const MAX_FILE: u64 = 1 << 20;

/// What `init` recorded.
pub(crate) struct Shipped {
    /// The rulebook's version and its number of rules.
    pub(crate) rulebook: Option<(String, usize)>,
    /// The calendar's years.
    pub(crate) years: Vec<i16>,
}

/// Records the rulebook and the calendar that ship with the program for this jurisdiction, if any do.
pub(crate) async fn record_shipped(
    ledger: &Ledger,
    jurisdiction: &str,
    root: &PrivateKey,
    now: u64,
) -> Result<Shipped, Failure> {
    let origin = ledger.origin();
    let desk = Desk { iss: "root", key: root, origin: &origin, now };
    let mut statements = Vec::new();
    let mut shipped = Shipped { rulebook: None, years: Vec::new() };
    if let Some(text) = shipped::rulebook(jurisdiction) {
        let rulebook = Rulebook::parse(text).map_err(|error| refused(&error))?;
        statements.push(sign_rulebook(&desk, 0, &rulebook, text)?);
        shipped.rulebook = Some((rulebook.version, rulebook.rules.len()));
    }
    if let Some(text) = shipped::calendar(jurisdiction) {
        let calendar = CalendarFile::parse(text).map_err(|error| refused(&error))?;
        for (seq, year) in (0..).zip(&calendar.years) {
            statements.push(sign_year(&desk, seq, jurisdiction, year)?);
            shipped.years.push(year.year);
        }
    }
    record(ledger, statements).await?;
    Ok(shipped)
}

/// Records a newer rulebook.
pub(crate) async fn rulebook(arguments: &LawFile, output: Output) -> Result<u8, Failure> {
    let text = read(&arguments.file)?;
    let rulebook = Rulebook::parse(&text).map_err(|error| refused(&error))?;
    let (iss, key) = signer(&arguments.dir, &arguments.signer, output)?;
    let ledger = Ledger::open(&arguments.dir).await?;
    let subject = Subject::Rulebook(rulebook.jurisdiction.clone());
    let seq = count(&ledger, &subject).await?;
    let origin = ledger.origin();
    let desk = Desk { iss: &iss, key: &key, origin: &origin, now: now() };
    let recorded = record(&ledger, vec![sign_rulebook(&desk, seq, &rulebook, &text)?]).await?;
    ledger.close().await;
    let said = output
        .pick("已记录规则 {v}：{n} 条，自 {day} 起施行", "recorded rulebook {v}: {n} rules, in force from {day}")
        .replace("{v}", &rulebook.version)
        .replace("{n}", &rulebook.rules.len().to_string())
        .replace("{day}", &rulebook.effective_from.to_string());
    output.print(
        &said,
        &json!({ "jurisdiction": rulebook.jurisdiction, "version": rulebook.version, "rules": rulebook.rules.len(),
            "effective_from": rulebook.effective_from.to_string(), "index": recorded.first() }),
    );
    Ok(0)
}

/// Records the years of a calendar file that say something new.
pub(crate) async fn calendar(arguments: &LawFile, output: Output) -> Result<u8, Failure> {
    let text = read(&arguments.file)?;
    let file = CalendarFile::parse(&text).map_err(|error| refused(&error))?;
    let (iss, key) = signer(&arguments.dir, &arguments.signer, output)?;
    let ledger = Ledger::open(&arguments.dir).await?;
    let subject = Subject::Calendar(file.jurisdiction.clone());
    let (known, seq) = (recorded_years(&arguments.dir, &subject).await?, count(&ledger, &subject).await?);
    let new: Vec<&Year> = file.years.iter().filter(|year| !is_known(year, &known)).collect();
    let origin = ledger.origin();
    let desk = Desk { iss: &iss, key: &key, origin: &origin, now: now() };
    let signed = (seq..).zip(&new).map(|(seq, year)| sign_year(&desk, seq, &file.jurisdiction, year));
    record(&ledger, signed.collect::<Result<_, _>>()?).await?;
    ledger.close().await;
    let years: Vec<i16> = new.iter().map(|year| year.year).collect();
    let list = years.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let said = if years.is_empty() {
        output.pick("这些年份均已记录，无变化", "these years are recorded already, nothing changed").to_owned()
    } else {
        output.pick("已记录日历：{years}", "recorded calendars: {years}").replace("{years}", &list)
    };
    let unchanged = file.years.len() - years.len();
    output.print(&said, &json!({ "jurisdiction": file.jurisdiction, "recorded": years, "unchanged": unchanged }));
    Ok(0)
}

fn sign_rulebook(desk: &Desk<'_>, seq: u64, rulebook: &Rulebook, text: &str) -> Result<SignedStatement, Failure> {
    let file: serde_json::Value = serde_json::from_str(text).map_err(Failure::operational)?;
    let effective_from = rulebook.effective_from.to_string();
    let rules = &file["rules"];
    Ok(desk.rulebook(seq, &rulebook.jurisdiction, &rulebook.version, &effective_from, rules)?)
}

fn sign_year(desk: &Desk<'_>, seq: u64, jurisdiction: &str, year: &Year) -> Result<SignedStatement, Failure> {
    let days = |days: &[jiff::civil::Date]| days.iter().map(ToString::to_string).collect::<Vec<_>>();
    Ok(desk.calendar(seq, jurisdiction, year.year, &days(&year.holidays), &days(&year.workdays))?)
}

/// Records statements and gives their indexes.
async fn record(ledger: &Ledger, statements: Vec<SignedStatement>) -> Result<Vec<u64>, Failure> {
    let mut indexes = Vec::new();
    for outcome in ledger.submit_many(statements).await? {
        match outcome {
            Outcome::Recorded(index) | Outcome::Existing(index) => indexes.push(index.0),
            Outcome::Refused(refusal) => return Err(refusal.into()),
        }
    }
    Ok(indexes)
}

async fn count(ledger: &Ledger, subject: &Subject) -> Result<u64, Failure> {
    Ok(ledger.subject_state(&subject.to_string()).await?.map_or(0, |state| state.count))
}

/// What the newest calendar of each year says.
async fn recorded_years(dir: &Path, subject: &Subject) -> Result<Vec<Year>, Failure> {
    let reader = Reader::open(dir).await?;
    let dossier = reader.dossier(subject).await?;
    reader.close().await;
    let entries = dossier.subjects.into_iter().next().and_then(|part| part.entries).unwrap_or_default();
    let mut years: Vec<Year> = Vec::new();
    for part in entries {
        let Ok(Entry { body: Body::Statement { statement, .. }, .. }) = Entry::parse(&part.entry) else { continue };
        let Ok(Statement { content: Content::Calendar { year, holidays, workdays, .. }, .. }) =
            Statement::parse(statement)
        else {
            continue;
        };
        years.retain(|known| known.year != year);
        years.push(Year { year, holidays: holidays.into_iter().collect(), workdays: workdays.into_iter().collect() });
    }
    Ok(years)
}

fn is_known(year: &Year, known: &[Year]) -> bool {
    let days = |days: &[jiff::civil::Date]| days.iter().copied().collect::<BTreeSet<_>>();
    known.iter().any(|other| {
        other.year == year.year
            && days(&other.holidays) == days(&year.holidays)
            && days(&other.workdays) == days(&year.workdays)
    })
}

fn read(path: &Path) -> Result<String, Failure> {
    let size = fs::metadata(path).map_err(|error| Failure::file(path, &error))?.len();
    if size > MAX_FILE {
        return Err(Failure::said(
            format_args!("{} 有 {size} 字节，规则和日历至多 {MAX_FILE} 字节", path.display()),
            format_args!("{} has {size} bytes; rulebooks and calendars have at most {MAX_FILE}", path.display()),
        ));
    }
    fs::read_to_string(path).map_err(|error| Failure::file(path, &error))
}

fn refused(error: &RulebookError) -> Failure {
    let RulebookError { path, problem } = error;
    Failure::said(
        format_args!("文件不合格式，{path} 处：{problem}"),
        format_args!("the file does not fit, at {path}: {problem}"),
    )
}
