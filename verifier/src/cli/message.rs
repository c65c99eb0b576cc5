//! Every text the program says, in Chinese and English side by side.
//!
//! [`Message`] is what the program itself has to say; what the library found it says through [`Explain`].

/// One of two texts; both are written where they can be compared.
macro_rules! say {
    ($lang:expr, $zh:literal, $en:literal) => {
        match $lang {
            Lang::Zh => format!($zh),
            Lang::En => format!($en),
        }
    };
}

mod audit_text;
mod dossier_text;
mod evidence_text;
mod help;
mod lifecycle_text;
mod monitor_text;

pub(super) use help::help_zh;
use verifier::dossier::Wholeness;
pub(super) use verifier::explain::Explain;
use verifier::lifecycle::rulebook::Text;
use verifier::record::code::Stage;
use verifier::record::statement::Kind;

use super::lang::Lang;
use super::report::Reason;

/// What the library found, in the reader's language.
pub(super) trait InLanguage: Explain {
    /// The message.
    fn text(&self, lang: Lang) -> String {
        match lang {
            Lang::Zh => self.zh(),
            Lang::En => self.to_string(),
        }
    }
}

impl<T: Explain + ?Sized> InLanguage for T {}

/// Whose clock a time is by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clock {
    /// The witnesses'.
    Witnesses,
    /// The ledger's own.
    Ledger,
}

impl Clock {
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Witnesses => "witnesses",
            Self::Ledger => "ledger",
        }
    }

    const fn name(self, lang: Lang) -> &'static str {
        match (self, lang) {
            (Self::Witnesses, Lang::Zh) => "以见证人的时钟为准",
            (Self::Witnesses, Lang::En) => "by the witnesses' clocks",
            (Self::Ledger, Lang::Zh) => "以账本自己的时钟为准",
            (Self::Ledger, Lang::En) => "by the ledger's clock",
        }
    }
}

