//! What is wrong with a tree, beyond its entries.

use verifier::explain::Explain;

use super::super::audit::fault::TreeFault;

impl Explain for TreeFault {
    fn rule(&self) -> &'static str {
        match self {
            Self::Entry(error) => error.rule(),
            Self::Missing { .. } => "incomplete",
            Self::TooLong { .. } => "too-long",
            Self::Encoding { .. } => "encoding",
            Self::Bundle { .. } | Self::Width { .. } => "bundle",
            Self::Tile { .. } | Self::Stale { .. } => "tile",
            Self::Checkpoint { error, .. } => error.rule(),
            Self::Head(error) | Self::Cosignature { error, .. } => error.rule(),
            Self::Name { .. } => "checkpoint-name",
            Self::Beyond { .. } => "beyond-head",
            Self::Fork { .. } => "fork",
            Self::Attachment { .. } => "attachment",
            Self::Rewritten { .. } => "rewritten",
        }
    }

    fn entry(&self) -> Option<u64> {
        match self {
            Self::Entry(error) => error.entry(),
            Self::Fork { size, .. } => size.checked_sub(1),
            Self::Rewritten { index } => Some(*index),
            _ => None,
        }
    }

    fn zh(&self) -> String {
        match self {
            Self::Entry(error) => error.zh(),
            Self::Missing { path } => format!("缺 {path}：文件不全"),
            Self::TooLong { path, limit } => format!("{path} 超过 {limit} 字节，不可能有效"),
            Self::Encoding { path } => format!("{path} 不是 UTF-8 文本"),
            Self::Bundle { path, error } => format!("{path}：{}", error.zh()),
            Self::Width { path, expected, found } => format!("{path} 有 {found} 条，按账本头应有 {expected} 条"),
            Self::Tile { path } => format!("{path} 与条目的哈希不符"),
            Self::Stale { path } => format!("{path} 属于更早的账本头，却不是今日内容的开头：历史被改写"),
            Self::Checkpoint { path, error } => format!("{path}：{}", error.zh()),
            Self::Head(error) => format!("账本头：{}", error.zh()),
            Self::Cosignature { path, error } => format!("{path}：{}", error.zh()),
            Self::Name { path, found } => format!("{path} 里是 {found} 条的检查点"),
            Self::Beyond { path, size } => format!("{path} 超出账本头的 {size} 条：账本头不是最新的，或此文件是假的"),
            Self::Fork { size, expected, found, .. } => {
                format!("账本分叉：账本密钥还为 {size} 条签过根 {found}，由条目算得 {expected}")
            }
            Self::Attachment { path } => format!("{path} 的内容与文件名（SHA-256）不符"),
            Self::Rewritten { index } => format!("第 {index} 条与上次审计时不同：历史被改写"),
        }
    }
}
