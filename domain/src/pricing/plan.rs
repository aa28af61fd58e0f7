//! Plans: versions with effective dates, each with its fees, charges and limits.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::charge::Charge;
use super::fee::FlatFee;
use super::figure;
use super::period::{Anchor, Interval};
use super::plan_changes::PlanChanges;
use super::price::Price;
use super::spend::Commitment;
use super::validate::{InvalidPlan, validate};
use crate::kernel::Currency;
use crate::subscription::PlanCode;

/// What can be subscribed to. A plan that exists is valid: parsing refuses any other, with all that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Plan {
    code: PlanCode,
    name: String,
    versions: Vec<PlanVersion>,
}

/// What a plan is from a day on. A subscription keeps the version that was in force when it began, or when its plan was
/// changed last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanVersion {
    /// Its number: 1, 2, 3, ...
    pub version: u32,
    /// From when on it is in force.
    pub effective_from: Timestamp,
    /// The currencies that one may subscribe in; every price has an amount in each.
    pub currencies: Vec<Currency>,
    /// How long its periods are.
    pub interval: Interval,
    /// Where its periods begin.
    #[serde(default)]
    pub anchor: Anchor,
    /// For how many days from the start flat fees cost nothing. Usage does.
    #[serde(default)]
    pub trial_days: u16,
    /// Its flat fees.
    #[serde(default)]
    pub fees: Vec<FlatFee>,
    /// Its charges.
    #[serde(default)]
    pub charges: Vec<Charge>,
    /// What a whole period's fees and charges come to at least; prorated by day (Lago "minimum commitment"), the
    /// days of a trial left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_spend: Option<Price>,
    /// What is committed to for a whole period's charges; prorated by day (Flexprice "commitment").
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commitment: Option<Commitment>,
    /// What changing from it to another plan does to the period that is paid for.
    #[serde(default, skip_serializing_if = "PlanChanges::is_usual")]
    pub changes: PlanChanges,
    /// How much of the platform it opens.
    #[serde(default)]
    pub limits: Limits,
}

/// How much of the platform a plan opens; without a figure there is no limit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// How many verticals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verticals: Option<u32>,
    /// How many members.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members: Option<u32>,
    /// Which features; all, when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<Vec<String>>,
    /// How much of what meters count in a period.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quotas: Vec<Quota>,
}

/// How much of what a meter counts a plan opens in a billing period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Quota {
    /// The meter, a sum or a count.
    pub meter: String,
    /// How much.
    #[serde(with = "figure")]
    #[schemars(with = "String")]
    pub quantity: Decimal,
    /// What becomes of more.
    #[serde(default)]
    pub enforcement: Enforcement,
}

/// What becomes of use beyond a limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Enforcement {
    /// Commands that begin more of it are refused.
    #[default]
    Hard,
    /// It is told, and goes on.
    Soft,
}

/// A plan as it is written down, before it is checked.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    code: PlanCode,
    name: String,
    versions: Vec<PlanVersion>,
}

impl TryFrom<Unchecked> for Plan {
    type Error = InvalidPlan;
    fn try_from(plan: Unchecked) -> Result<Self, InvalidPlan> {
        Self::try_new(plan.code, plan.name, plan.versions)
    }
}

impl Plan {
    /// A plan of these versions.
    ///
    /// # Errors
    /// [`InvalidPlan`] lists all that is wrong: where, what, and what to do.
    pub fn try_new(code: PlanCode, name: String, versions: Vec<PlanVersion>) -> Result<Self, InvalidPlan> {
        validate(&name, &versions)?;
        Ok(Self { code, name, versions })
    }

    /// Its code.
    #[must_use]
    pub const fn code(&self) -> &PlanCode {
        &self.code
    }

    /// Its name on an invoice.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its versions, the oldest first.
    #[must_use]
    pub fn versions(&self) -> &[PlanVersion] {
        &self.versions
    }

    /// The version in force at an instant; none before the first.
    #[must_use]
    pub fn version_at(&self, at: Timestamp) -> Option<&PlanVersion> {
        self.versions.iter().rfind(|version| version.effective_from <= at)
    }
}
