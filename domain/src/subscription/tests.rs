//! Given what happened, when something is asked, then this follows.

use super::{Command, CreditGrant, CreditOrigin, Event, PlanCode, Refusal, Subscription};
use crate::given::{at, money, when};
use crate::pricing::{Coupon, Tax};

pub(super) const STARTED_AT: &str = "2026-01-05T09:00:00Z";
pub(super) const LATER: &str = "2026-03-01T00:00:00Z";

pub(super) fn plan(code: &str) -> PlanCode {
    code.parse().unwrap()
}

pub(super) fn started() -> Event {
    Event::Started {
        plan: plan("starter"),
        price: money("49 EUR"),
        customer: Some("acme".to_owned()),
        started_at: at(STARTED_AT),
    }
}

pub(super) fn plan_changed() -> Event {
    Event::PlanChanged {
        plan: plan("professional"),
        price: money("199 EUR"),
        previous_plan: plan("starter"),
        previous_price: money("49 EUR"),
    }
}

pub(super) fn paused() -> Event {
    Event::Paused {
        reason: "summer".to_owned(),
        plan: plan("starter"),
        price: money("49 EUR"),
    }
}

pub(super) fn resumed() -> Event {
    Event::Resumed {
        plan: plan("starter"),
        price: money("49 EUR"),
    }
}

pub(super) fn canceled(code: &str, price: &str) -> Event {
    Event::Canceled {
        reason: "too dear".to_owned(),
        plan: plan(code),
        price: money(price),
        started_at: at(STARTED_AT),
    }
}

pub(super) fn payment_received() -> Event {
    Event::PaymentReceived {
        amount: money("49 EUR"),
        invoice: Some("INV-7".to_owned()),
        plan: plan("starter"),
    }
}

fn payment_failed() -> Event {
    Event::PaymentFailed {
        amount: money("49 EUR"),
        reason: "card expired".to_owned(),
        invoice: Some("INV-7".to_owned()),
        plan: plan("starter"),
    }
}

fn change_plan(code: &str, price: &str) -> Command {
    Command::ChangePlan {
        plan: plan(code),
        price: money(price),
    }
}

fn pause() -> Command {
    Command::Pause {
        reason: "summer".to_owned(),
    }
}

fn cancel() -> Command {
    Command::Cancel {
        reason: "too dear".to_owned(),
    }
}

fn receive(amount: &str) -> Command {
    Command::ReceivePayment {
        amount: money(amount),
        invoice: Some("INV-7".to_owned()),
    }
}

fn fail(amount: &str) -> Command {
    Command::FailPayment {
        amount: money(amount),
        reason: "card expired".to_owned(),
        invoice: Some("INV-7".to_owned()),
    }
}

fn coupon() -> Coupon {
    let json = r#"{ "code": "tenth", "discount": { "percent": "10" }, "lasts": { "periods": 2 }, "expires_on": "2026-12-31" }"#;
    serde_json::from_str(json).unwrap()
}

fn coupon_applied() -> Event {
    Event::CouponApplied {
        coupon: coupon(),
        plan: plan("starter"),
    }
}

pub(super) fn credit() -> CreditGrant {
    CreditGrant {
        id: "order-7".to_owned(),
        amount: money("100.00 EUR"),
        origin: CreditOrigin::Bought,
        priority: 10,
        expires_at: Some("2027-01-01T00:00:00Z".parse().unwrap()),
        note: Some("order 7".to_owned()),
    }
}

pub(super) fn credit_granted() -> Event {
    Event::CreditGranted {
        credit: credit(),
        plan: plan("starter"),
    }
}

fn vat(rate: &str) -> Tax {
    Tax {
        code: "vat".to_owned(),
        name: "VAT".to_owned(),
        rate_percent: rate.parse().unwrap(),
    }
}

fn taxes_set() -> Event {
    Event::TaxesSet {
        taxes: vec![vat("19")],
        previous: vec![],
    }
}

