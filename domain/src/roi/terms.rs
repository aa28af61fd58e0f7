//! How long outcomes of a line of business take to settle, and how far back runs are looked for: data, in `terms.json`.

use serde::Deserialize;

use crate::kernel::Vertical;

/// What holds for a line of business where a report does not say otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Terms {
    /// A run may lie so many days before an outcome to be credited with it.
    pub window_days: u32,
    /// An outcome is settled when so many days have passed and nothing took it back.
    pub settling_days: u32,
}

#[derive(Deserialize)]
struct One {
    /// None: of all others.
    vertical: Option<Vertical>,
    #[serde(flatten)]
    terms: Terms,
}

/// The terms of a line of business; those of all together for none.
///
/// # Panics
/// Never: a test reads the file.
#[must_use]
pub fn terms_of(vertical: Option<&Vertical>) -> Terms {
    let all: Vec<One> = serde_json::from_str(include_str!("terms.json")).expect("the terms are valid");
    let known = all.iter().find(|one| one.vertical.as_ref() == vertical);
    let known = known.or_else(|| all.iter().find(|one| one.vertical.is_none()));
    known.expect("there are terms for all others").terms
}
