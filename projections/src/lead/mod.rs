//! Which leads there are.

mod fold;
#[cfg(test)]
mod tests;

pub use fold::{LeadList, LeadRow};
