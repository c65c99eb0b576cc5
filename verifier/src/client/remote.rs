//! Files over http(s), from a server that may be slow, broken or hostile.
//!
//! A request that fails for a passing reason is made again; one that is redirected follows to the same origin only, so that whoever
//! was named answers; nothing is read beyond the limit of its file.

use std::io;
use std::prelude::rust_2024::*;
use std::thread;
use std::time::Duration;

use ureq::http::uri::{Authority, Scheme};
use ureq::http::{Response, Uri};
use ureq::{Agent, Body};

use super::source::SourceError;

/// What the verifier calls itself to servers.
pub const USER_AGENT: &str = concat!("mingzhang-verify/", env!("CARGO_PKG_VERSION"));
/// Waits between tries: the first, doubled each time.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// The longest wait that a server may ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// Redirects followed for one file.
const REDIRECTS: u32 = 5;

/// A tree on a web server, or a witness.
#[derive(Clone, Debug)]
pub struct Remote {
    agent: Agent,
    /// The address without a final slash.
    root: String,
    /// How often one file is asked for, at least once.
    tries: u32,
}

/// Why a request did not give what was asked for.
enum Failed {
    /// Asking again may help, after the wait that the server asks for.
    Passing(String, Option<Duration>),
    /// It is of no use.
    Final(String),
}

impl Remote {
    /// A server that is waited for.
    pub(super) fn patient(root: &str) -> Self {
        let connect = Duration::from_secs(20);
        Self::new(root, connect, Duration::from_mins(1), Duration::from_mins(10), 4)
    }

    /// A server that others beside it can do without.
    pub(super) fn hasty(root: &str) -> Self {
        let second = Duration::from_secs(1);
        Self::new(root, 5 * second, 10 * second, 10 * second, 2)
    }

    fn new(root: &str, connect: Duration, response: Duration, body: Duration, tries: u32) -> Self {
        let config = Agent::config_builder()
            .timeout_connect(Some(connect))
            .timeout_recv_response(Some(response))
            .timeout_recv_body(Some(body))
            .http_status_as_error(false)
            .max_redirects(0)
            .user_agent(USER_AGENT)
            .max_idle_connections_per_host(64)
            .max_idle_connections(64);
        Self { agent: config.build().new_agent(), root: root.trim_end_matches('/').to_owned(), tries }
    }

    /// Asks for a file until the server answers: 404 and 410 say that nothing is there.
    pub(super) fn fetch<T>(
        &self,
        path: &str,
        read: impl Fn(ureq::BodyReader<'static>) -> io::Result<T>,
    ) -> Result<Option<T>, SourceError> {
        let address = format!("{}/{path}", self.root);
        let (mut wait, mut left) = (FIRST_WAIT, self.tries);
        loop {
            left -= 1;
            match self.ask(&address, &read) {
                Ok(found) => return Ok(found),
                Err(Failed::Passing(_, asked)) if left > 0 => thread::sleep(asked.unwrap_or(wait).min(LONGEST_WAIT)),
                Err(Failed::Passing(error, _) | Failed::Final(error)) => {
                    return Err(SourceError::Failed { path: address, error });
                }
            }
            wait *= 2;
        }
    }

    fn ask<T>(
        &self,
        address: &str,
        read: &impl Fn(ureq::BodyReader<'static>) -> io::Result<T>,
    ) -> Result<Option<T>, Failed> {
        let mut address = address.to_owned();
        for _ in 0..=REDIRECTS {
            let response = self.agent.get(&address).call().map_err(|error| Failed::Passing(error.to_string(), None))?;
            match response.status().as_u16() {
                200 => {
                    // Whoever reads has the limit of the file.
                    let body = response.into_body().into_with_config().limit(u64::MAX).reader();
                    return read(body).map(Some).map_err(|error| Failed::Passing(error.to_string(), None));
                }
                404 | 410 => return Ok(None),
                301 | 302 | 303 | 307 | 308 => address = redirected(&address, &response)?,
                status @ (408 | 425 | 429 | 500..) => {
                    return Err(Failed::Passing(format!("HTTP {status}"), asked_wait(&response)));
                }
                status => return Err(Failed::Final(format!("HTTP {status}"))),
            }
        }
        Err(Failed::Final(format!("more than {REDIRECTS} redirects")))
    }
}

/// `Retry-After` in seconds; a date is not waited for.
fn asked_wait(response: &Response<Body>) -> Option<Duration> {
    let seconds = response.headers().get("retry-after")?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

fn redirected(address: &str, response: &Response<Body>) -> Result<String, Failed> {
    let location = response.headers().get("location").and_then(|location| location.to_str().ok()).unwrap_or_default();
    same_origin(address, location)
        .ok_or_else(|| Failed::Final(format!("redirected to another server, which is not followed: {location}")))
}

/// Where a redirect leads, if that is the same server by the same protocol.
fn same_origin(address: &str, location: &str) -> Option<String> {
    let from: Uri = address.parse().ok()?;
    let (scheme, authority) = (from.scheme()?, from.authority()?);
    let target = if location.contains("://") {
        location.to_owned()
    } else if location.starts_with("//") {
        format!("{scheme}:{location}")
    } else if location.starts_with('/') {
        format!("{scheme}://{authority}{location}")
    } else {
        let folder = from.path().rsplit_once('/').map_or("", |(folder, _)| folder);
        format!("{scheme}://{authority}{folder}/{location}")
    };
    let to: Uri = target.parse().ok()?;
    let same = to.scheme() == Some(scheme) && place(to.authority()?, scheme) == place(authority, scheme);
    (same && !location.is_empty()).then_some(target)
}

/// Host and port; whoever is named before them is not believed.
fn place(authority: &Authority, scheme: &Scheme) -> Option<(String, u16)> {
    let port = authority.port_u16().unwrap_or(if *scheme == Scheme::HTTPS { 443 } else { 80 });
    (!authority.as_str().contains('@')).then(|| (authority.host().to_ascii_lowercase(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_stays_with_its_server() {
        let from = "https://ledger.example/wuhan/checkpoint";
        let follows = |location: &str| same_origin(from, location);
        let to = |path: &str| Some(format!("https://ledger.example{path}"));
        assert_eq!(follows("/new/checkpoint"), to("/new/checkpoint"));
        assert_eq!(follows("checkpoint-2"), to("/wuhan/checkpoint-2"));
        assert_eq!(follows("https://ledger.example/x"), to("/x"));
        assert_eq!(follows("//ledger.example/x"), to("/x"));
        assert_eq!(follows("https://LEDGER.example:443/x"), Some("https://LEDGER.example:443/x".to_owned()));
        for elsewhere in [
            "",
            "http://ledger.example/x",
            "https://ledger.example:8443/x",
            "https://other.example/x",
            "//other.example/x",
            "https://ledger.example@other.example/x",
            "https://a@ledger.example/x",
            "file:///etc/passwd",
            "https://",
        ] {
            assert_eq!(follows(elsewhere), None, "{elsewhere}");
        }
    }
}
