//! Subscriptions (the trade's, to plans) over GraphQL.

use async_graphql::{Json, SimpleObject};
use domain::subscription::{Command, CreditGrant, Subscription as Aggregate};
use projections::subscription::{SubscriptionList, SubscriptionRow};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::credit_ledger::CreditOrigin;
use super::kit::{DateTime, Money, MoneyInput, NodeId, UserError, evidence, mutations, parsed, queries};

mutations! {
    /// What may be asked of subscriptions.
    SubscriptionMutation: Aggregate, Write;

    /// Begins a subscription: a plan at a price a month.
    start_subscription(Creating, StartSubscriptionInput {
        /// What is subscribed to: `starter`, `professional`, `enterprise`, or another plan's code.
        plan: String,
        /// What it costs a month.
        price: MoneyInput,
        /// Who subscribes.
        customer: Option<String>,
    })
    |input| Command::Start {
        plan: parsed("plan", &input.plan)?,
        price: input.price.read("price")?,
        customer: input.customer,
    };

    /// Changes a subscription's plan, or its price in the same currency.
    change_subscription_plan(Changing, ChangeSubscriptionPlanInput {
        /// What is subscribed to from now on.
        plan: String,
        /// What it costs a month from now on.
        price: MoneyInput,
    })
    |input| Command::ChangePlan {
        plan: parsed("plan", &input.plan)?,
        price: input.price.read("price")?,
    };

    /// Takes a subscription's plan as it is in force then, at the price as it was: a plan's new version is for subscriptions
    /// that begin or change, until they are renewed. Without a new version it bills nothing else than before.
    renew_subscription_plan(Changing, RenewSubscriptionPlanInput {})
    |_| Command::RenewPlan;

    /// Lets a subscription rest.
    pause_subscription(Changing, PauseSubscriptionInput {
        /// Why.
        reason: String,
    })
    |input| Command::Pause { reason: input.reason };

    /// Lets a subscription go on.
    resume_subscription(Changing, ResumeSubscriptionInput {})
    |_| Command::Resume;

    /// Ends a subscription.
    cancel_subscription(Changing, CancelSubscriptionInput {
        /// Why.
        reason: String,
    })
    |input| Command::Cancel { reason: input.reason };

    /// Lets a coupon take something off a subscription's invoices, before taxes.
    apply_coupon(Changing, ApplyCouponInput {
        /// The coupon as docs/pricing.md tells: code, discount, only_for, lasts, expires_on. Figures are texts.
        coupon: Json<Value>,
    })
    |input| Command::ApplyCoupon { coupon: read("coupon", input.coupon.0)? };

    /// Takes in prepaid credit, which pays a subscription's invoices from then on, after coupons and taxes.
    grant_credit(Changing, GrantCreditInput {
        /// The grant's id, unique in the subscription, for instance the order's number.
        grant: String,
        /// How much, in the subscription's currency.
        amount: MoneyInput,
        /// Whether the customer paid for it.
        origin: CreditOrigin,
        /// Lower ones are drawn first, 0 to 255; then the soonest to expire, then the oldest.
        #[graphql(default)]
        priority: u8,
        /// From when on it may be drawn no more; never, when left out.
        expires_at: Option<DateTime>,
        /// What people should know of it.
        note: Option<String>,
    })
    |input| Command::GrantCredit {
        credit: CreditGrant {
            id: input.grant,
            amount: input.amount.read("amount")?,
            origin: input.origin.into(),
            priority: input.priority,
            expires_at: input.expires_at.map(|at| at.0),
            note: input.note,
        },
    };

    /// Levies taxes on a subscription's invoices from now on.
    set_subscription_taxes(Changing, SetSubscriptionTaxesInput {
        /// All of them, each with code, name and rate_percent (a text); an empty list for none.
        taxes: Json<Value>,
    })
    |input| Command::SetTaxes { taxes: read("taxes", input.taxes.0)? };

    /// Takes down that money came in for a subscription; it may come late.
    receive_payment(Changing, ReceivePaymentInput {
        /// How much.
        amount: MoneyInput,
        /// The invoice that it pays.
        invoice: Option<String>,
    })
    |input| Command::ReceivePayment {
        amount: input.amount.read("amount")?,
        invoice: input.invoice,
    };

    /// Takes down that money did not come in for a subscription.
    fail_payment(Changing, FailPaymentInput {
        /// How much.
        amount: MoneyInput,
        /// Why.
        reason: String,
        /// The invoice that stays unpaid.
        invoice: Option<String>,
    })
    |input| Command::FailPayment {
        amount: input.amount.read("amount")?,
        reason: input.reason,
        invoice: input.invoice,
    };
}

fn read<T: DeserializeOwned>(field: &str, value: Value) -> Result<T, UserError> {
    serde_json::from_value(value).map_err(|error| UserError::invalid(&[field], &error))
}

/// A subscription as it is now: a plan at a price a month.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub(crate) struct PlanSubscription {
    #[graphql(skip)]
    as_of: Option<u64>,
    /// Its id in all of this API: opaque, and good in this tenant only.
    pub(crate) id: NodeId,
    /// The id inside the tenant, as events, files and URLs have it.
    local_id: String,
    /// What is subscribed to.
    plan: String,
    /// What it costs a month.
    price: Money,
    /// Who subscribes.
    customer: Option<String>,
    /// `active`, `past_due`, `paused` or `canceled`.
    status: String,
    /// Why it rests, or ended.
    reason: Option<String>,
    /// How often money came in.
    payments: i64,
    /// How much came in, each currency for itself.
    received: Vec<Money>,
    /// How often money did not come in.
    failed_payments: i64,
    /// When money came in last.
    last_payment_at: Option<DateTime>,
    /// When it began.
    started_at: DateTime,
    /// When it ended.
    ended_at: Option<DateTime>,
}

impl From<SubscriptionRow> for PlanSubscription {
    fn from(row: SubscriptionRow) -> Self {
        Self {
            as_of: None,
            id: NodeId::of::<SubscriptionList>(row.tenant_id, &row.id),
            local_id: row.id,
            plan: row.plan.into(),
            price: row.price.into(),
            customer: row.customer,
            status: row.status,
            reason: row.reason,
            payments: row.payments,
            received: row.received.sums().map(Into::into).collect(),
            failed_payments: row.failed_payments,
            last_payment_at: row.last_payment_at.map(Into::into),
            started_at: row.created_at.into(),
            ended_at: row.ended_at.map(Into::into),
        }
    }
}

evidence!(PlanSubscription of SubscriptionList, |row| vec![("id", row.local_id.clone())]);

queries! {
    SubscriptionQuery: SubscriptionList, Read => PlanSubscription, PlanSubscriptionConnection, PlanSubscriptionEdge;
    subscription("A subscription of the tenant; null when there is none of this id."),
    subscriptions("The tenant's subscriptions, newest first.", "the tenant's subscriptions"),
    PlanSubscriptionFilter {
        /// To this plan.
        plan,
        /// Of this customer.
        customer,
        /// In this status: `active`, `past_due`, `paused` or `canceled`.
        status,
    },
    PlanSubscriptionOrder, PlanSubscriptionOrderField {
        /// When it began.
        StartedAt => Moments created_at,
        /// What is subscribed to.
        Plan => Texts plan,
    }
}
