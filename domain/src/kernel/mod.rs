//! What every slice is made of: ids, callers, money, contacts, the envelope and the aggregate's frame.

mod blank;
mod caller;
mod contact;
mod elapsed;
mod entity;
mod event;
mod fields;
mod id;
mod money;
mod personal;
mod text;
mod vertical;

pub use blank::Blank;
pub use caller::{Actor, ActorKind, Caller, Means};
pub use contact::{Email, Phone};
pub use elapsed::BeforeBegin;
pub use entity::{At, Entity, RefusalCode};
pub use event::{DecodeError, RecordedEvent, StoredEvent, StreamId, Upcast, decode_as, decode_value_as};
pub use fields::fields_of;
pub use id::{EntityId, EventId, TenantId};
pub use money::{Currency, Money, MoneyByCurrency, Negative, OtherCurrency};
pub use personal::{Personal, SEALED};
pub use vertical::Vertical;

pub(crate) use blank::not_blank;
pub(crate) use elapsed::{elapsed_ms, not_before};
pub(crate) use entity::aggregate;
pub(crate) use event::event_types;
pub(crate) use id::{ENTITY_ID_RULE, entity_ids, is_entity_id};
pub(crate) use money::{not_negative, same_currency};
pub(crate) use text::{is_code, is_sha256_hex, text_type};

/// A value that a type's rule does not allow; the text names the value and the rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{value:?} is not {expected}")]
pub struct InvalidValue {
    /// The value as it came.
    pub value: String,
    /// What would have been right, for instance `a slug of 2 to 63 characters (a-z, 0-9, -)`.
    pub expected: &'static str,
}

impl InvalidValue {
    /// Says that `value` is not `expected`.
    pub fn new(value: impl Into<String>, expected: &'static str) -> Self {
        Self {
            value: value.into(),
            expected,
        }
    }
}
