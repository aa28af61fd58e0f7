//! A tenant: who the platform works for. Its state is the gate of every other aggregate's commands.

mod aggregate;
mod command;
mod event;
#[cfg(test)]
pub(crate) mod tests;
mod value;

pub use aggregate::{NotOpen, Refusal, Tenant};
pub use command::Command;
pub use event::Event;
pub use value::{DeploymentMode, Settings, Slug, TenantKey, Zone};
