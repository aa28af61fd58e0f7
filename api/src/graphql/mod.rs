//! The schema: one file a slice, joined here a line an entry.

mod agent;
mod agent_run;
mod api_key;
mod audit_facets;
mod audit_feed;
mod audit_feed_live;
mod claim;
mod connector;
mod connector_sync;
mod event;
mod import;
mod invoice;
mod invoice_preview;
pub(crate) mod kit;
mod lead;
mod me;
mod member;
mod meter;
mod metered_usage;
mod node;
mod opportunity;
mod people;
mod plan;
mod proof;
mod quarantined_usage;
mod read_model;
mod read_model_diff;
mod read_model_history;
mod read_model_operation;
mod read_model_status;
mod record_usage;
mod roi_summary;
mod roi_summary_live;
mod roots;
mod schema;
mod subscription;
mod tenant;
mod usage;
mod usage_live;
mod workspace;

pub use schema::schema_sdl;

pub(crate) use schema::{Schema, checking_schema, schema};
