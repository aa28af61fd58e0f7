//! What has happened to a webhook endpoint.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Secret, Settings};
use crate::kernel::event_types;

/// A fact about a webhook endpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// It was set up: what happens from now on is sent to it.
    Created {
        /// How it is set.
        settings: Settings,
        /// What signs.
        #[schemars(extend("x-secret" = true))]
        secret: Secret,
    },
    /// It is set in another way.
    Changed {
        /// From now on.
        settings: Settings,
        /// Until now.
        previous: Settings,
    },
    /// Another secret signs; the one before goes on beside it for a while.
    SecretRotated {
        /// What signs from now on.
        #[schemars(extend("x-secret" = true))]
        secret: Secret,
        /// What signed until now.
        #[schemars(extend("x-secret" = true))]
        previous: Secret,
        /// Until when the one before signs, too.
        previous_until: Timestamp,
    },
    /// Nothing is sent to it; what happens meanwhile waits.
    Paused {
        /// Why.
        reason: String,
    },
    /// What waits is sent.
    Resumed {},
    /// It was asked to answer a test: this event itself is sent to it.
    Pinged {},
    /// Events are to be sent to it once more.
    RedeliveryAsked {
        /// Those after this position of the log ...
        after: u64,
        /// ... up to this one, included.
        upto: u64,
    },
    /// It is gone, with what waits.
    Removed {
        /// Why.
        reason: String,
    },
}

event_types! {
    Created => "webhook_endpoint.created" v 1,
    Changed => "webhook_endpoint.changed" v 1,
    SecretRotated => "webhook_endpoint.secret_rotated" v 1,
    Paused => "webhook_endpoint.paused" v 1,
    Resumed => "webhook_endpoint.resumed" v 1,
    Pinged => "webhook_endpoint.pinged" v 1,
    RedeliveryAsked => "webhook_endpoint.redelivery_asked" v 1,
    Removed => "webhook_endpoint.removed" v 1,
}
