//! What may be asked of a claim.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::kernel::{Money, Personal, Vertical};

/// A wish to change a claim.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Send it to the payer.
    Submit {
        /// The line of business it belongs to.
        vertical: Vertical,
        /// Who is to pay.
        payer: String,
        /// What is asked for.
        billed: Money,
        /// The day of the service.
        #[serde(default)]
        service_date: Option<Date>,
        /// The patient's name or number.
        #[serde(default)]
        patient: Option<Personal<String>>,
    },
    /// Take down that the payer decided to pay.
    Adjudicate {
        /// What the payer takes for right; at most what was billed.
        allowed: Money,
        /// What the payer pays; at most what is allowed.
        paid: Money,
        /// Why the amounts differ: X12 claim adjustment reason codes (CARC) and remark codes (RARC).
        #[serde(default)]
        reason_codes: Vec<String>,
    },
    /// Take down that the payer decided not to pay.
    Deny {
        /// X12 claim adjustment reason codes (CARC) and remark codes (RARC).
        #[serde(default)]
        reason_codes: Vec<String>,
        /// Why, in words.
        reason: String,
    },
    /// Ask the payer to decide again.
    Appeal {
        /// Why.
        reason: String,
    },
    /// Take down that money came in that was given up.
    Recover {
        /// How much.
        amount: Money,
    },
    /// Take down that the payer took back money that came in.
    ReversePayment {
        /// How much; at most what came in and was not taken back.
        amount: Money,
        /// Why.
        reason: String,
    },
}
