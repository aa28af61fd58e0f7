//! Exactness, rounding, and the currencies' minor units.

use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::kernel::Currency;
use crate::pricing::{Exact, rounded};

/// ISO 4217's currencies whose minor unit is not a hundredth; those without a minor unit ("N.A.") are metals,
/// units of account and codes for testing.
const MINOR_UNITS: &[(u32, &[&str])] = &[
    (
        0,
        &[
            "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV",
            "XAF", "XOF", "XPF",
        ],
    ),
    (
        2,
        &[
            "USD", "EUR", "GBP", "CHF", "BRL", "INR", "HUF", "MGA", "MRU", "TWD",
        ],
    ),
    (3, &["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"]),
    (4, &["CLF", "UYW"]),
];

fn exact(text: &str) -> Exact {
    text.parse().unwrap()
}

#[test]
fn each_currency_is_rounded_to_its_minor_unit() {
    for (places, codes) in MINOR_UNITS {
        for code in *codes {
            let currency: Currency = code.parse().unwrap();
            assert_eq!(currency.exponent(), *places, "{code}");
            let amount = rounded(exact("1.23455"), currency).unwrap().amount;
            assert_eq!(amount.scale(), *places, "{code}");
        }
    }
    let amount = |code: &str| {
        rounded(exact("0.55555"), code.parse().unwrap())
            .unwrap()
            .amount
            .to_string()
    };
    assert_eq!(
        ["JPY", "USD", "KWD", "CLF"].map(amount),
        ["1", "0.56", "0.556", "0.5556"]
    );
}

/// Metals, units of account and codes for testing: ISO 4217 gives them no minor unit.
const WITHOUT_MINOR_UNIT: &[&str] = &[
    "XAG",
    "XAU",
    "XBA",
    "XBB",
    "XBC",
    "XBD",
    "XDR",
    "XPD",
    "XPT",
    "XSU",
    "XTS",
    "XUA",
    concat!("XX", "X"),
];

#[test]
fn every_other_currency_of_iso_4217_has_hundredths() {
    let letters = || b'A'..=b'Z';
    let mut hundredths = 0;
    for code in letters().flat_map(|a| letters().flat_map(move |b| letters().map(move |c| [a, b, c]))) {
        let code = std::str::from_utf8(&code).unwrap();
        let Ok(currency) = code.parse::<Currency>() else {
            continue;
        };
        let listed = MINOR_UNITS.iter().find(|(_, codes)| codes.contains(&code));
        let none = WITHOUT_MINOR_UNIT.contains(&code).then_some(0);
        let places = listed.map(|(places, _)| *places).or(none).unwrap_or(2);
        assert_eq!(currency.exponent(), places, "{code}");
        hundredths += usize::from(places == 2);
    }
    assert!(hundredths > 120, "{hundredths}");
}

#[test]
fn a_half_is_rounded_away_from_zero() {
    for (text, cents) in [
        ("0.005", "0.01"),
        ("-0.005", "-0.01"),
        ("0.00499999999999999999999999", "0.00"),
        ("2.675", "2.68"),
        ("1.005", "1.01"),
        ("-1.015", "-1.02"),
        ("10/3", "3.33"),
        ("-20/3", "-6.67"),
        ("1/200", "0.01"),
    ] {
        let rounded = exact(text).rounded(2).unwrap();
        assert_eq!(rounded, cents.parse().unwrap(), "{text}");
    }
}

#[test]
fn what_28_digits_cannot_hold_is_refused_and_never_wrong() {
    let long = exact("1.2345678901234567890123456789");
    assert!(long.times(long).is_err());
    assert!(exact("79228162514264337593543950335").rounded(2).is_err());
    assert!(Exact::ONE.over(Exact::ZERO).is_err());
    assert!("1.23456789012345678901234567891".parse::<Exact>().is_err());
    let fine = exact("0.0000001234567")
        .times(exact("98765432109.876543"))
        .unwrap();
    assert_eq!(fine.to_string(), "12193.2543223593954061881");
    let dear = exact("7922816251426433759354395.0335");
    assert_eq!(
        dear.rounded(2).unwrap().to_string(),
        "7922816251426433759354395.03"
    );
}

#[test]
fn an_exact_number_is_written_as_a_decimal_or_a_fraction_and_read_back() {
    for text in ["0", "12.5", "-0.001", "50/31", "-1/3"] {
        assert_eq!(exact(text).to_string(), text);
        let json = serde_json::to_string(&exact(text)).unwrap();
        assert_eq!(serde_json::from_str::<Exact>(&json).unwrap(), exact(text));
    }
    for wrong in ["", "1/0", "a", "1/2/3", "1e3"] {
        assert!(wrong.parse::<Exact>().is_err(), "{wrong}");
    }
}

fn decimals() -> impl Strategy<Value = Decimal> {
    (-1_000_000_000_000_i64..1_000_000_000_000, 0..10_u32)
        .prop_map(|(mantissa, scale)| Decimal::new(mantissa, scale))
}

proptest! {
    #[test]
    fn exact_arithmetic_is_that_of_decimals_where_those_are_exact(a in decimals(), b in decimals()) {
        let (x, y) = (Exact::from(a), Exact::from(b));
        prop_assert_eq!(x.plus(y).unwrap(), Exact::from(a + b));
        prop_assert_eq!(x.minus(y).unwrap(), Exact::from(a - b));
        prop_assert_eq!(x.times(y).unwrap(), Exact::from(a * b));
        prop_assert_eq!(x.cmp(&y), a.cmp(&b));
        prop_assert_eq!(x.to_decimal().unwrap(), a);
        prop_assert_eq!(x.floor().unwrap(), Exact::from(a.floor()));
        prop_assert_eq!(x.ceiling().unwrap(), Exact::from(a.ceil()));
    }

    #[test]
    fn rounding_is_that_of_the_decimal_half_away_from_zero(a in decimals(), places in 0..5_u32) {
        let strategy = rust_decimal::RoundingStrategy::MidpointAwayFromZero;
        prop_assert_eq!(Exact::from(a).rounded(places).unwrap(), a.round_dp_with_strategy(places, strategy));
    }

    #[test]
    fn parts_of_a_number_sum_to_it(a in decimals(), cut in 0..31_i64) {
        let part = |days| Exact::from(a).times(Exact::ratio(days, 31).unwrap()).unwrap();
        prop_assert_eq!(part(cut).plus(part(31 - cut)).unwrap(), Exact::from(a));
        prop_assert_eq!(part(cut).cmp(&part(31 - cut)), match a.cmp(&Decimal::ZERO) {
            std::cmp::Ordering::Greater => cut.cmp(&(31 - cut)),
            std::cmp::Ordering::Less => (31 - cut).cmp(&cut),
            equal @ std::cmp::Ordering::Equal => equal,
        });
    }
}
