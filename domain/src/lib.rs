//! The rules: what may happen, and what has happened.
//!
//! `command ──▶ decide ──▶ event ──▶ apply`. This room knows no clock, no network and no SQL: time and
//! ids are arguments. Start reading at [`kernel`], then any slice, for instance [`lead`].

pub mod kernel;

pub mod access;
pub mod account;
pub mod agent;
pub mod agent_run;
pub mod alert;
mod any;
pub mod api_key;
pub mod case;
pub mod claim;
pub mod connector;
pub mod connector_sync;
pub mod entitlement;
#[cfg(test)]
mod given;
pub mod invoice;
pub mod lead;
pub mod member;
pub mod meter;
pub mod model_price;
pub mod opportunity;
pub mod personal_fields;
pub mod plan;
pub mod pricing;
#[cfg(test)]
mod properties;
pub mod retention;
pub mod roi;
pub mod roi_baseline;
pub mod roi_snapshot;
pub mod saved_filter;
#[cfg(test)]
mod snapshots;
pub mod subject;
pub mod subscription;
pub mod tenant;
pub mod union;
pub mod usage;
pub mod webhook_endpoint;
pub mod workspace;

pub use any::Undecided;
pub use kernel::{
    Actor, ActorKind, At, Caller, Currency, DecodeError, Email, Entity, EntityId, EventId, InvalidValue,
    Means, Money, MoneyByCurrency, Personal, Phone, RecordedEvent, RefusalCode, StoredEvent, StreamId,
    TenantId, Vertical, fields_of,
};
pub use union::{AnyAggregate, Event};
