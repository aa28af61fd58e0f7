//! What has happened to a claim.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::kernel::{Money, Personal, Vertical, event_types};

/// A fact about a claim. Facts after the submission repeat its vertical, amount and time, so that readers
/// need no rules. All amounts of a claim are in one currency.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// It was sent to the payer.
    Submitted {
        /// The line of business it belongs to.
        vertical: Vertical,
        /// Who is to pay.
        payer: String,
        /// What is asked for.
        billed: Money,
        /// The day of the service.
        service_date: Option<Date>,
        /// The patient's name or number.
        patient: Option<Personal<String>>,
        /// When it was submitted.
        submitted_at: Timestamp,
    },
    /// The payer decided to pay.
    Adjudicated {
        /// The line of business it belongs to.
        vertical: Vertical,
        /// What was asked for.
        billed: Money,
        /// What the payer takes for right.
        allowed: Money,
        /// What the payer pays.
        paid: Money,
        /// X12 claim adjustment reason codes (CARC) and remark codes (RARC).
        reason_codes: Vec<String>,
        /// Whether this was the first decision after the submission.
        initial: bool,
        /// When it was submitted.
        submitted_at: Timestamp,
    },
    /// The payer decided not to pay.
    Denied {
        /// The line of business it belongs to.
        vertical: Vertical,
        /// What was asked for.
        billed: Money,
        /// X12 claim adjustment reason codes (CARC) and remark codes (RARC).
        reason_codes: Vec<String>,
        /// Why, in words.
        reason: String,
        /// Whether this was the first decision after the submission.
        initial: bool,
        /// When it was submitted.
        submitted_at: Timestamp,
    },
    /// The payer was asked to decide again.
    Appealed {
        /// The line of business it belongs to.
        vertical: Vertical,
        /// What was asked for.
        billed: Money,
        /// Why.
        reason: String,
        /// When it was submitted.
        submitted_at: Timestamp,
    },
    /// Money came in that was given up.
    Recovered {
        /// The line of business it belongs to.
        vertical: Vertical,
        /// What was asked for.
        billed: Money,
        /// How much came in.
        amount: Money,
        /// When it was submitted.
        submitted_at: Timestamp,
    },
}

event_types! {
    Submitted => "claim.submitted" v 1,
    Adjudicated => "claim.adjudicated" v 1,
    Denied => "claim.denied" v 1,
    Appealed => "claim.appealed" v 1,
    Recovered => "claim.recovered" v 1,
}
