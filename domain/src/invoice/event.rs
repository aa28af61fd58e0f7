//! What has happened to an invoice.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Bill, LineDifference};
use crate::kernel::{Money, event_types};
use crate::pricing::{CreditNote, CreditPart};

/// A fact about an invoice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// It was issued.
    Issued {
        /// What it says, for good.
        bill: Box<Bill>,
    },
    /// Money came in for it.
    PaymentReceived {
        /// How much.
        amount: Money,
        /// What is left to be paid.
        left: Money,
        /// The payment's reference.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reference: Option<String>,
        /// The subscription that it bills.
        subscription: String,
    },
    /// It counts no more.
    Voided {
        /// Why.
        reason: String,
        /// What it came to.
        total: Money,
        /// The subscription that it billed.
        subscription: String,
    },
    /// A credit note gave back some of it.
    Credited {
        /// The credit note's place among those of the invoice: 1, 2, 3, ...
        number: u32,
        /// The line that it gives back; none for all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        line: Option<u32>,
        /// What is given back of the lines, before coupons and taxes.
        amount: Money,
        /// What is given back, with its taxes.
        note: CreditNote,
        /// What of it goes back to prepaid credits, the last drawn first: what is more than was left to be paid.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        credits: Vec<CreditPart>,
        /// What is left to be paid.
        left: Money,
        /// Why.
        reason: String,
        /// The subscription that it bills.
        subscription: String,
    },
    /// Somebody says that a line is wrong.
    LineDisputed {
        /// Its place: 1, 2, 3, ...
        line: u32,
        /// The code of the fee or charge.
        code: String,
        /// What it comes to.
        amount: Money,
        /// Why.
        reason: String,
    },
    /// The dispute of a line ended.
    DisputeSettled {
        /// Its place.
        line: u32,
        /// The credit note that it ended in; none when the line is right.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        credit_note: Option<u32>,
        /// Why.
        reason: String,
    },
    /// The log says something else than what was issued.
    DifferenceFound {
        /// What was issued.
        issued: Money,
        /// What the log says.
        folded: Money,
        /// The lines that differ.
        lines: Vec<LineDifference>,
        /// The position up to which both count.
        counted_up_to: u64,
    },
}

event_types! {
    Issued => "invoice.issued" v 1,
    PaymentReceived => "invoice.payment_received" v 1,
    Voided => "invoice.voided" v 1,
    Credited => "invoice.credited" v 1,
    LineDisputed => "invoice.line_disputed" v 1,
    DisputeSettled => "invoice.dispute_settled" v 1,
    DifferenceFound => "invoice.difference_found" v 1,
}
