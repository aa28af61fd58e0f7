//! The charge models: how a quantity becomes an amount.

mod dynamic;
mod graduated;
mod graduated_percentage;
mod package;
mod percentage;
mod standard;
mod tier;
mod volume;

pub use dynamic::Dynamic;
pub use graduated::Graduated;
pub use graduated_percentage::{GraduatedPercentage, PercentageTier};
pub use package::Package;
pub use percentage::Percentage;
pub use standard::Standard;
pub use tier::Tier;
pub use volume::Volume;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::error::Problem;
use super::exact::Exact;
use super::line::RatedTier;
use super::usage::Usage;
use crate::kernel::Currency;

/// A charge model and its prices; as JSON it names itself: `{"model": "standard", "unit_price": {"USD": "0.05"}}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "model", rename_all = "snake_case")]
pub enum Model {
    /// A price a unit.
    Standard(Standard),
    /// Each tier's units at that tier's price.
    Graduated(Graduated),
    /// All units at the price of the tier that the whole quantity reaches.
    Volume(Volume),
    /// A price a package, a begun one in full.
    Package(Package),
    /// A share of transactions' amounts.
    Percentage(Percentage),
    /// Each tier's share of the amount that falls into it.
    GraduatedPercentage(GraduatedPercentage),
    /// The amounts that the events bring.
    Dynamic(Dynamic),
}

impl Model {
    /// Its name, as in JSON.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Standard(_) => "standard",
            Self::Graduated(_) => "graduated",
            Self::Volume(_) => "volume",
            Self::Package(_) => "package",
            Self::Percentage(_) => "percentage",
            Self::GraduatedPercentage(_) => "graduated_percentage",
            Self::Dynamic(_) => "dynamic",
        }
    }

    /// The usage of a period in which nothing was used.
    pub(super) const fn nothing_used(&self) -> Usage {
        match self {
            Self::Percentage(_) => Usage::Transactions(vec![]),
            Self::Dynamic(_) => Usage::Priced {
                quantity: Decimal::ZERO,
                amount: Decimal::ZERO,
            },
            Self::Standard(_)
            | Self::Graduated(_)
            | Self::Volume(_)
            | Self::Package(_)
            | Self::GraduatedPercentage(_) => Usage::Quantity(Decimal::ZERO),
        }
    }

    /// Prices usage tier by tier; `billable` is its quantity without what is included.
    pub(super) fn price(
        &self,
        usage: &Usage,
        billable: Exact,
        currency: Currency,
    ) -> Result<Vec<RatedTier>, Problem> {
        match self {
            Self::Standard(model) => model.price(billable, currency),
            Self::Graduated(model) => model.price(billable, currency),
            Self::Volume(model) => model.price(billable, currency),
            Self::Package(model) => model.price(billable, currency),
            Self::Percentage(model) => model.price(usage, currency),
            Self::GraduatedPercentage(model) => model.price(billable, currency),
            Self::Dynamic(model) => model.price(usage),
        }
    }
}
