//! Webhooks in: an inbox that verifies the raw bytes, stores them, answers, and processes afterwards.
//!
//! In reading order: `source` (who may send, and how it signs), `signature` (the schemes), `http` (the routes), `meaning`
//! (what a message tells of the sender's things), `told` and `things` (what was told so far, whatever the order),
//! `outcome` (the commands that follow), `inbox` (the task that goes through what came).

mod http;
mod inbox;
mod meaning;
mod outcome;
mod signature;
mod source;
#[cfg(test)]
mod tests;
mod things;
mod told;

pub use http::{DEFAULT_BODY_BYTES, Options, Turned, TurnedAway, router};
pub use inbox::{Order, Processing, Processor};
pub use signature::{Encoding, Unsigned};
pub use source::{Clerk, Hmac, Sender, Source, Sources, Stripe};
