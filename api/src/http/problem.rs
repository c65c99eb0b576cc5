//! Errors as HTTP: the one file that turns what went wrong into a status and a problem document (RFC 9457).
//!
//! A problem's `code` is stable from its first release on; `title` and `detail` are in the reader's language, and in both
//! beside that; `action` says what to do.

use http::header::{ALLOW, HeaderName, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use ledger::{LedgerError, Outcome, Refusal};
use serde::Serialize;
use utoipa::ToSchema;
use verifier::explain::Explain as _;
use verifier::record::authority::AuthorityError;
use verifier::record::statement::StatementError;

use super::answer::{Answer, json_bytes};
use super::cache::Cache;
use crate::explain::Say;
use crate::language::Language;

/// `application/problem+json`.
pub(crate) const PROBLEM: &str = "application/problem+json";

macro_rules! codes {
    ($($variant:ident $code:literal $status:literal $zh:literal $en:literal, $do_zh:literal $do_en:literal;)+) => {
        /// A kind of problem: its stable code, its status, its title, and what to do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Code { $($variant,)+ }

        impl Code {
            /// Every code.
            pub(crate) const ALL: &[Self] = &[$(Self::$variant,)+];

            /// Its stable name.
            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// Its status.
            pub(crate) fn status(self) -> StatusCode {
                let status = match self { $(Self::$variant => $status,)+ };
                StatusCode::from_u16(status).expect("every status in the table is one")
            }

            /// What it is called.
            pub(crate) fn title(self, language: Language) -> &'static str {
                match self { $(Self::$variant => language.pick($zh, $en),)+ }
            }

            /// What to do.
            pub(crate) fn action(self, language: Language) -> &'static str {
                match self { $(Self::$variant => language.pick($do_zh, $do_en),)+ }
            }
        }
    };
}

codes! {
    BadRequest "bad-request" 400 "请求有误" "The request is malformed",
        "按 /openapi.json 改正所指参数后重试" "Correct the parameter named, as /openapi.json describes it";
    MalformedStatement "malformed-statement" 400 "不是合格的声明" "Not a statement",
        "按格式重新签名：SD-JWT 紧凑形式 <JWT>~<披露项>~…~" "Sign it again in the form <JWT>~<disclosure>~…~, an SD-JWT without key binding";
    NotAuthorised "not-authorised" 403 "无权作此声明" "The signature gives no authority for this statement",
        "核对发布主体、密钥及其类别和区划（见 /api/v1/publishers）；需要时请根密钥持有者登记" "Check issuer, key, sectors and regions against /api/v1/publishers; if they are missing, have the root enrol them";
    AttachmentNotAnnounced "attachment-not-announced" 403 "没有公告列出此附件" "No accepted notice names this attachment",
        "先录入列出该附件 SHA-256 的公告，再上传；可用 ?notice=序号 指明公告" "Record the notice whose attachments name this SHA-256 first; say ?notice=INDEX to point at it";
    NotFound "not-found" 404 "没有此资源" "There is no such resource",
        "核对地址；接口见 /openapi.json" "Check the address; /openapi.json lists what there is";
    UnknownProject "unknown-project" 404 "账本中没有该项目" "The ledger has no entry of this project",
        "核对项目编号（见 near）；其缺失证明在 …/absence" "Check the id (see near); the proof that it is absent is at …/absence";
    MethodNotAllowed "method-not-allowed" 405 "此资源不支持该方法" "The resource does not have this method",
        "使用 Allow 列出的方法" "Use a method that Allow lists";
    Timeout "timeout" 408 "请求正文来得太慢" "The request's body came too slowly",
        "在更好的网络上重新提交；重复提交不会重复录入" "Send it again over a better connection; nothing is recorded twice";
    Conflict "conflict" 409 "此编号已用于另一份声明" "The id stands for another statement already",
        "更正请另用编号，并以 amends 指明原公告" "Correct it under another id, with `amends`";
    OutOfOrder "out-of-order" 409 "声明的序号不是下一个" "The statement's seq is not the next one",
        "取最新序号，重新签名" "Read the subject's count, and sign with it";
    StageDisclosed "stage-disclosed" 409 "该环节已有公告" "The stage was disclosed",
        "见该项目的时间线" "See the project's timeline";
    TooLarge "too-large" 413 "请求正文过大" "The request's body is too large",
        "长文放在 text，文件作附件上传" "Put long text into `text`, files into attachments";
    UnsupportedType "unsupported-type" 415 "不支持此内容类型" "The content type is not one this resource takes",
        "使用 /openapi.json 所列类型，不要压缩请求正文" "Use the type /openapi.json names, without a content encoding";
    RangeNotSatisfiable "range-not-satisfiable" 416 "请求的范围不在文件之内" "The range lies outside the file",
        "按 Content-Range 给出的长度重新请求" "Ask within the length that Content-Range gives";
    Disclosures "disclosures" 422 "披露项与声明不符" "The disclosures are not those the statement owes",
        "随声明提交全部未密封的披露项，且仅此而已" "Send every disclosure that is not sealed, and no other";
    Vocabulary "vocabulary" 422 "公告含词汇表之外的字段" "The notice has members the vocabulary does not know",
        "改正所指字段" "Correct the members named";
    UnfitRulebook "unfit-rulebook" 422 "规则不合格式" "The rules do not fit",
        "按 verifier/schema 中的规则文件结构改正所指之处，重新签名" "Mend what is named, as the schema of rulebooks says, and sign it again";
    LogKeyNotHere "log-key-not-here" 422 "下一把日志私钥不在此处" "The next log key is not here",
        "先在服务器上放好 log.next.key" "Put log.next.key into the ledger's directory first";
    AttachmentDiffers "attachment-differs" 422 "附件内容与其 SHA-256 不符" "The attachment's bytes do not have this SHA-256",
        "核对文件，重新上传" "Check the file and send it again";
    TooMany "too-many-requests" 429 "同一来源的请求过多" "Too many requests from one address at once",
        "等先前的请求得到答复，稍后重试" "Wait for the answers to those under way, then try again";
    HeadTooLarge "head-too-large" 431 "请求头过大" "The request's head is too large",
        "减少请求头" "Send fewer or shorter header lines";
    Internal "internal" 500 "服务器出错" "The server failed",
        "稍后重试；若仍如此，请告知运行方" "Try again later; if it stays so, tell the operator";
    Busy "busy" 503 "服务器正忙" "The server is busy",
        "稍后重试；重复提交不会重复录入" "Try again after Retry-After; nothing is recorded twice";
    NotRecorded "not-recorded" 503 "未能录入" "Nothing was recorded",
        "稍后原样重新提交" "Submit the very same again after Retry-After";
    NotCosigned "not-cosigned" 503 "尚待见证" "Not cosigned by enough witnesses yet",
        "稍后再来；已录入的原样重新提交即得回执" "Ask again after Retry-After; what was recorded gives its receipt when it is submitted again";
    IndexBuilding "index-building" 503 "检索索引正在建立" "The index is being made",
        "稍后重试；账本照常提供，按序号、项目编号的查询不受影响" "Try again after Retry-After; the log, notices by index and projects by id are served meanwhile";
    OutcomeUnknown "outcome-unknown" 503 "是否已录入尚不可知" "Whether it was recorded is not known yet",
        "原样重新提交：已录入的会得到原回执" "Submit the very same again: if it was recorded, its receipt comes back";
    NotReady "not-ready" 503 "账本目前不能签名" "The ledger cannot sign now",
        "运行方请看 detail 和日志" "Operator: see the detail and the log";
}

