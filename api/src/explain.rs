//! What the ledger says, in the reader's language. English is every error's own `Display`; the Chinese stands here, and for
//! what the verifier found in [`verifier::explain`].

use ledger::draft::DraftError;
use ledger::publisher::PublisherError;
use ledger::witness::WitnessError;
use ledger::{GuardError, LedgerError, LockError, Refusal, SignerError, StoreError};
use verifier::explain::Explain as _;
use verifier::lifecycle::rulebook::RulebookError;
use verifier::log::note::VerifierKeyError;
use verifier::record::subject::SubjectError;
use verifier::record::vocabulary::{MAX_TEXT, VocabularyError};

use crate::language::Language;

/// An error that speaks Chinese too.
pub(crate) trait Say: std::fmt::Display {
    /// The message in Chinese.
    fn zh(&self) -> String;
    /// The message in a language.
    fn say(&self, language: Language) -> String {
        match language {
            Language::Zh => self.zh(),
            Language::En => self.to_string(),
        }
    }
}

impl Say for SubjectError {
    fn zh(&self) -> String {
        verifier::explain::Explain::zh(self)
    }
}

impl Say for VerifierKeyError {
    fn zh(&self) -> String {
        verifier::explain::Explain::zh(self)
    }
}

impl Say for WitnessError {
    fn zh(&self) -> String {
        match self {
            Self::Database(error) => format!("见证人的数据库出错：{error}"),
            Self::Signer(SignerError::Name(error)) => format!("见证人名称：{}", Say::zh(error)),
            Self::Signer(error) => error.zh(),
            Self::Running { dir, holder } => {
                format!("{} 的见证人已由进程 {holder} 运行：请先结束它", dir.display())
            }
            Self::File { path, source } => format!("{}：{source}", path.display()),
            Self::Lost { dir, found, missing } => format!(
                "{} 中有 {found} 而没有 {missing}：请按其最后的样子取回；丢了记忆或密钥的见证人不得沿用原名，请在空目录另建一个",
                dir.display()
            ),
            Self::Other { dir, expected, found } => {
                format!("{} 中的见证人是 {expected}，不是 {found}：请按原样启动，或在别处另建一个", dir.display())
            }
            Self::Damaged { dir, what } => {
                format!("{} 中的 witness.db 已损坏（{what}）：请按其最后的样子取回", dir.display())
            }
            Self::Clock { now, last } => {
                format!("本机时钟为 {now}，上次共签却在 {last}（自 1970 年起的秒数）：请校正时钟")
            }
        }
    }
}

impl Say for Refusal {
    fn zh(&self) -> String {
        match self {
            Self::Malformed(error) => error.zh(),
            Self::Authority(error) => error.zh(),
            Self::Disclosures(error) => error.zh(),
            Self::Conflict { iss, jti, index } => {
                format!("`{iss}` 的 `{jti}` 已是第 {index} 条，内容不同：更正请另用编号，并以 `amends` 指明原公告")
            }
            Self::Vocabulary(errors) => vocabulary(errors),
            Self::Rulebook(RulebookError { path, problem }) => format!("规则不合格式，{path} 处：{problem}"),
            Self::LogKeyNotHere => "须先把下一把日志私钥存为 log.next.key，才能录入指定它的声明".to_owned(),
        }
    }
}

impl Say for DraftError {
    fn zh(&self) -> String {
        match self {
            Self::TooLong { found } => format!("稿件至多 {} 字节，实为 {found}", ledger::draft::MAX_DRAFT),
            Self::Json(error) => error.zh(),
            Self::Member(error) => error.zh(),
            Self::Project(error) => format!("项目编号：{}", Say::zh(error)),
            Self::Code { what, found, known } => {
                let what = if *what == "sector" { "类别" } else { "环节" };
                format!("`{found}` 不是{what}代码；可用：{known}")
            }
            Self::Vocabulary(errors) => vocabulary(errors),
            Self::ReservePrice => {
                "`data.reserve_price` 是明文底价：请密封（`--seal data.reserve_price:award --sealed-out FILE`），或以 `--publish-reserve` 表明要公开".to_owned()
            }
        }
    }
}

impl Say for PublisherError {
    fn zh(&self) -> String {
        match self {
            Self::Draft(error) => error.zh(),
            Self::NothingToSeal { field } => format!("要密封 {field}，但稿件没有这个字段"),
            Self::SealOrder { order } => {
                format!("`{order}` 不是密封指令：应为 `data.reserve_price:<环节或日期>` 或 `data.experts:<环节或日期>`")
            }
            Self::TooLong { found } => format!("声明将有 {found} 字节，至多 60000：长文请放在 `text`，它不计入声明"),
            Self::Randomness(error) => format!("操作系统不提供随机数：{error}"),
        }
    }
}

