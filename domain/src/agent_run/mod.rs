//! An agent's run: from its start, over calls of models and tools, to a completion, a failure or a
//! cancellation with the totals.

mod aggregate;
mod command;
mod event;
#[cfg(test)]
pub(crate) mod tests;
mod value;

pub use aggregate::{AgentRun, Refusal};
pub use command::Command;
pub use event::Event;
pub use value::{RunResult, ToolOutcome, Totals};

crate::kernel::entity_ids! {
    /// An agent run's id inside its tenant.
    AgentRunId,
}
