//! What moved the monthly recurring revenue of an account.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::worth::Worth;
use crate::kernel::Currency;

/// Why monthly recurring revenue moved (ChartMogul, "MRR movement definitions").
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    strum::Display,
    strum::EnumString,
    strum::VariantArray,
)]
#[strum(serialize_all = "snake_case")]
pub enum MovementKind {
    /// A customer pays for the first time.
    New,
    /// A customer pays more: a dearer plan, another subscription, less discount.
    Expansion,
    /// A customer pays less, and still something.
    Contraction,
    /// A customer pays nothing any more.
    Churn,
    /// A customer that had gone pays again.
    Reactivation,
}

/// A customer's monthly recurring revenue is another from a moment on. A customer is who is named by subscriptions of a
/// tenant, or else the tenant itself; each currency counts for itself. What happens at one moment is one movement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Movement {
    /// From when on.
    pub at: Timestamp,
    /// Whose; none for the tenant itself.
    pub customer: Option<String>,
    /// Why.
    pub kind: MovementKind,
    /// In which currency.
    pub currency: Currency,
    /// A month, until then.
    pub before: Decimal,
    /// A month, from then on.
    pub after: Decimal,
    /// The positions of the events that say so, in order.
    pub positions: Vec<u64>,
}

impl Movement {
    /// By how much it moved; below zero for contraction and churn.
    #[must_use]
    pub fn amount(&self) -> Decimal {
        (self.after - self.before).normalize()
    }
}

/// The movements that subscriptions make, until the account was closed, in the order of time.
pub(super) fn movements(worths: &[Worth], closed: Option<(Timestamp, u64)>) -> Vec<Movement> {
    let mut customers: BTreeMap<(Option<&str>, Currency), Vec<&Worth>> = BTreeMap::new();
    for worth in worths {
        let customer = (worth.customer.as_deref(), worth.currency);
        customers.entry(customer).or_default().push(worth);
    }
    let mut all: Vec<Movement> = Vec::new();
    for ((customer, currency), worths) in customers {
        let mut moments: BTreeMap<Timestamp, Vec<(u64, usize, Decimal)>> = BTreeMap::new();
        for (index, worth) in worths.iter().enumerate() {
            let open = |at: Timestamp| closed.is_none_or(|(end, _)| at < end);
            for step in worth.steps.iter().filter(|step| open(step.at)) {
                let moment = moments.entry(step.at).or_default();
                moment.push((step.position, index, step.amount));
            }
            if let Some((end, position)) = closed {
                moments
                    .entry(end)
                    .or_default()
                    .push((position, index, Decimal::ZERO));
            }
        }
        let mut held = vec![Decimal::ZERO; worths.len()];
        let mut begin = MovementKind::New;
        for (at, mut changes) in moments {
            let before = held.iter().sum::<Decimal>().normalize();
            changes.sort_unstable();
            for (_, index, amount) in &changes {
                if let Some(held) = held.get_mut(*index) {
                    *held = *amount;
                }
            }
            let after = held.iter().sum::<Decimal>().normalize();
            let Some(kind) = kind(before, after, begin) else {
                continue;
            };
            begin = MovementKind::Reactivation;
            let mut positions: Vec<u64> = changes.into_iter().map(|(position, ..)| position).collect();
            positions.dedup();
            all.push(Movement {
                at,
                customer: customer.map(ToOwned::to_owned),
                kind,
                currency,
                before,
                after,
                positions,
            });
        }
    }
    all.sort_by(|left, right| (left.at, &left.positions).cmp(&(right.at, &right.positions)));
    all
}

/// What a change is; `begin` is what it is to pay after having paid nothing.
fn kind(before: Decimal, after: Decimal, begin: MovementKind) -> Option<MovementKind> {
    match after.cmp(&before) {
        std::cmp::Ordering::Equal => None,
        std::cmp::Ordering::Greater if !before.is_zero() => Some(MovementKind::Expansion),
        std::cmp::Ordering::Greater => Some(begin),
        std::cmp::Ordering::Less if after.is_zero() => Some(MovementKind::Churn),
        std::cmp::Ordering::Less => Some(MovementKind::Contraction),
    }
}
