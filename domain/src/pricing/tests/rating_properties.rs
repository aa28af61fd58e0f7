//! What holds for every charge, whatever its prices and its usage.

use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::pricing::examples::build::{charge, price, terms, usage_line};
use crate::pricing::{
    BilledLine, Charge, Dynamic, Exact, Graduated, GraduatedPercentage, LineKind, Model, Package, Percentage,
    PercentageTier, RatedLine, Standard, Terms, Tier, Transaction, Usage, Volume, added,
};

pub(super) fn amounts() -> impl Strategy<Value = Decimal> {
    (0..1_000_000_i64, 0..5_u32).prop_map(|(mantissa, scale)| Decimal::new(mantissa, scale))
}

pub(super) fn cost(amount: Decimal) -> crate::pricing::Price {
    price(&amount.to_string())
}

/// Ascending bounds and an open end, each tier with two figures.
fn tiers() -> impl Strategy<Value = Vec<(Option<Decimal>, Decimal, Decimal)>> {
    prop::collection::vec((1..500_i64, amounts(), amounts()), 1..5).prop_map(|rows| {
        let last = rows.len() - 1;
        let mut above = 0;
        let rows = rows.into_iter().enumerate().map(|(index, (width, one, other))| {
            above += width;
            ((index < last).then(|| Decimal::new(above, 1)), one, other)
        });
        rows.collect()
    })
}

fn unit_tiers() -> impl Strategy<Value = Vec<Tier>> {
    tiers().prop_map(|rows| {
        let rows = rows.into_iter().map(|(up_to, unit_price, flat_fee)| Tier {
            up_to,
            unit_price: Some(cost(unit_price)),
            flat_fee: Some(cost(flat_fee)),
        });
        rows.collect()
    })
}

/// Models that price a quantity, without volume.
fn steady_models() -> impl Strategy<Value = Model> {
    let standard = amounts().prop_map(|amount| {
        Model::Standard(Standard {
            unit_price: cost(amount),
        })
    });
    let graduated = unit_tiers().prop_map(|tiers| Model::Graduated(Graduated { tiers }));
    let package = (1..1_000_i64, amounts(), amounts()).prop_map(|(size, amount, free_units)| {
        Model::Package(Package {
            package_size: Decimal::new(size, 1),
            package_price: cost(amount),
            free_units,
        })
    });
    let shares = tiers().prop_map(|rows| {
        let rows = rows
            .into_iter()
            .map(|(up_to, rate_percent, flat_fee)| PercentageTier {
                up_to,
                rate_percent,
                flat_fee: Some(cost(flat_fee)),
            });
        Model::GraduatedPercentage(GraduatedPercentage {
            tiers: rows.collect(),
        })
    });
    prop_oneof![standard, graduated, package, shares]
}

pub(super) fn models() -> impl Strategy<Value = Model> {
    prop_oneof![
        4 => steady_models(),
        1 => unit_tiers().prop_map(|tiers| Model::Volume(Volume { tiers })),
    ]
}

fn charges() -> impl Strategy<Value = Charge> {
    (
        models(),
        amounts(),
        prop::option::of(amounts()),
        prop::option::of(amounts()),
    )
        .prop_map(|(model, included_units, least, most)| Charge {
            included_units,
            minimum_spend: least.map(cost),
            maximum_spend: most.map(cost),
            ..charge(model)
        })
}

/// A decimal of any of its digits and places, not below zero.
fn any_decimal() -> impl Strategy<Value = Decimal> {
    let large = (any::<u32>(), any::<u32>(), any::<u32>(), 0..29_u32)
        .prop_map(|(low, middle, high, scale)| Decimal::from_parts(low, middle, high, false, scale));
    prop_oneof![large, amounts()]
}

fn percentages() -> impl Strategy<Value = Charge> {
    let bound = || prop::option::of(amounts().prop_map(cost));
    (amounts(), bound(), prop::option::of(0..5_u32), bound(), bound()).prop_map(
        |(rate_percent, fixed_fee, free_transactions, free_amount, minimum_per_transaction)| {
            charge(Model::Percentage(Percentage {
                rate_percent,
                fixed_fee,
                free_transactions,
                free_amount,
                minimum_per_transaction,
                maximum_per_transaction: None,
            }))
        },
    )
}

fn transactions() -> impl Strategy<Value = Vec<Transaction>> {
    prop::collection::vec((0..100_i64, amounts()), 0..12).prop_map(|rows| {
        let rows = rows
            .into_iter()
            .enumerate()
            .map(|(index, (second, amount))| Transaction {
                at: jiff::Timestamp::from_second(second).unwrap(),
                id: index.to_string(),
                amount,
            });
        rows.collect()
    })
}

fn line(charge: &Charge, quantity: Decimal) -> RatedLine {
    usage_line(charge, &Usage::Quantity(quantity))
}

/// Tiers add up to the exact amount, and the rounded amount is that amount, rounded.
fn proves(line: &RatedLine) -> bool {
    let sum = line
        .tiers
        .iter()
        .fold(Exact::ZERO, |sum, tier| sum.plus(tier.amount).unwrap());
    let each = line.tiers.iter().all(|tier| {
        tier.quantity
            .times(tier.price)
            .unwrap()
            .plus(tier.flat_fee)
            .unwrap()
            == tier.amount
    });
    sum == line.exact && each && line.exact.rounded(2).unwrap() == line.amount.amount
}

