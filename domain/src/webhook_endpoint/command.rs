//! What may be asked of a webhook endpoint.

use serde::{Deserialize, Serialize};

use super::{Secret, Settings};

/// A wish to change a webhook endpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Set it up.
    Create {
        /// How it is set.
        settings: Settings,
        /// What signs.
        secret: Secret,
    },
    /// Set it in another way.
    Change {
        /// From now on.
        settings: Settings,
    },
    /// Let another secret sign.
    RotateSecret {
        /// What signs from now on.
        secret: Secret,
        /// How long the one before signs, too: up to 30 days.
        overlap_seconds: u32,
    },
    /// Send nothing for now.
    Pause {
        /// Why.
        reason: String,
    },
    /// Send what waits.
    Resume,
    /// Send a test.
    Ping,
    /// Send events once more.
    Redeliver {
        /// Those after this position of the log ...
        after: u64,
        /// ... up to this one, included.
        upto: u64,
    },
    /// Take it away.
    Remove {
        /// Why.
        reason: String,
    },
}
