//! What the log layer finds.

use alloc::format;
use alloc::string::String;

use crate::log::add_checkpoint::AddCheckpointError;
use crate::log::base64::Base64Error;
use crate::log::checkpoint::CheckpointError;
use crate::log::cosignature::CosignatureError;
use crate::log::hash::HashError;
use crate::log::index::IndexError;
use crate::log::key::KeyError;
use crate::log::note::NoteError;
use crate::log::policy::{PolicyError, PolicyFault};
use crate::log::policy_check::PolicyCheckError;
use crate::log::proof::ProofError;
use crate::log::tile::TileError;
use crate::log::tlog_proof::TlogProofError;
use crate::log::vkey::VerifierKeyError;
use crate::log::witness::WitnessRefusal;

use super::Explain;

impl Explain for Base64Error {
    fn rule(&self) -> &'static str {
        "base64"
    }
    fn zh(&self) -> String {
        match self {
            Self::NotStandard => "不是带填充的规范 base64".into(),
            Self::NotUrl => "不是无填充的规范 base64url".into(),
        }
    }
}

impl Explain for HashError {
    fn rule(&self) -> &'static str {
        "hash"
    }
    fn zh(&self) -> String {
        match self {
            Self::Length { found } => format!("哈希应为 44 个 base64 字符，实为 {found} 字节"),
            Self::NotCanonical => "哈希不是 32 字节的规范 base64".into(),
        }
    }
}

impl Explain for IndexError {
    fn rule(&self) -> &'static str {
        "number"
    }
    fn zh(&self) -> String {
        match self {
            Self::NotDecimal => "应为没有符号和前导零的十进制数".into(),
            Self::TooLarge => "数值超过 2^53".into(),
        }
    }
}

impl Explain for KeyError {
    fn rule(&self) -> &'static str {
        "key"
    }
    fn zh(&self) -> String {
        match self {
            Self::Length { found } => format!("Ed25519 公钥应为 32 字节，实为 {found} 字节"),
            Self::NotAPoint => "这 32 字节不是曲线上的点".into(),
            Self::NotCanonical => "公钥编码不规范".into(),
            Self::LowOrder => "公钥是低阶点，签名毫无意义".into(),
        }
    }
}

impl Explain for VerifierKeyError {
    fn rule(&self) -> &'static str {
        "verifier-key"
    }
    fn zh(&self) -> String {
        match self {
            Self::Malformed => "验证密钥应为 <名称>+<8 位小写十六进制>+<base64>，请完整复制".into(),
            Self::Name => "密钥名称不能为空，也不能含空白、“+”或控制字符".into(),
            Self::Base64(error) => format!("第二个“+”之后的密钥内容{}", error.zh()),
            Self::UnknownType { found } => format!("不支持签名类型 0x{found:02x}，只支持 0x01 与 0x04"),
            Self::Key(error) => error.zh(),
            Self::KeyId { found, expected } => {
                format!("密钥编号是 {found:08x}，按名称、类型和密钥算出的却是 {expected:08x}，请完整复制")
            }
        }
    }
}

impl Explain for NoteError {
    fn rule(&self) -> &'static str {
        "note"
    }
    fn zh(&self) -> String {
        match self {
            Self::TooLong { found } => format!("签名文本过长：{found} 字节"),
            Self::ControlCharacter { found } => format!("签名文本含控制字符 U+{found:04X}"),
            Self::NoSignatures => "应为正文、空行和签名行；文件是否被截断？".into(),
            Self::NoFinalNewline => "末行没有换行；文件是否被截断？".into(),
            Self::TooManySignatures => "签名行超过 64 行".into(),
            Self::Line { line } => format!("第 {line} 个签名行的写法不对"),
            Self::Name { line } => format!("第 {line} 个签名行的密钥名称不对"),
            Self::Base64 { line, error } => format!("第 {line} 个签名行{}", error.zh()),
            Self::TooShort { line, found } => format!("第 {line} 个签名行只有 {found} 字节，容不下密钥编号和签名"),
        }
    }
}

