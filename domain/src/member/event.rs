//! What has happened to a member.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Role;
use crate::kernel::{Email, Personal, event_types};

/// A fact about a member.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A person was asked to join.
    Invited {
        /// The person's address.
        email: Personal<Email>,
        /// What the person will be allowed to do.
        role: Role,
        /// The person's name.
        name: Option<Personal<String>>,
    },
    /// The person accepted.
    Joined {
        /// The subject under which the identity provider knows the person.
        user: String,
        /// What the person is allowed to do.
        role: Role,
    },
    /// The person may do more, or less.
    RoleChanged {
        /// From now on.
        role: Role,
        /// Until now.
        previous: Role,
    },
    /// The person is out.
    Removed {
        /// Why.
        reason: String,
        /// The role until now.
        previous: Role,
    },
}

event_types! {
    Invited => "member.invited" v 1,
    Joined => "member.joined" v 1,
    RoleChanged => "member.role_changed" v 1,
    Removed => "member.removed" v 1,
}
