//! Given what happened, when something is asked, then this follows.

use super::{Command, Event, Refusal, Report, RoiSnapshot, State};
use crate::given::{at, money, when};
use crate::roi::{AttributionModel, Figure, FigureChange, Value};

const NOW: &str = "2026-03-01T00:00:00Z";

fn report(last_day: &str) -> Report {
    Report {
        vertical: Some("sales".parse().unwrap()),
        first_day: "2026-02-01".parse().unwrap(),
        last_day: last_day.parse().unwrap(),
        currency: "USD".parse().unwrap(),
        model: AttributionModel::Linear,
        window_days: 90,
        half_life_days: 7,
        settling_days: 30,
        baseline: None,
    }
}

fn figures(amount: &str) -> Vec<Figure> {
    vec![
        Figure {
            name: "gain.confirmed".to_owned(),
            value: Value::Money(money(amount)),
        },
        Figure {
            name: "leads.found".to_owned(),
            value: Value::Count(150),
        },
    ]
}

fn freeze(last_day: &str, amount: &str, counted_up_to: u64) -> Command {
    Command::Freeze {
        report: report(last_day),
        figures: figures(amount),
        state: State::Preliminary,
        counted_up_to,
        told_at: at(NOW),
    }
}

fn frozen(number: u32, amount: &str, (counted_up_to, supersedes): (u64, Option<u64>)) -> Event {
    let change = FigureChange {
        name: "gain.confirmed".to_owned(),
        before: Value::Money(money("1000.00 USD")),
        after: Value::Money(money(amount)),
    };
    Event::Frozen {
        report: report("2026-02-28"),
        number,
        figures: figures(amount),
        state: State::Preliminary,
        counted_up_to,
        told_at: at(NOW),
        supersedes,
        changes: supersedes.map(|_| change).into_iter().collect(),
    }
}

/// One of each event, for the committed snapshots.
pub(crate) fn examples() -> Vec<Event> {
    vec![frozen(2, "900.00 USD", (120, Some(100)))]
}

#[test]
fn a_later_snapshot_takes_the_place_of_the_one_before_and_says_what_changed() {
    let first = || frozen(1, "1000.00 USD", (100, None));
    when::<RoiSnapshot>(vec![], NOW, freeze("2026-02-28", "1000.00 USD", 100))
        .then_expect_events(vec![first()]);
    when::<RoiSnapshot>(vec![first()], NOW, freeze("2026-02-28", "900.00 USD", 120))
        .then_expect_events(examples());
}

#[test]
fn the_same_again_an_older_one_and_another_report_are_refused() {
    let given = || vec![frozen(1, "1000.00 USD", (100, None))];
    when::<RoiSnapshot>(given(), NOW, freeze("2026-02-28", "1000.00 USD", 120))
        .then_expect_error(Refusal::NothingChanged);
    when::<RoiSnapshot>(given(), NOW, freeze("2026-02-28", "900.00 USD", 99))
        .then_expect_error(Refusal::Behind { last: 100, asked: 99 });
    when::<RoiSnapshot>(given(), NOW, freeze("2026-02-27", "900.00 USD", 120))
        .then_expect_error(Refusal::OtherReport);
}
