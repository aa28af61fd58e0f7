//! What the log knows of a chunk already.

use domain::Caller;
use store::{Key, Store};

use super::error::SyncError;
use super::patience::Patience;
use super::reading::Chunk;
use super::rejected::{Rejected, hex, open_rejection_key};
use crate::commands::DispatchError;
use crate::csv_file::{Outputs, Translated};

/// A chunk's rows by what is to be done with them.
#[derive(Default)]
pub(super) struct Sorted {
    /// Not in the log, in the file's order.
    pub(super) new: Vec<New>,
    /// Not to be taken, each with the hash under which it was rejected before.
    pub(super) rejected: Vec<(Rejected, Option<[u8; 32]>)>,
    /// In the log, the same.
    pub(super) known: u64,
    /// Nothing, by the mapping's conditions.
    pub(super) skipped: u64,
}

/// A row that is not in the log.
pub(super) struct New {
    pub(super) row: Translated,
    pub(super) key: Key,
    /// The hash under which the same row was rejected before.
    pub(super) rejected_before: Option<[u8; 32]>,
}

/// Asks the log once for all rows of a chunk.
pub(super) async fn sort(
    store: &Store,
    caller: &Caller,
    source: &str,
    chunk: Chunk,
) -> Result<Sorted, SyncError> {
    let mut keys = Vec::with_capacity(chunk.len() * 2);
    let mut rows = Vec::with_capacity(chunk.len());
    let mut sorted = Sorted::default();
    for row in chunk {
        match row {
            Ok(row) if row.outputs == Outputs::Nothing => sorted.skipped += 1,
            Ok(row) => {
                keys.extend([row_key(&row, source), open_rejection_key(&row, source)]);
                rows.push(Ok(row));
            }
            Err(rejection) => {
                let rejected = Rejected::by_mapping(rejection);
                keys.push(rejected.key(source));
                rows.push(Err(rejected));
            }
        }
    }
    let known = known_keys(store, caller, &keys).await?;
    let mut known = keys.into_iter().zip(known);
    let mut next = || known.next().expect("there is an answer for each key");
    for row in rows {
        match row {
            Ok(row) => {
                let ((key, hash), (_, rejected_before)) = (next(), next());
                match hash {
                    None => sorted.new.push(New {
                        row,
                        key,
                        rejected_before,
                    }),
                    Some(hash) if hash == row.content_hash => sorted.known += 1,
                    Some(hash) => {
                        let conflict = Rejected::conflicting(&row, &hex(&hash), &hex(&row.content_hash));
                        sorted.rejected.push((conflict, rejected_before));
                    }
                }
            }
            Err(rejected) => sorted.rejected.push((rejected, next().1)),
        }
    }
    Ok(sorted)
}

fn row_key(row: &Translated, source: &str) -> Key {
    Key {
        source: source.to_owned(),
        id: row.receipt_id.clone(),
        hash: row.content_hash,
    }
}

/// For each key, the hash under which it is known.
pub(super) async fn known_keys(
    store: &Store,
    caller: &Caller,
    keys: &[Key],
) -> Result<Vec<Option<[u8; 32]>>, SyncError> {
    let mut patience = Patience::default();
    loop {
        match store.known_keys(caller, keys).await.map_err(DispatchError::from) {
            Err(error) if patience.lasts(&error).await => {}
            answer => return Ok(answer?),
        }
    }
}
