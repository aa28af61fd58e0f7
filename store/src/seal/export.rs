//! All events of a tenant between two cursors, with the proof that they are all.

use std::io::Write;

use domain::TenantId;
use futures::TryStreamExt as _;

use super::error::SealError;
use super::lookup::enclosure;
use super::proofs::{Enclosure, Seals};
use super::tables::bigint;
use crate::archive::{read_row, selected};

impl Seals {
    /// Writes the tenant's events after a position up to another, with their proof, as lines of JSON; memory
    /// stays flat. Where the newest checkpoint ends before that, its end is taken.
    ///
    /// # Errors
    /// [`SealError`]: what was written is then no export. [`SealError::Changed`] names the event that is not what
    /// was sealed.
    pub async fn export(
        &self,
        tenant: TenantId,
        (after, upto): (u64, u64),
        out: &mut (dyn Write + Send),
    ) -> Result<Enclosure, SealError> {
        let begin = "begin isolation level repeatable read read only; set local enable_seqscan = off; \
                     set local enable_bitmapscan = off; set local enable_sort = off";
        let mut transaction = self.log().pool().begin_with(begin).await?;
        let enclosed = enclosure(&mut transaction, tenant, after, upto).await?;
        writeln!(out, "{}", enclosed.line().map_err(std::io::Error::from)?)?;
        let query = format!(
            "select {} from events where tenant_id = $1 and position > $2 and position <= $3 \
             and log_at_hand($2, $1, null, null) order by position",
            selected()
        );
        let mut rows = sqlx::query(&query)
            .bind(tenant.to_string())
            .bind(bigint(after))
            .bind(bigint(enclosed.upto))
            .fetch(&mut *transaction);
        let (mut events, mut position) = (0, after);
        while let Some(row) = rows.try_next().await? {
            let row = read_row(&row)?;
            position = row.position;
            if row.content() != row.hash {
                return Err(SealError::Changed { position });
            }
            serde_json::to_writer(&mut *out, &row).map_err(std::io::Error::from)?;
            out.write_all(b"\n")?;
            events += 1;
        }
        if events != enclosed.events {
            return Err(SealError::Count {
                position,
                events,
                sealed: enclosed.events,
            });
        }
        out.flush()?;
        Ok(enclosed)
    }
}
