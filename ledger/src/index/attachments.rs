//! Asking for attachments: whether a notice names one.

use super::Index;
use super::schema::failed;
use crate::error::LedgerError;
use crate::store::index_of;

/// How notices name an attachment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Announced {
    /// How many bytes it has at most by what they say; nothing if one does not say. They may contradict each other: the hash
    /// decides.
    pub size: Option<u64>,
}

impl Index {
    /// How notices name the attachment with this SHA-256 (lower-case hex), if one does that is indexed.
    ///
    /// # Errors
    /// The index cannot be read.
    pub async fn announced(&self, sha256: &str) -> Result<Option<Announced>, LedgerError> {
        let sql = "SELECT count(*), count(*) = count(size), max(size) FROM attachment WHERE sha256 = ?";
        let query = sqlx::query_as::<_, (i64, bool, Option<i64>)>(sql).bind(sha256);
        let (notices, all_say, size) = query.fetch_one(&self.pool).await.map_err(failed)?;
        Ok((notices > 0).then(|| Announced { size: size.filter(|_| all_say).map(index_of) }))
    }
}
