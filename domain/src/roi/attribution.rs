//! Attribution: how an outcome is shared out among the runs before it.
//!
//! Shares are whole numbers by their sum, so they add up to exactly one under every model. Money is shared out once
//! an outcome, in minor units, by largest remainders: the parts are the whole to the cent.

use jiff::Timestamp;
use rust_decimal::Decimal;

use crate::pricing::TooLarge;

/// The half-life of time decay when none is given, in days.
pub const DEFAULT_HALF_LIFE_DAYS: u32 = 7;

/// A run that may have brought an outcome about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Touch {
    /// When it began.
    pub at: Timestamp,
    /// The run's id: of two that began at once, the smaller is the first.
    pub run: String,
}

/// How an outcome is shared out.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
    strum::Display,
    strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum AttributionModel {
    /// All of it to the first run.
    FirstTouch,
    /// All of it to the last run.
    LastTouch,
    /// As much to each run.
    #[default]
    Linear,
    /// To a run that began a half-life before another, half as much as to that one.
    TimeDecay,
}

/// Bits after the point.
const POINT: u32 = 60;
/// A weight has so many bits at most, so that it can be multiplied with amounts.
const BITS: u32 = 40;

/// The weight of each touch, in their order: a touch's share is its weight by the sum of all, which is not zero unless
/// there is no touch. Under time decay a weight is `2^(-age / half-life)` of the age before the last touch, to forty bits
/// and never nothing.
#[must_use]
pub fn weights(model: AttributionModel, touches: &[Touch], half_life_days: u32) -> Vec<u64> {
    let (first, last) = (touches.iter().min(), touches.iter().max());
    let all_to = |chosen: Option<&Touch>| {
        let mut left = 1;
        let weight = |touch: &Touch| {
            if Some(touch) == chosen {
                std::mem::take(&mut left)
            } else {
                0
            }
        };
        touches.iter().map(weight).collect()
    };
    match model {
        AttributionModel::FirstTouch => all_to(first),
        AttributionModel::LastTouch => all_to(last),
        AttributionModel::Linear => vec![1; touches.len()],
        AttributionModel::TimeDecay => {
            let last = last.map(|touch| touch.at.as_millisecond()).unwrap_or_default();
            let half_life = u64::from(half_life_days.max(1)) * 86_400_000;
            let age = |touch: &Touch| u64::try_from(last - touch.at.as_millisecond()).unwrap_or_default();
            let weight = |touch: &Touch| decayed(age(touch), half_life);
            touches.iter().map(weight).collect()
        }
    }
}

/// `2^(-age / half_life)` with [`BITS`] bits after the point, at least the smallest that there is.
fn decayed(age: u64, half_life: u64) -> u64 {
    let halvings = age / half_life;
    let mut rest = u128::from(age % half_life);
    let half_life = u128::from(half_life);
    // 2 to the minus one half, one quarter, one eighth, ...: each the root of the one before.
    let mut root: u128 = 1 << (POINT - 1);
    let mut weight: u128 = 1 << POINT;
    for _ in 0..POINT {
        root = (root << POINT).isqrt();
        rest *= 2;
        if rest >= half_life {
            rest -= half_life;
            weight = (weight * root) >> POINT;
        }
    }
    let weight = u64::try_from(weight >> (POINT - BITS)).unwrap_or(u64::MAX);
    let shifted = u32::try_from(halvings).ok().and_then(|by| weight.checked_shr(by));
    shifted.unwrap_or_default().max(1)
}

/// An amount shared out by weights, in units of `places` decimal places or of the amount's own, if it has more: what
/// rounding down leaves goes to the largest remainders, of equal ones to the first. The parts add up to the amount.
///
/// # Errors
/// [`TooLarge`].
pub fn portions(amount: Decimal, weights: &[u64], places: u32) -> Result<Vec<Decimal>, TooLarge> {
    let places = places.max(amount.normalize().scale());
    let mut scaled = amount.normalize();
    scaled.rescale(places);
    if scaled.scale() != places {
        return Err(TooLarge);
    }
    let sum: i128 = weights.iter().map(|weight| i128::from(*weight)).sum();
    if sum == 0 {
        return Ok(vec![Decimal::ZERO; weights.len()]);
    }
    let units = scaled.mantissa();
    let mut parts = Vec::with_capacity(weights.len());
    let mut rests = Vec::with_capacity(weights.len());
    let mut left = units;
    for (place, weight) in weights.iter().enumerate() {
        let share = units.checked_mul(i128::from(*weight)).ok_or(TooLarge)?;
        let part = share.div_euclid(sum);
        rests.push((std::cmp::Reverse(share.rem_euclid(sum)), place));
        parts.push(part);
        left -= part;
    }
    rests.sort_unstable();
    for (_, place) in rests.iter().take(usize::try_from(left).map_err(|_| TooLarge)?) {
        parts[*place] += 1;
    }
    let decimal = |part: i128| Decimal::try_from_i128_with_scale(part, places).map_err(|_| TooLarge);
    parts.into_iter().map(decimal).collect()
}
