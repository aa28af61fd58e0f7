//! Events in, rows out.

use domain::subscription::Event;

use super::SubscriptionList;
use crate::engine::rehearsal::{Story, money};

#[test]
fn a_subscription_shows_its_plan_and_what_was_paid() {
    let at = "2026-01-01T00:00:00Z";
    let plan = |code: &str| code.parse().unwrap();
    let started = Event::Started {
        plan: plan("starter"),
        price: money("10 USD"),
        customer: None,
        started_at: at.parse().unwrap(),
    };
    let changed = Event::PlanChanged {
        plan: plan("professional"),
        price: money("20 USD"),
        previous_plan: plan("starter"),
        previous_price: money("10 USD"),
    };
    let paid = |amount| Event::PaymentReceived {
        amount: money(amount),
        invoice: None,
        plan: plan("starter"),
    };
    let failed = Event::PaymentFailed {
        amount: money("20 USD"),
        reason: "card".to_owned(),
        invoice: None,
        plan: plan("professional"),
    };
    let row = Story::default()
        .then(at, "subscription.started", "s1", started)
        .then(at, "subscription.payment_received", "s1", paid("10 USD"))
        .then(at, "subscription.plan_changed", "s1", changed)
        .then(at, "subscription.payment_failed", "s1", failed)
        .then(at, "subscription.payment_received", "s1", paid("20.01 USD"))
        .row::<SubscriptionList>();
    assert_eq!(
        (row.plan.as_str(), row.price, row.status.as_str()),
        ("professional", money("20 USD"), "active")
    );
    assert_eq!((row.payments, row.failed_payments), (2, 1));
    assert_eq!(row.received.sums().collect::<Vec<_>>(), [money("30.01 USD")]);
}
