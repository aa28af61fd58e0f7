//! Which connectors there are, and how their last sync went.

mod fold;
#[cfg(test)]
mod tests;

pub use fold::{ConnectorList, ConnectorRow};
