//! What may be asked of a member.

use serde::{Deserialize, Serialize};

use super::Role;
use crate::kernel::{Email, Personal};

/// A wish to change a member.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Ask a person to join.
    Invite {
        /// The person's address.
        email: Personal<Email>,
        /// What the person will be allowed to do.
        role: Role,
        /// The person's name.
        #[serde(default)]
        name: Option<Personal<String>>,
    },
    /// Accept the invitation.
    Join {
        /// The subject under which the identity provider knows the person.
        user: String,
    },
    /// Allow more, or less.
    ChangeRole {
        /// What the person is allowed to do from now on.
        role: Role,
    },
    /// Take the person out of the tenant.
    Remove {
        /// Why.
        reason: String,
    },
}
