//! Periods begin at midnight where the tenant is, whatever the clocks do.

use jiff::Timestamp;
use jiff::civil::Date;
use proptest::prelude::*;

use crate::pricing::{Anchor, Cycle, Days, Exact, Interval, Period};
use crate::tenant::Zone;

fn cycle(interval: Interval, anchor: Anchor, starts_on: &str, zone: &str) -> Cycle {
    Cycle {
        interval,
        anchor,
        starts_on: day(starts_on),
        zone: zone.parse().unwrap(),
    }
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn edges(period: &Period) -> (String, String) {
    (period.first_day.to_string(), period.end_day.to_string())
}

fn edges_on(cycle: &Cycle, on: &str) -> (String, String) {
    edges(&cycle.period_on(day(on)).unwrap())
}

fn pair(from: &str, until: &str) -> (String, String) {
    (from.to_owned(), until.to_owned())
}

#[test]
fn calendar_periods_begin_with_the_week_month_quarter_and_year() {
    let on = |interval| {
        edges_on(
            &cycle(interval, Anchor::Calendar, "2026-02-13", "UTC"),
            "2026-05-20",
        )
    };
    assert_eq!(on(Interval::Weekly), pair("2026-05-18", "2026-05-25"));
    assert_eq!(on(Interval::Monthly), pair("2026-05-01", "2026-06-01"));
    assert_eq!(on(Interval::Quarterly), pair("2026-04-01", "2026-07-01"));
    assert_eq!(on(Interval::Yearly), pair("2026-01-01", "2027-01-01"));
}

#[test]
fn anniversary_periods_begin_with_the_subscriptions_day() {
    let on = |interval| {
        edges_on(
            &cycle(interval, Anchor::Anniversary, "2026-02-13", "UTC"),
            "2026-05-20",
        )
    };
    assert_eq!(on(Interval::Weekly), pair("2026-05-15", "2026-05-22"));
    assert_eq!(on(Interval::Monthly), pair("2026-05-13", "2026-06-13"));
    assert_eq!(on(Interval::Quarterly), pair("2026-05-13", "2026-08-13"));
    assert_eq!(on(Interval::Yearly), pair("2026-02-13", "2027-02-13"));
}

#[test]
fn a_month_end_anchor_survives_february() {
    let monthly = cycle(Interval::Monthly, Anchor::Anniversary, "2024-01-31", "UTC");
    assert_eq!(edges_on(&monthly, "2024-02-15"), pair("2024-01-31", "2024-02-29"));
    assert_eq!(edges_on(&monthly, "2024-02-29"), pair("2024-02-29", "2024-03-31"));
    assert_eq!(edges_on(&monthly, "2024-03-31"), pair("2024-03-31", "2024-04-30"));
    assert_eq!(edges_on(&monthly, "2025-02-28"), pair("2025-02-28", "2025-03-31"));
    let yearly = cycle(Interval::Yearly, Anchor::Anniversary, "2024-02-29", "UTC");
    assert_eq!(edges_on(&yearly, "2025-03-01"), pair("2025-02-28", "2026-02-28"));
    assert_eq!(edges_on(&yearly, "2028-02-29"), pair("2028-02-29", "2029-02-28"));
}

#[test]
fn a_month_with_a_change_of_clocks_is_an_hour_shorter_or_longer_and_has_all_its_days() {
    let monthly = cycle(Interval::Monthly, Anchor::Calendar, "2026-01-01", "Europe/Berlin");
    let hours = |on| {
        let period = monthly.period_on(day(on)).unwrap();
        let seconds = period.ends_at().unwrap().as_second() - period.begins_at().unwrap().as_second();
        (period.days(), seconds / 3600)
    };
    assert_eq!(hours("2026-03-15"), (31, 31 * 24 - 1));
    assert_eq!(hours("2026-10-15"), (31, 31 * 24 + 1));
    let march = monthly.period_on(day("2026-03-15")).unwrap();
    assert_eq!(march.begins_at().unwrap(), at("2026-02-28T23:00:00Z"));
    assert_eq!(march.ends_at().unwrap(), at("2026-03-31T22:00:00Z"));
    assert!(!march.contains(at("2026-02-28T22:59:59Z")) && march.contains(at("2026-02-28T23:00:00Z")));
    assert!(march.contains(at("2026-03-31T21:59:59Z")) && !march.contains(at("2026-03-31T22:00:00Z")));
}

#[test]
fn a_day_without_a_midnight_begins_with_its_first_instant() {
    let daily = cycle(
        Interval::Weekly,
        Anchor::Anniversary,
        "2018-11-04",
        "America/Sao_Paulo",
    );
    let week = daily.period_on(day("2018-11-04")).unwrap();
    assert_eq!(week.begins_at().unwrap(), at("2018-11-04T03:00:00Z"));
    assert!(week.contains(at("2018-11-04T03:00:00Z")) && !week.contains(at("2018-11-04T02:59:59Z")));
}

#[test]
fn days_count_as_days_across_changes_of_clocks() {
    let days = |from: &str, until: &str, zone: &str| {
        let period = Period {
            first_day: day(from),
            end_day: day(until),
            zone: zone.parse().unwrap(),
        };
        period.days()
    };
    assert_eq!(days("2024-03-09", "2024-03-11", "America/New_York"), 2);
    assert_eq!(days("2024-11-02", "2024-11-04", "America/New_York"), 2);
    assert_eq!(days("2024-04-06", "2024-04-08", "Australia/Sydney"), 2);
    assert_eq!(days("2024-12-30", "2025-01-02", "Europe/Paris"), 3);
}

fn zones() -> impl Strategy<Value = Zone> {
    prop::sample::select(vec![
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "Asia/Kolkata",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "America/Sao_Paulo",
    ])
    .prop_map(|name| name.parse().unwrap())
}

fn cycles() -> impl Strategy<Value = Cycle> {
    let interval = prop::sample::select(vec![
        Interval::Weekly,
        Interval::Monthly,
        Interval::Quarterly,
        Interval::Yearly,
    ]);
    let anchor = prop::sample::select(vec![Anchor::Calendar, Anchor::Anniversary]);
    (interval, anchor, 0..20_000_i64, zones()).prop_map(|(interval, anchor, days, zone)| Cycle {
        interval,
        anchor,
        starts_on: epoch_day(days),
        zone,
    })
}

fn epoch_day(days: i64) -> Date {
    Timestamp::from_second(days * 86_400)
        .unwrap()
        .to_zoned(jiff::tz::TimeZone::UTC)
        .date()
}

proptest! {
    #[test]
    fn each_instant_belongs_to_one_period_and_periods_follow_without_gaps(
        cycle in cycles(),
        second in 0..2_000_000_000_i64,
    ) {
        let at = Timestamp::from_second(second).unwrap();
        let period = cycle.period_at(at).unwrap();
        prop_assert!(period.contains(at));
        prop_assert!(period.begins_at().unwrap() <= at && at < period.ends_at().unwrap());
        let next = cycle.period_on(period.end_day).unwrap();
        prop_assert_eq!(next.first_day, period.end_day);
        prop_assert_eq!(next.begins_at().unwrap(), period.ends_at().unwrap());
        prop_assert_eq!(cycle.period_on(period.first_day).unwrap(), period);
    }

    #[test]
    fn the_shares_of_a_period_cut_anywhere_sum_to_the_whole(
        cycle in cycles(),
        on in 0..20_000_i64,
        cuts in prop::collection::vec(-5..400_i64, 0..6),
    ) {
        let period = cycle.period_on(epoch_day(on)).unwrap();
        let mut days: Vec<Date> = cuts
            .into_iter()
            .map(|cut| period.first_day.checked_add(jiff::Span::new().days(cut)).unwrap())
            .collect();
        days.sort();
        days.insert(0, period.first_day);
        days.push(period.end_day);
        let parts = days.windows(2).map(|pair| Days { from: pair[0], until: pair[1] });
        let sum = parts.fold(Exact::ZERO, |sum, part| {
            sum.plus(period.share(part.from, part.until).unwrap()).unwrap()
        });
        prop_assert_eq!(sum, Exact::ONE);
    }
}
