//! Personal data, marked by its type.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// The one member of the object that stands in the place of a sealed value in a stored payload.
pub const SEALED: &str = "$sealed";

/// A value that says something about one person: it never shows in logs or debug output. In the log it is sealed
/// with a key of the person, and once that key is destroyed it is erased.
#[derive(Clone, PartialEq, Eq)]
pub enum Personal<T> {
    /// The value, for whoever may see it.
    Clear(T),
    /// As it lies in the log, for whoever reads without keys. Nobody may write it.
    Sealed(String),
    /// The person was forgotten, or the time for which the value may be kept is over.
    Erased,
}

impl<T> Personal<T> {
    /// Marks a value as personal.
    pub const fn new(value: T) -> Self {
        Self::Clear(value)
    }

    /// The value, for whoever may see it; `None` when it is erased or sealed.
    pub const fn reveal(&self) -> Option<&T> {
        match self {
            Self::Clear(value) => Some(value),
            Self::Sealed(_) | Self::Erased => None,
        }
    }
}

/// In the clear as the value itself, sealed as an object of one member, erased as null.
impl<T: Serialize> Serialize for Personal<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Clear(value) => value.serialize(serializer),
            Self::Sealed(sealed) => {
                let mut members = serializer.serialize_map(Some(1))?;
                members.serialize_entry(SEALED, sealed)?;
                members.end()
            }
            Self::Erased => serializer.serialize_unit(),
        }
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Personal<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        if value.is_null() {
            return Ok(Self::Erased);
        }
        if let Value::Object(members) = &value
            && let (1, Some(Value::String(sealed))) = (members.len(), members.get(SEALED))
        {
            return Ok(Self::Sealed(sealed.clone()));
        }
        serde_json::from_value(value)
            .map(Self::Clear)
            .map_err(serde::de::Error::custom)
    }
}

/// The value's own schema, marked with `x-personal`: whoever passes events on knows by it what to hold back.
impl<T: JsonSchema> JsonSchema for Personal<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Personal{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = T::json_schema(generator);
        schema.insert("x-personal".to_owned(), true.into());
        schema
    }
}

impl<T> fmt::Debug for Personal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[personal]")
    }
}

#[cfg(test)]
mod tests {
    use super::Personal;
    use crate::kernel::Email;

    #[test]
    fn a_value_is_stored_as_itself_sealed_as_one_member_and_erased_as_null() {
        for (value, stored) in [
            (Personal::new("Ada".to_owned()), r#""Ada""#),
            (Personal::Sealed("v1.k.c".to_owned()), r#"{"$sealed":"v1.k.c"}"#),
            (Personal::Erased, "null"),
        ] {
            assert_eq!(serde_json::to_string(&value).unwrap(), stored);
            assert_eq!(serde_json::from_str::<Personal<String>>(stored).unwrap(), value);
        }
    }

    #[test]
    fn a_value_that_its_type_does_not_allow_is_refused_with_the_types_own_words() {
        let error = serde_json::from_str::<Personal<Email>>(r#""nobody""#).unwrap_err();
        assert!(error.to_string().contains("is not an e-mail address"), "{error}");
    }

    #[test]
    fn only_a_clear_value_is_revealed() {
        assert_eq!(Personal::new(7).reveal(), Some(&7));
        assert_eq!(Personal::<i32>::Sealed("v1".to_owned()).reveal(), None);
        assert_eq!(Personal::<i32>::Erased.reveal(), None);
    }
}
