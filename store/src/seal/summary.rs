//! What was signed in a period: how often, from where to where, and when nothing was signed that should have been.

use domain::TenantId;
use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx as _};

use super::error::SealError;
use super::proofs::Seals;
use super::tables::number;

/// The checkpoints of a tenant that were signed in a period.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckpointSummary {
    /// How many.
    pub count: u64,
    /// The first of them.
    pub first: Option<SummedCheckpoint>,
    /// The last of them.
    pub last: Option<SummedCheckpoint>,
    /// When events waited for longer than a minute to be sealed: the first hundred times.
    pub gaps: Vec<CheckpointGap>,
}

/// A checkpoint, without its note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SummedCheckpoint {
    /// How many events it covers.
    pub size: u64,
    /// The position of the last of them.
    pub position: u64,
    /// When it was signed, by the sealer's clock.
    pub sealed_at: Timestamp,
}

/// A time in which events waited to be sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckpointGap {
    /// When the checkpoint before was signed.
    pub after: Timestamp,
    /// When the next one was.
    pub until: Timestamp,
    /// How many events the next one added.
    pub events: u64,
    /// For how long the first of them waited.
    pub longest_wait: SignedDuration,
}

impl Seals {
    /// The tenant's checkpoints that were signed at a moment or later, and before another.
    ///
    /// # Errors
    /// [`SealError::Read`] when the database is away.
    pub async fn summary(
        &self,
        tenant: TenantId,
        from: Timestamp,
        before: Timestamp,
    ) -> Result<CheckpointSummary, SealError> {
        let owner = tenant.to_string();
        let pool = self.log().pool();
        let ends = sqlx::query!(
            r#"
            with signed as (
                select size, position, sealed_at, count(*) over () as signed,
                       row_number() over (order by size) as place
                from seal_checkpoints
                where tenant_id = $1 and sealed_at >= $2 and sealed_at < $3
            )
            select size as "size!", position as "position!", sealed_at as "sealed_at!: SqlTimestamp",
                   signed as "signed!"
            from signed
            where place in (1, signed)
            order by size
            "#,
            owner,
            from.to_sqlx() as SqlTimestamp,
            before.to_sqlx() as SqlTimestamp
        )
        .fetch_all(pool)
        .await?;
        // An event may wait because there was none before it: only what was recorded long before it was sealed did.
        let gaps = sqlx::query!(
            r#"
            with signed as (
                select size, sealed_at, lag(size) over (order by size) as size_before,
                       lag(position) over (order by size) as position_before,
                       lag(sealed_at) over (order by size) as sealed_before
                from seal_checkpoints
                where tenant_id = $1
            )
            select s.sealed_before as "after!: SqlTimestamp", s.sealed_at as "until!: SqlTimestamp",
                   s.size - s.size_before as "events!", e.recorded_at as "recorded_at!: SqlTimestamp"
            from signed s
            cross join lateral (
                select e.recorded_at
                from events e
                where e.tenant_id = $1 and e.position > s.position_before
                order by e.position
                limit 1
            ) e
            where s.sealed_at >= $2
              and s.sealed_at < $3
              and s.sealed_at - s.sealed_before > interval '1 minute'
              and s.sealed_at - e.recorded_at > interval '1 minute'
            order by s.size
            limit 100
            "#,
            owner,
            from.to_sqlx() as SqlTimestamp,
            before.to_sqlx() as SqlTimestamp
        )
        .fetch_all(pool)
        .await?;
        let mut ends = ends.into_iter().map(|row| {
            let checkpoint = SummedCheckpoint {
                size: number(row.size),
                position: number(row.position),
                sealed_at: row.sealed_at.to_jiff(),
            };
            (number(row.signed), checkpoint)
        });
        let first = ends.next();
        let last = ends.next().or_else(|| first.clone());
        Ok(CheckpointSummary {
            count: first.as_ref().map_or(0, |(count, _)| *count),
            first: first.map(|(_, checkpoint)| checkpoint),
            last: last.map(|(_, checkpoint)| checkpoint),
            gaps: gaps
                .into_iter()
                .map(|row| CheckpointGap {
                    after: row.after.to_jiff(),
                    until: row.until.to_jiff(),
                    events: number(row.events),
                    longest_wait: row.until.to_jiff().duration_since(row.recorded_at.to_jiff()),
                })
                .collect(),
        })
    }
}
