//! Prepaid credit of a subscription: bought, or given.

use jiff::Timestamp;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::Money;
use crate::pricing::Grant;

/// How credit came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum CreditOrigin {
    /// The customer paid for it.
    Bought,
    /// It is a present.
    Given,
}

/// Prepaid credit that comes in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreditGrant {
    /// The grant's id, unique in a subscription.
    pub id: String,
    /// How much, in the subscription's currency.
    pub amount: Money,
    /// How it came in.
    pub origin: CreditOrigin,
    /// Lower ones are drawn first.
    pub priority: u8,
    /// From when on it may be drawn no more; left out: it never expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// What people should know of it, for instance the number of the order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Why credit can't come in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCredit {
    /// It has no name.
    #[error("its id is blank: name it, for instance by its order")]
    NoId,
    /// Nothing comes in.
    #[error("the amount {0} is not above zero")]
    NotAboveZero(Money),
    /// More digits than the currency has.
    #[error("the amount {0} has more decimal places than its currency")]
    TooFine(Money),
    /// More than a ledger can add up.
    #[error("the amount {0} is more than a ledger keeps: 1,000,000,000,000 at most")]
    TooMuch(Money),
    /// It can never be drawn.
    #[error("it expires at {expires_at}, and it comes in at {at}: let it expire later, or never")]
    ExpiresAtOnce {
        /// When it would expire.
        expires_at: Timestamp,
        /// When it comes in.
        at: Timestamp,
    },
}

/// So much is granted at once at most; a ledger of millions of grants still adds up.
const AT_MOST: i64 = 1_000_000_000_000;

impl CreditGrant {
    /// Whether it can come in at a moment.
    pub(super) fn check(&self, at: Timestamp) -> Result<(), InvalidCredit> {
        let amount = self.amount;
        if self.id.trim().is_empty() {
            return Err(InvalidCredit::NoId);
        }
        if amount.amount <= Decimal::ZERO {
            return Err(InvalidCredit::NotAboveZero(amount));
        }
        if amount.amount > Decimal::from(AT_MOST) {
            return Err(InvalidCredit::TooMuch(amount));
        }
        if amount.amount.normalize().scale() > amount.currency.exponent() {
            return Err(InvalidCredit::TooFine(amount));
        }
        match self.expires_at {
            Some(expires_at) if expires_at <= at => Err(InvalidCredit::ExpiresAtOnce { expires_at, at }),
            _ => Ok(()),
        }
    }

    /// The same as the ledger has it, when it came in at a moment.
    #[must_use]
    pub fn granted(&self, at: Timestamp) -> Grant {
        Grant {
            id: self.id.clone(),
            amount: self.amount.amount,
            priority: self.priority,
            granted_at: at,
            expires_at: self.expires_at,
        }
    }
}
