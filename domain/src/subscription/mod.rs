//! A subscription: a plan at a price a month, from its start to its cancellation, with its payments.

mod aggregate;
mod billing;
#[cfg(test)]
mod billing_tests;
mod command;
mod credit;
#[cfg(test)]
mod credit_tests;
mod event;
mod plan;
#[cfg(test)]
pub(crate) mod tests;

pub use aggregate::{Refusal, Subscription};
pub use billing::{BillingError, agreement, deductions};
pub use command::Command;
pub use credit::{CreditGrant, CreditOrigin, InvalidCredit};
pub use event::Event;
pub use plan::PlanCode;

crate::kernel::entity_ids! {
    /// A subscription's id inside its tenant.
    SubscriptionId,
}
