//! `annals forget`, `subject`, `keys` and `retention`: what is done with personal data.

mod args;
mod commands;
mod keys;
mod retention;

pub use args::{ForgetArgs, KeysCommand, RetentionCommand, SubjectCommand};
pub use commands::{forget, subject};
pub use keys::keys;
pub use retention::{Retaining, retention};
