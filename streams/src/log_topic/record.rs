//! What lies in the topic: events as they are stored, keyed by their tenants, and marks without a key.

use serde::{Deserialize, Serialize};

/// Ends a transaction's events in a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mark {
    /// The position behind which this transaction's events begin.
    pub(super) after: u64,
    /// The position of its last event, in whatever partition that lies.
    pub(super) upto: u64,
    /// Over how many partitions tenants are spread.
    pub(super) partitions: u32,
}