proptest! {
    #[test]
    fn the_tiers_of_a_line_prove_it(charge in charges(), quantity in amounts()) {
        for line in charge.rate(&Usage::Quantity(quantity), terms()).unwrap() {
            prop_assert!(proves(&line), "{:?}", line);
        }
    }

    #[test]
    fn the_transactions_of_a_line_prove_it(charge in percentages(), transactions in transactions()) {
        let line = usage_line(&charge, &Usage::Transactions(transactions));
        prop_assert!(proves(&line), "{:?}", line);
    }

    #[test]
    fn rating_in_increments_comes_to_rating_in_one_go(
        charge in charges(),
        mut steps in prop::collection::vec(amounts(), 1..6),
    ) {
        steps.sort();
        let mut billed = line(&charge, steps[0]);
        let (mut exact, mut rounded) = (billed.exact, billed.amount.amount);
        for step in &steps[1..] {
            let all = line(&charge, *step);
            let more = all.since(&billed).unwrap();
            let sum = more.tiers.iter().fold(Exact::ZERO, |sum, tier| sum.plus(tier.amount).unwrap());
            prop_assert_eq!(sum, more.exact);
            prop_assert_eq!(more.kind, LineKind::Correction);
            exact = exact.plus(more.exact).unwrap();
            rounded += more.amount.amount;
            billed = all;
        }
        let at_once = line(&charge, steps[steps.len() - 1]);
        prop_assert_eq!(exact, at_once.exact);
        prop_assert_eq!(rounded, at_once.amount.amount);
    }

    #[test]
    fn more_usage_never_costs_less(model in steady_models(), a in amounts(), b in amounts()) {
        let charge = charge(model);
        prop_assert!(line(&charge, a.min(b)).exact <= line(&charge, a.max(b)).exact);
    }

    #[test]
    fn the_order_of_arrival_does_not_matter(
        charge in percentages(),
        (sent, arrived) in transactions().prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
    ) {
        let rate = |transactions| usage_line(&charge, &Usage::Transactions(transactions));
        prop_assert_eq!(rate(sent), rate(arrived));
    }

    #[test]
    fn a_line_and_its_true_up_keep_to_the_bounds(
        model in models(),
        quantity in amounts(),
        bounds in (amounts(), amounts()),
        days in 0..32_i64,
    ) {
        let (least, most) = (bounds.0.min(bounds.1), bounds.0.max(bounds.1));
        let charge = Charge {
            minimum_spend: Some(cost(least)),
            maximum_spend: Some(cost(most)),
            ..charge(model)
        };
        let share = Exact::ratio(days, 31).unwrap();
        let lines = charge.rate(&Usage::Quantity(quantity), Terms { share, owed_share: share, ..terms() }).unwrap();
        let sum: Decimal = lines.iter().map(|line| line.amount.amount).sum();
        let bound = |amount: Decimal| Exact::from(amount).times(share).unwrap().rounded(2).unwrap();
        prop_assert!(bound(least) <= sum && sum <= bound(most), "{} {} {}", bound(least), sum, bound(most));
    }

    #[test]
    fn amounts_that_events_bring_are_billed_as_they_are(amounts in prop::collection::vec(amounts(), 0..9)) {
        let amount = amounts.iter().sum();
        let usage = Usage::Priced { quantity: amounts.len().into(), amount };
        let line = usage_line(&charge(Model::Dynamic(Dynamic::default())), &usage);
        prop_assert_eq!(line.exact, Exact::from(amount));
    }

    /// Figures of any size and any number of digits.
    #[test]
    fn any_figures_are_rated_exactly_or_refused_and_never_wrong(
        figures in (any_decimal(), any_decimal(), any_decimal(), any_decimal()),
        days in 1..366_i64,
    ) {
        let (quantity, unit_price, flat_fee, up_to) = figures;
        let tier = |up_to| Tier { up_to, unit_price: Some(cost(unit_price)), flat_fee: Some(cost(flat_fee)) };
        let charge = Charge {
            included_units: flat_fee,
            minimum_spend: Some(cost(quantity)),
            ..charge(Model::Graduated(Graduated { tiers: vec![tier(Some(up_to)), tier(None)] }))
        };
        let share = Exact::ratio(days, 366).unwrap();
        match charge.rate(&Usage::Quantity(quantity), Terms { share, owed_share: share, ..terms() }) {
            Ok(lines) => for line in lines {
                prop_assert!(proves(&line));
            },
            Err(refused) => prop_assert!(refused.to_string().starts_with("line \"usage\": the figures are too large")),
        }
    }

    #[test]
    fn a_correction_and_what_was_billed_come_to_what_is_known(
        charge in charges(),
        billed in amounts(),
        known in amounts(),
    ) {
        let rate = |quantity| charge.rate(&Usage::Quantity(quantity), terms()).unwrap();
        let sum = |lines: &[RatedLine]| -> Decimal { lines.iter().map(|line| line.amount.amount).sum() };
        let mut before = Vec::new();
        for line in rate(billed) {
            BilledLine::note(&mut before, line.kind, &line, ()).unwrap();
        }
        let corrections = added(rate(known), &before).unwrap();
        let corrected: Decimal = corrections.iter().map(|added| added.line.amount.amount).sum();
        prop_assert_eq!(sum(&rate(billed)) + corrected, sum(&rate(known)));
        // Once that is billed, too, there is nothing to correct.
        let kinds = corrections.iter().map(|added| added.before.map_or(added.line.kind, |before| before.key.kind));
        let corrections: Vec<(LineKind, RatedLine)> =
            kinds.zip(corrections.iter().map(|added| added.line.clone())).collect();
        for (kind, line) in corrections {
            BilledLine::note(&mut before, kind, &line, ()).unwrap();
        }
        prop_assert!(added(rate(known), &before).unwrap().is_empty());
    }
}
