//! What has happened to a saved filter.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{EntryFilter, Sharing};
use crate::kernel::event_types;

/// A fact about a saved filter. Whose it is says the actor of its first event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// It was saved.
    Saved {
        /// By which it is asked for.
        name: String,
        /// For whom.
        sharing: Sharing,
        /// Which entries.
        filter: EntryFilter,
    },
    /// It is another one.
    Changed {
        /// By which it is asked for from now on.
        name: String,
        /// For whom from now on.
        sharing: Sharing,
        /// Which entries from now on.
        filter: EntryFilter,
        /// By which it was asked for.
        previous: String,
    },
    /// It is kept no more.
    Removed {
        /// By which it was asked for.
        name: String,
    },
}

event_types! {
    Saved => "saved_filter.saved" v 1,
    Changed => "saved_filter.changed" v 1,
    Removed => "saved_filter.removed" v 1,
}
