//! Ids as types of their own, so that a raw string never crosses a function.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use ulid::Ulid;

use super::InvalidValue;

macro_rules! ulid_id {
    ($(#[$doc:meta])* $name:ident, $expected:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Ulid);

        impl $name {
            /// Takes a ULID that the caller made or read.
            #[must_use]
            pub const fn new(ulid: Ulid) -> Self {
                Self(ulid)
            }

            /// The ULID inside.
            #[must_use]
            pub const fn ulid(self) -> Ulid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.0.array_to_str(&mut [0; ulid::ULID_LEN]))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidValue;
            fn from_str(text: &str) -> Result<Self, InvalidValue> {
                Ulid::from_string(text).map(Self).map_err(|_| InvalidValue::new(text, $expected))
            }
        }
    };
}

ulid_id!(
    /// A tenant: everything that is stored belongs to one.
    TenantId,
    "a tenant's ULID (26 characters)"
);
impl TenantId {
    /// Which of so many parts a tenant is in, where tenants are spread: 0, 1, ... The same everywhere and for ever,
    /// since projectors and topics that were filled long ago must agree.
    #[must_use]
    pub fn part(self, of: u32) -> u32 {
        let number = self.ulid().random() % u128::from(of.max(1));
        u32::try_from(number).unwrap_or_default()
    }
}

ulid_id!(
    /// An event: unique in the whole log, made when the event is appended.
    EventId,
    "an event's ULID (26 characters)"
);

/// An aggregate's id inside its tenant: a ULID made here, or the key a foreign system uses.
pub trait EntityId: FromStr<Err = InvalidValue> + Clone + Send + Sync + fmt::Display + fmt::Debug {
    /// The id's text: 1 to 100 characters of `A-Z a-z 0-9 . _ -`.
    fn as_str(&self) -> &str;

    /// The id that a fresh ULID makes.
    fn from_ulid(ulid: Ulid) -> Self;
}

pub(crate) const ENTITY_ID_RULE: &str = "an id of 1 to 100 characters (A-Z, a-z, 0-9, '.', '_', '-')";

pub(crate) fn is_entity_id(text: &str) -> bool {
    (1..=100).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

macro_rules! entity_ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $crate::kernel::EntityId for $name {
            fn as_str(&self) -> &str {
                &self.0
            }
            fn from_ulid(ulid: ulid::Ulid) -> Self {
                Self(ulid.to_string())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::kernel::InvalidValue;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::try_from(text.to_owned())
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::kernel::InvalidValue;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                if $crate::kernel::is_entity_id(&text) {
                    Ok(Self(text))
                } else {
                    Err($crate::kernel::InvalidValue::new(text, $crate::kernel::ENTITY_ID_RULE))
                }
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}
pub(crate) use entity_ids;
