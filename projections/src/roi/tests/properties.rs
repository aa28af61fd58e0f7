//! Whatever happened in whatever order it was told: figures are the same, and nothing is lost.

use domain::agent_run::RunResult;
use domain::roi::{AttributionModel, Value};
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::ground::{Tells, figure, march, told};
use crate::engine::rehearsal::Story;
use crate::roi::RoiReport;

/// Something that happened: a run on a deal with its result, or a deal's end.
#[derive(Clone, Debug)]
enum Tale {
    Run { deal: u8, minute: u32, result: u8 },
    Won { deal: u8, minute: u32, cents: u32 },
}

fn moment(minute: u32) -> String {
    let begin: jiff::Timestamp = "2026-02-20T00:00:00Z".parse().unwrap();
    (begin + jiff::SignedDuration::from_mins(minute.into())).to_string()
}

fn story(tales: &[(usize, Tale)]) -> Story {
    tales
        .iter()
        .fold(Story::default(), |story, (number, tale)| match tale {
            Tale::Run { deal, minute, result } => {
                let (id, at) = (format!("a{}-{number}", number % 3), moment(*minute));
                let story = story.run(&id, &at, ("opportunity", &format!("d{deal}")));
                match result {
                    0 => story.ended(&id, &at, RunResult::Resolved),
                    1 => story.ended(&id, &at, RunResult::Assumed),
                    2 => story.failed(&id, &at),
                    _ => story,
                }
            }
            Tale::Won { deal, minute, cents } => {
                let value = format!("{} USD", Decimal::new(i64::from(*cents), 2));
                // A deal of its own for each win, so that the order of telling is free.
                let id = format!("d{deal}");
                story.won(&id, &moment(*minute), &value)
            }
        })
}

fn tale() -> impl Strategy<Value = Tale> {
    prop_oneof![
        (0_u8..4, 0_u32..60_000, 0_u8..4).prop_map(|(deal, minute, result)| Tale::Run {
            deal,
            minute,
            result
        }),
        (0_u8..4, 0_u32..60_000, 0_u32..10_000_000).prop_map(|(deal, minute, cents)| Tale::Won {
            deal,
            minute,
            cents
        }),
    ]
}

fn values(report: &RoiReport) -> Vec<(String, Value)> {
    let figures = report.told.iter().map(|told| told.figure.clone());
    figures.map(|figure| (figure.name, figure.value)).collect()
}

fn amount(report: &RoiReport, name: &str) -> Decimal {
    figure(report, name).split_once(' ').unwrap().0.parse().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_order_of_arrival_does_not_matter_and_nothing_is_lost(
        tales in prop::collection::vec(tale(), 1..24),
        swap in any::<prop::sample::Index>(),
        model in prop_oneof![
            Just(AttributionModel::FirstTouch), Just(AttributionModel::LastTouch),
            Just(AttributionModel::Linear), Just(AttributionModel::TimeDecay),
        ],
        window_days in 1_u32..60,
    ) {
        let mut wish = march();
        wish.report.model = model;
        wish.report.window_days = window_days;
        let numbered: Vec<(usize, Tale)> = tales.iter().cloned().enumerate().collect();
        let first = told(&story(&numbered), &wish);
        let mut others = numbered.clone();
        others.reverse();
        if !others.is_empty() {
            let by = swap.index(others.len());
            others.rotate_left(by);
        }
        let again = told(&story(&others), &wish);
        prop_assert_eq!(values(&first), values(&again));
        prop_assert_eq!(&first.agents, &again.agents);

        // All that was won in March is a gain or unattributed, and agents' parts are the gain.
        let march = "2026-03-01T00:00:00Z".parse().unwrap().."2026-04-01T00:00:00Z".parse::<jiff::Timestamp>().unwrap();
        let won: Decimal = tales.iter().filter_map(|tale| match tale {
            Tale::Won { minute, cents, .. } if march.contains(&moment(*minute).parse::<jiff::Timestamp>().unwrap()) => {
                Some(Decimal::new(i64::from(*cents), 2))
            }
            _ => None,
        }).sum();
        prop_assert_eq!(amount(&first, "gain.high") + amount(&first, "gain.unattributed"), won);
        let parts: Decimal = first.agents.iter().map(|one| one.confirmed.amount + one.assumed.amount).sum();
        prop_assert_eq!(parts, amount(&first, "gain.high"));
    }
}
