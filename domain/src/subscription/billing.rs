//! What a subscription's events mean for its bills.

use jiff::Timestamp;

use super::{Event, PlanCode};
use crate::kernel::Money;
use crate::pricing::{Agreement, AgreementError, Coupon, Plan, PlanVersion, Tax, day_of};
use crate::tenant::Zone;

/// Why a subscription cannot be billed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BillingError {
    /// A plan that nobody has defined.
    #[error("there is no plan {0}: define it, or change the subscription's plan")]
    NoPlan(PlanCode),
    /// A plan that is not in force yet.
    #[error("the plan {plan} has no version in force at {at}: let a version begin earlier")]
    NotInForce {
        /// The plan.
        plan: PlanCode,
        /// When it was subscribed to.
        at: Timestamp,
    },
    /// Terms that do not go together.
    #[error(transparent)]
    Agreement(#[from] AgreementError),
}

/// Which plan is in force on which days, by a subscription's events in their order: each plan in the version that was
/// in force at the time, at the price that was agreed. Days are the tenant's. Nothing before the start. A change of plan
/// that was written down late takes its place among the others by its time.
///
/// # Errors
/// [`BillingError`] names the plan or the terms, and what to do.
pub fn agreement(
    plans: &[Plan],
    events: &[(Timestamp, Event)],
    zone: &Zone,
) -> Result<Option<Agreement>, BillingError> {
    let mut agreement: Option<Agreement> = None;
    let mut in_force: Option<PlanVersion> = None;
    let mut changes: Vec<&(Timestamp, Event)> = events.iter().filter(|(_, event)| is_change(event)).collect();
    changes.sort_by_key(|(at, _)| *at);
    let mut changes = changes.into_iter();
    for event in events {
        let in_place = if is_change(&event.1) { changes.next() } else { None };
        let (at, event) = in_place.unwrap_or(event);
        let day = day_of(*at, zone);
        match (event, &mut agreement) {
            (
                Event::Started {
                    plan,
                    price,
                    started_at,
                    ..
                },
                None,
            ) => {
                let version = agreed(plans, plan, *price, *started_at)?;
                let starts_on = day_of(*started_at, zone);
                in_force = Some(version.clone());
                let started = Agreement::start(version.into(), price.currency, starts_on, zone.clone());
                agreement = Some(started?);
            }
            (Event::PlanChanged { plan, price, .. }, Some(agreement)) => {
                let version = agreed(plans, plan, *price, *at)?;
                // A plan that was renewed without a new version is the one that is in force.
                if in_force.as_ref() != Some(&version) {
                    in_force = Some(version.clone());
                    agreement.change(version.into(), day)?;
                }
            }
            (Event::Paused { .. }, Some(agreement)) => agreement.pause(day),
            (Event::Resumed { .. }, Some(agreement)) => agreement.resume(day),
            (Event::Canceled { .. }, Some(agreement)) => agreement.end(day)?,
            (
                Event::Started { .. }
                | Event::PlanChanged { .. }
                | Event::Paused { .. }
                | Event::Resumed { .. }
                | Event::Canceled { .. }
                | Event::BecamePastDue { .. }
                | Event::BecameCurrent { .. }
                | Event::CouponApplied { .. }
                | Event::CreditGranted { .. }
                | Event::TaxesSet { .. }
                | Event::PaymentReceived { .. }
                | Event::PaymentFailed { .. }
                | Event::PaymentDisputed { .. }
                | Event::DisputeClosed { .. },
                _,
            ) => {}
        }
    }
    Ok(agreement)
}

const fn is_change(event: &Event) -> bool {
    matches!(event, Event::PlanChanged { .. })
}

fn agreed(plans: &[Plan], code: &PlanCode, price: Money, at: Timestamp) -> Result<PlanVersion, BillingError> {
    let plan = plans.iter().find(|plan| plan.code() == code);
    let plan = plan.ok_or_else(|| BillingError::NoPlan(code.clone()))?;
    let version = plan.version_at(at).ok_or_else(|| BillingError::NotInForce {
        plan: code.clone(),
        at,
    })?;
    Ok(version.at_price(price)?)
}

/// The coupons and taxes that bills of a period are rated with, by a subscription's events: those that were agreed upon
/// before the period's end.
#[must_use]
pub fn deductions(events: &[(Timestamp, Event)], until: Timestamp) -> (Vec<Coupon>, Vec<Tax>) {
    let (mut coupons, mut levied) = (Vec::new(), Vec::new());
    for (_, event) in events.iter().filter(|(at, _)| *at < until) {
        match event {
            Event::CouponApplied { coupon, .. } => coupons.push(coupon.clone()),
            Event::TaxesSet { taxes, .. } => levied.clone_from(taxes),
            Event::Started { .. }
            | Event::PlanChanged { .. }
            | Event::Paused { .. }
            | Event::Resumed { .. }
            | Event::Canceled { .. }
            | Event::BecamePastDue { .. }
            | Event::BecameCurrent { .. }
            | Event::CreditGranted { .. }
            | Event::PaymentReceived { .. }
            | Event::PaymentFailed { .. }
            | Event::PaymentDisputed { .. }
            | Event::DisputeClosed { .. } => {}
        }
    }
    (coupons, levied)
}
