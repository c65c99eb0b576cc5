//! What a handler answers. Its encoding, its validator and its headers for caches are added on the way out.

use bytes::Bytes;
use http::StatusCode;
use http::header::{HeaderName, HeaderValue};
use serde::Serialize;
use warp::Reply;

use super::cache::{Cache, Stored};

/// `text/html`.
pub(crate) const HTML: &str = "text/html; charset=utf-8";
/// `text/plain`.
pub(crate) const TEXT: &str = "text/plain; charset=utf-8";
/// `application/json`.
pub(crate) const JSON: &str = "application/json";
/// `application/octet-stream`.
pub(crate) const BYTES: &str = "application/octet-stream";

/// An answer whose bytes are all there.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) media_type: &'static str,
    pub(crate) cache: Cache,
    pub(crate) body: Stored,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
}

impl Answer {
    /// 200 with these bytes.
    pub(crate) fn new(media_type: &'static str, cache: Cache, body: impl Into<Stored>) -> Self {
        Self { status: StatusCode::OK, media_type, cache, body: body.into(), headers: Vec::new() }
    }

    /// 200 with a value as JSON.
    pub(crate) fn json(cache: Cache, value: &impl Serialize) -> Self {
        Self::new(JSON, cache, json_bytes(value))
    }

    /// The same with another status.
    pub(crate) fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// The same with one more header; a value that is no header value is left out.
    pub(crate) fn with_header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }
}

/// A value as JSON. What this program answers has no map with keys that are not text, so that it can always be written.
pub(crate) fn json_bytes(value: &impl Serialize) -> Bytes {
    serde_json::to_vec(value).expect("our own values are JSON").into()
}

/// An answer goes through warp as an extension of an empty response, so that the way out still has it whole.
impl Reply for Answer {
    fn into_response(self) -> warp::reply::Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}
