//! Late usage: what it adds to a line that was billed.

use super::build::{quantity, rate_more, standard, usage_line, volume};
use super::{Example, example};
use crate::pricing::{Exact, LineKind};

const PERIOD: &str = "openmeter billing/charges/usagebased/service/rating/periodpreserving/README.md";
const DELTA: &str = "openmeter .../rating/delta/README.md";

/// Fifteen units were billed, now they are sixteen, and all of them cost less.
fn repriced() -> [Exact; 3] {
    let charge = volume(&[("15", "10", "0"), ("", "5", "0")]);
    let line = |used| usage_line(&charge, &quantity(used));
    let correction = line("16").since(&line("15")).unwrap();
    assert_eq!(correction.kind, LineKind::Correction);
    let [reversal, anew] = &correction.tiers[..] else {
        panic!("{:?}", correction.tiers)
    };
    [reversal.amount, anew.amount, correction.exact]
}

pub(super) fn examples() -> Vec<Example> {
    let unit = standard("10");
    vec![
        example(
            "late-om-unit",
            PERIOD,
            "20 30",
            [rate_more(&unit, "5", "7"), rate_more(&unit, "7", "10")],
        ),
        example("late-om-more-units", DELTA, "30", [rate_more(&unit, "5", "8")]),
        example("late-om-volume", DELTA, "-150 80 -70", repriced()),
    ]
}
