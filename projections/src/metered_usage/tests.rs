//! Events in, rows and measures out.

use domain::meter::Aggregation;
use domain::pricing::Exact;
use domain::usage::Fact;
use domain::{agent_run, lead};
use jiff::Timestamp;
use rust_decimal::Decimal;

use super::{Granularity, MeteredUsage, Span, UsageHour, measured, spans};
use crate::engine::rehearsal::{Story, tenant};
use crate::quarantined_usage::QuarantinedUsage;

fn model_call(model: &str, input_tokens: u64) -> agent_run::Event {
    agent_run::Event::ModelCallRecorded {
        agent: "ada".to_owned(),
        vertical: "sales".parse().unwrap(),
        provider: "p".to_owned(),
        model: model.to_owned(),
        input_tokens,
        cached_tokens: 0,
        output_tokens: 7,
        cost: None,
    }
}

fn called(story: Story, at: &str, model: &str, tokens: u64) -> Story {
    story.then(
        at,
        "agent_run.model_call_recorded",
        "run-1",
        model_call(model, tokens),
    )
}

fn of_meter(story: &Story, meter: &str) -> Vec<UsageHour> {
    let mut rows = story.rows::<MeteredUsage>();
    rows.retain(|row| row.meter == meter);
    rows
}

#[test]
fn tokens_are_summed_by_hour_and_model_whatever_order_they_come_in() {
    let calls = [
        ("10:59:59", "small", 5),
        ("09:00:00", "small", 1),
        ("09:59:59", "large", 2),
        ("09:30:00", "small", 3),
    ];
    let mut forwards = Story::default();
    let mut backwards = Story::default();
    for (at, model, tokens) in calls {
        forwards = called(forwards, &format!("2026-01-05T{at}Z"), model, tokens);
    }
    for (at, model, tokens) in calls.into_iter().rev() {
        backwards = called(backwards, &format!("2026-01-05T{at}Z"), model, tokens);
    }
    let told = |story: &Story| -> Vec<String> {
        let tell = |row: &UsageHour| format!("{} {} {} {}", row.hour, row.group_key, row.sum, row.events);
        of_meter(story, "platform.input_tokens")
            .iter()
            .map(tell)
            .collect()
    };
    assert_eq!(
        told(&forwards),
        [
            "2026-01-05T09:00:00Z {\"model\":\"large\"} 2 1",
            "2026-01-05T09:00:00Z {\"model\":\"small\"} 4 2",
            "2026-01-05T10:00:00Z {\"model\":\"small\"} 5 1",
        ]
    );
    assert_eq!(told(&forwards), told(&backwards));
}

#[test]
fn an_event_that_a_meter_cannot_read_is_set_aside_with_the_reason_and_counts_nowhere_else() {
    let storage = |quantity: &str| {
        let quantity = quantity.parse().unwrap();
        let unit = Some("gigabyte_day".to_owned());
        let fact = Fact::try_new("usage.storage".parse().unwrap(), quantity, unit, [].into());
        domain::usage::Event::Recorded(fact.unwrap())
    };
    let story = Story::default()
        .then("2026-01-05T09:00:00Z", "usage.storage", "f1", storage("1.5"))
        .then(
            "2026-01-05T09:00:01Z",
            "usage.storage",
            "f2",
            storage("0.00000000001"),
        )
        .then("2026-01-05T09:00:02Z", "usage.storage", "f3", storage("2"));
    let hours = of_meter(&story, "platform.storage");
    assert_eq!(
        (hours.len(), hours[0].sum, hours[0].events),
        (1, "3.5".parse().unwrap(), 2)
    );
    let quarantined = story.row::<QuarantinedUsage>();
    assert_eq!(quarantined.meter, "platform.storage");
    assert_eq!(
        quarantined.reason,
        "value: 0.00000000001 has more than 9 decimal places"
    );
}

#[test]
fn a_mean_is_of_all_values_and_different_agents_are_counted_once() {
    let contacted = |number: u32| lead::Event::Contacted {
        vertical: "sales".parse().unwrap(),
        channel: "phone".to_owned(),
        number,
        captured_at: "2026-01-05T09:00:00Z".parse().unwrap(),
    };
    let started = |agent: &str| agent_run::Event::Started {
        agent: agent.to_owned(),
        vertical: "sales".parse().unwrap(),
        goal: None,
        lead: None,
        opportunity: None,
        claim: None,
        started_at: "2026-01-05T09:00:00Z".parse().unwrap(),
    };
    let story = Story::default()
        .then("2026-01-05T09:00:10Z", "lead.contacted", "l1", contacted(1))
        .then("2026-01-05T10:00:25Z", "lead.contacted", "l2", contacted(1))
        .then("2026-01-05T10:30:00Z", "lead.contacted", "l2", contacted(2))
        .then("2026-01-05T09:00:00Z", "agent_run.started", "r1", started("ada"))
        .then("2026-01-05T09:10:00Z", "agent_run.started", "r2", started("ada"))
        .then("2026-01-05T11:00:00Z", "agent_run.started", "r3", started("ada"))
        .then("2026-01-05T11:00:00Z", "agent_run.started", "r4", started("bob"));
    let day = [span("2026-01-05T00:00:00Z", "2026-01-06T00:00:00Z")];
    let mean = measured(
        Aggregation::Average,
        &of_meter(&story, "sales.response_time"),
        &day,
    )
    .unwrap();
    assert_eq!(
        (mean[0].quantity.to_string(), mean[0].events),
        ("1817.5".to_owned(), 2)
    );
    let agents = of_meter(&story, "platform.active_agents");
    let different = measured(Aggregation::UniqueCount, &agents, &day).unwrap();
    assert_eq!((different[0].quantity, different[0].events), (Exact::whole(2), 4));
}

