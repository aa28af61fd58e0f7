//! The way out: the log as CloudEvents for other systems.
//!
//! What leaves is a public type of its own ([`CloudEvent`], CloudEvents 1.0), apart from the log's; `docs/events/`
//! describes each. It leaves as lines of JSON, CSV or Parquet ([`export`], [`export_router`]), through Apache Kafka
//! ([`Relay`]), and as webhooks ([`webhooks`]).

mod export;
#[cfg(feature = "kafka")]
mod log_topic;
mod ocsf;
mod public;
#[cfg(feature = "kafka")]
mod relay;
pub mod webhooks;

pub use export::{
    ExportError, ExportOptions, ExportOrder, Exported, Format, Problem, csv_record, export, export_router,
};
#[cfg(feature = "kafka")]
pub use log_topic::{LogTopicError, Reading as LogReading, Settings as LogTopicSettings};
pub use ocsf::{OcsfSource, ocsf};
pub use public::{
    Break, CloudEvent, Document, PersonalData, PublicType, breaks, documents, event_position, public_type,
    public_types, slices,
};
#[cfg(feature = "kafka")]
pub use relay::{NewTopics, Pattern, Relay, RelayError, Settings as RelaySettings};
