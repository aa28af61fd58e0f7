//! Verifies a proof in a file, with nothing but the public key.

mod answer;
mod export;
mod proof;
mod rows;

pub use answer::{Invalid, Proven};
pub use proof::verify_file;
