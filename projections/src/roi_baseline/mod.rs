//! Which baselines a tenant has registered: a row each.

mod fold;

pub use fold::{RoiBaselineList, RoiBaselineRow};
