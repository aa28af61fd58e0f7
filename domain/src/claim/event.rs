//! What has happened to a claim.

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Determination;
use crate::kernel::{Money, Personal, Vertical, event_types};

/// A fact about a claim. Facts after the submission repeat its vertical, amount and time, so that readers
/// need no rules. All amounts of a claim are in one currency.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
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
        /// Which of the payer's decisions it is.
        determination: Determination,
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
        /// Which of the payer's decisions it is.
        determination: Determination,
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
    /// The payer took back money that came in.
    PaymentReversed {
        /// The line of business it belongs to.
        vertical: Vertical,
        /// What was asked for.
        billed: Money,
        /// How much was taken back.
        amount: Money,
        /// Why.
        reason: String,
        /// When it was submitted.
        submitted_at: Timestamp,
    },
}

event_types! {
    Submitted => "claim.submitted" v 1,
    Adjudicated => "claim.adjudicated" v 2 [name_the_determination],
    Denied => "claim.denied" v 2 [name_the_determination],
    Appealed => "claim.appealed" v 1,
    Recovered => "claim.recovered" v 1,
    PaymentReversed => "claim.payment_reversed" v 1,
}

/// To version 2: `initial: true|false` became `determination: "initial"|"on_appeal"`.
fn name_the_determination(fields: &mut Map<String, Value>) -> Result<(), String> {
    let determination = match fields.remove("initial") {
        Some(Value::Bool(true)) => "initial",
        Some(Value::Bool(false)) => "on_appeal",
        Some(other) => return Err(format!("initial: {other} is neither true nor false")),
        None => return Err("initial: is missing".to_owned()),
    };
    fields.insert("determination".to_owned(), determination.into());
    Ok(())
}
