//! Graduated, of units and of amounts.

use rust_decimal::Decimal;

use super::build::{
    TierRow, amount, charge, graduated, graduated_percentage, lago, openmeter, price, quantity, rate,
    rate_more, standard, terms, total_and_last,
};
use super::{Example, example};
use crate::pricing::{Charge, Exact, Graduated, Model, Price, RoundUnits, Tier, Transform};

const LAGO_TIERS: &[TierRow] = &[("10", "10", "2"), ("20", "5", "3"), ("", "5", "3")];
const LAGO_DECIMAL: &[TierRow] = &[("0.1", "10", "0"), ("1", "5", "0"), ("", "2", "0")];
const OM_TIERS: &[TierRow] = &[
    ("5", "0", "100"),
    ("10", "0", "50"),
    ("15", "10", "0"),
    ("", "5", "0"),
];
const OM_CHEAP: &[TierRow] = &[
    ("5", "0", "100"),
    ("10", "0", "50"),
    ("15", "5", "0"),
    ("", "1", "0"),
];
const ZUPLO: &[TierRow] = &[("1000", "0.10", "0"), ("10000", "0.05", "0"), ("", "0.01", "0")];
const LAGO_SHARES: &[TierRow] = &[("10", "1", "200"), ("20", "2", "300"), ("", "3", "400")];
const LAGO_DOC_SHARES: &[TierRow] = &[("1000", "1", "200"), ("10000", "2", "300"), ("", "3", "400")];
const LAGO: &str = lago!("services/charge_models/graduated_service_spec.rb");
const LAGO_PERCENTAGE: &str = lago!("services/charge_models/graduated_percentage_service_spec.rb");
const OPENMETER: &str = openmeter!("tieredgraduated_test.go TestTieredPriceCalculator");
const ZUPLO_PAGE: &str = "zuplo.com pricing-models";
const LAGO_PAGE: &str = "getlago docs charges/charge-models/graduated-percentage";
const KILL_BILL: &str = "killbill/killbill-docs userguide/subscription/includes/catalog-usage.adoc";

/// A block of so many units, dearer up to a number of blocks.
fn blocks(size: &str, up_to: &str, dear: &str, cheap: &str) -> (Transform, Vec<Tier>) {
    let tier = |up_to, unit_price| Tier {
        up_to,
        unit_price: Some(price(unit_price)),
        flat_fee: None,
    };
    let transform = Transform {
        divide_by: size.parse().unwrap(),
        multiply_by: Decimal::ONE,
        round: RoundUnits::Up,
    };
    (
        transform,
        vec![tier(Some(up_to.parse().unwrap()), dear), tier(None, cheap)],
    )
}

/// Kill Bill's two units, priced by one of its two policies.
fn kill_bill(model: fn(Vec<Tier>) -> Model) -> Exact {
    let unit = |(transform, tiers): (Transform, Vec<Tier>), used: &str| {
        let charge = Charge {
            transform: Some(transform),
            ..charge(model(tiers))
        };
        amount(&charge, &quantity(used))
    };
    let minutes = unit(blocks("10", "100", "1.00", "0.50"), "1500");
    minutes
        .plus(unit(blocks("1", "1024", "0.5", "0.1"), "2048"))
        .unwrap()
}

fn unit_config() -> Charge {
    Charge {
        transform: Some(Transform {
            divide_by: "1000000".parse().unwrap(),
            multiply_by: Decimal::ONE,
            round: RoundUnits::Up,
        }),
        ..graduated(&[("5", "10", "0"), ("", "8", "0")])
    }
}

fn with_minimum(minimum: &str) -> Charge {
    Charge {
        minimum_spend: Some(price(minimum)),
        ..graduated(OM_CHEAP)
    }
}

fn with_maximum(maximum: &str) -> Charge {
    Charge {
        maximum_spend: Some(price(maximum)),
        ..graduated(OM_CHEAP)
    }
}