/// What is wrong, and what to do.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) code: Code,
    zh: String,
    en: String,
    pub(crate) index: Option<u64>,
    pub(crate) near: Vec<String>,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
}

/// RFC 9457 problem details.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemDetails {
    /// Where the kind of problem is described: `/problems/<code>`.
    #[serde(rename = "type")]
    kind: String,
    /// The HTTP status.
    status: u16,
    /// The stable code.
    #[schema(example = "conflict")]
    code: &'static str,
    /// What it is, in the reader's language (`Accept-Language`; Chinese unless English is preferred).
    title: &'static str,
    /// What it is, in Chinese.
    title_zh: &'static str,
    /// What it is, in English.
    title_en: &'static str,
    /// What was expected and what was found, in the reader's language.
    detail: String,
    /// The detail in Chinese.
    detail_zh: String,
    /// The detail in English.
    detail_en: String,
    /// What to do, in the reader's language.
    action: &'static str,
    /// What to do, in Chinese.
    action_zh: &'static str,
    /// What to do, in English.
    action_en: &'static str,
    /// The entry that is in the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<u64>,
    /// Ids near the one that is not there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    near: Vec<String>,
}

impl Problem {
    /// A problem, its detail said in both languages.
    pub(crate) fn new(code: Code, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { code, zh: zh.into(), en: en.into(), index: None, near: Vec::new(), headers: Vec::new() }
    }

    /// A problem whose title says all.
    pub(crate) fn of(code: Code) -> Self {
        Self::new(code, code.title(Language::Zh), code.title(Language::En))
    }

    /// A problem that an error describes.
    pub(crate) fn say(code: Code, error: &impl Say) -> Self {
        Self::new(code, error.say(Language::Zh), error.say(Language::En))
    }

    /// Asks the client to come back after so many seconds.
    pub(crate) fn retry_after(self, seconds: u64) -> Self {
        self.with(RETRY_AFTER, &seconds.to_string())
    }