/// One of each event, for the committed snapshots.
pub(crate) fn examples() -> Vec<Event> {
    vec![
        started(),
        plan_changed(),
        paused(),
        resumed(),
        canceled("starter", "49 EUR"),
        became_past_due(),
        became_current(),
        coupon_applied(),
        credit_granted(),
        taxes_set(),
        payment_received(),
        payment_failed(),
        Event::PaymentDisputed {
            dispute: "dp_1".to_owned(),
            amount: money("49 EUR"),
            reason: "fraudulent".to_owned(),
            plan: plan("starter"),
        },
        Event::DisputeClosed {
            dispute: "dp_1".to_owned(),
            outcome: "won".to_owned(),
            amount: money("49 EUR"),
            plan: plan("starter"),
        },
    ]
}

fn became_past_due() -> Event {
    Event::BecamePastDue {
        plan: plan("starter"),
        price: money("49 EUR"),
    }
}

fn became_current() -> Event {
    Event::BecameCurrent {
        plan: plan("starter"),
        price: money("49 EUR"),
    }
}

#[test]
fn a_subscription_falls_behind_and_is_current_again() {
    let late = || vec![started(), became_past_due()];
    when::<Subscription>(vec![started()], LATER, Command::MarkPastDue)
        .then_expect_events(vec![became_past_due()]);
    when::<Subscription>(late(), LATER, Command::MarkPastDue).then_expect_error(Refusal::AlreadyPastDue);
    when::<Subscription>(late(), LATER, Command::MarkCurrent).then_expect_events(vec![became_current()]);
    when::<Subscription>(vec![started()], LATER, Command::MarkCurrent).then_expect_error(Refusal::NotPastDue);
    when::<Subscription>(late(), LATER, pause()).then_expect_events(vec![paused()]);
}

#[test]
fn a_subscription_is_started_once() {
    let start = || Command::Start {
        plan: plan("starter"),
        price: money("49 EUR"),
        customer: Some("acme".to_owned()),
    };
    when::<Subscription>(vec![], STARTED_AT, start()).then_expect_events(vec![started()]);
    when::<Subscription>(vec![started()], LATER, start()).then_expect_error(Refusal::AlreadyStarted);
}

#[test]
fn a_change_names_the_previous_plan_and_price_and_keeps_the_currency() {
    let given = || vec![started()];
    when::<Subscription>(given(), LATER, change_plan("professional", "199 EUR"))
        .then_expect_events(vec![plan_changed()]);
    when::<Subscription>(given(), LATER, change_plan("starter", "49.00 EUR"))
        .then_expect_error(Refusal::NothingNew);
    when::<Subscription>(given(), LATER, change_plan("starter", "49 USD"))
        .then_expect_error_message("price: 49 USD is in USD, not in EUR");
}

#[test]
fn a_renewal_agrees_on_the_same_again() {
    let again = Event::PlanChanged {
        plan: plan("starter"),
        price: money("49 EUR"),
        previous_plan: plan("starter"),
        previous_price: money("49 EUR"),
    };
    when::<Subscription>(vec![started()], LATER, Command::RenewPlan).then_expect_events(vec![again]);
    when::<Subscription>(
        vec![started(), canceled("starter", "49 EUR")],
        LATER,
        Command::RenewPlan,
    )
    .then_expect_error(Refusal::Canceled);
}

#[test]
fn a_subscription_is_paused_and_resumed_in_turns() {
    when::<Subscription>(vec![started()], LATER, pause()).then_expect_events(vec![paused()]);
    when::<Subscription>(vec![started(), paused()], LATER, pause()).then_expect_error(Refusal::AlreadyPaused);
    when::<Subscription>(vec![started(), paused()], LATER, Command::Resume)
        .then_expect_events(vec![resumed()]);
    when::<Subscription>(vec![started()], LATER, Command::Resume).then_expect_error(Refusal::NotPaused);
}

