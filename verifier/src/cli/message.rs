//! Every text the program says, in Chinese and English side by side.
//!
//! [`Message`] is what the program itself has to say; what the library found it says through [`Explain`].

mod audit;
mod help;

pub(super) use help::help_zh;
use verifier::dossier::Wholeness;
pub(super) use verifier::explain::Explain;
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
    EvidenceImpossible,
    Rollback { seen: u64, found: u64 },
    NoSource { source: &'a str },
    Network { path: &'a str, error: &'a str },
}

/// One of two texts; both are written where they can be compared.
macro_rules! say {
    ($lang:expr, $zh:literal, $en:literal) => {
        match $lang {
            Lang::Zh => format!($zh),
            Lang::En => format!($en),
        }
    };
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

    fn head(self, lang: Lang) -> String {
        match self {
            Self::Stale { age, limit, time, clock } => {
                let (age, limit, clock) = (format_age(age, lang), format_age(limit, lang), clock.name(lang));
                say!(
                    lang,
                    "已陈旧：账本头停在 {time}（{clock}），距今 {age}，超过 {limit}；其后的公告这里看不到。",
                    "STALE: the head is of {time} ({clock}), {age} ago, more than {limit}; what was recorded since is not here."
                )
            }
            Self::AsOf { time, clock, size } => {
                let clock = clock.name(lang);
                say!(lang, "截至    {time}，{clock}，共 {size} 条", "As of    {time}, {clock}, {size} entries")
            }
            Self::Ledger { origin, root_kid: Some(kid) } => {
                say!(lang, "账本    {origin}，根密钥 {kid}", "Ledger   {origin}, root key {kid}")
            }
            Self::Ledger { origin, root_kid: None } => {
                say!(lang, "账本    {origin}（未附根密钥）", "Ledger   {origin} (its root key is not shown)")
            }
            Self::Whole { wholeness } => whole(wholeness, lang),
            Self::Absent { subject } => {
                say!(lang, "主体    {subject}：账本中没有", "Subject  {subject}: not in the ledger")
            }
            Self::Present { subject, count, tally } => {
                let tally = tally_text(tally, lang);
                say!(lang, "主体    {subject}：共 {count} 条{tally}", "Subject  {subject}: {count} entries{tally}")
            }
            Self::NotShown { subject, count, tally } => {
                let tally = tally_text(tally, lang);
                say!(
                    lang,
                    "主体    {subject}：账本中共 {count} 条{tally}；此处未附内容",
                    "Subject  {subject}: the ledger holds {count} entries{tally}; they are not shown here"
                )
            }
            other => other.dossier(lang),
        }
    }

    fn dossier(self, lang: Lang) -> String {
        match self {
            Self::OtherProject { expected, found } => {
                say!(
                    lang,
                    "要核验的是 {expected}，文件说的是 {found}",
                    "asked for {expected}, the file is about {found}"
                )
            }
            Self::DossierFork { size } => say!(
                lang,
                "账本分叉：该案卷的账本头与你自己审计过的同为 {size} 条，根哈希却不同",
                "a fork: the dossier's head of {size} entries has another root than the ledger you audited"
            ),
            Self::DossierHolds { count } => {
                say!(lang, "{count} 条全部在此，均未改动。", "All {count} entries are here and unaltered.")
            }
            Self::AbsenceHolds => say!(lang, "账本中没有该主体。", "The ledger does not hold this subject."),
            Self::CountHolds => say!(
                lang,
                "账本对该主体的计数属实；内容未附，不能说“完整”。",
                "These are the ledger's counts for the subject; the entries are not here, so nothing is said about them."
            ),
            other => other.timeline(lang),
        }
    }

    fn timeline(self, lang: Lang) -> String {
        match self {
            Self::Notice { number, stage, title } => {
                let stage = stage_name(stage, lang);
                say!(lang, "{number}. 【{stage}】{title}", "{number}. [{stage}] {title}")
            }
            Self::Other { number, kind, what: "" } => say!(lang, "{number}. {kind}", "{number}. {kind}"),
            Self::Other { number, kind, what } => say!(lang, "{number}. {kind}：{what}", "{number}. {kind}: {what}"),
            Self::OfEntry { index } => say!(lang, "针对第 {index} 条", "of entry {index}"),
            Self::Grants { name } => say!(lang, "授权 {name}", "grants {name}"),
            Self::Revokes => say!(lang, "撤销授权", "revokes"),
            Self::NextLogKey => say!(lang, "更换账本密钥", "names the next log key"),
            Self::NextRootKey => say!(lang, "更换根密钥", "names the next root key"),
            Self::By { name: Some(name), iss } => say!(lang, "   发布：{name}（{iss}）", "   by {name} ({iss})"),
            Self::By { name: None, iss } => say!(lang, "   发布：{iss}", "   by {iss}"),
            Self::Public { index, recorded, after: Some(after), by: Some(by) } => say!(
                lang,
                "   第 {index} 条：于 {after} 至 {by} 之间公开（见证人作证）；账本记为 {recorded}",
                "   entry {index}: became public between {after} and {by} (witnessed); recorded {recorded}"
            ),
            Self::Public { index, recorded, after: None, by: Some(by) } => say!(
                lang,
                "   第 {index} 条：{recorded} 收录（以账本自己的时钟为准）；至迟 {by} 已公开（见证人作证）",
                "   entry {index}: recorded {recorded} by the ledger's clock; public by {by} (witnessed)"
            ),
            Self::Public { index, recorded, after: Some(after), by: None } => say!(
                lang,
                "   第 {index} 条：{recorded} 收录（以账本自己的时钟为准）；不早于 {after}（见证人作证）",
                "   entry {index}: recorded {recorded} by the ledger's clock; not before {after} (witnessed)"
            ),
            Self::Public { index, recorded, after: None, by: None } => say!(
                lang,
                "   第 {index} 条：{recorded} 收录（以账本自己的时钟为准）",
                "   entry {index}: recorded {recorded} by the ledger's clock"
            ),
            Self::Field { place: "", name: Some(name) } => name.to_owned(),
            Self::Field { place, name: Some(name) } => format!("{place}.{name}"),
            Self::Field { place: "", name: None } => say!(lang, "一项披露内容", "a disclosure"),
            Self::Field { place, name: None } => say!(lang, "{place} 的一项披露内容", "a disclosure of {place}"),
            Self::Sealed { path, until } => {
                let until = until_name(until, lang);
                say!(lang, "   密封：{path}，至{until}", "   sealed: {path}, until {until}")
            }
            Self::Revealed { path, index } => {
                say!(lang, "   已启封：{path}（第 {index} 条）", "   revealed: {path} (entry {index})")
            }
            Self::Erased { path, index, by, ground, reason } => say!(
                lang,
                "   依法删除：{path}（第 {index} 条，{by}；依据：{ground}；理由：{reason}）",
                "   lawfully erased: {path} (entry {index}, by {by}; ground: {ground}; reason: {reason})"
            ),
            other => other.audit(lang),
        }
    }

    fn audit(self, lang: Lang) -> String {
        match self {
            Self::AuditHolds => say!(
                lang,
                "每个条目、每个签名、每个主体映射根都已重算，与账本所言一致。",
                "Every entry, signature and map root was replayed and is as the ledger says."
            ),
            Self::Audited { entries, new, seconds, rate } if entries == new => say!(
                lang,
                "条目    {entries}，用时 {seconds} 秒（每秒 {rate} 条）",
                "Entries      {entries} in {seconds} s ({rate}/s)"
            ),
            Self::Audited { entries, new, seconds, rate } => say!(
                lang,
                "条目    {entries}，其中新增 {new}，用时 {seconds} 秒（每秒 {rate} 条）",
                "Entries      {entries}, {new} of them new, in {seconds} s ({rate}/s)"
            ),
            Self::Counted { projects, notices, subjects, seals } => say!(
                lang,
                "其中    项目 {projects} 个，公告 {notices} 条，主体 {subjects} 个，封印 {seals} 个",
                "Of these     {projects} projects, {notices} notices, {subjects} subjects, {seals} seals"
            ),
            Self::Corrections { reveals, erasures } => {
                say!(
                    lang,
                    "更正    启封 {reveals} 次，删除 {erasures} 次",
                    "Later        {reveals} reveals, {erasures} erasures"
                )
            }
            Self::Checkpoints { count } => say!(lang, "检查点  {count} 个", "Checkpoints  {count} checked"),
            Self::HeadRoot { size, root, cosigners } => {
                let names = cosigner_names(cosigners, lang);
                say!(
                    lang,
                    "账本头  {size} 条，根哈希 {root}；{names}",
                    "Head         {size} entries, root {root}; {names}"
                )
            }
            Self::StateKept { path } => say!(lang, "已记入  {path}", "Remembered   {path}"),
            other => other.keeping(lang),
        }
    }

    fn keeping(self, lang: Lang) -> String {
        match self {
            Self::StateUnwritable { path, error } => {
                say!(lang, "审计状态写不进 {path}：{error}", "the audit's state cannot be written to {path}: {error}")
            }
            Self::StateDamaged { path, error } => say!(
                lang,
                "{path} 不是完好的审计状态（{error}）；请删去它，从头再审计一次",
                "{path} is no sound audit state ({error}); remove it and audit again from the start"
            ),
            Self::StateOfOther { path, found, expected } => say!(
                lang,
                "{path} 是账本 {found} 的审计状态，不是 {expected} 的；请换一个文件",
                "{path} is the state of {found}, not of {expected}; name another file"
            ),
            Self::EvidenceKept { path } => say!(lang, "证据已存入 {path}。", "The evidence is in {path}."),
            Self::EvidenceUnwritable { path, error } => {
                say!(lang, "证据写不进 {path}：{error}。", "The evidence could not be written to {path}: {error}.")
            }
            Self::EvidenceImpossible => say!(
                lang,
                "源中的哈希切片与账本头不符，无法写成第三方可自行核验的证据。",
                "The source's hash tiles do not lead to its head, so no evidence could be made that others can check."
            ),
            Self::Rollback { seen, found } => say!(
                lang,
                "账本倒退：上次审计到 {seen} 条，现在的账本头只有 {found} 条",
                "a rollback: the last audit reached {seen} entries, the head now has only {found}"
            ),
            Self::NoSource { source } => say!(
                lang,
                "{source} 不是目录，也不是 http(s) 地址",
                "{source} is neither a directory nor an http(s) address"
            ),
            Self::Network { path, error } => say!(lang, "取 {path} 失败：{error}", "fetching {path} failed: {error}"),
            _ => String::new(),
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
    }
}

fn whole(wholeness: Wholeness, lang: Lang) -> String {
    match wholeness {
        Wholeness::ReplayGroup => {
            say!(lang, "完整性  由重放见证人组（replay）作证", "Whole    vouched for by the replay group")
        }
        Wholeness::OwnAudit => say!(lang, "完整性  由你自己的审计作证", "Whole    vouched for by your own audit"),
        Wholeness::LedgerWord => say!(lang, "完整性  只有账本自己的说法", "Whole    by the ledger's word only"),
    }
}

/// The name of a stage.
pub(super) const fn stage_name(stage: Stage, lang: Lang) -> &'static str {
    match lang {
        Lang::Zh => stage.zh(),
        Lang::En => stage.en(),
    }
}

fn until_name(until: &str, lang: Lang) -> String {
    Stage::parse(until).map_or_else(|| until.to_owned(), |stage| stage_name(stage, lang).to_owned())
}

fn tally_text(tally: &[(Stage, u64)], lang: Lang) -> String {
    let counts: Vec<String> = tally.iter().map(|(stage, n)| format!("{} {n}", stage_name(*stage, lang))).collect();
    match (counts.is_empty(), lang) {
        (true, _) => String::new(),
        (false, Lang::Zh) => format!("（{}）", counts.join("，")),
        (false, Lang::En) => format!(" ({})", counts.join(", ")),
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

fn format_age(seconds: u64, lang: Lang) -> String {
    let (number, zh, en) = match seconds {
        0..=119 => (seconds, "秒", "seconds"),
        120..=7_199 => (seconds / 60, "分钟", "minutes"),
        7_200..=172_799 => (seconds / 3_600, "小时", "hours"),
        _ => (seconds / 86_400, "天", "days"),
    };
    say!(lang, "{number} {zh}", "{number} {en}")
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
