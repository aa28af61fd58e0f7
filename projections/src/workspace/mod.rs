//! Which workspaces a tenant has.

mod fold;

pub use fold::{WorkspaceList, WorkspaceRow};
