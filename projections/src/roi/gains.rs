//! Money that came in, shared out among the runs before it.

use std::collections::BTreeMap;

use domain::MoneyByCurrency;
use domain::roi::{portions, weights};
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;

use super::against::within;
use super::journeys::{Runs, Standing};
use super::outcomes::{Kind, outcomes};
use super::told::{Positions, Sum};
use super::{Materials, RoiError, RoiWish};

/// What came in.
#[derive(Debug, Default)]
pub(super) struct Gains {
    /// Shares of runs that were confirmed.
    pub(super) confirmed: Sum,
    /// Shares of runs of which nobody said otherwise.
    pub(super) assumed: Sum,
    /// What of both is settled.
    pub(super) settled: Sum,
    /// What of both may be taken back still.
    pub(super) preliminary: Sum,
    /// What was taken back.
    pub(super) reversed: Sum,
    /// What no run had a part in.
    pub(super) unattributed: Sum,
    /// What of confirmed and assumed is money on claims that was given up.
    pub(super) recovered: Sum,
    /// What agents had a part in, in other currencies.
    pub(super) other: MoneyByCurrency,
    /// Confirmed, assumed, and how many outcomes, by agent.
    pub(super) agents: BTreeMap<String, (Decimal, Decimal, u64)>,
    /// How many outcomes there are, those that were taken back included.
    pub(super) all: u64,
    /// How many of them were taken back wholly.
    pub(super) gone: u64,
    /// How many of the others are not settled.
    pub(super) open: u64,
}

/// When an outcome is settled.
pub(super) fn settles_at(at: Timestamp, days: u32) -> Timestamp {
    at.checked_add(SignedDuration::from_hours(24 * i64::from(days)))
        .unwrap_or(Timestamp::MAX)
}

/// Shares out what came in.
pub(super) fn gains(materials: &Materials, wish: &RoiWish, runs: &Runs<'_>) -> Result<Gains, RoiError> {
    let report = &wish.report;
    let mut gains = Gains::default();
    let all = materials.journeys.iter().flat_map(outcomes);
    for outcome in all.filter(|outcome| within(outcome.at, materials.span)) {
        let worked = runs.before(outcome.row, outcome.at);
        let left = outcome.left();
        if outcome.value.currency != report.currency {
            if !worked.is_empty() {
                gains.other.add(domain::Money::new(left, outcome.value.currency));
            }
            continue;
        }
        let own: Positions = outcome.positions.iter().copied().collect();
        gains.all += 1;
        if !outcome.back.is_zero() {
            gains.reversed.add(outcome.back, &own);
        }
        if left.is_zero() && !outcome.back.is_zero() {
            gains.gone += 1;
            continue;
        }
        let is_settled = settles_at(outcome.at, report.settling_days) <= wish.now;
        gains.open += u64::from(!is_settled);
        if worked.is_empty() {
            gains.unattributed.add(left, &own);
            continue;
        }
        let touches: Vec<_> = worked.iter().map(|run| run.touch.clone()).collect();
        let weights = weights(report.model, &touches, report.half_life_days);
        let parts = portions(left, &weights, report.currency.exponent())?;
        let mut with_runs = own.clone();
        let mut credited: Vec<&str> = Vec::new();
        for ((run, part), weight) in worked.iter().zip(parts).zip(&weights) {
            if *weight == 0 {
                continue;
            }
            let mut behind = own.clone();
            behind.extend(&run.positions);
            with_runs.extend(&run.positions);
            let agent = gains.agents.entry(run.agent.to_owned()).or_default();
            if !credited.contains(&run.agent) {
                credited.push(run.agent);
                agent.2 += 1;
            }
            match run.standing {
                Standing::Confirmed => {
                    agent.0 += part;
                    gains.confirmed.add(part, &behind);
                }
                Standing::Assumed => {
                    agent.1 += part;
                    gains.assumed.add(part, &behind);
                }
            }
        }
        let by_state = if is_settled {
            &mut gains.settled
        } else {
            &mut gains.preliminary
        };
        by_state.add(left, &with_runs);
        if outcome.kind == Kind::Recovered {
            gains.recovered.add(left, &with_runs);
        }
    }
    Ok(gains)
}
