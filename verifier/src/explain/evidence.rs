//! What evidence proves, and why it proves nothing.

use alloc::format;
use alloc::string::String;

use crate::evidence::file::{FORMAT, FileError, MAX_EVIDENCE};
use crate::evidence::{EvidenceError, Misbehaviour};

use super::Explain;

impl Explain for Misbehaviour {
    fn rule(&self) -> &'static str {
        match self {
            Self::TwoRoots { .. } | Self::Fork { .. } => "fork",
            Self::NoSeal { .. } => "no-seal",
            Self::SeqTwice { .. } => "seq-twice",
            Self::Omission { .. } => "omission",
        }
    }

    fn entry(&self) -> Option<u64> {
        match self {
            Self::TwoRoots { .. } | Self::Fork { .. } => None,
            Self::NoSeal { size } => size.0.checked_sub(1),
            Self::SeqTwice { indexes, .. } => Some(indexes[0].0),
            Self::Omission { index, .. } => Some(index.0),
        }
    }

    fn zh(&self) -> String {
        match self {
            Self::TwoRoots { size, roots: [a, b] } => {
                format!("账本为同样的 {size} 条签过两个不同的根，{a} 与 {b}：它给人看了两段历史")
            }
            Self::Fork { smaller, root, larger, within } => format!(
                "账本为 {smaller} 条签过根 {root}，而它 {larger} 条的账本头中，前 {smaller} 条的根却是 {within}：它给人看了两段历史"
            ),
            Self::NoSeal { size } => {
                format!("账本签出的 {size} 条的账本头，末条不是封印：当时每个项目有哪些内容，无从认定")
            }
            Self::SeqTwice { subject, seq, indexes: [a, b] } => format!(
                "账本把第 {a} 条与第 {b} 条两个不同的条目，都作为 {subject} 的 seq {seq}（从 0 数）：一条顶替了另一条"
            ),
            Self::Omission { subject, index, seq, seal, count } => format!(
                "第 {index} 条是 {subject} 的 seq {seq}（从 0 数），其后第 {seal} 条封印却只算该主体有 {count} 条：这一条被遗漏了"
            ),
        }
    }
}

impl Explain for FileError {
    fn rule(&self) -> &'static str {
        match self {
            Self::TooLong { .. } => "too-long",
            Self::Json(error) => error.rule(),
            Self::Member(error) => error.rule(),
            Self::Format { .. } => "format",
            Self::Kind { .. } => "kind",
            Self::Checkpoint(error) => error.rule(),
            Self::Subject(error) => error.rule(),
            Self::Order { .. } => "order",
        }
    }

    fn zh(&self) -> String {
        match self {
            Self::TooLong { found } => format!("证据至多 {MAX_EVIDENCE} 字节，此文件有 {found} 字节"),
            Self::Json(error) => format!("不是证据：{}", error.zh()),
            Self::Member(error) => format!("证据{}", error.zh()),
            Self::Format { found } => format!("`format` 是 `{found}`，本程序只认 `{FORMAT}`"),
            Self::Kind { found } => {
                format!("`kind` 是 `{found}`，只认 fork、no-seal、seq-twice、omission、rollback")
            }
            Self::Checkpoint(error) => format!("证据中的账本头：{}", error.zh()),
            Self::Subject(error) => error.zh(),
            Self::Order { sizes: [a, b] } => {
                format!("两个账本头依次为 {a} 条与 {b} 条；分叉应先小后大，倒退应先大后小")
            }
        }
    }
}

impl Explain for EvidenceError {
    fn rule(&self) -> &'static str {
        match self {
            Self::Note(error) => error.rule(),
            Self::TwoLogs { .. } => "two-logs",
            Self::SameRoot { .. } | Self::Continued { .. } => "no-fork",
            Self::Path(_) => "path",
            Self::Entry(error) => error.rule(),
            Self::Inclusion(_) => "inclusion",
            Self::Sealed { .. } => "sealed",
            Self::SameEntry { .. } | Self::OtherPlace { .. } | Self::NoSubject { .. } => "other-place",
            Self::OtherSubject { .. } => "other-subject",
            Self::NotASeal { .. } | Self::EarlierSeal { .. } => "seal",
            Self::Map(error) => error.rule(),
            Self::Counted { .. } => "counted",
            Self::Rollback { .. } => "rollback",
        }
    }

    fn entry(&self) -> Option<u64> {
        match self {
            Self::SameEntry { index }
            | Self::NoSubject { index }
            | Self::NotASeal { index }
            | Self::EarlierSeal { seal: index, .. } => Some(index.0),
            _ => None,
        }
    }

    fn zh(&self) -> String {
        match self {
            Self::Note(error) => error.zh(),
            Self::TwoLogs { origins: [a, b] } => format!("两个账本头属于两个账本，{a} 与 {b}"),
            Self::SameRoot { size } => format!("两个账本头的 {size} 条根哈希相同：并不矛盾"),
            Self::Path(error) => format!("路径通不到较大的账本头：{}", error.zh()),
            Self::Continued { smaller, larger } => {
                format!("{larger} 条的账本头正是 {smaller} 条的延续：并不矛盾")
            }
            Self::Entry(error) => error.zh(),
            Self::Inclusion(error) => format!("条目不在其账本头之树的所示位置：{}", error.zh()),
            Self::Sealed { size } => format!("{size} 条的末条正是封印，理应如此"),
            Self::SameEntry { index } => format!("两条是同一条，第 {index} 条"),
            Self::NoSubject { index } => format!("第 {index} 条是封印，不属于任何主体"),
            Self::OtherPlace { subjects, seqs } => format!(
                "一条是 {} 的 seq {}（从 0 数），另一条是 {} 的 seq {}：两条可以并存",
                subjects[0], seqs[0], subjects[1], seqs[1]
            ),
            Self::OtherSubject { expected, found } => format!("条目属于 {expected}，映射却是 {found} 的"),
            Self::NotASeal { index } => format!("第 {index} 条不是封印"),
            Self::EarlierSeal { seal, index } => {
                format!("第 {seal} 条封印不在第 {index} 条之后，本不必算入它")
            }
            Self::Map(error) => error.zh(),
            Self::Counted { count, seq } => format!("映射算有 {count} 条，其中就有 seq {seq}（从 0 数）"),
            Self::Rollback { seen, found } => format!(
                "先见 {seen} 条、后见 {found} 条，对亲眼所见者是警报，对旁人却不证明什么：较小的账本头也许只是旧的"
            ),
        }
    }
}
