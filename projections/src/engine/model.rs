//! What a newcomer writes: the rows of a table, and how an event changes them.

use std::hash::Hash;

use domain::{RecordedEvent, StreamId, TenantId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use store::Part;

use super::{Context, Rows};

/// A pure fold of the log into a table's rows. It knows no SQL and no clock; the engine loads the rows that
/// a page touches, writes those that changed, and counts every event exactly once.
///
/// The table's columns are the fields of [`ReadModel::Row`] and `position`, the last event that changed the
/// row. A `numeric` column is a `Decimal` (as text), a `json` column a `String` of JSON, a `jsonb` column
/// anything that serialises.
pub trait ReadModel: Sized + Send + Sync + 'static {
    /// The table's name, which is the read model's.
    const NAME: &'static str;
    /// Grows when the fold changes: the table is emptied and filled again from the log.
    const VERSION: i32;
    /// The columns of the table's primary key, which are the fields of [`ReadModel::Key`].
    const KEY: &'static [&'static str];
    /// The aggregates whose events it reads; empty: all.
    const READS: &'static [&'static str];
    /// Whether rows are only ever added, so that none needs to be loaded.
    const APPENDS_ONLY: bool = false;
    /// Whether it shows what meters read: then a new meter's rows are made of all events before it, too, in the
    /// transaction of the event that brings it. Its rows must not depend on the order of events.
    const LOOKS_BACK: bool = false;

    /// Whether its rows may hold personal data: then they are folded again when it is erased. Such a fold looks at no
    /// tenant's settings, and the part of each of its rows is a stream or an event.
    const KEEPS_PERSONAL_DATA: bool = false;

    /// What names a row.
    type Key: RowKey;
    /// A row, its key included.
    type Row: Serialize + DeserializeOwned + Clone + Send;

    /// The rows that an event may change, whether they are there yet or not.
    fn touches(event: &RecordedEvent, context: &Context) -> Vec<Self::Key>;

    /// Changes the rows that the event touches, as the event says.
    ///
    /// # Errors
    /// [`Unfoldable`] when the event does not fit what came before it.
    fn fold(rows: &mut Rows<Self>, event: &RecordedEvent, context: &Context) -> Result<(), Unfoldable>;
}

/// What names a row: a tenant's, always.
pub trait RowKey: Serialize + DeserializeOwned + Ord + Hash + Clone + Send + Sync {
    /// The tenant that owns the row.
    fn tenant(&self) -> TenantId;

    /// Where in the log all events lie that may touch the row of this key, for a read model that reads these
    /// aggregates. The smaller, the cheaper it is to tell the row's past.
    fn part(&self, reads: &'static [&'static str]) -> Part {
        Part::Tenant {
            tenant: self.tenant(),
            aggregates: reads,
        }
    }
}

/// Why an event can't be folded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unfoldable(String);

impl Unfoldable {
    /// Says what does not fit.
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

/// The key of a row that shows one aggregate's state.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EntityKey {
    /// The tenant that owns it.
    pub tenant_id: TenantId,
    /// The aggregate's id inside the tenant.
    pub id: String,
}

impl EntityKey {
    /// The key of the aggregate to which an event happened.
    #[must_use]
    pub fn of(event: &RecordedEvent) -> Self {
        Self {
            tenant_id: event.tenant(),
            id: event.stream.id.clone(),
        }
    }
}

impl RowKey for EntityKey {
    fn tenant(&self) -> TenantId {
        self.tenant_id
    }

    /// The row of an aggregate that is read alone is made by that aggregate's own stream.
    fn part(&self, reads: &'static [&'static str]) -> Part {
        match reads {
            [aggregate_type] => Part::Stream(StreamId {
                aggregate_type,
                tenant: self.tenant_id,
                id: self.id.clone(),
            }),
            _ => Part::Tenant {
                tenant: self.tenant_id,
                aggregates: reads,
            },
        }
    }
}

/// A number as a `bigint` holds it; a number beyond that stops at the largest one.
pub(crate) fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A stored position; the log starts at 1, so none is negative.
pub(crate) fn position(stored: i64) -> u64 {
    u64::try_from(stored).unwrap_or_default()
}