impl Explain for CheckpointError {
    fn rule(&self) -> &'static str {
        match self {
            Self::Note(error) => error.rule(),
            Self::NotSigned { .. } => "checkpoint-not-signed",
            Self::BadSignature { .. } => "checkpoint-signature",
            _ => "checkpoint",
        }
    }
    fn zh(&self) -> String {
        match self {
            Self::Note(error) => error.zh(),
            Self::Lines => "检查点应恰为三行：来源、大小、根哈希，不得有扩展行".into(),
            Self::Origin => "检查点首行（来源）不能为空或含控制字符".into(),
            Self::Size(error) => format!("检查点第二行（大小）：{}", error.zh()),
            Self::Root(error) => format!("检查点第三行（根哈希）：{}", error.zh()),
            Self::EmptyRoot { expected, found } => format!("空树的根应为 {expected}，实为 {found}"),
            Self::WrongKind { name } => format!("{name} 是见证人的密钥，这里要账本的（类型 0x01）"),
            Self::NotSigned { name, key_id } => format!("检查点没有 {name}+{key_id:08x} 的签名"),
            Self::BadSignature { name, key_id } => {
                format!("{name}+{key_id:08x} 的签名不成立：检查点被改动或伪造")
            }
        }
    }
}

impl Explain for CosignatureError {
    fn rule(&self) -> &'static str {
        "cosignature"
    }
    fn zh(&self) -> String {
        match self {
            Self::Length { found } => format!("共签在密钥编号后应为 72 字节，实为 {found}"),
            Self::Timestamp { found } => format!("共签的时间戳 {found} 超过 2^63 − 1 秒"),
            Self::WrongKind { name } => format!("{name} 不是见证人的密钥（类型应为 0x04）"),
            Self::BadSignature { name, key_id } => {
                format!("见证人 {name}+{key_id:08x} 的共签不成立：检查点被改动或伪造")
            }
        }
    }
}

impl Explain for PolicyCheckError {
    fn rule(&self) -> &'static str {
        match self {
            Self::UnknownLog { .. } => "unknown-log",
            Self::NotSigned { .. } => "checkpoint-not-signed",
            Self::Log(error) => error.rule(),
            Self::Witness(error) => error.rule(),
            Self::Quorum { .. } => "quorum",
        }
    }
    fn zh(&self) -> String {
        match self {
            Self::UnknownLog { origin } => format!("检查点来自 {origin}，策略中没有这个名称的账本密钥"),
            Self::NotSigned { origin } => format!("{origin} 的检查点没有策略所列账本密钥的签名"),
            Self::Log(error) => error.zh(),
            Self::Witness(error) => error.zh(),
            Self::Quorum { cosigned, witnesses } => {
                format!("未达到策略要求的见证：{witnesses} 个见证人中有 {cosigned} 个共签")
            }
        }
    }
}

impl Explain for PolicyError {
    fn rule(&self) -> &'static str {
        "policy"
    }
    fn zh(&self) -> String {
        format!("第 {} 行：{}", self.line, self.fault.zh())
    }
}

impl Explain for PolicyFault {
    fn rule(&self) -> &'static str {
        "policy"
    }
    fn zh(&self) -> String {
        match self {
            Self::TooLong { found } => format!("策略过长：{found} 字节"),
            Self::TooMany => "账本、见证人或组过多".into(),
            Self::ControlCharacter { found } => format!("含控制字符 0x{found:02x}"),
            Self::NoFinalNewline => "末行没有换行；文件是否被截断？".into(),
            Self::Keyword => "应以 log、witness、group 或 quorum 开头，或是以 # 开头的注释".into(),
            Self::Words { expected } => format!("应写作：{expected}"),
            Self::Key(error) => error.zh(),
            Self::KeyKind { expected, found } => format!("此行的密钥类型应为 0x{expected:02x}，实为 0x{found:02x}"),
            Self::DuplicateKey => "这个公钥上文已出现".into(),
            Self::DuplicateName => "名称已被占用（none 为保留名）".into(),
            Self::UnknownName { name } => format!("{name} 不是上文的见证人或组"),
            Self::MemberTwice { name } => format!("{name} 已属于某个组，每个名称只能列一次"),
            Self::Threshold { members } => format!("应为 all、any 或 1 至 {members} 的数"),
            Self::SecondQuorum => "quorum 行只能有一行".into(),
            Self::NoQuorum => "缺 quorum 行；不要求共签请写 quorum none".into(),
        }
    }
}