/// What the program itself says.
#[derive(Clone, Copy, Debug)]
pub(super) enum Message<'a> {
    Accepted { what: &'a str },
    Qualified { what: &'a str },
    Because { reason: Reason },
    Rejected { message: &'a str, rule: &'a str },
    Unchecked { message: &'a str },
    Newer { message: &'a str },

    Unreadable { path: &'a str, error: &'a str },
    TooLong { limit: usize },
    NotUtf8,
    BadPolicy { path: &'a str, error: &'a str },
    BadProject { typed: &'a str, error: &'a str },

    ReceiptHolds,
    EntryRecorded { index: u64, origin: &'a str, time: &'a str },
    About { subject: &'a str },
    Kind { kind: &'a str },
    NoticeSays { stage: Stage, title: &'a str },
    Issuer { iss: &'a str },
    Disclosed { names: &'a str },
    Head { size: u64, cosigners: &'a [String] },

    Stale { age: u64, limit: u64, time: &'a str, clock: Clock },
    AsOf { time: &'a str, clock: Clock, size: u64 },
    Ledger { origin: &'a str, root_kid: Option<&'a str> },
    Whole { wholeness: Wholeness },
    Absent { subject: &'a str },
    Present { subject: &'a str, count: u64, tally: &'a [(Stage, u64)] },
    NotShown { subject: &'a str, count: u64, tally: &'a [(Stage, u64)] },
    OtherProject { expected: &'a str, found: &'a str },
    DossierFork { size: u64 },
    DossierHolds { count: u64 },
    AbsenceHolds,
    CountHolds,
    NotAProject { subject: &'a str },
    UnknownStage { typed: &'a str },
    StageCount { stage: Stage, count: u64 },
    StageAbsent { stage: Stage, project: &'a str, time: &'a str, clock: Clock },
    StageDisclosed { stage: Stage, project: &'a str, count: u64 },
    Notice { number: u64, stage: Stage, title: &'a str },
    Other { number: u64, kind: &'a str, what: &'a str },
    OfEntry { index: u64 },
    Grants { name: &'a str },
    Revokes,
    NextLogKey,
    NextRootKey,
    By { name: Option<&'a str>, iss: &'a str },
    Public { index: u64, recorded: &'a str, after: Option<&'a str>, by: Option<&'a str> },
    Field { place: &'a str, name: Option<&'a str> },
    Sealed { path: &'a str, until: &'a str },
    Revealed { path: &'a str, index: u64 },
    Erased { path: &'a str, index: u64, by: &'a str, ground: &'a str, reason: &'a str },

    AsOfTooLate { asked: &'a str, head: &'a str },
    Lifecycle { as_of: &'a str, versions: &'a [(&'a str, bool)] },
    UnreadableRulebook { index: u64, error: &'a str },
    Lot { id: Option<&'a str>, state: &'a str, standing: &'a str, restarts_as: Option<&'a str> },
    NextDue { due: &'a str, rule: &'a str, stage: Option<&'a str> },
    StageColumns,
    RulesMet { met: usize, pending: usize, all: usize },
    RuleOutcome { outcome: &'a str, title: &'a str },
    RuleBasis { rule: &'a str, basis: &'a str },
    Finding { text: &'a str, entries: &'a [u64] },
    MarkElsewhere,
    MarkNotices { count: usize },
    MarkSealed,
    MarkRevealed,
    MarkErased,
    Latest { due: &'a str },
    NextLatest { due: &'a str },
    Standing { standing: &'a str },

    AuditHolds,
    Audited { entries: u64, new: u64, seconds: &'a str, rate: u64 },
    Counted { projects: u64, notices: u64, subjects: usize, seals: u64 },
    Corrections { reveals: u64, erasures: u64 },
    Checkpoints { count: u64 },
    HeadRoot { size: u64, root: &'a str, cosigners: &'a [String] },
    StateKept { path: &'a str },
    StateUnwritable { path: &'a str, error: &'a str },
    StateDamaged { path: &'a str, error: &'a str },
    StateOfOther { path: &'a str, found: &'a str, expected: &'a str },
    EvidenceKept { path: &'a str },
    EvidenceUnwritable { path: &'a str, error: &'a str },
    EvidenceUnproven { path: &'a str, why: &'a str },
    EvidenceImpossible,
    Rollback { seen: u64, found: u64 },
    ReportUnwritable { path: &'a str, error: &'a str },
    ReportElsewhere { path: &'a str },
    ReportKept { path: &'a str },
    Judged { projects: u64, complete: u64, violated: u64, overdue: u64, as_of: &'a str },
    NotJudged,
    NoSource { source: &'a str },
    Network { path: &'a str, error: &'a str },

    EvidenceHolds { what: &'a str },
    ProvesNothing { why: &'a str },
    EvidenceKind { code: &'static str },
    Against { origin: &'a str },
    SignedHead { size: u64, root: &'a str, key: &'a str },
    TheReceipt { why: &'a str },
    TheDossier { why: &'a str },
    ReceiptSays { index: u64, link: Option<(&'a str, u64)>, size: u64, root: &'a str },
    DossierSays { subject: &'a str, count: u64, size: u64, root: &'a str },
    Contradiction { what: &'a str },
    Agree { index: u64 },
    OlderHead { index: u64, size: u64 },
    EntryNotShown { index: u64, subject: &'a str },
    EntriesNotShown { index: u64, count: u64 },
    Replaced { index: u64 },

    Looked { time: &'a str, size: u64, new: u64 },
    NothingToReport,
    Alert { kind: &'a str, name: &'a str, time: &'a str, message: &'a str },
    Ended { kind: &'a str, name: &'a str, time: &'a str },
    Ahead { witness: &'a str, seen: u64, served: u64, time: &'a str },
    ForkSeen { witness: &'a str, size: u64, found: &'a str, expected: &'a str },
    Overdue { project: &'a str, lot: Option<&'a str>, stage: Option<&'a str>, rule: [&'a str; 2], due: &'a str },
    OverdueBefore { stages: u64, projects: u64 },
    CommandFailed { why: &'a str },
    CommandTooLong { seconds: u64 },
    WebhookFailed { why: &'a str },
    OutputFailed { why: &'a str },
    Undelivered { kind: &'a str, why: &'a str },
    WitnessSilent { witness: &'a str, why: &'a str },
    NoMonitorOf { witness: &'a str },
    Busy { path: &'a str },
    AuditForgotten { path: &'a str, why: &'a str },
    NoCheckpoint,
}

impl Message<'_> {
    /// The text in the reader's language.
    pub(super) fn text(self, lang: Lang) -> String {
        match self {
            Self::Accepted { what } => say!(lang, "结论：通过。{what}", "Verdict: accepted. {what}"),
            Self::Qualified { what } => {
                say!(
                    lang,
                    "结论：内容完好，但须注意以下各点。{what}",
                    "Verdict: intact, but note the reasons below. {what}"
                )
            }
            Self::Because { reason } => because(reason, lang),
            Self::Rejected { message, rule } => {
                say!(lang, "结论：不予认可（{rule}）。{message}", "Verdict: rejected ({rule}). {message}")
            }
            Self::Unchecked { message } => say!(lang, "无法核验：{message}", "Could not check: {message}"),
            Self::Newer { message } => say!(
                lang,
                "结论：格式较新，无法判断，既不能说完好，也不能说被改动。{message}",
                "Verdict: newer format, cannot judge: neither intact nor altered. {message}"
            ),
            other => other.input(lang),
        }
    }

    fn input(self, lang: Lang) -> String {
        match self {
            Self::Unreadable { path, error } => say!(lang, "读不了 {path}：{error}", "cannot read {path}: {error}"),
            Self::TooLong { limit } => {
                say!(
                    lang,
                    "文件超过 {limit} 字节，不可能有效",
                    "the file has more than {limit} bytes and cannot be valid"
                )
            }
            Self::NotUtf8 => say!(lang, "文件不是 UTF-8 文本", "the file is not UTF-8 text"),
            Self::BadPolicy { path, error } => {
                say!(lang, "{path} 不是可用的信任策略：{error}", "{path} is no usable trust policy: {error}")
            }
            Self::BadProject { typed, error } => {
                say!(lang, "“{typed}”不能作为项目编号：{error}", "`{typed}` is no project id: {error}")
            }
            other => other.receipt(lang),
        }
    }

    fn receipt(self, lang: Lang) -> String {
        match self {
            Self::ReceiptHolds => say!(
                lang,
                "账本确已收录该条目。签名属于谁、是否有遗漏，须看案卷或审计。",
                "The ledger recorded this entry. Whose signature it bears and whether anything was left out, a dossier or an audit shows."
            ),
            Self::EntryRecorded { index, origin, time } => say!(
                lang,
                "条目    {origin} 第 {index} 条，{time} 收录（以账本自己的时钟为准）",
                "Entry    {index} of {origin}, recorded {time} by the ledger's clock"
            ),
            Self::About { subject } => say!(lang, "主体    {subject}", "Subject  {subject}"),
            Self::Kind { kind } => say!(lang, "种类    {kind}", "Kind     {kind}"),
            Self::NoticeSays { stage, title } => {
                let stage = stage_name(stage, lang);
                say!(lang, "公告    【{stage}】{title}", "Notice   [{stage}] {title}")
            }
            Self::Issuer { iss } => say!(lang, "署名    {iss}", "Issuer   {iss}"),
            Self::Disclosed { names } => say!(lang, "披露项  {names}", "Shown    {names}"),
            Self::Head { size, cosigners } => {
                let names = cosigner_names(cosigners, lang);
                say!(lang, "账本头  共 {size} 条；{names}", "Head     {size} entries; {names}")
            }
            other => other.head(lang),
        }
    }
}

fn because(reason: Reason, lang: Lang) -> String {
    match reason {
        Reason::Stale => say!(lang, "  - stale：账本头已陈旧", "  - stale: the head is old"),
        Reason::LedgerWordOnly => say!(
            lang,
            "  - ledger-word-only：只有账本自己的说法，没有见证人为其作证",
            "  - ledger-word-only: by the ledger's word only; no witness the policy asks for vouches for it"
        ),
        Reason::Violated => {
            say!(lang, "  - violated：有违反公开规则之处", "  - violated: a rule of disclosure is broken")
        }
        Reason::Overdue => say!(
            lang,
            "  - overdue：有应公开而逾期未公开的环节",
            "  - overdue: a stage that must be disclosed is not, and its deadline has passed"
        ),
    }
}

/// A text in the reader's language.
pub(super) fn pick(text: &Text, lang: Lang) -> &str {
    match lang {
        Lang::Zh => &text.zh,
        Lang::En => &text.en,
    }
}

/// The name of a stage.
pub(super) const fn stage_name(stage: Stage, lang: Lang) -> &'static str {
    match lang {
        Lang::Zh => stage.zh(),
        Lang::En => stage.en(),
    }
}

fn cosigner_names(names: &[String], lang: Lang) -> String {
    match (names.is_empty(), lang) {
        (true, Lang::Zh) => "没有策略所列的见证人共签".to_owned(),
        (true, Lang::En) => "no witness of the policy cosigned".to_owned(),
        (false, Lang::Zh) => format!("共签：{}", names.join("、")),
        (false, Lang::En) => format!("cosigned by {}", names.join(", ")),
    }
}

/// The code of a statement's kind.
pub(super) const fn kind_code(kind: Kind) -> &'static str {
    match kind {
        Kind::Notice => "notice",
        Kind::Reveal => "reveal",
        Kind::Erasure => "erasure",
        Kind::Authority => "authority",
        Kind::Rulebook => "rulebook",
        Kind::Calendar => "calendar",
    }
}

/// The name of an entry's kind, from its code.
pub(super) fn kind_name(code: &'static str, lang: Lang) -> &'static str {
    if lang == Lang::En {
        return code;
    }
    match code {
        "notice" => "公告",
        "reveal" => "启封",
        "erasure" => "删除",
        "authority" => "授权",
        "rulebook" => "规则",
        "calendar" => "日历",
        "seal" => "封印",
        _ => "创世条目",
    }
}
