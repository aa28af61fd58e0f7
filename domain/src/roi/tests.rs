//! Worked examples, and what holds for all.

use proptest::prelude::*;
use rust_decimal::Decimal;

use super::{
    AttributionModel, Figure, Terms, Total, Touch, Value, changes, expectation, portions, terms_of, weights,
};
use crate::given::{at, money};

fn touches(days: &[&str]) -> Vec<Touch> {
    let touch = |(place, day): (usize, &&str)| Touch {
        at: at(&format!("2026-03-{day}T00:00:00Z")),
        run: format!("r{place}"),
    };
    days.iter().enumerate().map(touch).collect()
}

fn shared(amount: &str, model: AttributionModel, touches: &[Touch]) -> Vec<String> {
    let parts = portions(amount.parse().unwrap(), &weights(model, touches, 7), 2).unwrap();
    parts.iter().map(Decimal::to_string).collect()
}

#[test]
fn an_outcome_is_shared_out_as_each_model_says() {
    use AttributionModel::{FirstTouch, LastTouch, Linear, TimeDecay};
    let three = touches(&["01", "08", "15"]);
    assert_eq!(shared("1000.00", FirstTouch, &three), ["1000.00", "0.00", "0.00"]);
    assert_eq!(shared("1000.00", LastTouch, &three), ["0.00", "0.00", "1000.00"]);
    assert_eq!(shared("1000.00", Linear, &three), ["333.34", "333.33", "333.33"]);
    // 14, 7 and 0 days before the last: 1/4, 1/2, 1, so 1/7, 2/7, 4/7 of 700.
    assert_eq!(
        shared("700.00", TimeDecay, &three),
        ["100.00", "200.00", "400.00"]
    );
}

#[test]
fn time_decay_between_half_lives_is_the_power_of_two() {
    // 2^(-1/7) = 0.905723664263906...
    let told = weights(AttributionModel::TimeDecay, &touches(&["01", "02"]), 7);
    // Of 2^40.
    assert!(told[0].abs_diff(995_853_700_410) <= 1, "{told:?}");
    assert_eq!(told[1], 1 << 40);
}

#[test]
fn of_two_runs_that_began_at_once_the_smaller_id_is_the_first() {
    let mut both = touches(&["01", "01"]);
    assert_eq!(weights(AttributionModel::FirstTouch, &both, 7), [1, 0]);
    assert_eq!(weights(AttributionModel::LastTouch, &both, 7), [0, 1]);
    both.reverse();
    assert_eq!(weights(AttributionModel::FirstTouch, &both, 7), [0, 1]);
}

#[test]
fn ancient_runs_keep_a_share_and_nobody_gets_nothing_of_nothing() {
    let touches = [
        Touch {
            at: at("1990-01-01T00:00:00Z"),
            run: "a".to_owned(),
        },
        Touch {
            at: at("2026-01-01T00:00:00Z"),
            run: "b".to_owned(),
        },
    ];
    assert_eq!(weights(AttributionModel::TimeDecay, &touches, 1)[0], 1);
    assert!(weights(AttributionModel::Linear, &[], 7).is_empty());
    assert_eq!(portions(Decimal::ONE_HUNDRED, &[], 2), Ok(vec![]));
}

#[test]
fn a_baseline_is_scaled_by_days_or_subjects() {
    let total = |amount: &str, of| Total {
        amount: amount.parse().unwrap(),
        of,
    };
    // 31,000 in 31 days expects 28,000 of 28 days.
    let found = expectation(total("31000", 31), total("40000", 28), 2)
        .unwrap()
        .unwrap();
    assert_eq!(
        (found.expected.to_string(), found.beyond.to_string()),
        ("28000.00".to_owned(), "12000.00".to_owned())
    );
    let less = expectation(total("10", 3), total("1", 1), 2).unwrap().unwrap();
    assert_eq!(
        (less.expected.to_string(), less.beyond.to_string()),
        ("3.33".to_owned(), "-2.33".to_owned())
    );
    assert_eq!(expectation(total("10", 0), total("1", 1), 2), Ok(None));
}

#[test]
fn the_terms_can_be_read_and_hold_for_every_line_of_business() {
    let sales = terms_of(Some(&"sales".parse().unwrap()));
    assert_eq!(
        sales,
        Terms {
            window_days: 90,
            settling_days: 30
        }
    );
    assert_eq!(terms_of(Some(&"unheard_of".parse().unwrap())), terms_of(None));
}

#[test]
fn two_reports_differ_in_figures_that_changed_came_or_went() {
    let figure = |name: &str, value| Figure {
        name: name.to_owned(),
        value,
    };
    let before = [
        figure("a", Value::Count(1)),
        figure("b", Value::Count(2)),
        figure("c", Value::None),
    ];
    let after = [
        figure("a", Value::Count(1)),
        figure("c", Value::Money(money("1 USD"))),
        figure("d", Value::Count(4)),
    ];
    let told: Vec<(String, Value, Value)> = changes(&before, &after)
        .into_iter()
        .map(|change| (change.name, change.before, change.after))
        .collect();
    assert_eq!(
        told,
        [
            ("b".to_owned(), Value::Count(2), Value::None),
            ("c".to_owned(), Value::None, Value::Money(money("1 USD"))),
            ("d".to_owned(), Value::None, Value::Count(4)),
        ]
    );
}

fn models() -> impl Strategy<Value = AttributionModel> {
    prop_oneof![
        Just(AttributionModel::FirstTouch),
        Just(AttributionModel::LastTouch),
        Just(AttributionModel::Linear),
        Just(AttributionModel::TimeDecay),
    ]
}

proptest! {
    #[test]
    fn parts_are_the_whole_to_the_cent_in_whatever_order_runs_are_told(
        amount in 0_i64..1_000_000_000_000,
        model in models(),
        days in prop::collection::vec((0_i64..400, 0_i64..86_400_000), 1..30),
        half_life in 1_u32..60,
    ) {
        let amount = Decimal::new(amount, 2);
        let begin = at("2026-01-01T00:00:00Z").as_millisecond();
        let mut touches: Vec<Touch> = days.iter().enumerate().map(|(place, (day, ms))| Touch {
            at: jiff::Timestamp::from_millisecond(begin + day * 86_400_000 + ms).unwrap(),
            run: format!("r{place}"),
        }).collect();
        let told = weights(model, &touches, half_life);
        prop_assert!(told.iter().sum::<u64>() > 0);
        let parts = portions(amount, &told, 2).unwrap();
        prop_assert_eq!(parts.iter().sum::<Decimal>(), amount);
        prop_assert!(parts.iter().all(|part| *part >= Decimal::ZERO));
        touches.reverse();
        let mut backwards = weights(model, &touches, half_life);
        backwards.reverse();
        prop_assert_eq!(backwards, told);
    }
}
