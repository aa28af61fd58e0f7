//! Which leads there are.

mod fold;

pub use fold::{LeadList, LeadRow};
