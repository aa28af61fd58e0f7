//! Package: a price a package, a begun one in full (Lago and OpenMeter "package").

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::kernel::Currency;
use crate::pricing::error::Problem;
use crate::pricing::exact::Exact;
use crate::pricing::figure;
use crate::pricing::line::{Basis, RatedTier};
use crate::pricing::price::Price;

/// Free units come off first; what is left is counted in packages, rounded up (Lago, package_service_spec.rb:
/// 121 units, 10 free, packages of 10 are 12).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// How many units a package holds.
    #[serde(with = "figure")]
    #[schemars(with = "String")]
    pub package_size: Decimal,
    /// What a package costs.
    pub package_price: Price,
    /// How many units are free.
    #[serde(default, with = "figure")]
    #[schemars(with = "String")]
    pub free_units: Decimal,
}

impl Package {
    pub(super) fn price(&self, quantity: Exact, currency: Currency) -> Result<Vec<RatedTier>, Problem> {
        let paid = quantity.minus(self.free_units.into())?.max(Exact::ZERO);
        let packages = paid.over(self.package_size.into())?.ceiling()?;
        let price = self.package_price.in_currency(currency)?;
        Ok(vec![RatedTier::part(Basis::Packages, packages, price)?])
    }
}
