//! Personal data: sealed in the log, forgotten, held, kept for a time, told to the person.

mod archived;
mod backups;
mod bad;
mod doors;
mod forgotten;
pub(crate) mod ground;
mod held;
mod live;
mod rotated;
mod sealed;
mod together;
mod webhooks;
