//! A step of a stream as a test: given what happened, when something is asked, then this follows.
//!
//! A case is a JSON file in `domain/cases/`, where the tests run all of them. The log has events and no commands: the
//! command of a case is the one by which the rules make just the events that followed ([`Case::of`]).

mod given;
mod search;
#[cfg(test)]
mod tests;

pub use given::{Case, CaseError, Given, Then, When};
