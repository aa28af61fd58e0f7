//! What a charge model must keep to.

use rust_decimal::Decimal;

use super::model::{Model, Percentage, PercentageTier, Tier};
use super::validate::Check;

pub(super) fn check_model(check: &mut Check, at: &str, model: &Model) {
    match model {
        Model::Standard(standard) => check.price(&format!("{at}.unit_price"), &standard.unit_price),
        Model::Graduated(graduated) => check_tiers(check, at, &graduated.tiers),
        Model::Volume(volume) => check_tiers(check, at, &volume.tiers),
        Model::Package(package) => {
            check.above_zero(&format!("{at}.package_size"), package.package_size);
            check.price(&format!("{at}.package_price"), &package.package_price);
            check.not_negative(&format!("{at}.free_units"), package.free_units);
        }
        Model::Percentage(percentage) => check_percentage(check, at, percentage),
        Model::GraduatedPercentage(graduated) => check_shares(check, at, &graduated.tiers),
        Model::Dynamic(dynamic) => check.not_negative(&format!("{at}.multiplier"), dynamic.multiplier),
    }
}

fn check_percentage(check: &mut Check, at: &str, model: &Percentage) {
    check.not_negative(&format!("{at}.rate_percent"), model.rate_percent);
    for (field, price) in [
        ("fixed_fee", &model.fixed_fee),
        ("free_amount", &model.free_amount),
        ("minimum_per_transaction", &model.minimum_per_transaction),
        ("maximum_per_transaction", &model.maximum_per_transaction),
    ] {
        check.optional_price(&format!("{at}.{field}"), price.as_ref());
    }
    check.bounds(
        &format!("{at}.maximum_per_transaction"),
        model.minimum_per_transaction.as_ref(),
        model.maximum_per_transaction.as_ref(),
    );
}

fn check_tiers(check: &mut Check, at: &str, tiers: &[Tier]) {
    check_bounds(
        check,
        at,
        &tiers.iter().map(|tier| tier.up_to).collect::<Vec<_>>(),
    );
    for (index, tier) in tiers.iter().enumerate() {
        let at = format!("{at}.tiers[{index}]");
        check.optional_price(&format!("{at}.unit_price"), tier.unit_price.as_ref());
        check.optional_price(&format!("{at}.flat_fee"), tier.flat_fee.as_ref());
        if tier.unit_price.is_none() && tier.flat_fee.is_none() {
            check.fault(
                &at,
                "it has no price",
                "name a unit_price or a flat_fee, if only of zero",
            );
        }
    }
}

fn check_shares(check: &mut Check, at: &str, tiers: &[PercentageTier]) {
    check_bounds(
        check,
        at,
        &tiers.iter().map(|tier| tier.up_to).collect::<Vec<_>>(),
    );
    for (index, tier) in tiers.iter().enumerate() {
        check.not_negative(&format!("{at}.tiers[{index}].rate_percent"), tier.rate_percent);
        check.optional_price(&format!("{at}.tiers[{index}].flat_fee"), tier.flat_fee.as_ref());
    }
}

/// Upper bounds that ascend from above zero, and an open last tier.
fn check_bounds(check: &mut Check, at: &str, bounds: &[Option<Decimal>]) {
    if bounds.is_empty() {
        check.fault(
            &format!("{at}.tiers"),
            "there is none",
            "add a tier without up_to",
        );
    }
    let mut above = Decimal::ZERO;
    for (index, up_to) in bounds.iter().enumerate() {
        let at = format!("{at}.tiers[{index}].up_to");
        let last = index + 1 == bounds.len();
        match up_to {
            None if !last => {
                check.fault(
                    &at,
                    "an open tier comes before others",
                    "let only the last tier be open",
                );
            }
            Some(_) if last => {
                check.fault(
                    &at,
                    "the last tier ends",
                    "leave its up_to out, so that it takes what is above",
                );
            }
            Some(up_to) if *up_to <= above => {
                let problem =
                    format!("it ends at {up_to} but begins above {above}: tiers overlap or are out of order");
                check.fault(&at, problem, "let the bounds ascend from above zero");
            }
            Some(_) | None => {}
        }
        above = up_to.unwrap_or(above).max(above);
    }
}
