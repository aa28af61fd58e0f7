//! What changing from a plan to another does to the period that is paid for.

use serde::{Deserialize, Serialize};

/// The terms of a plan for those who leave it for another one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanChanges {
    /// When a cheaper plan takes its place.
    #[serde(default)]
    pub downgrade: Downgrade,
    /// What becomes of its fees in advance in the period of the change.
    #[serde(default)]
    pub old_fees: OldFees,
}

/// When a cheaper plan takes a plan's place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Downgrade {
    /// From the next period on: what was paid for is used up (Lago "upgrades and downgrades").
    #[default]
    NextPeriod,
    /// On the day of the change (Stripe, Flexprice).
    AtOnce,
}

/// What becomes of a plan's fees in advance when another plan takes its place in the middle of a period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OldFees {
    /// The days up to the change are owed, those from it on are credited (Stripe, Flexprice, Lago today).
    #[default]
    CreditUnusedDays,
    /// All that was invoiced is credited: the days up to the change cost nothing (Lago's documented upgrade in advance,
    /// "21 days x $40 / 31 days - $20 already invoiced").
    CreditInvoiced,
}

impl PlanChanges {
    /// Whether they are those of a plan that says nothing.
    pub(super) fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}
