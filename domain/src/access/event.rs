//! What has happened at the door.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::{Personal, event_types};

/// A fact about access. Who it was is the event's actor; `system:gateway`, when nobody knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Somebody was turned away: the first time of a while, or all further times of it.
    Denied {
        /// The kind of reason, for instance `bad_token` or `not_for_role`.
        reason: String,
        /// The reason as it was told.
        message: Personal<String>,
        /// What was asked for, for instance a field; null at the door itself.
        asked: Option<String>,
        /// The network address.
        address: Option<Personal<String>>,
        /// The program that was used, as it calls itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user_agent: Option<Personal<String>>,
        /// How often.
        attempts: u64,
        /// The first of these times.
        first_at: Timestamp,
    },
    /// The rules refused a command: the first time of a while, or all further times of it.
    Refused {
        /// The command, for instance `qualifyLead`.
        command: String,
        /// The refusal's name for machines.
        code: String,
        /// The refusal as it was told.
        message: Personal<String>,
        /// On what: kind and id; null when several are told together.
        target: Option<String>,
        /// The network address.
        address: Option<Personal<String>>,
        /// The program that was used, as it calls itself.
        user_agent: Option<Personal<String>>,
        /// How often.
        attempts: u64,
        /// The first of these times.
        first_at: Timestamp,
    },
    /// Sensitive data were read: the first time of a while, or all further times of it.
    Read {
        /// The kind of data, for instance `contact_data` or `audit_log`.
        what: String,
        /// By which fields, with the id where one was given: `members`, `lead/l1`. Up to 20 of them.
        targets: Vec<String>,
        /// The network address.
        address: Option<Personal<String>>,
        /// The program that was used, as it calls itself.
        user_agent: Option<Personal<String>>,
        /// How often.
        reads: u64,
        /// The first of these times.
        first_at: Timestamp,
    },
    /// An API key was used, after a while without.
    KeyUsed {
        /// The key's id.
        key: String,
        /// The network address.
        address: Option<Personal<String>>,
    },
    /// An operator did something to the installation at the command line, with a bearing on the tenant. It is done.
    Operated {
        /// The command, for instance `archive write`.
        command: String,
        /// On what, as it was named: a year, a file, a read model.
        targets: Vec<String>,
        /// The account of the operating system under which it was done; null where no master key was at hand to seal it.
        operator: Option<Personal<String>>,
        /// What was found, where something was looked for: the first 20 findings, a line each, and how many more there are.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        findings: Vec<String>,
    },
    /// The actor came by these means, for the first time in a while. What it does by them names this event.
    Seen {
        /// The network address.
        address: Option<Personal<String>>,
        /// The program that was used, as it calls itself.
        user_agent: Option<Personal<String>>,
    },
}

event_types! {
    Denied => "access.denied" v 1,
    KeyUsed => "access.key_used" v 1,
    Operated => "access.operated" v 1,
    Read => "access.read" v 1,
    Refused => "access.refused" v 1,
    Seen => "access.seen" v 1,
}
