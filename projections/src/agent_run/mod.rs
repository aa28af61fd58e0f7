//! What the agents did.

mod fold;

pub use fold::{AgentRunList, AgentRunRow};
