//! The rules: what may happen, and what has happened.
//!
//! `command ──▶ decide ──▶ event ──▶ apply`. This room knows no clock, no network and no SQL: time and
//! ids are arguments. Start reading at [`kernel`], then any slice, for instance [`lead`].

pub mod kernel;

pub mod access;
pub mod agent;
pub mod agent_run;
pub mod alert;
pub mod api_key;
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
pub mod opportunity;
pub mod plan;
pub mod pricing;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod snapshots;
pub mod subscription;
pub mod tenant;
pub mod union;
pub mod usage;
pub mod workspace;

pub use kernel::{
    Actor, ActorKind, At, Caller, Currency, DecodeError, Email, Entity, EntityId, EventId, InvalidValue,
    Money, MoneyByCurrency, Personal, Phone, RecordedEvent, RefusalCode, StoredEvent, StreamId, TenantId,
    Vertical,
};
pub use union::Event;
