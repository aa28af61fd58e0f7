//! `annals audit` and `annals verify`: what was sealed, proven and verified.

mod args;
mod commands;
mod feed;
mod report;
mod verify;

pub use args::{AuditCommand, VerifyArgs};
pub use commands::run;
pub(crate) use feed::{Door as FeedDoor, router as feed_router};
pub use verify::verify;
