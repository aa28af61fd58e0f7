//! Which connectors there are, and how their last sync went.

mod fold;

pub use fold::{ConnectorList, ConnectorRow};
