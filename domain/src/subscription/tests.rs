//! Given what happened, when something is asked, then this follows.

use super::{Command, Event, PlanCode, Refusal, Subscription};
use crate::given::{at, money, when};

const STARTED_AT: &str = "2026-01-05T09:00:00Z";
const LATER: &str = "2026-03-01T00:00:00Z";

fn plan(code: &str) -> PlanCode {
    code.parse().unwrap()
}

fn started() -> Event {
    Event::Started {
        plan: plan("starter"),
        price: money("49 EUR"),
        customer: Some("acme".to_owned()),
        started_at: at(STARTED_AT),
    }
}

fn plan_changed() -> Event {
    Event::PlanChanged {
        plan: plan("professional"),
        price: money("199 EUR"),
        previous_plan: plan("starter"),
        previous_price: money("49 EUR"),
    }
}

fn paused() -> Event {
    Event::Paused {
        reason: "summer".to_owned(),
        plan: plan("starter"),
        price: money("49 EUR"),
    }
}

fn resumed() -> Event {
    Event::Resumed {
        plan: plan("starter"),
        price: money("49 EUR"),
    }
}

fn canceled(code: &str, price: &str) -> Event {
    Event::Canceled {
        reason: "too dear".to_owned(),
        plan: plan(code),
        price: money(price),
        started_at: at(STARTED_AT),
    }
}

fn payment_received() -> Event {
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

/// One of each event, for the committed snapshots.
pub(crate) fn examples() -> Vec<Event> {
    vec![
        started(),
        plan_changed(),
        paused(),
        resumed(),
        canceled("starter", "49 EUR"),
        payment_received(),
        payment_failed(),
    ]
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
fn a_plan_is_a_short_code() {
    for right in ["starter", "professional", "enterprise", "team_2026-q1"] {
        assert!(right.parse::<PlanCode>().is_ok(), "{right}");
    }
    for wrong in ["", "Starter", "pro plan", &"a".repeat(41)] {
        assert!(wrong.parse::<PlanCode>().is_err(), "{wrong}");
    }
}
