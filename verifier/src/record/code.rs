//! Codes of the vocabulary: sector, stage, region, publisher id.

use alloc::borrow::ToOwned;
use alloc::string::String;
use core::fmt;

macro_rules! codes {
    ($(#[$doc:meta])* $name:ident, $($variant:ident $code:literal $zh:literal $en:literal;)+) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $(#[doc = concat!("`", $code, "`: ", $zh)] $variant,)+ }
        impl $name {
            /// Every code, in the order of the vocabulary.
            pub const ALL: &'static [$name] = &[$($name::$variant,)+];
            /// The code with this spelling, if there is one.
            pub fn parse(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)+ _ => None }
            }
            /// The code with this spelling or this Chinese name, as a person types it.
            pub fn named(text: &str) -> Option<Self> {
                Self::parse(text).or_else(|| Self::ALL.iter().copied().find(|code| code.zh() == text))
            }
            /// The spelling used in statements.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }
            /// The Chinese name.
            pub const fn zh(self) -> &'static str {
                match self { $(Self::$variant => $zh,)+ }
            }
            /// The English name.
            pub const fn en(self) -> &'static str {
                match self { $(Self::$variant => $en,)+ }
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(self.code()) }
        }
    };
}

codes! {
    /// A sector of public resources (公共资源类别).
    Sector,
    Construction "construction" "工程建设项目招标投标" "construction";
    Procurement "procurement" "政府采购" "government procurement";
    StateAsset "state-asset" "国有产权交易" "state-owned assets";
    Land "land" "土地使用权出让" "land-use rights";
    Mining "mining" "矿业权出让" "mining rights";
    MajorProject "major-project" "重大建设项目批准和实施" "major projects";
    DisclosureRequest "disclosure-request" "依申请公开" "disclosure on request";
}

codes! {
    /// A disclosure stage (公示环节).
    Stage,
    Approval "approval" "项目审批" "approval";
    Plan "plan" "计划与意向" "plan";
    Announcement "announcement" "公告" "announcement";
    Clarification "clarification" "澄清答疑" "clarification";
    Change "change" "变更" "change";
    Prequalification "prequalification" "资格审查结果" "prequalification";
    Opening "opening" "开标记录" "opening";
    Candidates "candidates" "中标候选人公示" "candidates";
    Award "award" "中标（成交）结果" "award";
    Contract "contract" "合同订立" "contract";
    ContractChange "contract-change" "合同变更" "contract change";
    Performance "performance" "履约" "performance";
    Acceptance "acceptance" "验收" "acceptance";
    Termination "termination" "终止" "termination";
    Objection "objection" "异议、质疑" "objection";
    Complaint "complaint" "投诉" "complaint";
    Enforcement "enforcement" "监督检查、行政处罚" "enforcement";
    Request "request" "依申请公开：申请" "request";
    Reply "reply" "依申请公开：答复" "reply";
}

codes! {
    /// What a publisher may do (角色).
    Role,
    Publisher "publisher" "发布主体" "publisher";
    Supervisor "supervisor" "监督部门" "supervisor";
}

/// A publisher's id: its 统一社会信用代码 or another name, `[A-Za-z0-9._:-]{1,64}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublisherId(String);

impl PublisherId {
    /// Reads an id; `root` and `recovery` are ids of their own keys.
    pub fn parse(text: &str) -> Option<Self> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._:-".contains(&b);
        ((1..=64).contains(&text.len()) && text.bytes().all(allowed)).then(|| Self(text.to_owned()))
    }
    /// The id's spelling.
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// Whether this is the root key's reserved id.
    pub fn is_root(&self) -> bool {
        self.0 == "root"
    }
    /// Whether this is the recovery key's reserved id.
    pub fn is_recovery(&self) -> bool {
        self.0 == "recovery"
    }
    /// Whether no publisher may have this id: `root`, `recovery` and `log`.
    pub fn is_reserved(&self) -> bool {
        matches!(self.0.as_str(), "root" | "recovery" | "log")
    }
}

impl fmt::Display for PublisherId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether this is a region: six digits of GB/T 2260.
pub fn is_region(text: &str) -> bool {
    text.len() == 6 && text.bytes().all(|b| b.is_ascii_digit())
}

/// Whether this is a region prefix: 0, 2, 4 or 6 digits of GB/T 2260; the empty one is everywhere.
pub fn is_region_prefix(text: &str) -> bool {
    matches!(text.len(), 0 | 2 | 4 | 6) && text.bytes().all(|b| b.is_ascii_digit())
}

/// Whether this is a jurisdiction: `[a-z0-9-]{1,32}`.
pub fn is_jurisdiction(text: &str) -> bool {
    (1..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}
