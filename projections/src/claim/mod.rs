//! Which claims there are, and what came of each.

mod fold;

pub use fold::{ClaimList, ClaimRow};
