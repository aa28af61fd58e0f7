//! The way out: the log as CloudEvents for other systems.
//!
//! What leaves is a public type of its own ([`CloudEvent`], CloudEvents 1.0), apart from the log's. For now
//! it leaves as lines of JSON ([`export`]).

mod cloud_event;
mod export;
mod ocsf;

pub use cloud_event::CloudEvent;
pub use export::{ExportError, export};
pub use ocsf::ocsf;
