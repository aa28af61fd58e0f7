//! Texts that must say something.

/// A field was left empty, or holds white space only.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}: must not be empty")]
pub struct Blank(pub &'static str);

/// Refuses a text without a visible character.
pub(crate) fn not_blank(field: &'static str, text: &str) -> Result<(), Blank> {
    if text.trim().is_empty() {
        Err(Blank(field))
    } else {
        Ok(())
    }
}
