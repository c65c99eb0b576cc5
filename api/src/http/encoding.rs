//! Content encodings: text goes out as brotli or gzip where the client takes it (RFC 9110 §12.5.3).

use std::io::Write as _;

use bytes::Bytes;

/// Shorter bodies are not worth it, in bytes.
const SHORTEST: usize = 1024;
/// Longer bodies are compressed on a thread for blocking work.
const LONG: usize = 128 << 10;

/// An encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Brotli,
    Gzip,
}

impl Encoding {
    /// Its name in `Content-Encoding`, and what its validators end in.
    pub(crate) fn token(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }

    /// What a client prefers of what is here; nothing if it wants the bytes as they are. Of equal weights brotli goes first.
    pub(crate) fn choose(accept: &str) -> Option<Self> {
        let weight = |wanted: &str| {
            let ranges = accept.split(',').filter_map(range);
            let named = ranges.clone().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
            named.or_else(|| ranges.clone().find(|(name, _)| *name == "*")).map_or(0, |(_, weight)| weight)
        };
        let (brotli, gzip) = (weight("br"), weight("gzip"));
        match (brotli, gzip) {
            (0, 0) => None,
            (brotli, gzip) if brotli >= gzip => Some(Self::Brotli),
            _ => Some(Self::Gzip),
        }
    }

    /// The bytes in this encoding.
    pub(crate) async fn encode(self, bytes: Bytes) -> std::io::Result<Bytes> {
        if bytes.len() < LONG {
            return self.encode_now(&bytes);
        }
        tokio::task::spawn_blocking(move || self.encode_now(&bytes)).await.map_err(std::io::Error::other)?
    }

    fn encode_now(self, bytes: &[u8]) -> std::io::Result<Bytes> {
        match self {
            Self::Brotli => {
                let mut writer = brotli::CompressorWriter::new(Vec::new(), 4096, 4, 20);
                writer.write_all(bytes)?;
                Ok(writer.into_inner().into())
            }
            Self::Gzip => {
                let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(5));
                writer.write_all(bytes)?;
                Ok(writer.finish()?.into())
            }
        }
    }
}

/// A name and its weight in thousandths.
fn range(text: &str) -> Option<(&str, u32)> {
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next()?;
    let weight = match parts.find_map(|part| part.strip_prefix("q=")) {
        None => 1000,
        Some(q) => {
            let q: f64 = q.parse().ok().filter(|q| (0.0..=1.0).contains(q))?;
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0 to 1000
            let thousandths = (q * 1000.0) as u32;
            thousandths
        }
    };
    Some((name, weight))
}

/// Whether bytes of this type and length are worth compressing.
pub(crate) fn is_worth_it(media_type: &str, length: usize) -> bool {
    length >= SHORTEST && is_text(media_type)
}

/// Whether the type is text, whose answers vary by `Accept-Encoding`.
pub(crate) fn is_text(media_type: &str) -> bool {
    media_type.starts_with("text/") || media_type.contains("json") || media_type.ends_with("xml")
}

/// Whether a validator is that of `tag` in another encoding.
pub(crate) fn is_variant(found: &str, tag: &str) -> bool {
    found.strip_prefix(tag).is_some_and(|rest| matches!(rest, "-br" | "-gzip"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_chooses_and_brotli_goes_first() {
        for (accept, chosen) in [
            ("", None),
            ("identity", None),
            ("gzip", Some(Encoding::Gzip)),
            ("gzip, deflate, br", Some(Encoding::Brotli)),
            ("gzip;q=1.0, br;q=0.5", Some(Encoding::Gzip)),
            ("br;q=0, gzip;q=0", None),
            ("*", Some(Encoding::Brotli)),
            ("br;q=0, *", Some(Encoding::Gzip)),
            ("br;q=nan", None),
            ("GZIP", Some(Encoding::Gzip)),
        ] {
            assert_eq!(Encoding::choose(accept), chosen, "{accept}");
        }
    }

    #[test]
    fn what_is_encoded_decodes_to_the_same() {
        let text = "公共资源交易".repeat(500);
        let mut gunzipped = String::new();
        let gzip = Encoding::Gzip.encode_now(text.as_bytes()).unwrap();
        std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&*gzip), &mut gunzipped).unwrap();
        let mut unbrotlied = Vec::new();
        let br = Encoding::Brotli.encode_now(text.as_bytes()).unwrap();
        brotli::BrotliDecompress(&mut &*br, &mut unbrotlied).unwrap();
        assert_eq!((gunzipped.as_bytes(), &unbrotlied[..]), (text.as_bytes(), text.as_bytes()));
    }
}