#[test]
fn a_canceled_subscription_repeats_what_it_was_last_and_stays_canceled() {
    when::<Subscription>(vec![started(), plan_changed()], LATER, cancel())
        .then_expect_events(vec![canceled("professional", "199 EUR")]);
    for command in [
        change_plan("professional", "199 EUR"),
        pause(),
        Command::Resume,
        cancel(),
    ] {
        when::<Subscription>(vec![started(), canceled("starter", "49 EUR")], LATER, command)
            .then_expect_error(Refusal::Canceled);
    }
}

#[test]
fn payments_come_in_late_too_but_not_before_the_start() {
    for given in [vec![], vec![paused()], vec![canceled("starter", "49 EUR")]] {
        let given = || [vec![started()], given.clone()].concat();
        when::<Subscription>(given(), LATER, receive("49 EUR")).then_expect_events(vec![payment_received()]);
        when::<Subscription>(given(), LATER, fail("49 EUR")).then_expect_events(vec![payment_failed()]);
    }
    when::<Subscription>(vec![started()], "2026-01-05T08:59:59Z", receive("49 EUR"))
        .then_expect_error_message(
            "the time 2026-01-05T08:59:59Z lies before 2026-01-05T09:00:00Z, when it began",
        );
    when::<Subscription>(vec![], LATER, receive("49 EUR")).then_expect_error(Refusal::NotFound);
}

#[test]
fn a_payment_is_in_the_currency_of_the_price_and_not_negative() {
    when::<Subscription>(vec![started()], LATER, receive("49 USD"))
        .then_expect_error_message("amount: 49 USD is in USD, not in EUR");
    when::<Subscription>(vec![started()], LATER, fail("-49 EUR"))
        .then_expect_error_message("amount: -49 EUR is negative");
}

#[test]
fn coupons_and_taxes_are_agreed_upon_once_and_must_be_such() {
    let apply = |coupon| Command::ApplyCoupon { coupon };
    let set = |taxes: &[Tax]| Command::SetTaxes {
        taxes: taxes.to_vec(),
    };
    when::<Subscription>(vec![started()], LATER, apply(coupon())).then_expect_events(vec![coupon_applied()]);
    when::<Subscription>(vec![started(), coupon_applied()], LATER, apply(coupon()))
        .then_expect_error(Refusal::CouponTaken("tenth".to_owned()));
    let wrong = Coupon {
        code: " ".to_owned(),
        ..coupon()
    };
    let refused = when::<Subscription>(vec![started()], LATER, apply(wrong)).inspect_result();
    assert!(matches!(refused, Err(Refusal::InvalidTerms(_))), "{refused:?}");
    when::<Subscription>(vec![started()], LATER, set(&[vat("19")])).then_expect_events(vec![taxes_set()]);
    when::<Subscription>(vec![started(), taxes_set()], LATER, set(&[vat("19")]))
        .then_expect_error(Refusal::NothingNew);
    when::<Subscription>(vec![started()], LATER, set(&[vat("19"), vat("7")]))
        .then_expect_error(Refusal::TaxTwice("vat".to_owned()));
    let refused = when::<Subscription>(vec![started()], LATER, set(&[vat("101")])).inspect_result();
    assert!(matches!(refused, Err(Refusal::InvalidTerms(_))), "{refused:?}");
    let ended = vec![started(), canceled("starter", "49 EUR")];
    when::<Subscription>(ended, LATER, apply(coupon())).then_expect_error(Refusal::Canceled);
}

#[test]
fn a_plan_is_a_short_code() {
    for right in ["starter", "professional", "enterprise", "team_2026-q1"] {
        assert!(right.parse::<PlanCode>().is_ok(), "{right}");
    }
    for wrong in ["", "Starter", "pro plan", &"a".repeat(41)] {
        assert!(wrong.parse::<PlanCode>().is_err(), "{wrong}");
    }
}
