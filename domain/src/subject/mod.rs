//! A data subject: the person that personal data is about. It can be forgotten, unless a legal hold forbids it.

mod aggregate;
mod command;
mod event;
mod id;
#[cfg(test)]
pub(crate) mod tests;

pub use aggregate::{Refusal, Subject};
pub use command::Command;
pub use event::Event;
pub use id::{HoldName, SubjectId};
