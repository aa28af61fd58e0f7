//! Plans of a tenant's own, beside the bundled ones: what can be subscribed to, in versions with effective dates.

mod aggregate;
mod command;
mod event;
mod id;
#[cfg(test)]
pub(crate) mod tests;

pub use aggregate::{Plan, Refusal, known_plans};
pub use command::Command;
pub use event::Event;
pub use id::PlanId;
