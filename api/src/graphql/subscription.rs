//! Subscriptions (the trade's, to plans) over GraphQL.

use domain::subscription::{Command, Subscription as Aggregate};

use super::kit::{MoneyInput, mutations, parsed, payload};

payload!(SubscriptionPayload, "a subscription's command");

mutations! {
    /// What may be asked of subscriptions.
    SubscriptionMutation: Aggregate, Write => SubscriptionPayload;

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
