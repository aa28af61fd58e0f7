//! Which meters a tenant has of its own: a row a meter, with all its versions.

mod fold;

pub use fold::{MeterList, MeterRow};
