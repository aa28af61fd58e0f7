//! Taxes by rate.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::error::{Problem, RatingError};
use super::exact::Exact;
use super::figure;
use super::line::rounded;
use super::period::Period;
use crate::kernel::{Currency, Money};

/// A tax and its rate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tax {
    /// Its code.
    pub code: String,
    /// Its name on an invoice, for instance `VAT`.
    pub name: String,
    /// Its rate in per cent.
    #[serde(with = "figure")]
    #[schemars(with = "String")]
    pub rate_percent: Decimal,
}

/// A tax of an invoice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RatedTax {
    /// The tax's code.
    pub code: String,
    /// Its rate in per cent.
    pub rate_percent: Decimal,
    /// What it is taken of.
    pub base: Money,
    /// The tax before rounding.
    pub exact: Exact,
    /// The tax, rounded.
    pub amount: Money,
    /// The earlier period of whose bill this is the difference; none: it is of the invoice's own period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrects: Option<Period>,
}

/// Each tax of a net amount. The net is the sum of rounded lines less rounded coupons; each rate is taken of all
/// of it and rounded once, half away from zero (EN 16931, BR-CO-17); taxes do not compound. Prepaid credits pay
/// an invoice and do not lower the net (Flexprice "Invoice Calculation Order").
///
/// # Errors
/// [`RatingError`] names the tax and what stands in the way.
pub(super) fn levy(net: Decimal, taxes: &[Tax], currency: Currency) -> Result<Vec<RatedTax>, RatingError> {
    let levied = taxes.iter().map(|tax| {
        let rate = || -> Result<RatedTax, Problem> {
            let exact = Exact::from(tax.rate_percent).percent_of(net.into())?;
            Ok(RatedTax {
                code: tax.code.clone(),
                rate_percent: tax.rate_percent,
                base: Money::new(net, currency),
                exact,
                amount: rounded(exact, currency)?,
                corrects: None,
            })
        };
        rate().map_err(|problem| problem.on(&tax.code))
    });
    levied.collect()
}
