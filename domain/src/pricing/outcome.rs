//! Outcome prices: per resolved conversation, per qualified lead, a share of the recovered amount.

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::outcome_events::Paired;
use super::period::{Period, day_of};
use super::usage::{Transaction, Usage};

/// A result that may be billed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Outcome {
    /// The id of the event that tells of it.
    pub id: String,
    /// When it came about.
    pub at: Timestamp,
    /// How sure it is.
    pub state: OutcomeState,
    /// What it counts: 1, or the amount of which a share is due.
    pub value: Decimal,
    /// When it was undone, if it was: a conversation opened again, a lead disqualified, a payment taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reversed_at: Option<Timestamp>,
}

/// How sure a result is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeState {
    /// Someone or something said so.
    Confirmed,
    /// Nobody contradicted.
    Assumed,
}

/// Which outcomes are billed, and how long a reversal is credited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutcomeTerms {
    /// Which states are billed.
    pub bill: BilledStates,
    /// The stability window: an outcome that is reversed up to so many days after its own day is not billed, and
    /// credited if it was. A later reversal changes nothing.
    pub stability_days: u16,
    /// What events of one outcome have in common: a CEL expression over the events of the charge's meter; the stream's
    /// id (`subject`), when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Whose events say that an outcome is assumed, since nobody contradicted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assumed: Option<OutcomeMeter>,
    /// Whose events undo the outcomes of their key that came before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reversed: Option<OutcomeMeter>,
}

/// A meter whose events tell of outcomes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutcomeMeter {
    /// The meter.
    pub meter: String,
    /// What its events have in common with those of the charge's meter: a CEL expression; that of the charge, when left
    /// out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// Which states are billed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BilledStates {
    /// Confirmed ones only.
    Confirmed,
    /// Confirmed and assumed ones.
    ConfirmedAndAssumed,
}

impl OutcomeTerms {
    fn last_day_of_window(&self, outcome: &Outcome, period: &Period) -> Date {
        let day = day_of(outcome.at, &period.zone);
        let window = Span::new().days(i64::from(self.stability_days));
        day.saturating_add(window)
    }

    /// Whether an outcome is billed.
    #[must_use]
    pub fn bills(&self, outcome: &Outcome, period: &Period) -> bool {
        let state = match outcome.state {
            OutcomeState::Confirmed => true,
            OutcomeState::Assumed => self.bill == BilledStates::ConfirmedAndAssumed,
        };
        state && !self.undoes(outcome, period)
    }

    /// Whether an outcome was undone in its window.
    #[must_use]
    pub fn undoes(&self, outcome: &Outcome, period: &Period) -> bool {
        outcome.reversed_at.is_some_and(|reversed_at| {
            day_of(reversed_at, &period.zone) <= self.last_day_of_window(outcome, period)
        })
    }

    /// The usage of some days of a period: the billed ones of its outcomes from a moment on, before another.
    #[must_use]
    pub fn usage(
        &self,
        outcomes: &[Paired],
        period: &Period,
        (from, until): (Timestamp, Timestamp),
    ) -> Usage {
        let of_these_days = |outcome: &&Outcome| outcome.at >= from && outcome.at < until;
        let billed = outcomes
            .iter()
            .map(|one| &one.outcome)
            .filter(of_these_days)
            .filter(|outcome| self.bills(outcome, period));
        let transactions = billed.map(|outcome| Transaction {
            at: outcome.at,
            id: outcome.id.clone(),
            amount: outcome.value,
        });
        Usage::Transactions(transactions.collect())
    }
}
