//! What the record layer finds: entries, statements, disclosures, authority, the subject map.

use alloc::format;
use alloc::string::String;

use crate::record::authority::AuthorityError;
use crate::record::disclosure::DisclosureError;
use crate::record::entry::EntryError;
use crate::record::json::{JsonError, MemberError};
use crate::record::notice::NoticeError;
use crate::record::replay::OwedError;
use crate::record::statement::StatementError;
use crate::record::subject::SubjectError;
use crate::record::subject_map::MapError;

use super::Explain;
use super::phrase::phrase;

impl Explain for JsonError {
    fn rule(&self) -> &'static str {
        "json"
    }
    fn zh(&self) -> String {
        format!("不是严格的 JSON（须为 UTF-8、只有整数、成员不重复、深度不超过 32）：{}", self.reason)
    }
}

impl Explain for MemberError {
    fn rule(&self) -> &'static str {
        "member"
    }
    fn zh(&self) -> String {
        match self {
            Self::Missing { name } => format!("缺成员 `{name}`"),
            Self::Type { name, expected } => format!("成员 `{name}` 应为{}", phrase(expected)),
            Self::Unknown { name } => format!("成员 `{name}` 不在规定之列"),
        }
    }
}

impl Explain for SubjectError {
    fn rule(&self) -> &'static str {
        "subject"
    }
    fn zh(&self) -> String {
        match self {
            Self::Length { characters } => format!("项目编号应为 1 至 128 个字符，实为 {characters} 个"),
            Self::Character { character } => {
                let code = *character as u32;
                format!("项目编号不能含 U+{code:04X}“{character}”（可用数字、A–Z、汉字和 -_./:()[]#&+*）")
            }
            Self::NotNormalised { expected } => format!("项目编号未经规范化，应写作 `{expected}`"),
            Self::Unknown { found } => format!("`{found}` 不是主体"),
        }
    }
}

impl Explain for EntryError {
    fn rule(&self) -> &'static str {
        match self {
            Self::Newer { .. } => "newer-format",
            Self::TooLong { .. } | Self::Template { .. } => "entry-form",
        }
    }
    fn zh(&self) -> String {
        match self {
            Self::Newer { version } => format!("条目格式 {version} 比本程序（1）新，请更新本程序"),
            Self::TooLong { found } => format!("条目过长：{found} 字节"),
            Self::Template { at, expected } => {
                format!("不合条目的固定写法：第 {at} 字节处应为{}", phrase(expected))
            }
        }
    }
}

impl Explain for StatementError {
    fn rule(&self) -> &'static str {
        match self {
            Self::TooLong { .. } | Self::Compact { .. } => "statement-form",
            Self::Header { .. } => "jose-header",
            Self::Json(error) => error.rule(),
            Self::Member(error) => error.rule(),
            Self::Subject { .. } => "subject",
            Self::Notice(error) => error.rule(),
            Self::Value { .. } => "member",
        }
    }
    fn zh(&self) -> String {
        match self {
            Self::TooLong { found } => format!("JWT 过长：{found} 字节"),
            Self::Compact { part } => format!("不是紧凑 JWT：{part} 部分不对（须为规范 base64url，签名 64 字节）"),
            Self::Header { problem } => format!("JOSE 头：{problem}"),
            Self::Json(error) => error.zh(),
            Self::Member(error) => error.zh(),
            Self::Subject { problem } => format!("`sub`：{problem}"),
            Self::Notice(error) => error.zh(),
            Self::Value { name, expected } => format!("`{name}` 不是{}", phrase(expected)),
        }
    }
}

impl Explain for NoticeError {
    fn rule(&self) -> &'static str {
        match self {
            Self::Member(error) => error.rule(),
            Self::Project(error) => error.rule(),
            Self::Code { .. } => "code",
            Self::NotDisclosable { .. } => "must-be-disclosure",
            Self::Digests { .. } | Self::DigestTwice { .. } | Self::Algorithm => "digests",
            Self::Sealed { .. } => "sealed",
            Self::Subject { .. } => "subject",
        }
    }
    fn zh(&self) -> String {
        match self {
            Self::Member(error) => error.zh(),
            Self::Project(error) => error.zh(),
            Self::Code { what, found } => format!("`{found}` 不是规定的{}", phrase(what)),
            Self::NotDisclosable { path } => format!("`{path}` 直接写在声明里；它必须是披露项，日后才能依法删除"),
            Self::Digests { path, problem } => format!("{path} 处的 `_sd`：{}", phrase(problem)),
            Self::DigestTwice { digest } => format!("摘要 {digest} 出现两次"),
            Self::Sealed { problem } => format!("`sealed`：{}", phrase(problem)),
            Self::Algorithm => "`_sd_alg` 只能缺省或为 `sha-256`".into(),
            Self::Subject { expected, found } => format!("`sub` 是 `{found}`，应为 `{expected}`"),
        }
    }
}

