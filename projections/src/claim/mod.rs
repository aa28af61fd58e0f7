//! Which claims there are, and what came of each.

mod fold;
#[cfg(test)]
mod tests;

pub use fold::{ClaimList, ClaimRow};
