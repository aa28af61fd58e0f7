//! Given what happened to a subscription, this is billed on which days, at which price.

use super::tests::{
    LATER, STARTED_AT, canceled, paused, payment_received, plan, plan_changed, resumed, started,
};
use super::{Event, agreement};
use crate::given::{at, money};
use crate::pricing::bundled_plans;

/// The days of each plan in the period that a day belongs to, by these events in Berlin.
fn billed(events: &[(&str, Event)], on: &str) -> Vec<String> {
    let events: Vec<_> = events
        .iter()
        .map(|(time, event)| (at(time), event.clone()))
        .collect();
    let zone = "Europe/Berlin".parse().unwrap();
    let agreement = agreement(&bundled_plans(), &events, &zone).unwrap().unwrap();
    let period = agreement.cycle().period_on(on.parse().unwrap()).unwrap();
    let told = agreement.parts(&period).into_iter().map(|part| {
        let price = part.plan.monthly_value("EUR".parse().unwrap()).unwrap();
        format!(
            "{price} EUR from {} until {}",
            part.in_force.days.from, part.in_force.days.until
        )
    });
    told.collect()
}

#[test]
fn its_events_tell_which_plan_is_billed_on_which_days_at_which_price() {
    let events = [
        (STARTED_AT, started()),
        ("2026-02-10T23:30:00Z", plan_changed()),
        ("2026-02-20T12:00:00Z", paused()),
        ("2026-02-25T12:00:00Z", resumed()),
        (LATER, payment_received()),
        ("2026-03-10T12:00:00Z", canceled("professional", "199 EUR")),
    ];
    assert_eq!(
        billed(&events, "2026-01-05"),
        ["49 EUR from 2026-01-05 until 2026-02-05"]
    );
    assert_eq!(
        billed(&events, "2026-02-05"),
        [
            "49 EUR from 2026-02-05 until 2026-02-11",
            "199 EUR from 2026-02-11 until 2026-02-20",
            "199 EUR from 2026-02-25 until 2026-03-05",
        ]
    );
    assert_eq!(
        billed(&events, "2026-03-05"),
        ["199 EUR from 2026-03-05 until 2026-03-10"]
    );
    assert!(billed(&events, "2026-04-05").is_empty());
}

#[test]
fn a_change_of_plan_that_was_written_down_late_takes_its_place_by_its_time() {
    let changed = |price: &str| Event::PlanChanged {
        plan: plan("professional"),
        price: money(price),
        previous_plan: plan("starter"),
        previous_price: money("49 EUR"),
    };
    let events = [
        (STARTED_AT, started()),
        ("2026-02-20T12:00:00Z", changed("199 EUR")),
        ("2026-02-10T12:00:00Z", changed("149 EUR")),
    ];
    assert_eq!(
        billed(&events, "2026-02-05"),
        [
            "49 EUR from 2026-02-05 until 2026-02-10",
            "149 EUR from 2026-02-10 until 2026-02-20",
            "199 EUR from 2026-02-20 until 2026-03-05",
        ]
    );
}

#[test]
fn a_subscription_to_an_unknown_plan_cannot_be_billed() {
    let events = [(at(STARTED_AT), started())];
    let refused = agreement(&[], &events, &crate::tenant::Zone::utc()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "there is no plan starter: define it, or change the subscription's plan"
    );
    assert!(
        agreement(&[], &[], &crate::tenant::Zone::utc())
            .unwrap()
            .is_none()
    );
}
