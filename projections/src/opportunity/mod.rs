//! Which opportunities there are.

mod fold;

pub use fold::{OpportunityList, OpportunityRow};