impl Say for LedgerError {
    fn zh(&self) -> String {
        match self {
            Self::Store(error) => error.zh(),
            Self::Guard(error) => error.zh(),
            Self::Lock(error) => error.zh(),
            Self::Signer(error) => error.zh(),
            Self::File { path, source } => format!("{}：{source}", path.display()),
            Self::NotEmpty { dir } => format!("{} 不是空目录：请给一个空的或尚不存在的目录", dir.display()),
            Self::NoLedger { dir } => format!("{} 中没有账本：用 `mingzhang init` 建立", dir.display()),
            Self::Jurisdiction => "法域应为 [a-z0-9-]{1,32}，例如 cn".to_owned(),
            Self::Inconsistent { what } => format!("账本数据库自相矛盾（{what}）：请运行 fsck，并恢复完好的副本"),
            Self::WouldNotVerify { what, reason } => {
                format!("由数据库生成的 {what} 通不过核验（{reason}）：请运行 fsck，并恢复完好的副本")
            }
            Self::OtherLedgersTree { out, origin } => {
                format!("{} 中是另一账本的静态树，本账本为 `{origin}`：请导出到其他目录", out.display())
            }
            Self::WrongLogKey { expected } => {
                format!("log.key 不是账本指定签署下一检查点的密钥（{expected}）：请取回该密钥文件")
            }
            Self::Contradicted { reason } => reason.clone(),
            Self::Closed => "账本已关闭：请重新打开".to_owned(),
            Self::Stopped(error) => format!("重新打开账本之前不再录入：{}", error.zh()),
            Self::NotRecorded(error) => format!("本批均未录入，请重新提交：{}", error.zh()),
        }
    }
}

impl Say for StoreError {
    fn zh(&self) -> String {
        match self {
            Self::Database(error) => format!("账本数据库出错：{error}"),
            Self::Migration(error) => format!("账本数据库无法升级到本版本：{error}"),
            Self::Damaged { table, row, what } => format!("表 {table} 第 {row} 行：{what}；请运行 fsck"),
            Self::CommitUnknown(error) => format!("一次提交的结果不明（{error}）：账本已停止，重新打开后即知其所存"),
        }
    }
}

impl Say for GuardError {
    fn zh(&self) -> String {
        match self {
            Self::Database(error) => format!("回滚防护文件出错：{error}"),
            Self::Missing => {
                "回滚防护（guard.db）为空或不见了：请恢复它；若无法恢复，应终止本账本并建立后继账本".to_owned()
            }
            Self::OtherLedger { expected, found } => {
                format!("回滚防护属于 {found}，本账本是 {expected}：请给出它自己的防护文件")
            }
            Self::Older { ledger, guard } => format!(
                "本账本有 {ledger} 条，但已公布过 {guard} 条：它是从旧副本恢复的。为免自相矛盾，它不再签名。请取回最新的 ledger.db，或从镜像补齐缺失的条目；若已丢失，应终止本账本并建立后继账本"
            ),
            Self::Forked { size, published, .. } => {
                format!(
                    "在 {size} 条处，本账本的根与已公布的 {published} 不同：历史被改动过。它不再签名；请保留两个文件作为证据"
                )
            }
            Self::Damaged(error) => format!("回滚防护中不是检查点：{}", error.zh()),
        }
    }
}

impl Say for LockError {
    fn zh(&self) -> String {
        match self {
            Self::Held { dir, holder } => format!("{} 正由进程 {holder} 写入：请结束该进程，或由它录入", dir.display()),
            Self::File { dir, source } => format!("{} 的写入锁：{source}", dir.display()),
        }
    }
}

impl Say for SignerError {
    fn zh(&self) -> String {
        match self {
            Self::File { path, source } => format!("密钥文件 {}：{source}", path.display()),
            Self::NotAKey { path } => format!(
                "{} 不是 Ed25519 私钥：应为含 kty OKP、crv Ed25519、x、d 的 JWK，或 PKCS#8（PEM 或 DER）；可用 `mingzhang keygen` 生成",
                path.display()
            ),
            Self::Name(error) => format!("账本名称：{}", Say::zh(error)),
            Self::Random(error) => format!("操作系统不提供随机数：{error}"),
        }
    }
}

fn vocabulary(errors: &[VocabularyError]) -> String {
    let said = errors.iter().map(|error| match error {
        VocabularyError::Unknown { path, stage, near } => {
            let near = near.map_or_else(String::new, |near| format!("；是否为 `{near}`？"));
            format!("`{path}` 不是“{}”环节的字段{near}", stage.zh())
        }
        VocabularyError::Shape { path, expected } => format!("`{path}` 应为 {expected}"),
        VocabularyError::TooLong { path, found } => {
            format!("`{path}` 有 {found} 个字符，至多 {MAX_TEXT} 个：长文放在 `text`，文件作附件")
        }
    });
    said.collect::<Vec<_>>().join("；")
}
