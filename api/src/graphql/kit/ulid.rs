//! Ids that the platform makes.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use domain::{EventId, TenantId};

/// A ULID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ulid(pub(crate) ulid::Ulid);

/// A ULID: 26 characters of Crockford's base 32 that sort by the time of their making.
#[Scalar(name = "ULID", specified_by_url = "https://github.com/ulid/spec")]
impl ScalarType for Ulid {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else {
            return Err(InputValueError::expected_type(value));
        };
        ulid::Ulid::from_string(text)
            .map(Self)
            .map_err(|_| InputValueError::custom(format!("{text:?} is not a ULID (26 characters)")))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

impl From<TenantId> for Ulid {
    fn from(id: TenantId) -> Self {
        Self(id.ulid())
    }
}

impl From<EventId> for Ulid {
    fn from(id: EventId) -> Self {
        Self(id.ulid())
    }
}
