//! The schema: one file a slice, joined here a line an entry.

mod agent;
mod agent_run;
mod api_key;
mod audit_feed;
mod claim;
mod connector;
mod connector_sync;
mod event;
mod import;
pub(crate) mod kit;
mod lead;
mod me;
mod member;
mod node;
mod opportunity;
mod people;
mod read_model;
mod read_model_history;
mod read_model_operation;
mod record_usage;
mod roi_summary;
mod roots;
mod schema;
mod subscription;
mod tenant;
mod usage;
mod workspace;

pub use schema::schema_sdl;

pub(crate) use schema::{Schema, checking_schema, schema};
