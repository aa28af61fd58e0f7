//! What a plan must keep to: each fault with its place, and what to do about it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use rust_decimal::Decimal;

use super::charge::{Charge, OnNegative};
use super::deducted::GIVEN_BACK;
use super::fee::FlatFee;
use super::model::Model;
use super::plan::PlanVersion;
use super::price::Price;
use super::spend::Commitment;
use super::validate_model::check_model;
use crate::kernel::Currency;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where, as a path: `versions[0].charges[2].price.tiers[1].up_to`.
    pub at: String,
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub remedy: &'static str,
}

/// All that is wrong with a plan, a coupon or a tax.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct InvalidPlan(pub Vec<Fault>);

impl fmt::Display for InvalidPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Fault { at, problem, remedy }) in self.0.iter().enumerate() {
            let between = if index == 0 { "" } else { "; " };
            write!(f, "{between}{at}: {problem}: {remedy}")?;
        }
        Ok(())
    }
}

/// The faults found so far, and the currencies that prices must have.
#[derive(Default)]
pub(super) struct Check {
    faults: Vec<Fault>,
    currencies: Vec<Currency>,
}

impl Check {
    pub(super) fn fault(&mut self, at: &str, problem: impl Into<String>, remedy: &'static str) {
        self.faults.push(Fault {
            at: at.to_owned(),
            problem: problem.into(),
            remedy,
        });
    }

    pub(super) fn not_negative(&mut self, at: &str, figure: Decimal) {
        if figure < Decimal::ZERO {
            self.fault(
                at,
                format!("{figure} is negative"),
                "name a figure of zero or more",
            );
        }
    }

    pub(super) fn above_zero(&mut self, at: &str, figure: Decimal) {
        if figure <= Decimal::ZERO {
            self.fault(
                at,
                format!("{figure} is not above zero"),
                "name a figure above zero",
            );
        }
    }

    /// A price: an amount in each of the plan's currencies, in no other, and none below zero.
    pub(super) fn price(&mut self, at: &str, price: &Price) {
        let amounts: BTreeMap<Currency, Decimal> = price.amounts().collect();
        for currency in self.currencies.clone() {
            if !amounts.contains_key(&currency) {
                let problem = format!("there is no amount in {currency}");
                self.fault(at, problem, "name one, or take the currency off the plan's list");
            }
        }
        for (currency, amount) in amounts {
            if !self.currencies.contains(&currency) {
                let problem = format!("{currency} is none of the plan's currencies");
                self.fault(
                    at,
                    problem,
                    "add it to the plan's currencies, or take the amount away",
                );
            }
            self.not_negative(&format!("{at}.{currency}"), amount);
        }
    }

    pub(super) fn optional_price(&mut self, at: &str, price: Option<&Price>) {
        if let Some(price) = price {
            self.price(at, price);
        }
    }

    /// A lower price above a higher one, in any currency.
    pub(super) fn bounds(&mut self, at: &str, least: Option<&Price>, most: Option<&Price>) {
        let (Some(least), Some(most)) = (least, most) else {
            return;
        };
        let most: BTreeMap<Currency, Decimal> = most.amounts().collect();
        for (currency, least) in least.amounts() {
            if let Some(most) = most.get(&currency).filter(|most| **most < least) {
                let problem =
                    format!("the maximum of {most} {currency} is below the minimum of {least} {currency}");
                self.fault(at, problem, "raise the maximum, or lower the minimum");
            }
        }
    }

