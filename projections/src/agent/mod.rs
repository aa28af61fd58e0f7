//! Which agents there are, and how each is set up.

mod fold;

pub use fold::{AgentList, AgentRow};
