//! What bears on a tenant's account: a row a thing of it, each with all that happened to it. Monthly recurring revenue,
//! members and what was billed are told from these rows, for any moment and as of any position.

mod fold;
mod query;
#[cfg(test)]
mod tests;

pub use fold::{AccountHistory, AccountThread};
