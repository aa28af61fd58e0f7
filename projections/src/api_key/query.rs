//! Finding a key by the hash of its token, and a tenant's keys.

use super::{ApiKeys, KeyRow};
use crate::reader::{QueryError, Reader};

impl Reader {
    /// The key of this hash (SHA-256 of the token, or of the one before, in hex), whoever's it is.
    ///
    /// # Errors
    /// [`QueryError`] when the database is away.
    pub async fn api_key_by_hash(&self, hash: &str) -> Result<Option<KeyRow>, QueryError> {
        let table = self.table::<ApiKeys>().await?;
        let mut query = table.select();
        query
            .push(" where t.hash = ")
            .push_bind(hash.to_owned())
            .push(" or t.previous_hash = ")
            .push_bind(hash.to_owned())
            .push(" order by t.position limit 1");
        Ok(
            Self::rows(self.begin_with("annals.api_key_hash", hash).await?, query)
                .await?
                .pop(),
        )
    }
}
