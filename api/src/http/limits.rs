//! How much of anything the server takes from outside, and for how long it waits (invariant 9).
//!
//! | against | limit |
//! |---|---|
//! | many connections | `connections`, `connections_per_address` |
//! | slow or endless request heads, idle connections | `head_seconds`, `head_bytes`, `headers` |
//! | slow or endless bodies | `body_seconds`, `body_pause_seconds`, the limit of each resource |
//! | peers that do not read | `write_pause_seconds` |
//! | expensive questions | `answer_seconds` |
//! | more posts than the disk can take | `writes`, `writes_per_address` |
//! | streams that nobody closes | `streams`, `streams_per_address` |

use std::net::IpAddr;
use std::time::Duration;

use serde::Deserialize;

/// The limits of a server, each with its default; `[limits]` of the configuration file overrides them.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Limits {
    /// Connections open at once; more wait in the listener's backlog.
    pub(crate) connections: usize,
    /// Connections open at once from one address that is not one of `proxies`; more are answered 429 and closed.
    pub(crate) connections_per_address: usize,
    /// Seconds until a request head must be complete; also how long a connection may be idle.
    pub(crate) head_seconds: u64,
    /// Bytes of a request head.
    pub(crate) head_bytes: usize,
    /// Header lines of a request.
    pub(crate) headers: usize,
    /// Seconds until a statement's body must be complete.
    pub(crate) body_seconds: u64,
    /// Seconds between two pieces of a body.
    pub(crate) body_pause_seconds: u64,
    /// Seconds that a peer may leave an answer unread.
    pub(crate) write_pause_seconds: u64,
    /// Seconds that an answer may take to make.
    pub(crate) answer_seconds: u64,
    /// Writing requests under way at once; more are answered 503.
    pub(crate) writes: usize,
    /// Of these, from one client's address; more are answered 429.
    pub(crate) writes_per_address: usize,
    /// Streams of events open at once; more are answered 503.
    pub(crate) streams: usize,
    /// Of these, from one client's address; more are answered 429.
    pub(crate) streams_per_address: usize,
    /// Bytes of an attachment.
    pub(crate) attachment_bytes: u64,
    /// Seconds that a stop waits for requests under way.
    pub(crate) stop_seconds: u64,
    /// Bytes of tiles, bundles and notices kept in memory.
    pub(crate) cache_bytes: u64,
    /// Addresses of reverse proxies: they may open any number of connections, and the last address of their
    /// `X-Forwarded-For` is the client's.
    pub(crate) proxies: Vec<IpAddr>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1024,
            connections_per_address: 128,
            head_seconds: 10,
            head_bytes: 32 << 10,
            headers: 64,
            body_seconds: 60,
            body_pause_seconds: 10,
            write_pause_seconds: 20,
            answer_seconds: 60,
            writes: 512,
            writes_per_address: 64,
            streams: 256,
            streams_per_address: 16,
            attachment_bytes: 1 << 30,
            stop_seconds: 30,
            cache_bytes: 32 << 20,
            proxies: vec![IpAddr::from([127, 0, 0, 1]), IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])],
        }
    }
}

/// A number of seconds from the configuration as a duration; never zero, which would refuse everything.
pub(crate) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds.max(1))
}
