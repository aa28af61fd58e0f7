//! The judging way into the log: one call says of each write of a batch what became of it.

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx};
use sqlx::PgConnection;
use sqlx::types::Uuid;

use super::columns::EventColumns;
use super::write::{Known, Outcome, Sealed};

/// Appends all writes in one transaction, and says of each what became of it.
pub(super) async fn append(
    connection: &mut PgConnection,
    writes: &[&Sealed],
    now: Timestamp,
) -> Result<Vec<Outcome>, sqlx::Error> {
    let events = EventColumns::of(writes);
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
        &events.tenants as &[&str],
        &events.types as &[&str],
        &events.ids as &[&str],
        &events.event_ids as &[&str],
        &events.event_types as &[&str],
        &events.versions as &[&str],
        &events.occurred_at as &[SqlTimestamp],
        &events.actors as &[&str],
        &events.correlation_ids as &[Option<&str>],
        &events.causation_ids as &[Option<&str>],
        &events.payloads as &[&str],
        &events.metadata as &[&str],
        &events.hashes as &[&[u8]],
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
}

const NO_HASH: [u8; 32] = [0; 32];

impl<'a> Columns<'a> {
    fn of(writes: &[&'a Sealed]) -> Self {
        let mut columns = Self::default();
        for (number, Sealed { write, .. }) in (1..).zip(writes) {
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
            let count = i32::try_from(write.events.len()).unwrap_or(i32::MAX);
            columns.counts.push(count);
            columns.event_index.extend(1..=count);
            columns
                .event_write
                .extend(std::iter::repeat_n(number, write.events.len()));
        }
        columns
    }
}
