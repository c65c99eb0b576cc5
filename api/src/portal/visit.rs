//! A visit: which page is asked for, in which language, and how its links are written.

use std::sync::Arc;

use http::Request;
use http::header::{ACCEPT_LANGUAGE, HOST};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::de::DeserializeOwned;

use super::assets;
use crate::http::Site;
use crate::http::parameters::bad;
use crate::http::problem::{Problem, language};
use crate::language::Language;

/// What stands in an address as it is (RFC 3986, unreserved).
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Somebody looks at a page.
pub(crate) struct Visit {
    pub(crate) site: Arc<Site>,
    pub(crate) language: Language,
    /// The language that the address asks for; then the page's links ask for it, too.
    chosen: Option<String>,
    /// Where the browser has reached this server, if it says so as a host is written.
    host: Option<String>,
    /// The path as it was asked for, percent-encoded.
    path: String,
    /// The query without its language.
    query: Vec<(String, String)>,
}

/// A text as part of an address: of a path or of a query.
pub(crate) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

/// Whether this is a host with or without a port, as a browser writes it.
fn is_host(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:[]".contains(&b))
}

impl Visit {
    /// Reads a request, whatever it asks for. `lang` in the address goes before what the browser prefers.
    pub(crate) fn of<B>(site: &Arc<Site>, request: &Request<B>) -> Self {
        let (uri, headers) = (request.uri(), request.headers());
        let query = uri.query().unwrap_or_default();
        let parameters: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap_or_default();
        let (said, query): (Vec<_>, Vec<_>) = parameters.into_iter().partition(|(name, _)| name == "lang");
        let chosen = said.into_iter().map(|(_, value)| value).find(|value| !value.is_empty());
        let accepted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let language = match chosen.as_deref() {
            Some("zh") => Language::Zh,
            Some("en") => Language::En,
            _ => language(accepted),
        };
        let host =
            headers.get(HOST).and_then(|host| host.to_str().ok()).filter(|host| is_host(host)).map(str::to_owned);
        Self { site: Arc::clone(site), language, chosen, host, path: uri.path().to_owned(), query }
    }

    /// That the language asked for is one of ours.
    pub(super) fn check(&self) -> Result<(), Problem> {
        match self.chosen.as_deref() {
            None | Some("zh" | "en") => Ok(()),
            Some(_) => Err(bad("lang", "应为 zh 或 en", "zh or en is expected")),
        }
    }

    /// The text in the reader's language.
    pub(crate) fn say<'a>(&self, zh: &'a str, en: &'a str) -> &'a str {
        self.language.pick(zh, en)
    }

    /// The first segment of the path; empty for the home page.
    pub(super) fn first(&self) -> &str {
        self.path.trim_start_matches('/').split('/').next().unwrap_or_default()
    }

    /// What follows the first segment, percent-encoded.
    pub(crate) fn rest(&self) -> &str {
        self.path.trim_start_matches('/').split_once('/').map_or("", |(_, rest)| rest)
    }

    /// The query's parameters; one that the page does not have is refused by name.
    pub(crate) fn parameters<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        crate::http::query(&self.query_text())
    }

    /// The query without its language.
    pub(crate) fn query(&self) -> &[(String, String)] {
        &self.query
    }

    /// A parameter; empty if it is not there.
    pub(crate) fn parameter(&self, name: &str) -> &str {
        self.query.iter().find(|(found, _)| found == name).map_or("", |(_, value)| value)
    }

    /// This very page with other parameters; one that is empty goes.
    pub(crate) fn with(&self, changes: &[(&str, &str)]) -> String {
        let is_changed = |name: &str| changes.iter().any(|(changed, _)| *changed == name);
        let kept = self.query.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let kept = kept.filter(|(name, value)| !value.is_empty() && !is_changed(name));
        let query: Vec<(&str, &str)> =
            kept.chain(changes.iter().copied().filter(|(_, value)| !value.is_empty())).collect();
        let query = serde_urlencoded::to_string(query).unwrap_or_default();
        self.link(&if query.is_empty() { self.path.clone() } else { format!("{}?{query}", self.path) })
    }

    /// The query without its language, as it stands in an address.
    pub(crate) fn query_text(&self) -> String {
        serde_urlencoded::to_string(&self.query).unwrap_or_default()
    }

    /// The address of a page of this portal, with or without a query: in the language the reader chose.
    pub(crate) fn link(&self, path: &str) -> String {
        let base = self.site.base_path();
        match self.chosen.as_deref() {
            Some(language @ ("zh" | "en")) => {
                let joint = if path.contains('?') { '&' } else { '?' };
                format!("{base}{path}{joint}lang={language}")
            }
            _ => format!("{base}{path}"),
        }
    }

    /// The address of something that has no language: the API, a file.
    pub(crate) fn plain_link(&self, path: &str) -> String {
        format!("{}{path}", self.site.base_path())
    }

    /// The address of an asset, which names its content.
    pub(crate) fn asset(&self, name: &str) -> String {
        self.plain_link(&assets::address(name))
    }

    /// Where this server is reached from outside: as its operator says, else as the browser has reached it.
    pub(crate) fn origin(&self) -> String {
        match (&*self.site.public_url, &self.host) {
            ("", Some(host)) => format!("http://{host}"),
            (url, _) => url.to_owned(),
        }
    }

    /// A project's page.
    pub(crate) fn project(&self, id: &str) -> String {
        self.link(&format!("/projects/{}", encoded(id)))
    }

    /// A notice's page.
    pub(crate) fn notice(&self, index: u64) -> String {
        self.link(&format!("/notices/{index}"))
    }

    /// This very page in another language.
    pub(super) fn in_language(&self, code: &str) -> String {
        let mut query = self.query.clone();
        query.push(("lang".to_owned(), code.to_owned()));
        let query = serde_urlencoded::to_string(&query).unwrap_or_default();
        format!("{}{}?{query}", self.site.base_path(), self.path)
    }

    /// The language asked for in the address, for a form that keeps it.
    pub(crate) fn chosen(&self) -> Option<&str> {
        self.chosen.as_deref().filter(|code| matches!(*code, "zh" | "en"))
    }
}
