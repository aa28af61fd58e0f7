//! The past played again: an entity's steps, what caused what, and a tenant's past with its own timing.

mod causes;
mod entity;
mod tenant;

pub(crate) use causes::CausesQuery;
pub(crate) use entity::{EntityReplayQuery, EntryChanges, changed};
pub(crate) use tenant::ReplaySubscription;
