//! Which alerts there are, and what they said last.

mod fold;
#[cfg(test)]
mod tests;

pub use fold::{AlertList, AlertRow, Raised};
