//! Who the tenants are.

mod fold;
mod query;

pub use fold::{TenantRow, Tenants};
pub use query::TenantPlace;
