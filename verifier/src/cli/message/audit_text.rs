//! What is said of audits, and of what they leave behind.

use super::super::lang::Lang;
use super::{Message, cosigner_names};

impl Message<'_> {
    pub(super) fn audit(self, lang: Lang) -> String {
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
            Self::Judged { projects, complete, violated, overdue, as_of } => say!(
                lang,
                "全流程  截至 {as_of}，项目 {projects} 个：完整 {complete}，违反规则 {violated}，逾期未公开 {overdue}",
                "Lifecycle    as of {as_of}, of {projects} projects {complete} are complete, {violated} in violation, {overdue} overdue"
            ),
            Self::NotJudged => say!(
                lang,
                "全流程  账本没有记录规则，不作判断",
                "Lifecycle    the ledger records no rulebook, so nothing is judged"
            ),
            Self::ReportKept { path } => say!(lang, "报告    {path}", "Report       {path}"),
            Self::StateKept { path } => say!(lang, "已记入  {path}", "Remembered   {path}"),
            other => other.keeping(lang),
        }
    }

    fn keeping(self, lang: Lang) -> String {
        match self {
            Self::StateUnwritable { path, error } => {
                say!(lang, "审计状态写不进 {path}：{error}", "the audit's state cannot be written to {path}: {error}")
            }
            Self::ReportUnwritable { path, error } => {
                say!(lang, "报告写不进 {path}：{error}", "the report cannot be written to {path}: {error}")
            }
            Self::ReportElsewhere { path } => say!(
                lang,
                "{path} 里有别的文件；请换一个空目录，或一份旧报告的目录",
                "{path} holds other files; name an empty directory, or that of an earlier report"
            ),
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
            Self::EvidenceUnproven { path, why } => say!(
                lang,
                "证据已存入 {path}；但凭你的策略它还证明不了：{why}。",
                "The evidence is in {path}; under your policy it proves nothing yet: {why}."
            ),
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
            other => other.evidence(lang),
        }
    }
}