fn span(from: &str, until: &str) -> Span {
    Span {
        from: from.parse().unwrap(),
        until: until.parse().unwrap(),
    }
}

fn hour(at: &str, change: impl FnOnce(&mut UsageHour)) -> UsageHour {
    let mut row = UsageHour {
        tenant_id: tenant(),
        meter: "m".to_owned(),
        version: 1,
        hour: at.parse().unwrap(),
        group_key: "{}".to_owned(),
        member: String::new(),
        events: 1,
        sum: Decimal::ZERO,
        weighted: Decimal::ZERO,
        least: None,
        most: None,
        latest: None,
        latest_at: None,
        latest_position: None,
    };
    change(&mut row);
    row
}

#[test]
fn a_level_holds_until_it_changes_also_over_spans_without_an_event() {
    // 10 from 12:00 on the first day; 6 less from 18:00 on the second.
    let hours = [
        hour("2026-01-01T12:00:00Z", |row| {
            row.sum = 10.into();
            row.weighted = 36_000.into();
        }),
        hour("2026-01-02T18:00:00Z", |row| {
            row.sum = (-6).into();
            row.weighted = (-21_600).into();
        }),
    ];
    let days = [
        span("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
        span("2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z"),
        span("2026-01-03T00:00:00Z", "2026-01-04T00:00:00Z"),
    ];
    let levels = measured(Aggregation::TimeWeightedSum, &hours, &days).unwrap();
    let told: Vec<_> = levels
        .iter()
        .map(|level| (level.quantity.to_string(), level.events))
        .collect();
    assert_eq!(
        told,
        [("5".to_owned(), 1), ("8.5".to_owned(), 1), ("4".to_owned(), 0)]
    );
}

#[test]
fn extremes_and_the_last_value_are_those_of_all_hours() {
    let value = |at: &str, value: i64, position: i64| {
        hour(at, |row| {
            row.least = Some(value.into());
            row.most = Some((value + 1).into());
            row.latest = Some((value * 10).into());
            row.latest_at = Some(at.parse::<Timestamp>().unwrap());
            row.latest_position = Some(position);
        })
    };
    let hours = [
        value("2026-01-01T12:00:00Z", 5, 9),
        value("2026-01-01T13:00:00Z", 3, 2),
        value("2026-01-01T14:00:00Z", 4, 1),
    ];
    let day = [span("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z")];
    let quantity = |aggregation| measured(aggregation, &hours, &day).unwrap()[0].quantity;
    assert_eq!(quantity(Aggregation::Min), Exact::whole(3));
    assert_eq!(quantity(Aggregation::Max), Exact::whole(6));
    assert_eq!(quantity(Aggregation::Latest), Exact::whole(40));
    assert_eq!(quantity(Aggregation::Count), Exact::whole(3));
}

#[test]
fn days_and_months_are_cut_on_the_tenants_clocks() {
    let zone = "Europe/Berlin".parse().unwrap();
    let cut = |first: &str, last: &str, granularity| {
        let days = (first.parse().unwrap(), last.parse().unwrap());
        spans(days, granularity, &zone, 1_000).map_err(|error| error.to_string())
    };
    let hours = |day| cut(day, day, Granularity::Hour).unwrap();
    assert_eq!(hours("2026-03-29").len(), 23);
    assert_eq!(hours("2026-10-25").len(), 25);
    assert_eq!(
        cut("2026-10-25", "2026-10-25", Granularity::Day).unwrap(),
        [span("2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z")]
    );
    assert_eq!(
        cut("2026-01-15", "2026-03-02", Granularity::Month).unwrap(),
        [
            span("2026-01-14T23:00:00Z", "2026-01-31T23:00:00Z"),
            span("2026-01-31T23:00:00Z", "2026-02-28T23:00:00Z"),
            span("2026-02-28T23:00:00Z", "2026-03-02T23:00:00Z"),
        ]
    );
    assert_eq!(
        cut("2026-01-02", "2026-01-01", Granularity::Day).unwrap_err(),
        "the last day lies before the first one"
    );
    assert!(
        cut("2020-01-01", "2026-01-01", Granularity::Day)
            .unwrap_err()
            .starts_with("these are more than 1000 spans")
    );
    let howe = "Australia/Lord_Howe".parse().unwrap();
    let day = ("2026-04-05".parse().unwrap(), "2026-04-05".parse().unwrap());
    let hours = spans(day, Granularity::Hour, &howe, 100).unwrap();
    assert!(hours.windows(2).all(|pair| pair[0].until == pair[1].from));
    assert_eq!(
        hours.len(),
        25,
        "the clocks go back by half an hour, in the middle of one"
    );
}