    fn codes<'a>(&mut self, at: &str, codes: impl Iterator<Item = &'a String>) {
        let mut seen = BTreeSet::new();
        for code in codes {
            if code.trim().is_empty() {
                self.fault(at, "a code is blank", "name each fee and charge");
            } else if code == GIVEN_BACK {
                let problem = format!("the code {code:?} is that of what credit notes gave back");
                self.fault(at, problem, "name the fee or charge otherwise");
            } else if !seen.insert(code) {
                self.fault(
                    at,
                    format!("the code {code:?} comes twice"),
                    "give each fee and charge a code of its own",
                );
            }
        }
    }

    fn commitment(&mut self, at: &str, commitment: Option<&Commitment>) {
        let Some(commitment) = commitment else { return };
        self.price(&format!("{at}.amount"), &commitment.amount);
        if commitment.overage_factor < Decimal::ONE {
            let problem = format!("the overage factor {} is below 1", commitment.overage_factor);
            self.fault(
                &format!("{at}.overage_factor"),
                problem,
                "name 1 or more: 1.5 makes overage half as dear again",
            );
        }
    }

    fn fee(&mut self, at: &str, fee: &FlatFee) {
        self.price(&format!("{at}.price"), &fee.price);
    }

    fn charge(&mut self, at: &str, charge: &Charge) {
        check_model(self, &format!("{at}.price"), &charge.price);
        self.not_negative(&format!("{at}.included_units"), charge.included_units);
        if let Some(transform) = &charge.transform {
            self.above_zero(&format!("{at}.transform.divide_by"), transform.divide_by);
            self.above_zero(&format!("{at}.transform.multiply_by"), transform.multiply_by);
        }
        let counts_units = !matches!(charge.price, Model::Percentage(_) | Model::Dynamic(_));
        if !counts_units && (!charge.included_units.is_zero() || charge.transform.is_some()) {
            let problem = format!("the charge model {} does not price units", charge.price.name());
            self.fault(at, problem, "leave included_units and transform out");
        }
        if charge.outcome.is_some() && matches!(charge.price, Model::Dynamic(_)) {
            let problem = "the charge model dynamic does not price outcomes";
            self.fault(
                &format!("{at}.outcome"),
                problem,
                "leave it out, or use another model",
            );
        }
        if let Some(outcome) = &charge.outcome {
            self.outcome(&format!("{at}.outcome"), outcome);
        }
        let may_credit = matches!(charge.price, Model::Standard(_) | Model::Dynamic(_));
        if charge.on_negative == OnNegative::Credit && !may_credit {
            let problem = format!(
                "the charge model {} cannot price a quantity below zero",
                charge.price.name()
            );
            self.fault(
                &format!("{at}.on_negative"),
                problem,
                "leave it out, or use standard or dynamic",
            );
        }
        self.optional_price(&format!("{at}.minimum_spend"), charge.minimum_spend.as_ref());
        self.optional_price(&format!("{at}.maximum_spend"), charge.maximum_spend.as_ref());
        self.bounds(
            &format!("{at}.maximum_spend"),
            charge.minimum_spend.as_ref(),
            charge.maximum_spend.as_ref(),
        );
        self.commitment(&format!("{at}.commitment"), charge.commitment.as_ref());
    }

    fn version(&mut self, at: &str, version: &PlanVersion) {
        if version.currencies.is_empty() {
            self.fault(
                &format!("{at}.currencies"),
                "there is no currency",
                "name at least one (USD)",
            );
        }
        self.currencies.clone_from(&version.currencies);
        let codes = version.fees.iter().map(|fee| &fee.code);
        self.codes(at, codes.chain(version.charges.iter().map(|charge| &charge.code)));
        for (index, fee) in version.fees.iter().enumerate() {
            self.fee(&format!("{at}.fees[{index}]"), fee);
        }
        for (index, charge) in version.charges.iter().enumerate() {
            self.charge(&format!("{at}.charges[{index}]"), charge);
        }
        self.optional_price(&format!("{at}.minimum_spend"), version.minimum_spend.as_ref());
        self.commitment(&format!("{at}.commitment"), version.commitment.as_ref());
    }

    pub(super) fn done(self) -> Result<(), InvalidPlan> {
        if self.faults.is_empty() {
            Ok(())
        } else {
            Err(InvalidPlan(self.faults))
        }
    }
}

/// Checks all but what depends on meters.
pub(super) fn validate(name: &str, versions: &[PlanVersion]) -> Result<(), InvalidPlan> {
    let mut check = Check::default();
    if name.trim().is_empty() {
        check.fault("name", "it is blank", "name the plan as invoices shall");
    }
    if versions.is_empty() {
        check.fault("versions", "there is none", "add a version");
    }
    for (index, version) in versions.iter().enumerate() {
        check.version(&format!("versions[{index}]"), version);
    }
    for (index, pair) in versions.windows(2).enumerate() {
        let at = format!("versions[{}]", index + 1);
        if pair[1].version <= pair[0].version {
            let problem = format!(
                "version {} comes after version {}",
                pair[1].version, pair[0].version
            );
            check.fault(
                &format!("{at}.version"),
                problem,
                "number versions in ascending order",
            );
        }
        if pair[1].effective_from <= pair[0].effective_from {
            let problem = format!(
                "{} is not after {}",
                pair[1].effective_from, pair[0].effective_from
            );
            check.fault(
                &format!("{at}.effective_from"),
                problem,
                "let each version begin after the one before",
            );
        }
    }
    check.done()
}