impl Explain for DisclosureError {
    fn rule(&self) -> &'static str {
        match self {
            Self::SealedShown { .. } => "sealed-shown",
            Self::OtherField { .. } | Self::NeverSealed { .. } => "revealed-field",
            Self::Unasked { .. } => "disclosure-unasked",
            _ => "disclosure",
        }
    }
    fn zh(&self) -> String {
        match self {
            Self::TooLarge => "披露项过多或过长：至多 256 项，每项 1 MiB，合计 8 MiB".into(),
            Self::Encoding => "披露项不是 UTF-8 文本的规范 base64url".into(),
            Self::Json(error) => format!("披露项：{}", error.zh()),
            Self::Shape => "披露项应为 [盐, 名称, 值]，盐至少 16 字节".into(),
            Self::Nested { name } => format!("披露项 `{name}` 的值里有 `_sd` 或 `...`"),
            Self::Unasked { digest, name } => format!("披露项 `{name}`（{digest}）不属于声明中的任何摘要"),
            Self::Twice { digest } => format!("披露项 {digest} 出现两次"),
            Self::Place { name, place } => format!("`{name}` 不能作为 {place} 的披露项"),
            Self::Present { name, place } => format!("{place} 的 `{name}` 既已写明，又作披露"),
            Self::NeverSealed { name } => {
                format!("启封示出 `{name}`；可以密封的只有 data.reserve_price 与 data.experts")
            }
            Self::Value(error) => format!("披露项的值：{}", error.zh()),
            Self::SealedShown { field } => format!("密封的 `{field}` 未经启封就随公告示出"),
            Self::OtherField { expected, found } => format!("密封的是 `{expected}`，启封示出的却是 `{found}`"),
        }
    }
}

impl Explain for OwedError {
    fn rule(&self) -> &'static str {
        match self {
            Self::Disclosure(error) => error.rule(),
            Self::RevealedTwice { .. } => "revealed-twice",
            Self::Withheld { .. } => "withheld",
            Self::NoRules => "no-rules",
        }
    }
    fn entry(&self) -> Option<u64> {
        match self {
            Self::RevealedTwice { target, .. } => Some(target.0),
            Self::Withheld { index, .. } => Some(index.0),
            Self::Disclosure(_) | Self::NoRules => None,
        }
    }
    fn zh(&self) -> String {
        match self {
            Self::Disclosure(error) => error.zh(),
            Self::RevealedTwice { target, digest } => format!("第 {target} 条公告的 {digest} 启封了两次"),
            Self::Withheld { index, digest } => {
                format!("第 {index} 条公告的披露项 {digest} 被扣下：既未示出，也未密封，又未依法删除")
            }
            Self::NoRules => "规则条目必须附上规则全文".into(),
        }
    }
}

impl Explain for AuthorityError {
    fn rule(&self) -> &'static str {
        match self {
            Self::OtherLedger { .. } => "other-ledger",
            Self::NotEnrolled { .. } => "not-enrolled",
            Self::OtherKey { .. } => "other-key",
            Self::NotAuthorised { .. } => "not-authorised",
            Self::Seq { .. } => "statement-seq",
            Self::KeyTaken { .. } => "key-taken",
            Self::Target { .. } => "target",
            Self::Signature { .. } => "signature",
        }
    }
    fn zh(&self) -> String {
        match self {
            Self::OtherLedger { expected, found } => format!("`aud` 是 `{found}`，本账本的声明应为 `{expected}`"),
            Self::NotEnrolled { iss, index } => format!("`{iss}` 在第 {index} 条时没有有效密钥"),
            Self::OtherKey { iss, index } => format!("`kid` 不是 `{iss}` 在第 {index} 条时的有效密钥"),
            Self::NotAuthorised { iss, reason } => format!("`{iss}` 无权作此声明：{}", phrase(reason)),
            Self::Seq { expected, found } => {
                format!("声明写的是 seq {found}，条目却是该主体的 seq {expected}（重放或调换次序？）")
            }
            Self::KeyTaken { owner } => format!("这把密钥属于 `{owner}`；一把密钥永远只属于一个发布主体"),
            Self::Target { reason } => format!("所指的公告不对：{}", phrase(reason)),
            Self::Signature { iss } => format!("`{iss}` 的签名不成立"),
        }
    }
}

impl Explain for MapError {
    fn rule(&self) -> &'static str {
        "map-proof"
    }
    fn zh(&self) -> String {
        match self {
            Self::TooLong { found } => format!("映射证明有 {found} 个哈希，至多 256 个"),
            Self::Other => "映射证明里的另一主体不可能在这个位置".into(),
            Self::Root { expected, found } => format!("映射证明得出的根是 {found}，封印写的是 {expected}"),
        }
    }
}
