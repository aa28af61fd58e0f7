//! Given what happened, when something is asked, then this follows.

use rust_decimal::Decimal;

use super::{Alert, Command, Event, Range, Refusal, Sighting, Watch, usual_range};
use crate::given::when;

const NOW: &str = "2026-03-10T09:00:00Z";

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn usage() -> Watch {
    Watch::Usage {
        meter: "platform.agent_runs".to_owned(),
    }
}

fn anomaly() -> Watch {
    Watch::Anomaly {
        meter: "platform.agent_runs".to_owned(),
    }
}

fn seen(first_day: &str, figure: &str) -> Sighting {
    Sighting {
        first_day: first_day.parse().unwrap(),
        last_day: "2026-03-31".parse().unwrap(),
        figure: decimal(figure),
        unit: "run".to_owned(),
        position: 77,
    }
}

fn defined(watch: Watch, thresholds: &[&str]) -> Event {
    Event::Defined {
        name: "Runs".to_owned(),
        watch,
        thresholds: thresholds.iter().map(|text| decimal(text)).collect(),
    }
}

fn define(watch: Watch, thresholds: &[&str]) -> Command {
    Command::Define {
        name: "Runs".to_owned(),
        watch,
        thresholds: thresholds.iter().map(|text| decimal(text)).collect(),
    }
}

fn reached(threshold: &str) -> Event {
    Event::ThresholdReached {
        name: "Runs".to_owned(),
        watch: usage(),
        threshold: decimal(threshold),
        seen: seen("2026-03-01", "101"),
    }
}

fn expected() -> Range {
    Range {
        least: decimal("8"),
        most: decimal("12"),
    }
}

fn strange() -> Event {
    Event::AnomalySeen {
        name: "Runs".to_owned(),
        watch: anomaly(),
        expected: expected(),
        seen: seen("2026-03-10", "40"),
    }
}

/// One of each event, for the committed snapshots.
pub(crate) fn examples() -> Vec<Event> {
    vec![
        defined(usage(), &["80", "100"]),
        Event::Retired {
            reason: "nobody listens".to_owned(),
        },
        reached("100"),
        strange(),
    ]
}

#[test]
fn thresholds_are_put_in_order_and_must_be_such() {
    when::<Alert>(vec![], NOW, define(usage(), &["100", "80"]))
        .then_expect_events(vec![defined(usage(), &["80", "100"])]);
    for wrong in [&[][..], &["0"], &["-1", "5"], &["5", "5"]] {
        when::<Alert>(vec![], NOW, define(usage(), wrong)).then_expect_error(Refusal::Thresholds);
    }
    when::<Alert>(vec![], NOW, define(anomaly(), &["5"])).then_expect_error(Refusal::NoThresholds);
    let given = vec![defined(usage(), &["80"])];
    when::<Alert>(given, NOW, define(usage(), &["80"])).then_expect_error(Refusal::AlreadyDefined);
}

#[test]
fn a_threshold_is_raised_once_a_period_and_only_when_it_is_reached() {
    let raise = |threshold: &str, first_day: &str, figure: &str| Command::Raise {
        threshold: decimal(threshold),
        seen: seen(first_day, figure),
    };
    let given = || vec![defined(usage(), &["80", "100"])];
    when::<Alert>(given(), NOW, raise("100", "2026-03-01", "101")).then_expect_events(vec![reached("100")]);
    when::<Alert>(given(), NOW, raise("100", "2026-03-01", "99"))
        .then_expect_error(Refusal::NotReached(decimal("99")));
    when::<Alert>(given(), NOW, raise("90", "2026-03-01", "99"))
        .then_expect_error(Refusal::NoThreshold(decimal("90")));
    let again = || [given(), vec![reached("100")]].concat();
    when::<Alert>(again(), NOW, raise("100", "2026-03-01", "500")).then_expect_error(Refusal::AlreadyRaised);
    assert!(
        when::<Alert>(again(), NOW, raise("100", "2026-04-01", "500"))
            .inspect_result()
            .is_ok()
    );
    assert!(
        when::<Alert>(again(), NOW, raise("80", "2026-03-01", "500"))
            .inspect_result()
            .is_ok()
    );
}

#[test]
fn an_anomaly_is_raised_once_a_day_with_what_was_expected() {
    let raise = |figure: &str| Command::RaiseAnomaly {
        expected: expected(),
        seen: seen("2026-03-10", figure),
    };
    let given = || vec![defined(anomaly(), &[])];
    when::<Alert>(given(), NOW, raise("40")).then_expect_events(vec![strange()]);
    when::<Alert>(given(), NOW, raise("12")).then_expect_error(Refusal::NotReached(decimal("12")));
    when::<Alert>([given(), vec![strange()]].concat(), NOW, raise("50"))
        .then_expect_error(Refusal::AlreadyRaised);
    let retired = [given(), vec![examples().remove(1)]].concat();
    when::<Alert>(retired, NOW, raise("40")).then_expect_error(Refusal::Retired);
}

#[test]
fn a_day_is_usual_within_three_deviations_of_its_weekdays_median() {
    let range = |figures: &[&str]| {
        let figures: Vec<Decimal> = figures.iter().map(|text| decimal(text)).collect();
        usual_range(&figures).map(|range| (range.least.to_string(), range.most.to_string()))
    };
    let told = |least: &str, most: &str| Some((least.to_owned(), most.to_owned()));
    assert_eq!(range(&["10", "10", "10"]), None, "three weeks are no pattern");
    assert_eq!(
        range(&["10", "10", "10", "10"]),
        told("8", "12"),
        "a fifth at least"
    );
    // The median is 10, the deviations 1, 1, 1, 1, 0, 1, 1, 90: their median is 1.
    let one_bad_week = ["9", "11", "9", "11", "10", "9", "11", "100"];
    assert_eq!(range(&one_bad_week), told("6.0522", "14.9478"));
    assert_eq!(range(&["0", "0", "0", "0"]), told("0", "0"));
}
