//! The return on investment: what agents brought in, what they cost, and what would have come in without them. Pure:
//! from the rows of one position to a report.

mod against;
mod cost;
mod counts;
mod denials;
mod gains;
mod journeys;
mod materials;
mod outcomes;
mod report;
mod sentences;
#[cfg(test)]
mod tests;
mod told;

pub use against::{Against, SetAside};
pub use cost::Unpriced;
pub(crate) use cost::ai_cost;
pub use denials::ClaimsMeant;
pub use materials::{Fee, FeeState, Materials, RoiError, RoiWish};
pub use report::{AgentPart, RoiReport, report};
pub use sentences::{Sentence, SentencePart};
pub use told::{Behind, Told};
