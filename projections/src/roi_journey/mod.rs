//! What became of each lead, opportunity, claim and run: a row each, with the facts that a return is reckoned from.

mod fold;
mod query;

pub use fold::{Fact, JourneyRow, RoiJourney, What};
pub use query::Journeys;
