//! The quick way into the log: one call for a batch in which every write is expected to succeed.

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx};
use sqlx::PgConnection;
use sqlx::types::Uuid;

use super::columns::EventColumns;
use super::write::{Outcome, Sealed};

/// Appends all writes, or none: an error about the data says that one of them is not as expected.
/// Every write has an event.
pub(super) async fn append(
    connection: &mut PgConnection,
    writes: &[&Sealed],
    now: Timestamp,
) -> Result<Vec<Outcome>, sqlx::Error> {
    let events = EventColumns::of(writes);
    let columns = Columns::of(writes);
    let head = sqlx::query_file_scalar!(
        "src/log/append_as_expected.sql",
        &columns.fresh_types as &[&str],
        &columns.fresh_ids as &[&str],
        &columns.fresh_versions,
        &columns.stream_types as &[&str],
        &columns.stream_ids as &[&str],
        &columns.expected,
        &columns.stream_versions,
        &columns.receipts,
        &columns.receipt_hashes as &[&[u8]],
        &columns.receipt_before,
        &columns.receipt_events,
        &columns.receipt_types as &[&str],
        &columns.receipt_ids as &[&str],
        &columns.receipt_versions,
        &events.tenants as &[&str],
        &events.types as &[&str],
        &events.ids as &[&str],
        &columns.sequences,
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
    .fetch_one(connection)
    .await?;

    let mut before = u64::try_from(head).unwrap_or_default();
    let outcome = |sealed: &&Sealed| {
        let events = sealed.write.events.len() as u64;
        let first_position = before + 1;
        before += events;
        Outcome::Appended {
            first_position,
            version: sealed.write.expected.unwrap_or_default() + events,
        }
    };
    Ok(writes.iter().map(outcome).collect())
}

/// What concerns streams and receipts: empty where a batch has none, which costs nothing.
#[derive(Default)]
struct Columns<'a> {
    fresh_types: Vec<&'a str>,
    fresh_ids: Vec<&'a str>,
    fresh_versions: Vec<i64>,
    stream_types: Vec<&'a str>,
    stream_ids: Vec<&'a str>,
    expected: Vec<i64>,
    stream_versions: Vec<i64>,
    receipts: Vec<Uuid>,
    receipt_hashes: Vec<&'a [u8]>,
    receipt_before: Vec<i64>,
    receipt_events: Vec<i32>,
    receipt_types: Vec<&'a str>,
    receipt_ids: Vec<&'a str>,
    receipt_versions: Vec<i64>,
    sequences: Vec<i64>,
}

impl<'a> Columns<'a> {
    fn of(writes: &[&'a Sealed]) -> Self {
        let mut columns = Self::default();
        for Sealed { write, .. } in writes {
            let before = columns.sequences.len();
            let expected = i64::try_from(write.expected.unwrap_or_default()).unwrap_or(i64::MAX);
            columns.sequences.extend(
                (1..)
                    .take(write.events.len())
                    .map(|index| expected.saturating_add(index)),
            );
            let version = columns.sequences.last().copied().unwrap_or(expected);
            match write.expected {
                None => {}
                Some(0) => {
                    columns.fresh_types.push(write.aggregate_type);
                    columns.fresh_ids.push(&write.stored_id);
                    columns.fresh_versions.push(version);
                }
                Some(_) => {
                    columns.stream_types.push(write.aggregate_type);
                    columns.stream_ids.push(&write.stored_id);
                    columns.expected.push(expected);
                    columns.stream_versions.push(version);
                }
            }
            if let Some(receipt) = &write.receipt {
                columns.receipts.push(receipt.key);
                columns.receipt_hashes.push(&receipt.hash);
                columns
                    .receipt_before
                    .push(i64::try_from(before).unwrap_or(i64::MAX));
                columns
                    .receipt_events
                    .push(i32::try_from(write.events.len()).unwrap_or(i32::MAX));
                columns.receipt_types.push(write.aggregate_type);
                columns.receipt_ids.push(&write.stored_id);
                columns.receipt_versions.push(version);
            }
        }
        columns
    }
}
