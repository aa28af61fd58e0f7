//! What a coupon and a tax must keep to.

use rust_decimal::Decimal;

use super::coupon::{Coupon, Discount, Lasts};
use super::outcome::OutcomeTerms;
use super::tax::Tax;
use super::validate::{Check, InvalidPlan};
use crate::meter::{Aggregation, Definition};

impl Coupon {
    /// Checks the discount and how long it lasts.
    ///
    /// # Errors
    /// [`InvalidPlan`] lists all that is wrong: where, what, and what to do.
    pub fn check(&self) -> Result<(), InvalidPlan> {
        let mut check = Check::default();
        code(&mut check, &self.code);
        match &self.discount {
            Discount::Percent(percent) => share(&mut check, "discount.percent", *percent),
            Discount::Amount(price) => {
                if price.amounts().next().is_none() {
                    check.fault(
                        "discount.amount",
                        "there is no amount",
                        "name one in each currency it is for",
                    );
                }
                for (currency, amount) in price.amounts() {
                    check.above_zero(&format!("discount.amount.{currency}"), amount);
                }
            }
        }
        if self.lasts == Lasts::Periods(0) {
            check.fault(
                "lasts.periods",
                "it lasts for no invoice",
                "name one period or more",
            );
        }
        check.done()
    }
}

impl Tax {
    /// Checks the rate.
    ///
    /// # Errors
    /// [`InvalidPlan`] lists all that is wrong: where, what, and what to do.
    pub fn check(&self) -> Result<(), InvalidPlan> {
        let mut check = Check::default();
        code(&mut check, &self.code);
        share(&mut check, "rate_percent", self.rate_percent);
        check.done()
    }
}

impl Check {
    /// The expressions that pair events.
    pub(super) fn outcome(&mut self, at: &str, terms: &OutcomeTerms) {
        let of = |name: &str| format!("{at}.{name}.key");
        let assumed = terms.assumed.as_ref().and_then(|meter| meter.key.clone());
        let reversed = terms.reversed.as_ref().and_then(|meter| meter.key.clone());
        let keys = [
            (format!("{at}.key"), terms.key.clone()),
            (of("assumed"), assumed),
            (of("reversed"), reversed),
        ];
        for (at, key) in keys {
            let Some(key) = key else { continue };
            // As a group of events that have nothing personal: what a meter of others reads is seen when it is read.
            let definition = Definition {
                label: "outcome".to_owned(),
                event_type: "usage.outcome".to_owned(),
                also_event_types: Vec::new(),
                filter: None,
                value: None,
                aggregation: Aggregation::Count,
                group_by: [("key".to_owned(), key)].into(),
                unit: "event".to_owned(),
            };
            if let Err(error) = definition.check() {
                self.fault(
                    &at,
                    error.to_string(),
                    "write a CEL expression, for instance subject",
                );
            }
        }
    }
}

fn code(check: &mut Check, code: &str) {
    if code.trim().is_empty() {
        check.fault("code", "it is blank", "name it: lines are named after it");
    }
}

fn share(check: &mut Check, at: &str, percent: Decimal) {
    if percent < Decimal::ZERO || percent > Decimal::ONE_HUNDRED {
        check.fault(
            at,
            format!("{percent} is not between 0 and 100"),
            "name a share in per cent: 19 for 19 %",
        );
    }
}
