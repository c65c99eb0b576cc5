//! What is said of evidence, and of a receipt held against a dossier.

use super::super::lang::Lang;
use super::Message;

impl Message<'_> {
    pub(super) fn evidence(self, lang: Lang) -> String {
        match self {
            Self::EvidenceHolds { what } => say!(
                lang,
                "证据成立，谁都可以凭同样的策略自行核验：{what}。",
                "The evidence holds, for anyone with the same policy: {what}."
            ),
            Self::ProvesNothing { why } => say!(lang, "这个文件不证明什么：{why}", "the file proves nothing: {why}"),
            Self::EvidenceKind { code } => {
                let name = kind_name(code);
                say!(lang, "证据    {name}（{code}）", "Evidence {code}")
            }
            Self::Against { origin } => say!(lang, "账本    {origin}", "Ledger   {origin}"),
            Self::SignedHead { size, root, key } => say!(
                lang,
                "签名    {size} 条，根哈希 {root}，密钥 {key}",
                "Signed   {size} entries, root {root}, by {key}"
            ),
            other => other.contradiction(lang),
        }
    }

    fn contradiction(self, lang: Lang) -> String {
        match self {
            Self::TheReceipt { why } => say!(lang, "回执：{why}", "the receipt: {why}"),
            Self::TheDossier { why } => say!(lang, "案卷：{why}", "the dossier: {why}"),
            Self::ReceiptSays { index, link: Some((subject, seq)), size, root } => say!(
                lang,
                "回执    第 {index} 条，{subject} 的 seq {seq}（从 0 数）；账本头 {size} 条，根哈希 {root}",
                "Receipt  entry {index}, number {seq} (counted from 0) of {subject}; head of {size} entries, root {root}"
            ),
            Self::ReceiptSays { index, link: None, size, root } => say!(
                lang,
                "回执    第 {index} 条，封印；账本头 {size} 条，根哈希 {root}",
                "Receipt  entry {index}, a seal; head of {size} entries, root {root}"
            ),
            Self::DossierSays { subject, count, size, root } => say!(
                lang,
                "案卷    {subject}，{count} 条；账本头 {size} 条，根哈希 {root}",
                "Dossier  {subject}, {count} entries; head of {size} entries, root {root}"
            ),
            Self::Contradiction { what } => {
                say!(lang, "回执与案卷不能同真：{what}", "the receipt and the dossier cannot both be true: {what}")
            }
            Self::Agree { index } => say!(
                lang,
                "回执与案卷相符：第 {index} 条就在案卷里，在它该在的位置。没有写出证据。",
                "The receipt and the dossier agree: entry {index} is in the dossier, at its place. No evidence was written."
            ),
            other => other.undecided(lang),
        }
    }

    fn undecided(self, lang: Lang) -> String {
        match self {
            Self::OlderHead { index, size } => say!(
                lang,
                "案卷的账本头只有 {size} 条，比回执的第 {index} 条还早，说明不了什么；请索取更新的案卷",
                "the dossier's head has {size} entries and is older than the receipt's entry {index}, so it cannot tell; ask for a newer dossier"
            ),
            Self::EntryNotShown { index, subject } => say!(
                lang,
                "案卷说的是 {subject}，没有示出第 {index} 条所属的主体；请索取该主体的案卷",
                "the dossier is about {subject} and does not show the subject of entry {index}; ask for that subject's dossier"
            ),
            Self::EntriesNotShown { index, count } => say!(
                lang,
                "文件算有 {count} 条，却没有附上条目，看不出第 {index} 条是否在内；请索取附有条目的案卷",
                "the file counts {count} entries and shows none, so it cannot tell whether entry {index} is one of them; ask for the dossier with its entries"
            ),
            Self::Replaced { index } => say!(
                lang,
                "文件所算的末条不是第 {index} 条，而另是一条：它被顶替了。要写成证据还须那一条本身；请索取附有条目的案卷",
                "the newest entry that the file counts is another than entry {index}: it was replaced. Evidence needs that other entry; ask for the dossier with its entries"
            ),
            other => other.monitor(lang),
        }
    }
}

fn kind_name(code: &str) -> &'static str {
    match code {
        "fork" => "分叉",
        "no-seal" => "末条不是封印",
        "seq-twice" => "一号两条",
        _ => "遗漏",
    }
}
