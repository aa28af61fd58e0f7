//! Which plan is in force when.

use std::sync::Arc;

use jiff::civil::Date;
use proptest::prelude::*;

use crate::pricing::examples::build::{currency, fee, usd, version};
use crate::pricing::{Agreement, ChangeKind, Downgrade, Exact, Interval, PlanChanges, PlanVersion, Then};
use crate::tenant::Zone;

fn plan(amount: &str, interval: Interval) -> PlanVersion {
    PlanVersion {
        interval,
        ..version(vec![fee(amount)], vec![])
    }
}

fn monthly(amount: &str) -> PlanVersion {
    plan(amount, Interval::Monthly)
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn start(plan: &PlanVersion) -> Agreement {
    Agreement::start(Arc::new(plan.clone()), usd(), day("2026-03-10"), Zone::utc()).unwrap()
}

/// Fee, first day and day after the last of each part of the month that a day is in.
fn parts(agreement: &Agreement, on: &str) -> Vec<(String, String, String)> {
    let period = agreement.cycle().period_on(day(on)).unwrap();
    let told = agreement.parts(&period).into_iter().map(|part| {
        let fee = part.plan.monthly_value(usd()).unwrap();
        let days = part.in_force.days;
        (fee.to_string(), days.from.to_string(), days.until.to_string())
    });
    told.collect()
}

fn part(fee: &str, from: &str, until: &str) -> (String, String, String) {
    (fee.to_owned(), from.to_owned(), until.to_owned())
}

/// Lago's table of "upgrades and downgrades": 20 a month, against 40 and 15 a month, 300 and 180 a year.
#[test]
fn plans_are_compared_by_their_fees_a_month() {
    let kind = |new: PlanVersion| monthly("20").change_to(&new, usd()).unwrap();
    assert_eq!(kind(monthly("40")), ChangeKind::Upgrade);
    assert_eq!(kind(monthly("20")), ChangeKind::Upgrade);
    assert_eq!(kind(monthly("15")), ChangeKind::Downgrade);
    assert_eq!(kind(plan("300", Interval::Yearly)), ChangeKind::Upgrade);
    assert_eq!(kind(plan("180", Interval::Yearly)), ChangeKind::Downgrade);
    assert_eq!(kind(plan("60", Interval::Quarterly)), ChangeKind::Upgrade);
    assert_eq!(kind(plan("4", Interval::Weekly)), ChangeKind::Downgrade);
}

#[test]
fn an_upgrade_is_in_force_at_once_and_a_downgrade_from_the_next_period_on() {
    let (small, big) = (monthly("20"), monthly("40"));
    let mut agreement = start(&small);
    let upgraded = agreement
        .change(Arc::new(big.clone()), day("2026-03-20"))
        .unwrap();
    assert_eq!(upgraded, (ChangeKind::Upgrade, day("2026-03-20")));
    let downgraded = agreement
        .change(Arc::new(small.clone()), day("2026-04-11"))
        .unwrap();
    assert_eq!(downgraded, (ChangeKind::Downgrade, day("2026-05-01")));
    agreement.end(day("2026-05-16")).unwrap();
    let march = [
        part("20", "2026-03-10", "2026-03-20"),
        part("40", "2026-03-20", "2026-04-01"),
    ];
    assert_eq!(parts(&agreement, "2026-03-15"), march);
    assert_eq!(
        parts(&agreement, "2026-04-15"),
        [part("40", "2026-04-01", "2026-05-01")]
    );
    assert_eq!(
        parts(&agreement, "2026-05-01"),
        [part("20", "2026-05-01", "2026-05-16")]
    );
    assert!(parts(&agreement, "2026-06-01").is_empty() && parts(&agreement, "2026-02-01").is_empty());
}

#[test]
fn a_plan_may_be_left_for_a_cheaper_one_at_once() {
    let big = PlanVersion {
        changes: PlanChanges {
            downgrade: Downgrade::AtOnce,
            ..PlanChanges::default()
        },
        ..monthly("40")
    };
    let mut agreement = start(&big);
    let left = agreement
        .change(Arc::new(monthly("20")), day("2026-03-20"))
        .unwrap();
    assert_eq!(left, (ChangeKind::Downgrade, day("2026-03-20")));
    let march = agreement.cycle().period_on(day("2026-03-20")).unwrap();
    let then: Vec<Then> = agreement.parts(&march).iter().map(|part| part.then).collect();
    assert_eq!(then, [Then::Another, Then::NoOther]);
    // The term is that of the plan that is left: the other one is left at the period's end.
    let later = agreement
        .change(Arc::new(monthly("10")), day("2026-04-11"))
        .unwrap();
    assert_eq!(later, (ChangeKind::Downgrade, day("2026-05-01")));
    let april = agreement.cycle().period_on(day("2026-04-11")).unwrap();
    assert_eq!(agreement.parts(&april)[0].then, Then::NoOther);
}

#[test]
fn a_pending_downgrade_gives_way_to_the_next_change() {
    let (small, middle, big) = (monthly("20"), monthly("30"), monthly("40"));
    let mut agreement = start(&big);
    agreement
        .change(Arc::new(small.clone()), day("2026-03-12"))
        .unwrap();
    agreement
        .change(Arc::new(middle.clone()), day("2026-03-14"))
        .unwrap();
    assert_eq!(
        parts(&agreement, "2026-04-02"),
        [part("30", "2026-04-01", "2026-05-01")]
    );
}

#[test]
fn nothing_is_in_force_while_it_rests() {
    let small = monthly("20");
    let mut agreement = start(&small);
    agreement.pause(day("2026-03-20"));
    agreement.resume(day("2026-03-25"));
    agreement.pause(day("2026-04-10"));
    let march = [
        part("20", "2026-03-10", "2026-03-20"),
        part("20", "2026-03-25", "2026-04-01"),
    ];
    assert_eq!(parts(&agreement, "2026-03-15"), march);
    assert_eq!(
        parts(&agreement, "2026-04-15"),
        [part("20", "2026-04-01", "2026-04-10")]
    );
    assert!(parts(&agreement, "2026-05-15").is_empty());
}

#[test]
fn an_agreed_price_takes_the_place_of_the_flat_fees() {
    let money = |text: &str| crate::given::money(text);
    let yearly = plan("1200", Interval::Yearly);
    assert_eq!(yearly.at_price(money("100 USD")).unwrap(), yearly);
    let agreed = yearly.at_price(money("140 EUR")).unwrap();
    assert_eq!(
        (agreed.fees.len(), agreed.currencies.clone()),
        (1, vec![currency("EUR")])
    );
    assert_eq!(
        agreed.fees[0].price.in_currency(currency("EUR")).unwrap(),
        Exact::whole(1680)
    );
}

#[test]
fn what_cannot_be_agreed_is_refused_with_the_way_out() {
    let (small, yearly) = (monthly("20"), plan("300", Interval::Yearly));
    let euro = Agreement::start(
        Arc::new(small.clone()),
        currency("EUR"),
        day("2026-03-10"),
        Zone::utc(),
    )
    .unwrap_err();
    assert_eq!(
        euro.to_string(),
        "the plan has no prices in EUR: subscribe in one of its currencies"
    );
    let mut agreement = start(&small);
    assert_eq!(
        agreement
            .change(Arc::new(yearly.clone()), day("2026-03-12"))
            .unwrap_err()
            .to_string(),
        "the plan is yearly, the subscription is monthly: end it and start another one"
    );
    assert!(
        agreement
            .change(Arc::new(small.clone()), day("2026-03-09"))
            .unwrap_err()
            .to_string()
            .contains("in order of time")
    );
    assert!(agreement.end(day("2026-03-09")).is_err());
    agreement.end(day("2026-03-31")).unwrap();
    let ended = agreement
        .change(Arc::new(small.clone()), day("2026-03-12"))
        .unwrap_err()
        .to_string();
    assert_eq!(ended, "the subscription ends on 2026-03-31: start another one");
}

proptest! {
    #[test]
    fn the_parts_of_a_period_follow_each_other_and_sum_to_what_is_in_force(
        changes in prop::collection::vec((0..40_i64, 1..100_u32), 0..8),
        end in prop::option::of(0..400_i64),
        month in 0..14_i64,
    ) {
        let plans: Vec<PlanVersion> = changes.iter().map(|(_, fee)| monthly(&fee.to_string())).collect();
        let first = monthly("50");
        let mut agreement = start(&first);
        let mut on = day("2026-03-10");
        for ((later, _), plan) in changes.iter().zip(&plans) {
            on = on.checked_add(jiff::Span::new().days(*later)).unwrap();
            agreement.change(Arc::new(plan.clone()), on).unwrap();
        }
        let last_day = end.map(|days| on.checked_add(jiff::Span::new().days(days)).unwrap());
        if let Some(last_day) = last_day {
            agreement.end(last_day).unwrap();
        }
        let within = day("2026-03-10").checked_add(jiff::Span::new().months(month)).unwrap();
        let period = agreement.cycle().period_on(within).unwrap();
        let parts = agreement.parts(&period);
        for pair in parts.windows(2) {
            prop_assert_eq!(pair[0].in_force.days.until, pair[1].in_force.days.from);
        }
        let sum = parts.iter().fold(Exact::ZERO, |sum, part| {
            sum.plus(period.share(part.in_force.days.from, part.in_force.days.until).unwrap()).unwrap()
        });
        let in_force = period.share(day("2026-03-10"), last_day.unwrap_or(period.end_day));
        prop_assert_eq!(sum, in_force.unwrap());
    }
}
