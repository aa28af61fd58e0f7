//! What has happened to a subscription.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CreditGrant, PlanCode};
use crate::kernel::{Money, event_types};
use crate::pricing::{Coupon, Tax};

/// A fact about a subscription. Facts after the start repeat plan and price, so that readers need no rules.
/// All amounts of a subscription are in one currency.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// It began.
    Started {
        /// What is subscribed to.
        plan: PlanCode,
        /// What it costs a month.
        price: Money,
        /// Who subscribes.
        customer: Option<String>,
        /// When it began.
        started_at: Timestamp,
    },
    /// It is another plan now, or another price.
    PlanChanged {
        /// The plan from now on.
        plan: PlanCode,
        /// The price a month from now on.
        price: Money,
        /// The plan until now.
        previous_plan: PlanCode,
        /// The price a month until now.
        previous_price: Money,
    },
    /// It rests.
    Paused {
        /// Why.
        reason: String,
        /// The plan that rests.
        plan: PlanCode,
        /// What it costs a month.
        price: Money,
    },
    /// It goes on.
    Resumed {
        /// The plan that goes on.
        plan: PlanCode,
        /// What it costs a month.
        price: Money,
    },
    /// It ended.
    Canceled {
        /// Why.
        reason: String,
        /// The plan that it was last.
        plan: PlanCode,
        /// What it cost a month.
        price: Money,
        /// When it began.
        started_at: Timestamp,
    },
    /// What is due was not paid in time; it goes on for now.
    BecamePastDue {
        /// The plan that goes on.
        plan: PlanCode,
        /// What it costs a month.
        price: Money,
    },
    /// Nothing is overdue any more.
    BecameCurrent {
        /// The plan that goes on.
        plan: PlanCode,
        /// What it costs a month.
        price: Money,
    },
    /// A coupon takes something off its invoices.
    CouponApplied {
        /// The coupon.
        coupon: Coupon,
        /// The plan at the time.
        plan: PlanCode,
    },
    /// Prepaid credit came in, which pays its invoices.
    CreditGranted {
        /// The credit.
        credit: CreditGrant,
        /// The plan at the time.
        plan: PlanCode,
    },
    /// Taxes are levied on its invoices.
    TaxesSet {
        /// From now on.
        taxes: Vec<Tax>,
        /// Until now.
        previous: Vec<Tax>,
    },
    /// Money came in.
    PaymentReceived {
        /// How much.
        amount: Money,
        /// The invoice that it pays.
        invoice: Option<String>,
        /// The plan at the time.
        plan: PlanCode,
    },
    /// Money did not come in.
    PaymentFailed {
        /// How much.
        amount: Money,
        /// Why.
        reason: String,
        /// The invoice that stays unpaid.
        invoice: Option<String>,
        /// The plan at the time.
        plan: PlanCode,
    },
    /// Who paid wants the money back from the bank.
    PaymentDisputed {
        /// The dispute's id where the money came in.
        dispute: String,
        /// How much.
        amount: Money,
        /// Why.
        reason: String,
        /// The plan at the time.
        plan: PlanCode,
    },
    /// A dispute is over.
    DisputeClosed {
        /// The dispute's id where the money came in.
        dispute: String,
        /// How it ended, for instance `won` or `lost`.
        outcome: String,
        /// How much it was about.
        amount: Money,
        /// The plan at the time.
        plan: PlanCode,
    },
}

event_types! {
    Started => "subscription.started" v 1,
    PlanChanged => "subscription.plan_changed" v 1,
    Paused => "subscription.paused" v 1,
    Resumed => "subscription.resumed" v 1,
    Canceled => "subscription.canceled" v 1,
    BecamePastDue => "subscription.became_past_due" v 1,
    BecameCurrent => "subscription.became_current" v 1,
    CouponApplied => "subscription.coupon_applied" v 1,
    CreditGranted => "subscription.credit_granted" v 1,
    TaxesSet => "subscription.taxes_set" v 1,
    PaymentReceived => "subscription.payment_received" v 1,
    PaymentFailed => "subscription.payment_failed" v 1,
    PaymentDisputed => "subscription.payment_disputed" v 1,
    DisputeClosed => "subscription.dispute_closed" v 1,
}
