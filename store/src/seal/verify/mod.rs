//! Verifies a proof in a file, with nothing but the public key.

mod answer;
mod export;
mod proof;
mod rows;
mod run;

pub use answer::{Invalid, Proven};
pub use proof::verify_file;
pub(crate) use run::Run;
