//! Reading a request's body within limits: of length, of time between two pieces, of time in all.

use std::time::Duration;

use bytes::{Buf, Bytes};
use futures_util::{Stream, StreamExt as _};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use tokio::time::{Instant, timeout_at};

use super::limits::{Limits, seconds};
use super::problem::{Code, Problem};

/// A body that comes in pieces within its limits.
pub(crate) struct Limited<S> {
    stream: S,
    left: u64,
    most: u64,
    pause: Duration,
    until: Option<Instant>,
}

impl<S, B> Limited<S>
where
    S: Stream<Item = Result<B, warp::Error>> + Unpin,
    B: Buf,
{
    /// A body of at most `most` bytes, each piece within `pause` of the one before, all of it within `whole` if said. One that
    /// announces too much is refused before it is read.
    ///
    /// # Errors
    /// [`Code::TooLarge`].
    pub(crate) fn new(
        stream: S,
        headers: &HeaderMap,
        most: u64,
        pause: Duration,
        whole: Option<Duration>,
    ) -> Result<Self, Problem> {
        let announced = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if announced.is_some_and(|length| length > most) {
            return Err(too_large(most));
        }
        Ok(Self { stream, left: most, most, pause, until: whole.map(|whole| Instant::now() + whole) })
    }

    /// The next piece; nothing at the end.
    ///
    /// # Errors
    /// Too slow, too long, or cut short.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        let pause = Instant::now() + self.pause;
        let until = self.until.map_or(pause, |until| until.min(pause));
        let Ok(piece) = timeout_at(until, self.stream.next()).await else { return Err(Problem::of(Code::Timeout)) };
        let Some(piece) = piece else { return Ok(None) };
        let mut piece = piece.map_err(|error| {
            Problem::new(
                Code::BadRequest,
                format!("请求正文不完整：{error}"),
                format!("the body was cut short: {error}"),
            )
        })?;
        let bytes = piece.copy_to_bytes(piece.remaining());
        self.left = self.left.checked_sub(bytes.len() as u64).ok_or_else(|| too_large(self.most))?;
        Ok(Some(bytes))
    }

    /// The whole body.
    ///
    /// # Errors
    /// As [`Limited::next`].
    pub(crate) async fn whole(mut self) -> Result<Vec<u8>, Problem> {
        let mut whole = Vec::new();
        while let Some(bytes) = self.next().await? {
            whole.extend_from_slice(&bytes);
        }
        Ok(whole)
    }
}

/// The whole body of a request, of one type, of at most `most` bytes, within the times that a body may take.
///
/// # Errors
/// As [`expect_type`] and [`Limited::next`].
pub(crate) async fn whole<S, B>(
    limits: &Limits,
    headers: &HeaderMap,
    stream: S,
    media_type: &str,
    most: u64,
) -> Result<Vec<u8>, Problem>
where
    S: Stream<Item = Result<B, warp::Error>> + Unpin,
    B: Buf,
{
    expect_type(headers, media_type)?;
    let (pause, whole) = (seconds(limits.body_pause_seconds), seconds(limits.body_seconds));
    Limited::new(stream, headers, most, pause, Some(whole))?.whole().await
}

fn too_large(most: u64) -> Problem {
    Problem::new(
        Code::TooLarge,
        format!("请求正文至多 {most} 字节"),
        format!("the request's body has at most {most} bytes"),
    )
}

/// Refuses a body of another type than `media_type`, and one that is encoded.
///
/// # Errors
/// [`Code::UnsupportedType`].
pub(crate) fn expect_type(headers: &HeaderMap, media_type: &str) -> Result<(), Problem> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let found = text(CONTENT_TYPE).unwrap_or_default();
    let essence = found.split(';').next().unwrap_or_default().trim();
    let plain = text(CONTENT_ENCODING).is_none_or(|encoding| encoding.eq_ignore_ascii_case("identity"));
    if essence.eq_ignore_ascii_case(media_type) && plain {
        return Ok(());
    }
    Err(Problem::new(
        Code::UnsupportedType,
        format!("应为 Content-Type: {media_type}，不压缩；实为 `{found}`"),
        format!("expected Content-Type: {media_type} without an encoding, found `{found}`"),
    ))
}
