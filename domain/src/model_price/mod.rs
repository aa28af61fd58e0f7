//! What models cost a tenant, beside the bundled price book: prices in versions with the moment from which they hold.

mod aggregate;
mod command;
mod event;
#[cfg(test)]
pub(crate) mod tests;

pub use aggregate::{ModelPrice, Refusal, price_book};
pub use command::Command;
pub use event::Event;

crate::kernel::entity_ids! {
    /// A price's name inside its tenant, for instance `openai.gpt-4o`.
    ModelPriceId,
}
