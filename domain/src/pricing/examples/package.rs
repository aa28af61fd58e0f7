//! Package.

use super::build::{lago, openmeter, package, price, rate, rate_more, total_and_last};
use super::{Example, example};
use crate::pricing::Charge;

const LAGO: &str = lago!("services/charge_models/package_service_spec.rb");
const OPENMETER: &str = openmeter!("package_test.go");

pub(super) fn examples() -> Vec<Example> {
    let om = |id, expected, used| example(id, OPENMETER, expected, [rate(&package("10", "15", "0"), used)]);
    let lago = |id, expected, free| example(id, LAGO, expected, [rate(&package("10", "100", free), "121")]);
    let capped = Charge {
        maximum_spend: Some(price("100")),
        ..package("10", "15", "0")
    };
    let at_least = Charge {
        minimum_spend: Some(price("100")),
        ..package("10", "15", "0")
    };
    vec![
        example(
            "pkg-lago-doc",
            "getlago docs charges/charge-models/package",
            "10",
            [rate(&package("100", "5", "100"), "201")],
        ),
        lago("pkg-lago-121", "1300", "0"),
        lago("pkg-lago-121-free10", "1200", "10"),
        lago("pkg-lago-121-free200", "0", "200"),
        om("pkg-om-0", "0", "0"),
        om("pkg-om-1", "15", "1"),
        om("pkg-om-9", "15", "9"),
        om("pkg-om-10", "15", "10"),
        om("pkg-om-11", "30", "11"),
        example(
            "pkg-om-17-22",
            OPENMETER,
            "15",
            [rate_more(&package("10", "15", "0"), "17", "22")],
        ),
        example(
            "pkg-om-min100",
            OPENMETER,
            "100",
            [total_and_last(&at_least, "0").0],
        ),
        example("pkg-om-max100-10", OPENMETER, "15", [rate(&capped, "10")]),
        example(
            "pkg-om-max100",
            OPENMETER,
            "10",
            [rate_more(&capped, "60", "110")],
        ),
        example(
            "pkg-chargebee-1000000",
            "chargebee.com/docs package-pricing (GPT-5 example)",
            "1.25",
            [rate(&package("1000000", "1.25", "0"), "1000000")],
        ),
    ]
}
