//! What a witness answers: statuses as C2SP tlog-witness asks for, bodies for whoever operates the log.

use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use ledger::witness::{NotCosigned, WitnessError};
use verifier::explain::Explain;
use verifier::log::add_checkpoint::{AddCheckpointError, SIZE_TYPE, format_size};
use verifier::log::checkpoint::CheckpointError;
use verifier::log::witness::WitnessRefusal;
use warp::reply::Response as Reply;

use super::replay::NotVouched;
use crate::explain::Say as _;
use crate::http::problem::Problem;
use crate::language::Language;

const TEXT: &str = "text/plain; charset=utf-8";
/// Seconds after which a log may ask again for what could not be done now.
const RETRY_SECONDS: &str = "5";

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    status: StatusCode,
    media_type: &'static str,
    body: String,
    headers: Vec<(HeaderName, &'static str)>,
}

impl Answer {
    /// 200 with a text.
    pub(super) fn text(body: String) -> Self {
        Self { status: StatusCode::OK, media_type: TEXT, body, headers: Vec::new() }
    }

    /// Another status, said in both languages.
    pub(super) fn said(status: StatusCode, zh: &str, en: &str) -> Self {
        Self { status, ..Self::text(format!("{en}\n{zh}\n")) }
    }

    /// There is nothing here.
    pub(super) fn not_found() -> Self {
        Self::said(
            StatusCode::NOT_FOUND,
            "此处没有资源；本见证人有 POST /add-checkpoint 和 GET /<账本名称的 SHA-256>/checkpoint",
            "nothing is here; this witness has POST /add-checkpoint and GET /<SHA-256 of the origin>/checkpoint",
        )
    }

    /// The resource has other methods.
    pub(super) fn not_allowed(methods: &'static str) -> Self {
        let en = format!("this resource has {methods}");
        let answer = Self::said(StatusCode::METHOD_NOT_ALLOWED, &format!("此资源只支持 {methods}"), &en);
        Self { headers: vec![(ALLOW, methods)], ..answer }
    }

    /// A body that is too long, too slow or cut short.
    pub(super) fn problem(problem: Problem) -> Self {
        let code = problem.code;
        Self::said(code.status(), code.title(Language::Zh), code.title(Language::En))
    }

    /// Not now: the log may ask again soon.
    pub(super) fn not_now(zh: &str, en: &str) -> Self {
        let answer = Self::said(StatusCode::SERVICE_UNAVAILABLE, zh, en);
        Self { headers: vec![(RETRY_AFTER, RETRY_SECONDS)], ..answer }
    }

    fn explained(status: StatusCode, error: &impl Explain) -> Self {
        Self::said(status, &error.zh(), &error.to_string())
    }

    /// The answer as HTTP; nothing here may be kept by a cache.
    pub(super) fn reply(self) -> Reply {
        let mut response = Response::new(self.body.into());
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.media_type));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        for (name, value) in self.headers {
            headers.insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

/// A text that is no request: 400, but 422 for a root that no empty tree has.
impl From<AddCheckpointError> for Answer {
    fn from(error: AddCheckpointError) -> Self {
        let status = match &error {
            AddCheckpointError::TooLong { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            AddCheckpointError::Checkpoint(CheckpointError::EmptyRoot { .. }) => StatusCode::UNPROCESSABLE_ENTITY,
            _ => StatusCode::BAD_REQUEST,
        };
        Self::explained(status, &error)
    }
}

impl From<WitnessRefusal> for Answer {
    fn from(refusal: WitnessRefusal) -> Self {
        match refusal {
            WitnessRefusal::NotLatest { latest: size, .. } | WitnessRefusal::Forked { size, .. } => {
                Self { status: StatusCode::CONFLICT, media_type: SIZE_TYPE, ..Self::text(format_size(size)) }
            }
            refusal => {
                let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
                Self::explained(status, &refusal)
            }
        }
    }
}

impl From<WitnessError> for Answer {
    fn from(error: WitnessError) -> Self {
        tracing::error!(%error, "the witness cannot cosign");
        match &error {
            WitnessError::Clock { .. } => Self::not_now(&error.zh(), &error.to_string()),
            _ => Self::said(
                StatusCode::INTERNAL_SERVER_ERROR,
                "见证人出错；运行方请看日志",
                "the witness failed; its operator finds the reason in the log",
            ),
        }
    }
}

impl From<NotCosigned> for Answer {
    fn from(error: NotCosigned) -> Self {
        match error {
            NotCosigned::Refused(refusal) => refusal.into(),
            NotCosigned::Failed(error) => error.into(),
        }
    }
}

impl From<NotVouched> for Answer {
    fn from(reason: NotVouched) -> Self {
        if reason.is_final() {
            Self::said(StatusCode::UNPROCESSABLE_ENTITY, &reason.zh(), &reason.to_string())
        } else {
            Self::not_now(&reason.zh(), &reason.to_string())
        }
    }
}
