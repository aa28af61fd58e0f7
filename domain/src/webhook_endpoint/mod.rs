//! A webhook endpoint: a URL of somebody else's to which a tenant's events are sent. Its secrets are made of the
//! installation's key and of what is known here; they are kept nowhere.

mod aggregate;
mod command;
mod event;
#[cfg(test)]
pub(crate) mod tests;
mod value;

pub use aggregate::{Refusal, WebhookEndpoint};
pub use command::Command;
pub use event::Event;
pub use value::{Delivery, EndpointUrl, EventFilter, PersonalMembers, Scheme, Secret, Settings};

crate::kernel::entity_ids! {
    /// An endpoint's id inside its tenant.
    WebhookEndpointId,
}