impl Explain for ProofError {
    fn rule(&self) -> &'static str {
        "proof"
    }
    fn zh(&self) -> String {
        match self {
            Self::OutsideTree { index, size } => format!("第 {index} 条不在 {size} 条的树中"),
            Self::Shrunk { size1, size2 } => format!("{size2} 条的树不可能是 {size1} 条的延续"),
            Self::EmptyTree => "空树没有可延续的内容".into(),
            Self::Length { found } => format!("证明有 {found} 个哈希，与位置不符"),
            Self::Root { expected, found } => format!("证明得出的根是 {found}，应为 {expected}"),
        }
    }
}

impl Explain for TileError {
    fn rule(&self) -> &'static str {
        "tile"
    }
    fn zh(&self) -> String {
        match self {
            Self::Path => "不是切片的路径".into(),
            Self::Level { found } => format!("切片层级 {found} 超出范围"),
            Self::Index { found } => format!("切片编号 {found} 超出范围"),
            Self::Width { found } => format!("切片应有 1 至 256 项，实有 {found} 项"),
            Self::Length { found } => format!("哈希切片的长度应为 32 字节的整数倍，实为 {found} 字节"),
            Self::CutOff { entry } => format!("文件在第 {entry} 项（从 0 数）中间断了"),
        }
    }
}

impl Explain for TlogProofError {
    fn rule(&self) -> &'static str {
        match self {
            Self::Checkpoint(error) => error.rule(),
            _ => "receipt-form",
        }
    }
    fn zh(&self) -> String {
        match self {
            Self::TooLong { found } => format!("回执过长：{found} 字节"),
            Self::Header => "首行不对：不是回执，或是别的版本".into(),
            Self::NoCheckpoint => "哈希之后应有空行和检查点；文件是否被截断？".into(),
            Self::EmptyExtra => "extra 行没有内容".into(),
            Self::ExtraTooLong { found } => format!("extra 行过长：{found} 字节"),
            Self::Extra(error) => format!("extra 行{}", error.zh()),
            Self::NoIndex => "缺以 index 开头的行".into(),
            Self::Index(error) => format!("index 行：{}", error.zh()),
            Self::TooManyHashes => "证明的哈希超过 64 个".into(),
            Self::Hash { number, error } => format!("证明的第 {number} 个哈希：{}", error.zh()),
            Self::Checkpoint(error) => format!("检查点：{}", error.zh()),
        }
    }
}

impl Explain for AddCheckpointError {
    fn rule(&self) -> &'static str {
        match self {
            Self::Checkpoint(error) => error.rule(),
            _ => "add-checkpoint",
        }
    }
    fn zh(&self) -> String {
        match self {
            Self::TooLong { found } => format!("请求过长：{found} 字节"),
            Self::NoOld => "首行应为 old 和一个大小".into(),
            Self::Old(error) => format!("old 行：{}", error.zh()),
            Self::NoCheckpoint => "哈希之后应有空行和检查点；请求是否被截断？".into(),
            Self::TooManyHashes => "一致性证明的哈希超过 63 个".into(),
            Self::Hash { number, error } => format!("一致性证明的第 {number} 个哈希：{}", error.zh()),
            Self::Checkpoint(error) => format!("检查点：{}", error.zh()),
        }
    }
}

impl Explain for WitnessRefusal {
    fn rule(&self) -> &'static str {
        match self {
            Self::UnknownLog { .. } => "unknown-log",
            Self::NotSigned(error) => error.rule(),
            Self::OldSize { .. } => "old-size",
            Self::NotLatest { .. } => "not-latest",
            Self::Forked { .. } => "fork",
            Self::NothingToProve { .. } | Self::Inconsistent(_) => "consistency",
        }
    }
    fn zh(&self) -> String {
        match self {
            Self::UnknownLog { origin } => format!("本见证人不认识账本 {origin}"),
            Self::NotSigned(error) => format!("检查点没有本见证人所信任的该账本密钥的签名：{}", error.zh()),
            Self::OldSize { old, size } => format!("旧大小 {old} 超过检查点的 {size}"),
            Self::NotLatest { old, latest } => {
                format!("旧大小是 {old}，而上次共签的检查点为 {latest} 条：请从那里证明一致")
            }
            Self::Forked { size, cosigned, found } => {
                format!("在 {size} 条处已共签根 {cosigned}，此检查点却是 {found}：账本分叉")
            }
            Self::NothingToProve { found } => format!("从空树起无需证明，证明却有 {found} 个哈希"),
            Self::Inconsistent(error) => format!("检查点不是上次共签的检查点的延续：{}", error.zh()),
        }
    }
}
