//! What may be asked of a lead.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::kernel::{Email, Personal, Phone, Vertical};

/// A wish to change a lead.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Take down a new lead.
    Capture {
        /// The line of business it belongs to.
        vertical: Vertical,
        /// Where it came from: a campaign, a widget, a list.
        source: String,
        /// The person's name.
        #[serde(default)]
        name: Option<Personal<String>>,
        /// The person's address.
        #[serde(default)]
        email: Option<Personal<Email>>,
        /// The person's number.
        #[serde(default)]
        phone: Option<Personal<Phone>>,
    },
    /// Add what was found out about it.
    Enrich {
        /// Names and values, for instance `company_size: 120`.
        attributes: BTreeMap<String, String>,
    },
    /// Say that it is worth the sales team's time.
    Qualify {
        /// From 0 to 100.
        score: u8,
    },
    /// Give it to somebody.
    Assign {
        /// The member or agent who takes it.
        assignee: String,
    },
    /// Note that somebody reached out.
    Contact {
        /// `email`, `phone`, `chat`, ...
        channel: String,
    },
    /// Turn it into a customer or an opportunity.
    Convert {
        /// The opportunity that came of it.
        #[serde(default)]
        opportunity: Option<String>,
    },
    /// Give it up.
    Disqualify {
        /// Why.
        reason: String,
    },
}
