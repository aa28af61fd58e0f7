//! Counts, sizes and rates of the log.

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx as _};
use serde::Serialize;

use super::Log;
use crate::archive::{Archive, archives};
use crate::error::ReadError;

/// The log in numbers.
#[derive(Clone, Debug, Serialize)]
pub struct Stats {
    /// The number of events, which is the last position.
    pub events: u64,
    /// The number of tenants with events that are not archived.
    pub tenants: u64,
    /// When the last event was appended.
    pub last_recorded_at: Option<Timestamp>,
    /// Events appended in the last minute, in a second on average.
    pub per_second_last_minute: String,
    /// Events appended in the last hour.
    pub last_hour: u64,
    /// The partitions, one a year, oldest first.
    pub partitions: Vec<Partition>,
    /// The years that are archived, oldest first.
    pub archives: Vec<Archive>,
    /// Events by type, of those that are not archived, the most frequent first.
    pub types: Vec<TypeCount>,
}

/// One year of the log.
#[derive(Clone, Debug, Serialize)]
pub struct Partition {
    /// The table's name.
    pub name: String,
    /// Bytes of rows.
    pub table_bytes: u64,
    /// Bytes of indexes.
    pub index_bytes: u64,
}

/// How often a type occurs.
#[derive(Clone, Debug, Serialize)]
pub struct TypeCount {
    /// The stored name.
    pub event_type: String,
    /// How often.
    pub events: u64,
    /// Bytes of payload, as text.
    pub payload_bytes: u64,
}

impl Log {
    /// Counts the log. Reads all of it, so not for every minute.
    ///
    /// # Errors
    /// [`ReadError::Unavailable`] when the database is away.
    pub async fn stats(&self, now: Timestamp) -> Result<Stats, ReadError> {
        let now = now.to_sqlx();
        let totals = sqlx::query!(
            r#"
            select (select position from log_head) as "head!",
                   count(distinct tenant_id) as "tenants!",
                   max(recorded_at) as "last: SqlTimestamp",
                   count(*) filter (where recorded_at > $1::timestamptz - interval '1 minute') as "minute!",
                   count(*) filter (where recorded_at > $1::timestamptz - interval '1 hour') as "hour!"
            from events
            "#,
            now as SqlTimestamp
        )
        .fetch_one(self.pool())
        .await?;
        let partitions = sqlx::query!(
            r#"
            select c.relname::text as "name!",
                   pg_table_size(c.oid) as "table_bytes!",
                   pg_indexes_size(c.oid) as "index_bytes!"
            from pg_inherits i
            join pg_class c on c.oid = i.inhrelid
            where i.inhparent = 'events'::regclass
            order by c.relname
            "#
        )
        .fetch_all(self.pool())
        .await?;
        let types = sqlx::query!(
            r#"
            select event_type, count(*) as "events!", coalesce(sum(octet_length(payload::text)), 0)::bigint as "bytes!"
            from events
            group by event_type
            order by count(*) desc, event_type
            "#
        )
        .fetch_all(self.pool())
        .await?;
        let number = |value: i64| u64::try_from(value).unwrap_or_default();
        Ok(Stats {
            events: number(totals.head),
            tenants: number(totals.tenants),
            last_recorded_at: totals.last.map(SqlTimestamp::to_jiff),
            per_second_last_minute: (rust_decimal::Decimal::from(totals.minute)
                / rust_decimal::Decimal::from(60))
            .round_dp(2)
            .to_string(),
            last_hour: number(totals.hour),
            partitions: partitions
                .into_iter()
                .map(|row| Partition {
                    name: row.name,
                    table_bytes: number(row.table_bytes),
                    index_bytes: number(row.index_bytes),
                })
                .collect(),
            archives: archives(self.pool()).await?,
            types: types
                .into_iter()
                .map(|row| TypeCount {
                    event_type: row.event_type,
                    events: number(row.events),
                    payload_bytes: number(row.bytes),
                })
                .collect(),
        })
    }
}
