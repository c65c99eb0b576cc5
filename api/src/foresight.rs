//! What the rules will say about a notice before it is signed: missing members, periods that will fall short, the earliest
//! lawful deadline. The draft is judged as if it became public now, beside what the ledger holds of its project.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use ledger::PrivateKey;
use ledger::Reader;
use ledger::draft::Draft;
use ledger::publisher::{Desk, SealOrder};
use serde_json::{Value as Json, json};
use verifier::explain::lifecycle::{self as words, Named as _};
use verifier::lifecycle::facts::{Project, Times};
use verifier::lifecycle::instant::{Seconds, day_of};
use verifier::lifecycle::rulebook::{Rulebook, Text};
use verifier::lifecycle::shipped::{self, CalendarFile};
use verifier::lifecycle::verdict::{Finding, Outcome, RuleOutcome};
use verifier::lifecycle::{AsOf, Law, calendar::Calendar, judge};
use verifier::record::disclosure::{Shown, parse_all};
use verifier::record::statement::Statement;
use verifier::record::subject::ProjectId;

use crate::books::Books;
use crate::clock::now;
use crate::failure::Failure;
use crate::output::{Output, plain};

/// Projects kept in memory while many drafts are looked at.
const KEPT: usize = 4096;

/// The jurisdiction of the rules that are asked where there is no ledger.
pub(crate) const DEFAULT_JURISDICTION: &str = "cn";

/// The rules a draft will be judged by.
pub(crate) struct Foresight {
    law: Law,
    key: PrivateKey,
}

/// What a rule says of a draft.
pub(crate) struct Remark {
    outcome: Outcome,
    rule: String,
    title: Text,
    basis: Text,
    text: Text,
    earliest: Option<Seconds>,
}

impl Foresight {
    /// By the rules that a ledger has recorded.
    pub(crate) async fn of_ledger(reader: &Reader) -> Result<Self, Failure> {
        Ok(Self { law: reader.law().await?, key: PrivateKey::generate()? })
    }

    /// By the rules that ship with the program.
    pub(crate) fn shipped(jurisdiction: &str) -> Result<Self, Failure> {
        let text = shipped::rulebook(jurisdiction).zip(shipped::calendar(jurisdiction)).ok_or_else(|| {
            Failure::said(
                format_args!("没有随附 `{jurisdiction}` 的规则和日历"),
                format_args!("no rulebook and calendar of `{jurisdiction}` ship with the program"),
            )
        })?;
        let rulebook = Rulebook::parse(text.0).map_err(Failure::operational)?;
        let mut calendar = Calendar::default();
        for year in CalendarFile::parse(text.1).map_err(Failure::operational)?.years {
            let days = |days: Vec<_>| days.into_iter().collect();
            calendar.add(year.year, &days(year.holidays), &days(year.workdays), 0);
        }
        Ok(Self { law: Law::of(rulebook, calendar), key: PrivateKey::generate()? })
    }

    /// What the rules say of a draft that becomes the project's next notice, and makes it that; the gravest first.
    pub(crate) fn look(
        &self,
        project: &mut Project,
        draft: &Draft,
        seals: &[SealOrder],
    ) -> Result<Vec<Remark>, Failure> {
        let at = now();
        let desk = Desk { iss: "draft", key: &self.key, origin: "draft", now: at };
        let (signed, _) = desk.notice(draft, seals, true).map_err(Failure::from)?;
        let statement = Statement::parse(&signed.jwt).map_err(Failure::refused)?;
        let values = parse_all(&signed.disclosures).map_err(Failure::refused)?;
        let at = Seconds::try_from(at).unwrap_or(Seconds::MAX);
        let times = Times { after: None, by: None, recorded: at };
        let index = project.notices.last().map_or(0, |notice| notice.index + 1);
        project.record(index, &statement, &Shown { values, missing: Vec::new() }, times);
        let verdict = judge(project, &self.law, AsOf { at, quorum: false });
        let mut remarks: Vec<Remark> =
            verdict.lots.iter().flat_map(|lot| &lot.outcomes).flat_map(|found| remarks(found, index)).collect();
        remarks.sort_by_key(|remark| std::cmp::Reverse(remark.outcome));
        remarks.dedup_by(|a, b| a.rule == b.rule && a.text == b.text);
        Ok(remarks)
    }
}

/// The clerk's help while drafts are recorded: each is held against the rules beside its project, those before it included.
pub(crate) struct Adviser {
    foresight: Foresight,
    /// Where projects are recorded already, if that can be read.
    reader: Option<Reader>,
    projects: HashMap<ProjectId, Project>,
}

