//! What dossiers and receipts are refused for.

use alloc::format;
use alloc::string::String;

use crate::dossier::{DossierError, FileError};
use crate::receipt::ReceiptError;

use super::Explain;
use super::phrase::phrase;

impl Explain for FileError {
    fn rule(&self) -> &'static str {
        match self {
            Self::TooLong { .. } => "too-long",
            Self::Json(error) => error.rule(),
            Self::Member(error) => error.rule(),
            Self::Format { .. } => "format",
            Self::Checkpoint(error) => error.rule(),
            Self::Subject(error) => error.rule(),
            Self::First { .. } => "first-subject",
        }
    }
    fn zh(&self) -> String {
        match self {
            Self::TooLong { found } => format!("案卷过长：{found} 字节"),
            Self::Json(error) => format!("不是案卷：{}", error.zh()),
            Self::Member(error) => format!("案卷{}", error.zh()),
            Self::Format { found } => format!("`format` 是 `{found}`，本程序只认 `mingzhang-dossier/v1`"),
            Self::Checkpoint(error) => format!("案卷中的检查点：{}", error.zh()),
            Self::Subject(error) => error.zh(),
            Self::First { expected, found } => format!("`subject` 是 `{expected}`，首个主体却是 `{found}`"),
        }
    }
}

impl Explain for DossierError {
    fn rule(&self) -> &'static str {
        match self {
            Self::File(error) => error.rule(),
            Self::Policy(error) => error.rule(),
            Self::NotTheSeal { .. } | Self::SealProof(_) => "seal",
            Self::Entry { error, .. } => error.rule(),
            Self::Map { error, .. } => error.rule(),
            Self::SubjectTwice { .. } => "subject-twice",
            Self::SubjectMissing { .. } => "subject-missing",
            Self::Uncalled { .. } => "subject-uncalled",
            Self::NoEntries { .. } => "no-entries",
            Self::Count { .. } => "count",
            Self::Link { .. } => "link",
            Self::NotTheNewest { .. } => "not-the-newest",
            Self::Tally { .. } => "tally",
            Self::Inclusion { .. } => "inclusion",
            Self::Order { .. } => "order",
            Self::Genesis { .. } => "genesis",
            Self::Statement { error, .. } => error.rule(),
            Self::Authority { error, .. } => error.rule(),
            Self::JtiTwice { .. } => "jti-twice",
            Self::Owed(error) => error.rule(),
            Self::Bound { .. } => "bound",
        }
    }

    fn entry(&self) -> Option<u64> {
        match self {
            Self::Link { index, .. }
            | Self::Inclusion { index, .. }
            | Self::Order { index, .. }
            | Self::Statement { index, .. }
            | Self::Authority { index, .. }
            | Self::JtiTwice { index, .. }
            | Self::Bound { index, .. } => Some(index.0),
            Self::NotTheSeal { expected } => Some(*expected),
            Self::Genesis { .. } => Some(0),
            Self::Owed(error) => error.entry(),
            _ => None,
        }
    }

    fn zh(&self) -> String {
        match self {
            Self::File(error) => error.zh(),
            Self::Policy(error) => format!("账本头：{}", error.zh()),
            Self::NotTheSeal { expected } => format!("封印应为第 {expected} 条，即账本头的最后一条"),
            Self::SealProof(error) => format!("封印不在账本头的树中：{}", error.zh()),
            Self::Entry { subject, error } => format!("{subject} 的一个条目：{}", error.zh()),
            Self::Map { subject, error } => {
                format!("{subject} 的条数、末条或环节计数与封印不符，即有条目被遗漏、增添或改动：{}", error.zh())
            }
            Self::SubjectTwice { subject } => format!("{subject} 出现两次"),
            Self::SubjectMissing { subject } => format!("缺 {subject}（账本中没有也须附缺失证明）"),
            Self::Uncalled { subject } => format!("{subject} 与本案卷无关"),
            Self::NoEntries { subject, count } => format!("{subject} 有 {count} 条，却一条未附"),
            Self::Count { subject, expected, found } => {
                let missing = expected.saturating_sub(*found);
                format!("{subject} 附了 {found} 条，账本中有 {expected} 条：遗漏 {missing} 条")
            }
            Self::Link { subject, index, problem, expected, found } => format!(
                "{subject} 第 {index} 条：{}（应为 seq {expected}，实为 {found}）：有条目被遗漏或替换",
                phrase(problem)
            ),
            Self::NotTheNewest { subject } => format!("{subject} 所附末条不是账本中最新的一条"),
            Self::Tally { subject } => format!("{subject} 所附公告的环节计数与账本不符"),
            Self::Inclusion { index, error } => format!("第 {index} 条不在账本头的树中：{}", error.zh()),
            Self::Order { index, problem } => format!("第 {index} 条：{}", phrase(problem)),
            Self::Genesis { problem } => format!("创世条目：{}", phrase(problem)),
            Self::Statement { index, error } => format!("第 {index} 条：{}", error.zh()),
            Self::Authority { index, error } => format!("第 {index} 条：{}", error.zh()),
            Self::JtiTwice { index, iss, jti } => format!("第 {index} 条：`{iss}` 已有编号为 `{jti}` 的声明"),
            Self::Owed(error) => error.zh(),
            Self::Bound { index, member, problem } => format!("第 {index} 条的 `{member}`：{}", phrase(problem)),
        }
    }
}

impl Explain for ReceiptError {
    fn rule(&self) -> &'static str {
        match self {
            Self::Proof(error) => error.rule(),
            Self::NoEntry | Self::Encoding => "receipt-form",
            Self::Json(error) => error.rule(),
            Self::Member(error) => error.rule(),
            Self::Policy(error) => error.rule(),
            Self::Entry(error) => error.rule(),
            Self::Index { .. } => "index",
            Self::Inclusion(_) => "inclusion",
            Self::Statement(error) => error.rule(),
            Self::Foreign { .. } => "foreign-statement",
            Self::Place { .. } => "place",
            Self::Authority(error) => error.rule(),
            Self::Owed(error) => error.rule(),
        }
    }

    fn entry(&self) -> Option<u64> {
        if let Self::Index { entry, .. } = self { Some(*entry) } else { None }
    }

    fn zh(&self) -> String {
        match self {
            Self::Proof(error) => format!("不是回执：{}", error.zh()),
            Self::NoEntry => "缺 extra 行；其中应有条目及其披露项".into(),
            Self::Encoding => "extra 行不是 UTF-8 文本".into(),
            Self::Json(error) => format!("extra 行：{}", error.zh()),
            Self::Member(error) => format!("extra 行：{}", error.zh()),
            Self::Policy(error) => error.zh(),
            Self::Entry(error) => error.zh(),
            Self::Index { proof, entry } => format!("证明的是第 {proof} 条，条目却写着第 {entry} 条"),
            Self::Inclusion(error) => format!("条目不在该账本头的树中：{}", error.zh()),
            Self::Statement(error) => error.zh(),
            Self::Foreign { what } => format!("声明不属于这个条目：`{what}` 不同"),
            Self::Place { problem } => format!("条目不可能在这个位置：{}", phrase(problem)),
            Self::Authority(error) => error.zh(),
            Self::Owed(error) => error.zh(),
        }
    }
}