    /// Names the methods that the resource has.
    pub(crate) fn allow(self, methods: &str) -> Self {
        self.with(ALLOW, methods)
    }

    /// Names ids near the one that is not there.
    pub(crate) fn near(mut self, near: Vec<String>) -> Self {
        self.near = near;
        self
    }

    fn with(mut self, name: HeaderName, value: &str) -> Self {
        self.headers.extend(HeaderValue::from_str(value).ok().map(|value| (name, value)));
        self
    }

    /// What was expected and what was found.
    pub(crate) fn detail(&self, language: Language) -> &str {
        language.pick(&self.zh, &self.en)
    }

    /// The problem document in a language.
    pub(crate) fn answer(self, language: Language) -> Answer {
        let Self { code, zh, en, index, near, headers } = self;
        let details = ProblemDetails {
            kind: format!("/problems/{}", code.name()),
            status: code.status().as_u16(),
            code: code.name(),
            title: code.title(language),
            title_zh: code.title(Language::Zh),
            title_en: code.title(Language::En),
            detail: language.pick(&zh, &en).to_owned(),
            detail_zh: zh,
            detail_en: en,
            action: code.action(language),
            action_zh: code.action(Language::Zh),
            action_en: code.action(Language::En),
            index,
            near,
        };
        let mut answer = Answer::new(PROBLEM, Cache::Never, json_bytes(&details)).with_status(code.status());
        answer.headers = headers;
        answer
    }
}

impl From<StatementError> for Problem {
    fn from(error: StatementError) -> Self {
        Self::new(Code::MalformedStatement, error.zh(), error.to_string())
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let code = match &refusal {
            Refusal::Malformed(_) => Code::MalformedStatement,
            Refusal::Authority(AuthorityError::Seq { .. }) => Code::OutOfOrder,
            Refusal::Authority(_) => Code::NotAuthorised,
            Refusal::Disclosures(_) => Code::Disclosures,
            Refusal::Conflict { .. } => Code::Conflict,
            Refusal::Vocabulary(_) => Code::Vocabulary,
            Refusal::Rulebook(_) => Code::UnfitRulebook,
            Refusal::LogKeyNotHere => Code::LogKeyNotHere,
        };
        let mut problem = Self::say(code, &refusal);
        if let Refusal::Conflict { index, .. } = refusal {
            problem.index = Some(index.0);
        }
        problem
    }
}

impl From<LedgerError> for Problem {
    fn from(error: LedgerError) -> Self {
        let (code, wait) = match &error {
            LedgerError::NotRecorded(_) => (Code::NotRecorded, Some(5)),
            LedgerError::Stopped(_) | LedgerError::Closed => (Code::OutcomeUnknown, Some(10)),
            _ => (Code::Internal, None),
        };
        // What went wrong inside is for the operator's log; a client learns no path and no SQL of it.
        tracing::error!(%error, code = code.name(), "a request failed");
        let problem = Self::of(code);
        wait.into_iter().fold(problem, Self::retry_after)
    }
}

impl From<std::io::Error> for Problem {
    fn from(error: std::io::Error) -> Self {
        tracing::error!(%error, "a request failed");
        Self::of(Code::Internal)
    }
}

/// The entry that a statement has, and whether it is new.
pub(crate) fn recorded(outcome: Outcome) -> Result<(u64, bool), Problem> {
    match outcome {
        Outcome::Recorded(index) => Ok((index.0, true)),
        Outcome::Existing(index) => Ok((index.0, false)),
        Outcome::Refused(refusal) => Err(refusal.into()),
    }
}

/// The language a reader prefers: English where `Accept-Language` names it before Chinese, else Chinese.
pub(crate) fn language(accept: &str) -> Language {
    let first = accept.split([',', ';']).map(str::trim).find(|tag| tag.starts_with("zh") || tag.starts_with("en"));
    if first.is_some_and(|tag| tag.starts_with("en")) { Language::En } else { Language::Zh }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_code_has_a_name_of_its_own_and_a_status_that_is_an_error() {
        let names: BTreeSet<_> = Code::ALL.iter().map(|code| code.name()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        for code in Code::ALL {
            assert!(code.status().is_client_error() || code.status().is_server_error(), "{}", code.name());
            assert!(code.name().bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{}", code.name());
        }
    }

    #[test]
    fn chinese_is_the_default_and_english_is_chosen_by_whoever_names_it_first() {
        for (accept, chosen) in
            [("", Language::Zh), ("fr", Language::Zh), ("en-GB,en;q=0.9", Language::En), ("zh-CN,en", Language::Zh)]
        {
            assert_eq!(language(accept), chosen, "{accept}");
        }
    }
}
