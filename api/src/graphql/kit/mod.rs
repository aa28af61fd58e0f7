//! What every slice's file is made of: scalars, error codes, the way of a mutation, connections.

mod ask;
mod code;
mod connection;
mod cursor;
mod decimal;
mod entity;
mod evidence;
mod global_id;
mod head;
mod live;
mod long;
mod may;
mod money;
mod mutation;
mod parsed;
mod past;
mod query;
mod stale;
mod time;
mod ulid;
mod user_error;

pub(crate) use ask::{Asked, Outcome, check_key, key_of, run};
pub(crate) use code::{Code, Context, IntoFault, code_of, fault, internal, store_fault};
pub(crate) use connection::{
    OrderDirection, PageInfo, Window, connection, in_order, row_cursor, rows_of, total,
};
pub(crate) use cursor::Cursor;
pub(crate) use decimal::Decimal;
pub(crate) use entity::{Entity, id_of, related, with_loaders};
pub(crate) use evidence::{Behind, EvidenceConnection, events_behind, evidence, stale};
pub(crate) use global_id::{GlobalId, Ids};
pub(crate) use head::{Changing, ChangingTenant, Creating, CreatingTenant, Head};
pub(crate) use live::{CaughtUp, Following, Heartbeat, Lagged, Signed, following, live_item};
pub(crate) use long::Long;
pub(crate) use may::May;
pub(crate) use money::{Money, MoneyInput};
pub(crate) use mutation::{Payload, mutations, payload_name};
pub(crate) use parsed::{Attribute, AttributeInput, attributes, optional, parsed};
pub(crate) use past::{AsOf, Recalled, then};
pub(crate) use query::{Reading, queries, reading, see, see_those};
pub(crate) use stale::StaleRows;
pub(crate) use time::{Date, DateTime};
pub(crate) use ulid::Ulid;
pub(crate) use user_error::UserError;
