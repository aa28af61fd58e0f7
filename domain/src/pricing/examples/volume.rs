//! Volume.

use super::build::{TierRow, lago, openmeter, price, quantity, rate, terms, total_and_last, volume};
use super::{Example, example};
use crate::pricing::{Charge, Exact};

const LAGO: &str = lago!("services/charge_models/volume_service_spec.rb");
const OPENMETER: &str = openmeter!("tieredvolume_test.go");
const LAGO_TIERS: &[TierRow] = &[("100", "2", "10"), ("200", "1", "0"), ("", "0.5", "50")];
const OM_TIERS: &[TierRow] = &[
    ("5", "0", "100"),
    ("10", "0", "150"),
    ("15", "10", "0"),
    ("", "5", "0"),
];
const ZUPLO: &[TierRow] = &[("1000", "0.10", "0"), ("10000", "0.05", "0"), ("", "0.01", "0")];
const LAGO_DOC: &[TierRow] = &[
    ("10000", "0.0010", "10"),
    ("50000", "0.0008", "10"),
    ("100000", "0.0006", "10"),
    ("", "0.0004", "10"),
];

#[test]
fn usage_that_comes_to_the_minimum_has_no_true_up() {
    let charge = Charge {
        minimum_spend: Some(price("100")),
        ..volume(OM_TIERS)
    };
    let lines = charge.rate(&quantity("5"), terms()).unwrap();
    assert_eq!(lines.len(), 1);
}

fn with_maximum(maximum: &str) -> Charge {
    Charge {
        maximum_spend: Some(price(maximum)),
        ..volume(OM_TIERS)
    }
}

fn total_with_minimum(minimum: &str, used: &str) -> Exact {
    let charge = Charge {
        minimum_spend: Some(price(minimum)),
        ..volume(OM_TIERS)
    };
    total_and_last(&charge, used).0
}

pub(super) fn examples() -> Vec<Example> {
    let lago = |id, expected, used| example(id, LAGO, expected, [rate(&volume(LAGO_TIERS), used)]);
    let om = |id, expected, used| example(id, OPENMETER, expected, [rate(&volume(OM_TIERS), used)]);
    let least =
        |id, expected, minimum, used| example(id, OPENMETER, expected, [total_with_minimum(minimum, used)]);
    vec![
        lago("vol-lago-0", "10", "0"),
        lago("vol-lago-1", "12", "1"),
        lago("vol-lago-100", "210", "100"),
        lago("vol-lago-100.5", "100.5", "100.5"),
        lago("vol-lago-101", "101", "101"),
        lago("vol-lago-200", "200", "200"),
        lago("vol-lago-210", "155", "210"),
        lago("vol-lago-300", "200", "300"),
        example(
            "vol-lago-doc",
            "getlago docs charges/charge-models/volume",
            "49",
            [rate(&volume(LAGO_DOC), "65000")],
        ),
        om("vol-om-0", "100", "0"),
        om("vol-om-3", "100", "3"),
        om("vol-om-5", "100", "5"),
        om("vol-om-14", "140", "14"),
        om("vol-om-15", "150", "15"),
        om("vol-om-16", "80", "16"),
        om("vol-om-100", "500", "100"),
        example(
            "vol-om-open-0",
            OPENMETER,
            "0",
            [rate(&volume(&[("", "5", "0")]), "0")],
        ),
        least("vol-om-min150-0", "150", "150", "0"),
        least("vol-om-min150-5", "150", "150", "5"),
        least("vol-om-min100-5", "100", "100", "5"),
        least("vol-om-min100-100", "500", "100", "100"),
        example("vol-om-max", OPENMETER, "125", [rate(&with_maximum("125"), "7")]),
        example(
            "vol-om-max-eq",
            OPENMETER,
            "100",
            [rate(&with_maximum("100"), "5")],
        ),
        example(
            "vol-zuplo-15000",
            "zuplo.com pricing-models",
            "150",
            [rate(&volume(ZUPLO), "15000")],
        ),
    ]
}
