//! What audits find.

use alloc::format;
use alloc::string::String;

use crate::audit::{AuditError, Fault};

use super::Explain;
use super::phrase::phrase;

impl Explain for AuditError {
    fn rule(&self) -> &'static str {
        self.fault.rule()
    }
    fn entry(&self) -> Option<u64> {
        Some(self.index.0)
    }
    fn zh(&self) -> String {
        format!("第 {} 条：{}", self.index, self.fault.zh())
    }
}

impl Explain for Fault {
    fn rule(&self) -> &'static str {
        match self {
            Self::Entry(error) => error.rule(),
            Self::Statement(error) => error.rule(),
            Self::Authority(error) => error.rule(),
            Self::Owed(error) => error.rule(),
            Self::Encoding => "encoding",
            Self::Index { .. } => "index",
            Self::Chain { .. } => "chain",
            Self::Time { .. } => "time",
            Self::Genesis => "genesis",
            Self::Origin { .. } => "origin",
            Self::Link { .. } => "link",
            Self::Subject => "foreign-statement",
            Self::Map { .. } => "map-root",
            Self::JtiTwice { .. } => "jti-twice",
            Self::TargetBytes { .. } => "target",
            Self::Root { .. } => "root",
            Self::NoSeal { .. } => "no-seal",
            Self::LogKey { .. } => "log-key",
            Self::Disclosures { .. } => "disclosures",
            Self::Tile { .. } => "tile",
        }
    }

    fn zh(&self) -> String {
        match self {
            Self::Entry(error) => error.zh(),
            Self::Statement(error) => error.zh(),
            Self::Authority(error) => error.zh(),
            Self::Owed(error) => error.zh(),
            Self::Encoding => "不是 UTF-8 文本".into(),
            Self::Index { found } => format!("它写的序号是 {found}"),
            Self::Chain { expected, found } => format!("`prev` 是 {found}，前一条的哈希却是 {expected}：链断了"),
            Self::Time { before, found } => format!("时间 {} 毫秒早于前一条的 {} 毫秒", found.0, before.0),
            Self::Genesis => "第 0 条应为创世条目，且只有它是".into(),
            Self::Origin { found } => format!("来源是 `{found}`，不是所审计的账本"),
            Self::Link { expected, found } => {
                format!("该主体的下一条应为 seq {expected}，此条写着 seq {found}，或没有接上")
            }
            Self::Subject => "声明与条目的主体不同".into(),
            Self::Map { expected, found, subjects, claimed } => format!(
                "封印写着 {claimed} 个主体、映射根 {found}；重算得 {subjects} 个、{expected}：账本对自己的内容说了谎"
            ),
            Self::JtiTwice { iss, jti } => format!("`{iss}` 已有编号为 `{jti}` 的声明"),
            Self::TargetBytes { target } => format!("所指的第 {target} 条与收录的不同"),
            Self::Root { size, expected, found } => {
                format!("{size} 条的检查点根是 {found}，由条目算得 {expected}")
            }
            Self::NoSeal { size } => format!("{size} 条的检查点不以封印结尾"),
            Self::LogKey { size } => format!("{size} 条的检查点不是由当时有效的账本密钥签名的"),
            Self::Disclosures { problem } => format!("披露项文件：{}", phrase(problem)),
            Self::Tile { path, problem } => format!("{path}：{problem}"),
        }
    }
}
