//! What has happened to a lead.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::kernel::{Email, Personal, Phone, Vertical, event_types};

/// A fact about a lead. Facts after the capture repeat its vertical and time, so that readers need no rules.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// It was taken down.
    Captured {
        /// The line of business it belongs to.
        vertical: Vertical,
        /// Where it came from.
        source: String,
        /// The person's name.
        name: Option<Personal<String>>,
        /// The person's address.
        email: Option<Personal<Email>>,
        /// The person's number.
        phone: Option<Personal<Phone>>,
        /// When it was captured.
        captured_at: Timestamp,
    },
    /// More became known.
    Enriched {
        /// The names and values that changed.
        attributes: Personal<BTreeMap<String, String>>,
    },
    /// It was found worthwhile.
    Qualified {
        /// The line of business it belongs to.
        vertical: Vertical,
        /// From 0 to 100.
        score: u8,
        /// When it was captured.
        captured_at: Timestamp,
    },
    /// Somebody took it.
    Assigned {
        /// Who has it now.
        assignee: String,
        /// Who had it before.
        previous: Option<String>,
    },
    /// Somebody reached out.
    Contacted {
        /// The line of business it belongs to.
        vertical: Vertical,
        /// `email`, `phone`, `chat`, ...
        channel: String,
        /// Which contact this was: 1 is the first answer.
        number: u32,
        /// When it was captured.
        captured_at: Timestamp,
    },
    /// It became business.
    Converted {
        /// The line of business it belongs to.
        vertical: Vertical,
        /// The opportunity that came of it.
        opportunity: Option<String>,
        /// When it was captured.
        captured_at: Timestamp,
    },
    /// It was given up.
    Disqualified {
        /// The line of business it belongs to.
        vertical: Vertical,
        /// Why.
        reason: String,
        /// When it was captured.
        captured_at: Timestamp,
    },
}

event_types! {
    Captured => "lead.captured" v 1,
    Enriched => "lead.enriched" v 2 [unchanged],
    Qualified => "lead.qualified" v 1,
    Assigned => "lead.assigned" v 1,
    Contacted => "lead.contacted" v 1,
    Converted => "lead.converted" v 1,
    Disqualified => "lead.disqualified" v 1,
}

/// Version 2 says that the attributes are about a person: they may be sealed or absent for readers. Their shape is the
/// same.
#[expect(clippy::unnecessary_wraps, reason = "an upcast may fail")]
const fn unchanged(_fields: &mut Map<String, Value>) -> Result<(), String> {
    Ok(())
}
