//! Which plans a tenant has of its own: a row a plan, with all its versions.

mod fold;

pub use fold::{PlanList, PlanRow};