impl Adviser {
    /// By the rules of a ledger in a directory; of one behind a URL, by those that ship with the program, beside the drafts
    /// seen before alone.
    pub(crate) async fn of(books: &Books) -> Result<Self, Failure> {
        match books {
            Books::Here(ledger) => Self::of_reader(Reader::clone(ledger)).await,
            Books::There(_) => {
                let foresight = Foresight::shipped(DEFAULT_JURISDICTION)?;
                Ok(Self { foresight, reader: None, projects: HashMap::new() })
            }
        }
    }

    /// By the rules of the ledger that is read.
    pub(crate) async fn of_reader(reader: Reader) -> Result<Self, Failure> {
        let foresight = Foresight::of_ledger(&reader).await?;
        Ok(Self { foresight, reader: Some(reader), projects: HashMap::new() })
    }

    /// What the rules say of a draft; nothing of one that is recorded already.
    pub(crate) async fn advise(&mut self, draft: &Draft, seals: &[SealOrder]) -> Result<Vec<Remark>, Failure> {
        if self.foresight.law.is_empty() {
            return Ok(Vec::new());
        }
        if self.projects.len() >= KEPT {
            self.projects.clear();
        }
        let project = match self.projects.entry(draft.project.clone()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(match &self.reader {
                Some(reader) => reader.project(&draft.project).await?,
                None => Project::new(draft.project.as_str(), 0),
            }),
        };
        if project.notices.iter().any(|notice| notice.id == draft.notice_id) {
            return Ok(Vec::new());
        }
        self.foresight.look(project, draft, seals)
    }
}

/// What a rule's findings say of the draft; nothing where it is simply met.
fn remarks<'v>(found: &'v RuleOutcome<'v>, draft: u64) -> impl Iterator<Item = Remark> + 'v {
    let of_draft = move |finding: &&Finding| finding.entries.contains(&draft);
    let told = |finding: &&Finding| {
        !matches!(finding.outcome, Outcome::Met | Outcome::NotApplicable) || finding.earliest.is_some()
    };
    found.findings.iter().filter(of_draft).filter(told).map(|finding| Remark {
        outcome: finding.outcome,
        rule: found.rule.id.clone(),
        title: found.rule.title.clone(),
        basis: words::basis(&found.rule.basis),
        text: text_of(finding),
        earliest: finding.earliest,
    })
}

fn text_of(finding: &Finding) -> Text {
    let arithmetic = finding.arithmetic.as_ref().map(words::arithmetic);
    let reason = finding.reason.as_ref().map(words::reason);
    let parts: Vec<Text> = arithmetic.into_iter().chain(reason).collect();
    let join = |of: fn(&Text) -> &str, between: &str| parts.iter().map(of).collect::<Vec<_>>().join(between);
    Text { zh: join(|part| &part.zh, "；"), en: join(|part| &part.en, "; ") }
}

impl Remark {
    /// Whether the notice would break a rule.
    pub(crate) fn breaks(&self) -> bool {
        matches!(self.outcome, Outcome::Violated | Outcome::Overdue)
    }

    /// Whether there is something to mend or to know; else it only says when a period may end.
    pub(crate) fn warns(&self) -> bool {
        matches!(self.outcome, Outcome::Violated | Outcome::Overdue | Outcome::Warning | Outcome::Undetermined)
    }

    /// The same in one line, for an error.
    pub(crate) fn sentence(&self, output: Output) -> String {
        let lines = self.line(output);
        lines.lines().map(str::trim).collect::<Vec<_>>().join(output.pick("；", "; "))
    }

    /// A line for a person, and what explains it below.
    pub(crate) fn line(&self, output: Output) -> String {
        let pick = |text: &Text| output.pick(&text.zh, &text.en).to_owned();
        let mut line =
            format!("【{}】{} {}（{}）", pick(&self.outcome.name()), self.rule, pick(&self.title), pick(&self.basis));
        if !self.text.zh.is_empty() {
            line += &format!("\n    {}", plain(&pick(&self.text)));
        }
        if let Some(earliest) = self.earliest {
            let day = day_of(earliest).to_string();
            line += "\n    ";
            line += &output.pick("最早合法截止：{day}", "earliest lawful end: {day}").replace("{day}", &day);
        }
        line
    }

    /// The same for machines.
    pub(crate) fn json(&self) -> Json {
        let text = |text: &Text| json!({ "zh": text.zh, "en": text.en });
        json!({
            "rule": self.rule, "outcome": self.outcome.code(), "title": text(&self.title), "basis": text(&self.basis),
            "text": text(&self.text), "earliest": self.earliest, "earliest_day": self.earliest.map(|at| day_of(at).to_string()),
        })
    }
}
