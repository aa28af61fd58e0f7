//! What may be asked of a subscription.

use serde::{Deserialize, Serialize};

use super::{CreditGrant, PlanCode};
use crate::kernel::Money;
use crate::pricing::{Coupon, Tax};

/// A wish to change a subscription.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Begin.
    Start {
        /// What is subscribed to.
        plan: PlanCode,
        /// What it costs a month.
        price: Money,
        /// Who subscribes.
        #[serde(default)]
        customer: Option<String>,
    },
    /// Subscribe to something else, or at another price in the same currency.
    ChangePlan {
        /// What is subscribed to.
        plan: PlanCode,
        /// What it costs a month.
        price: Money,
    },
    /// Subscribe to the same plan at the same price anew: in the version that is in force then.
    RenewPlan,
    /// Let it rest.
    Pause {
        /// Why.
        reason: String,
    },
    /// Let it go on.
    Resume,
    /// End it.
    Cancel {
        /// Why.
        reason: String,
    },
    /// Take down that what is due was not paid in time.
    MarkPastDue,
    /// Take down that nothing is overdue any more.
    MarkCurrent,
    /// Let a coupon take something off its invoices.
    ApplyCoupon {
        /// The coupon.
        coupon: Coupon,
    },
    /// Take in prepaid credit, which pays its invoices.
    GrantCredit {
        /// The credit.
        credit: CreditGrant,
    },
    /// Levy taxes on its invoices from now on.
    SetTaxes {
        /// All of them; none: no tax.
        taxes: Vec<Tax>,
    },
    /// Take down that money came in; it may come late.
    ReceivePayment {
        /// How much.
        amount: Money,
        /// The invoice that it pays.
        #[serde(default)]
        invoice: Option<String>,
    },
    /// Take down that money did not come in.
    FailPayment {
        /// How much.
        amount: Money,
        /// Why.
        reason: String,
        /// The invoice that stays unpaid.
        #[serde(default)]
        invoice: Option<String>,
    },
    /// Take down that who paid wants the money back.
    DisputePayment {
        /// The dispute's id where the money came in.
        dispute: String,
        /// How much.
        amount: Money,
        /// Why.
        reason: String,
    },
    /// Take down that a dispute is over.
    CloseDispute {
        /// The dispute's id where the money came in.
        dispute: String,
        /// How it ended, for instance `won` or `lost`.
        outcome: String,
        /// How much it was about.
        amount: Money,
    },
}
