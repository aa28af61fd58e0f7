//! One transaction of the appender: many writes, one statement.

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx};
use sqlx::PgConnection;
use sqlx::types::Uuid;

use super::hash::content_hash;
use super::write::{Known, Outcome, Write};

/// Appends all writes in one transaction, and says of each what became of it.
pub(super) async fn append(
    connection: &mut PgConnection,
    writes: &[&Write],
    now: Timestamp,
) -> Result<Vec<Outcome>, sqlx::Error> {
    let columns = Columns::of(writes);
    let rows = sqlx::query_file!(
        "src/log/append.sql",
        &columns.receipts,
        &columns.receipt_hashes as &[&[u8]],
        &columns.types as &[&str],
        &columns.ids as &[&str],
        &columns.expected,
        &columns.counts,
        &columns.event_write,
        &columns.event_index,
        &columns.event_tenant as &[String],
        &columns.event_stream_type as &[&str],
        &columns.event_stream_id as &[&str],
        &columns.event_id as &[&str],
        &columns.event_type as &[&str],
        &columns.event_version as &[&str],
        &columns.occurred_at as &[SqlTimestamp],
        &columns.actor as &[&str],
        &columns.correlation_id as &[Option<&str>],
        &columns.causation_id as &[Option<&str>],
        &columns.payload as &[&str],
        &columns.metadata as &[&str],
        &columns.hash as &[Vec<u8>],
        now.to_sqlx() as SqlTimestamp,
    )
    .fetch_all(connection)
    .await?;

    let mut outcomes = vec![Outcome::Conflict { version: 0 }; writes.len()];
    for row in rows {
        let slot = usize::try_from(row.write - 1).unwrap_or(usize::MAX);
        let number = |value: Option<i64>| u64::try_from(value.unwrap_or_default()).unwrap_or_default();
        outcomes[slot] = match row.outcome.as_str() {
            "appended" => Outcome::Appended {
                first_position: number(row.position),
                version: number(row.version),
            },
            "known" => Outcome::Known(Known {
                first_position: number(row.position),
                events: number(row.events.map(i64::from)),
                version: number(row.version),
                stored_id: row.aggregate_id.unwrap_or_default(),
                hash: row.hash.and_then(|hash| hash.try_into().ok()).unwrap_or_default(),
            }),
            _ => Outcome::Conflict {
                version: number(row.version),
            },
        };
    }
    Ok(outcomes)
}

/// Makes sure that the year of `moment` has its partition.
pub(super) async fn ensure_partition(
    connection: &mut PgConnection,
    moment: Timestamp,
) -> Result<(), sqlx::Error> {
    let moment = moment.to_sqlx();
    sqlx::query!(
        "select log_ensure_partition($1)::text as done",
        moment as SqlTimestamp
    )
    .fetch_one(connection)
    .await?;
    Ok(())
}

/// The writes turned into the statement's arrays.
#[derive(Default)]
struct Columns<'a> {
    receipts: Vec<Uuid>,
    receipt_hashes: Vec<&'a [u8]>,
    types: Vec<&'a str>,
    ids: Vec<&'a str>,
    expected: Vec<i64>,
    counts: Vec<i32>,
    event_write: Vec<i32>,
    event_index: Vec<i32>,
    event_tenant: Vec<String>,
    event_stream_type: Vec<&'a str>,
    event_stream_id: Vec<&'a str>,
    event_id: Vec<&'a str>,
    event_type: Vec<&'a str>,
    event_version: Vec<&'a str>,
    occurred_at: Vec<SqlTimestamp>,
    actor: Vec<&'a str>,
    correlation_id: Vec<Option<&'a str>>,
    causation_id: Vec<Option<&'a str>>,
    payload: Vec<&'a str>,
    metadata: Vec<&'a str>,
    hash: Vec<Vec<u8>>,
}

const NO_HASH: [u8; 32] = [0; 32];

impl<'a> Columns<'a> {
    fn of(writes: &[&'a Write]) -> Self {
        let mut columns = Self::default();
        for (number, write) in (1..).zip(writes) {
            columns
                .receipts
                .push(write.receipt.map_or(Uuid::nil(), |receipt| receipt.key));
            columns.receipt_hashes.push(
                write
                    .receipt
                    .as_ref()
                    .map_or(&NO_HASH[..], |receipt| &receipt.hash[..]),
            );
            columns.types.push(write.aggregate_type);
            columns.ids.push(&write.stored_id);
            columns.expected.push(
                write
                    .expected
                    .map_or(-1, |version| i64::try_from(version).unwrap_or(i64::MAX)),
            );
            columns
                .counts
                .push(i32::try_from(write.events.len()).unwrap_or(i32::MAX));
            for (index, event) in (1..).zip(&write.events) {
                columns.event_write.push(number);
                columns.event_index.push(index);
                columns.event_tenant.push(write.tenant.to_string());
                columns.event_stream_type.push(write.aggregate_type);
                columns.event_stream_id.push(&write.stored_id);
                columns.event_id.push(&event.event_id);
                columns.event_type.push(&event.event_type);
                columns.event_version.push(&event.version);
                columns.occurred_at.push(event.occurred_at.to_sqlx());
                columns.actor.push(&event.actor);
                columns.correlation_id.push(event.correlation_id.as_deref());
                columns.causation_id.push(event.causation_id.as_deref());
                columns.payload.push(&event.payload);
                columns.metadata.push(&event.metadata);
                columns
                    .hash
                    .push(content_hash(write.tenant, write.aggregate_type, &write.stored_id, event).to_vec());
            }
        }
        columns
    }
}
