//! Forgetting a person: the keys of its data are destroyed, and a certificate says what was erased where.
//!
//! Reading order: `forget` (the decision), `affected` (which events it touches), `certificate` (what is signed).

mod affected;
mod certificate;
mod forget;
mod held;
mod known;
mod retention;

pub use certificate::{Certificate, ErasedKey, ErasedStream, MaskedRows};
pub use forget::{ForgetError, Forgotten};
pub use held::{HeldYear, held_in};
pub use known::{KnownSubject, SubjectEvent};
pub use retention::{RetentionError, retention_id};

pub(crate) use certificate::{FIRST_LINE, certify};
