//! What may be asked of an invoice.

use serde::{Deserialize, Serialize};

use super::{Bill, LineDifference};
use crate::kernel::Money;

/// A wish to change an invoice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Issue a bill under the number that names the stream.
    Issue {
        /// The bill.
        bill: Box<Bill>,
    },
    /// Take down that it was paid, or a part of it.
    ReceivePayment {
        /// How much.
        amount: Money,
        /// The payment's reference.
        #[serde(default)]
        reference: Option<String>,
    },
    /// Let it be as if it had not been issued; its number stays.
    Void {
        /// Why.
        reason: String,
    },
    /// Give back some of it.
    Credit {
        /// Of this line; none: of all.
        #[serde(default)]
        line: Option<u32>,
        /// How much of its lines, before coupons and taxes.
        amount: Money,
        /// Why.
        reason: String,
    },
    /// Say that a line is wrong.
    DisputeLine {
        /// Its place: 1, 2, 3, ...
        line: u32,
        /// Why.
        reason: String,
    },
    /// End a dispute.
    SettleDispute {
        /// The line's place.
        line: u32,
        /// What is given back; none when the line is right.
        #[serde(default)]
        credit: Option<Money>,
        /// Why.
        reason: String,
    },
    /// Take down that the log says something else.
    ReportDifference {
        /// What the log says that it comes to.
        folded: Money,
        /// The lines that differ.
        lines: Vec<LineDifference>,
    },
}
