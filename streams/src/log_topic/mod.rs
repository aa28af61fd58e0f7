//! The log itself in a topic: what projectors on many machines read, as one consumer group.
//!
//! Public topics are spread by streams; a read model's rows are touched by many streams of one tenant. So the relay
//! writes the log once more as it is stored, spread by tenants, in the same transactions ([decision
//! 19](../../../docs/decisions/0019-the-log-in-a-topic.md)). Each transaction ends with a mark in every partition: all
//! events of the partition between two positions lie before it.
//!
//! Reading order: `record` (what lies in the topic), `writing`, `reading` (a member of the group), `session` (one
//! try), `partition` (what a member knows of a partition).

mod error;
mod partition;
mod reading;
mod record;
mod session;
mod settings;
mod writing;

pub use error::LogTopicError;
pub use reading::Reading;
pub use settings::Settings;

pub(crate) use writing::Writing;
