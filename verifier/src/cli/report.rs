//! What came of a command, before it is put into words or JSON.

use serde_json::{Map, Value, json};

use super::lang::Lang;
use super::message::{Explain, InLanguage as _, Message};
use super::terminal::printable;

/// The verdict, one for each exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// 0: accepted.
    Accepted,
    /// 1: a rule is broken.
    Rejected,
    /// 2: nothing could be decided.
    Unchecked,
    /// 3: intact, but not all holds; the reasons are listed.
    Qualified,
    /// 4: a newer format, neither intact nor altered.
    NewerFormat,
}

impl Verdict {
    /// The process's exit code.
    pub(crate) const fn exit_code(self) -> u8 {
        match self {
            Self::Accepted => 0,
            Self::Rejected => 1,
            Self::Unchecked => 2,
            Self::Qualified => 3,
            Self::NewerFormat => 4,
        }
    }

    const fn code(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Unchecked => "unchecked",
            Self::Qualified => "qualified",
            Self::NewerFormat => "newer-format",
        }
    }
}

/// Why something intact is not simply accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// The head is older than asked for.
    Stale,
    /// Nobody but the ledger vouches.
    LedgerWordOnly,
    /// A rule of the lifecycle is broken.
    Violated,
    /// A stage that the law asks for is not disclosed, and its deadline has passed.
    Overdue,
}

impl Reason {
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Stale => "stale",
            Self::LedgerWordOnly => "ledger-word-only",
            Self::Violated => "violated",
            Self::Overdue => "overdue",
        }
    }
}

/// Why a command did not end in acceptance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    verdict: Verdict,
    /// The rule broken, a stable code.
    pub(crate) rule: &'static str,
    /// The entry it broke at, if at one.
    pub(crate) entry: Option<u64>,
    /// The message in the reader's language.
    pub(crate) message: String,
    /// The file of evidence that was written, if one was.
    pub(crate) evidence: Option<String>,
}

impl Failure {
    pub(crate) fn rejected(rule: &'static str, entry: Option<u64>, message: String) -> Self {
        Self { verdict: Verdict::Rejected, rule, entry, message, evidence: None }
    }

    pub(crate) fn unchecked(rule: &'static str, message: String) -> Self {
        Self { verdict: Verdict::Unchecked, rule, entry: None, message, evidence: None }
    }

    /// What the library found; `newer` if it is a format it cannot judge.
    pub(crate) fn found(error: &impl Explain, newer: bool, lang: Lang) -> Self {
        let verdict = if newer { Verdict::NewerFormat } else { Verdict::Rejected };
        Self { verdict, rule: error.rule(), entry: error.entry(), message: error.text(lang), evidence: None }
    }
}

/// What came of a command.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    command: &'static str,
    /// What must be said before anything else.
    pub(crate) warning: Option<String>,
    /// For a person, line by line.
    pub(crate) lines: Vec<String>,
    /// For a program, beside the verdict.
    pub(crate) facts: Map<String, Value>,
    /// Why it is not simply accepted, the most urgent first.
    pub(crate) reasons: Vec<Reason>,
    /// Why it is not accepted at all.
    pub(crate) failure: Option<Failure>,
    /// What acceptance means for this command.
    pub(crate) accepted: String,
}

/// What names the form of a command's JSON, which is stable.
pub(crate) fn schema(command: &str) -> String {
    format!("mingzhang-verify/{command}/v1")
}

impl Report {
    pub(crate) fn new(command: &'static str) -> Self {
        Self {
            command,
            warning: None,
            lines: Vec::new(),
            facts: Map::new(),
            reasons: Vec::new(),
            failure: None,
            accepted: String::new(),
        }
    }

    pub(crate) fn failed(command: &'static str, failure: Failure) -> Self {
        Self { failure: Some(failure), ..Self::new(command) }
    }

    pub(crate) fn verdict(&self) -> Verdict {
        match &self.failure {
            Some(failure) => failure.verdict,
            None if self.reasons.is_empty() => Verdict::Accepted,
            None => Verdict::Qualified,
        }
    }

    pub(crate) fn say(&mut self, line: impl Into<String>) {
        self.lines.push(line.into());
    }

    pub(crate) fn fact(&mut self, name: &str, value: impl Into<Value>) {
        self.facts.insert(name.to_owned(), value.into());
    }

    /// One JSON object on one line, members in alphabetical order.
    pub(crate) fn format_json(&self) -> String {
        let verdict = self.verdict();
        let error = self.failure.as_ref().map_or(
            Value::Null,
            |failure| json!({ "rule": failure.rule, "entry": failure.entry, "message": failure.message }),
        );
        let reasons: Vec<_> = self.reasons.iter().map(|reason| reason.code()).collect();
        let mut object = self.facts.clone();
        object.insert("schema".into(), schema(self.command).into());
        object.insert("verdict".into(), verdict.code().into());
        object.insert("exit_code".into(), verdict.exit_code().into());
        object.insert("reasons".into(), reasons.into());
        object.insert("error".into(), error);
        if let Some(path) = self.failure.as_ref().and_then(|failure| failure.evidence.as_deref()) {
            object.insert("evidence".into(), path.into());
        }
        Value::Object(object).to_string() + "\n"
    }

    /// The lines, then the verdict; nothing in them can steer a terminal.
    pub(crate) fn format_text(&self, lang: Lang) -> String {
        let verdict = self.verdict_lines(lang);
        let mut text = String::new();
        for line in self.warning.iter().chain(&self.lines).chain(&verdict) {
            text += &printable(line);
            text.push('\n');
        }
        text
    }

    fn verdict_lines(&self, lang: Lang) -> Vec<String> {
        let said = |message: Message<'_>| message.text(lang);
        match &self.failure {
            Some(Failure { verdict: Verdict::Unchecked, message, .. }) => vec![said(Message::Unchecked { message })],
            Some(Failure { verdict: Verdict::NewerFormat, message, .. }) => vec![said(Message::Newer { message })],
            Some(Failure { rule, message, .. }) => vec![said(Message::Rejected { message, rule })],
            None if self.reasons.is_empty() => vec![said(Message::Accepted { what: &self.accepted })],
            None => {
                let mut lines = vec![said(Message::Qualified { what: &self.accepted })];
                lines.extend(self.reasons.iter().map(|reason| said(Message::Because { reason: *reason })));
                lines
            }
        }
    }
}
