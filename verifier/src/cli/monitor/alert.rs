//! What a look finds, and the alert that tells of it.

use serde_json::{Value, json};
use verifier::evidence::Evidence;
use verifier::log::checkpoint::SignedCheckpoint;
use verifier::log::hash::{hex, sha256};

use super::super::lang::Lang;
use super::super::message::Message;
use super::super::report::{Failure, schema};
use super::overdue::Overdue;
use super::{COMMAND, moment};

/// What may be wrong, the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// The log's key signed two histories.
    Fork,
    /// The log shows less than before.
    Rollback,
    /// A seal's map root is not that of the entries.
    WrongMapRoot,
    /// An entry breaks a rule.
    BadEntry,
    /// The head, or a published checkpoint, is not what it must be.
    BadCheckpoint,
    /// Files beside the entries are false.
    BadTree,
    /// Something that must be shown is not.
    Withheld,
    /// The format is newer than this program.
    NewerFormat,
    /// The head is old.
    Stale,
    /// Too few witnesses cosigned the head.
    QuorumLost,
    /// A disclosure that the law asks for is absent, and its time has run out.
    Overdue,
}

/// What an alert is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Severity {
    /// The ledger is false.
    Integrity,
    /// It cannot be judged.
    Unjudged,
    /// It is silent, or alone.
    Freshness,
    /// Publishers are late.
    Lifecycle,
}

impl Kind {
    pub(super) const ALL: [Self; 11] = [
        Self::Fork,
        Self::Rollback,
        Self::WrongMapRoot,
        Self::BadEntry,
        Self::BadCheckpoint,
        Self::BadTree,
        Self::Withheld,
        Self::NewerFormat,
        Self::Stale,
        Self::QuorumLost,
        Self::Overdue,
    ];

    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Fork => "fork",
            Self::Rollback => "rollback",
            Self::WrongMapRoot => "wrong-map-root",
            Self::BadEntry => "bad-entry",
            Self::BadCheckpoint => "bad-checkpoint",
            Self::BadTree => "bad-tree",
            Self::Withheld => "withheld",
            Self::NewerFormat => "newer-format",
            Self::Stale => "stale",
            Self::QuorumLost => "quorum-lost",
            Self::Overdue => "overdue",
        }
    }

    pub(super) fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    pub(super) const fn name(self, lang: Lang) -> &'static str {
        let (zh, en) = match self {
            Self::Fork => ("账本分叉", "fork"),
            Self::Rollback => ("账本倒退", "rollback"),
            Self::WrongMapRoot => ("主体映射根不实", "wrong map root"),
            Self::BadEntry => ("条目不合规则", "bad entry"),
            Self::BadCheckpoint => ("检查点不实", "bad checkpoint"),
            Self::BadTree => ("文件不实", "bad file"),
            Self::Withheld => ("内容被扣下", "content withheld"),
            Self::NewerFormat => ("格式较新", "newer format"),
            Self::Stale => ("账本头陈旧", "stale head"),
            Self::QuorumLost => ("共签不足", "quorum lost"),
            Self::Overdue => ("逾期未公开", "overdue"),
        };
        match lang {
            Lang::Zh => zh,
            Lang::En => en,
        }
    }

    pub(super) const fn severity(self) -> Severity {
        match self {
            Self::Fork | Self::Rollback | Self::WrongMapRoot | Self::BadEntry => Severity::Integrity,
            Self::BadCheckpoint | Self::BadTree | Self::Withheld => Severity::Integrity,
            Self::NewerFormat => Severity::Unjudged,
            Self::Stale | Self::QuorumLost => Severity::Freshness,
            Self::Overdue => Severity::Lifecycle,
        }
    }
}

impl Severity {
    const fn code(self) -> &'static str {
        match self {
            Self::Integrity => "integrity",
            Self::Unjudged => "unjudged",
            Self::Freshness => "freshness",
            Self::Lifecycle => "lifecycle",
        }
    }
}

/// Something that holds when the monitor looks.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    pub(super) kind: Kind,
    /// The same for as long as it is the same thing.
    pub(super) id: String,
    /// The rule, the entry and the message; once it is written, the file of evidence.
    pub(super) failure: Failure,
    /// What others can check.
    pub(super) proof: Option<Evidence>,
    /// Whether evidence was looked for, so that it is said if there is none.
    pub(super) provable: bool,
    /// The witness who showed it.
    pub(super) witness: Option<String>,
    /// The disclosure that is overdue.
    pub(super) overdue: Option<Overdue>,
}

impl Condition {
    /// A condition that is this one as long as `what` is the same.
    pub(super) fn new(kind: Kind, what: &str, failure: Failure) -> Self {
        let hash = sha256(format!("{}\n{what}", kind.code()).as_bytes());
        Self { kind, id: hex(&hash.0[..8]), failure, proof: None, provable: false, witness: None, overdue: None }
    }

    /// The same, with evidence if there is some.
    pub(super) fn proven_by(self, proof: Option<Evidence>) -> Self {
        Self { proof, provable: true, ..self }
    }
}

/// A condition being told.
pub(super) struct Alert<'a> {
    /// Seconds since the Unix epoch.
    pub(super) at: u64,
    pub(super) source: &'a str,
    pub(super) origin: &'a str,
    pub(super) head: Option<&'a SignedCheckpoint>,
    pub(super) condition: &'a Condition,
}

impl Alert<'_> {
    /// One JSON object on one line.
    pub(super) fn format_json(&self) -> String {
        let Condition { kind, id, failure, witness, overdue, .. } = self.condition;
        let head =
            self.head.map(|head| json!({ "size": head.checkpoint.size.0, "root": head.checkpoint.root.to_string() }));
        let alert: Value = json!({
            "schema": schema(COMMAND),
            "event": "alert",
            "id": id,
            "kind": kind.code(),
            "severity": kind.severity().code(),
            "at": self.at,
            "source": self.source,
            "origin": self.origin,
            "head": head,
            "rule": failure.rule,
            "entry": failure.entry,
            "message": failure.message,
            "evidence": failure.evidence,
            "witness": witness,
            "overdue": overdue.as_ref().map(Overdue::facts),
        });
        alert.to_string() + "\n"
    }

    /// One line for a person.
    pub(super) fn text(&self, lang: Lang) -> String {
        let (kind, message) = (self.condition.kind, &self.condition.failure.message);
        let time = moment(self.at.cast_signed());
        Message::Alert { kind: kind.code(), name: kind.name(lang), time: &time, message }.text(lang)
    }
}