pub(super) fn examples() -> Vec<Example> {
    let lago = |id, expected, used| example(id, LAGO, expected, [rate(&graduated(LAGO_TIERS), used)]);
    let decimal = |id, expected, used| example(id, LAGO, expected, [rate(&graduated(LAGO_DECIMAL), used)]);
    let om = |id, expected, used| example(id, OPENMETER, expected, [rate(&graduated(OM_TIERS), used)]);
    let shares = |id, expected, used| {
        example(
            id,
            LAGO_PERCENTAGE,
            expected,
            [rate(&graduated_percentage(LAGO_SHARES), used)],
        )
    };
    let more = |id, expected, from, to| {
        example(
            id,
            LAGO_PAGE,
            expected,
            [rate_more(&graduated_percentage(LAGO_DOC_SHARES), from, to)],
        )
    };
    vec![
        lago("grad-lago-0", "2", "0"),
        lago("grad-lago-1", "12", "1"),
        lago("grad-lago-10", "102", "10"),
        lago("grad-lago-11", "110", "11"),
        lago("grad-lago-12", "115", "12"),
        lago("grad-lago-21", "163", "21"),
        decimal("grad-lago-dec-0.05", "0.5", "0.05"),
        decimal("grad-lago-dec-0.5", "3", "0.5"),
        om("grad-om-0", "100", "0"),
        om("grad-om-5", "100", "5"),
        om("grad-om-3", "100", "3"),
        om("grad-om-5.001", "150", "5.001"),
        om("grad-om-12", "170", "12"),
        om("grad-om-7", "150", "7"),
        om("grad-om-22", "235", "22"),
        example(
            "grad-om-cheap-22",
            OPENMETER,
            "182",
            [rate(&graduated(OM_CHEAP), "22")],
        ),
        example(
            "grad-om-incr-12-22",
            OPENMETER,
            "22",
            [rate_more(&graduated(OM_CHEAP), "12", "22")],
        ),
        example(
            "grad-om-incr-flat-only",
            OPENMETER,
            "0",
            [rate_more(&graduated(OM_CHEAP), "7", "8")],
        ),
        example(
            "grad-om-min1000",
            OPENMETER,
            "900",
            [total_and_last(&with_minimum("1000"), "0").1],
        ),
        example(
            "grad-om-min1000-used-2",
            OPENMETER,
            "900",
            [total_and_last(&with_minimum("1000"), "2").1],
        ),
        example(
            "grad-om-max170",
            OPENMETER,
            "10",
            [rate_more(&with_maximum("170"), "12", "22")],
        ),
        example(
            "grad-om-unit-config",
            OPENMETER,
            "74",
            [rate(&unit_config(), "7500001")],
        ),
        example(
            "grad-zuplo-15000",
            ZUPLO_PAGE,
            "600",
            [rate(&graduated(ZUPLO), "15000")],
        ),
        example(
            "zuplo-per-unit",
            ZUPLO_PAGE,
            "100",
            [rate(&standard("0.001"), "100000")],
        ),
        shares("gpct-lago-0", "200", "0"),
        shares("gpct-lago-1", "200.01", "1"),
        shares("gpct-lago-10", "200.1", "10"),
        shares("gpct-lago-11", "500.12", "11"),
        shares("gpct-lago-12", "500.14", "12"),
        shares("gpct-lago-21", "900.33", "21"),
        example(
            "gpct-lago-doc-1",
            LAGO_PAGE,
            "205",
            [rate(&graduated_percentage(LAGO_DOC_SHARES), "500")],
        ),
        more("gpct-lago-doc-2", "306", "500", "1050"),
        more("gpct-lago-doc-3", "80", "1050", "5050"),
        example(
            "kb-all-tier",
            KILL_BILL,
            "739.4",
            [kill_bill(|tiers| Model::Graduated(Graduated { tiers }))],
        ),
        example(
            "kb-top-tier",
            KILL_BILL,
            "279.8",
            [kill_bill(|tiers| Model::Volume(crate::pricing::Volume { tiers }))],
        ),
    ]
}

#[test]
fn a_price_without_the_subscriptions_currency_names_the_line_and_the_way_out() {
    let charge = Charge {
        code: "tokens".to_owned(),
        ..charge(Model::Graduated(Graduated {
            tiers: vec![Tier {
                up_to: None,
                unit_price: Some(Price::new("1".parse().unwrap(), "EUR".parse().unwrap())),
                flat_fee: None,
            }],
        }))
    };
    let refused = charge.rate(&quantity("1"), terms()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "line \"tokens\": there is no price in USD: add one to the plan, or subscribe in a currency that it has"
    );
}
