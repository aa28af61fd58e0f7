//! What a message tells of the sender's things. Pure: the same bytes mean the same for ever.

mod clerk;
mod fields;
mod people;
mod stripe;

pub(super) use people::people;
use serde_json::Value;

use super::source::{Sender, Source};
use super::told::{Notice, together};

/// What a message comes to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// It tells of things.
    Tells(Vec<Notice>),
    /// Nothing follows from it, and this is why.
    Nothing(String),
}

/// Reads a message.
///
/// # Errors
/// The field that is missing or of another shape than the sender's documentation has it.
pub(super) fn meaning(source: &Source, event_type: &str, body: &[u8]) -> Result<Meaning, String> {
    let message: Value = serde_json::from_slice(body).map_err(|error| format!("no JSON: {error}"))?;
    let meaning = match &source.sender {
        Sender::Clerk(_) => clerk::meaning(event_type, &message)?,
        Sender::Stripe(stripe) => stripe::meaning(stripe, event_type, &message)?,
        Sender::Hmac(_) => Meaning::Nothing("messages of this source are kept".to_owned()),
    };
    Ok(match meaning {
        Meaning::Tells(notices) => Meaning::Tells(together(notices)),
        nothing @ Meaning::Nothing(_) => nothing,
    })
}
