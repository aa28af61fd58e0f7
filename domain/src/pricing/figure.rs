//! Figures of a plan as text: read without loss, and never from a JSON number, which may be a float.

use rust_decimal::Decimal;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serializer};

/// One, for what is left out.
pub(super) const fn one() -> Decimal {
    Decimal::ONE
}

/// A decimal of at most 28 digits; more digits are refused, not rounded.
pub(super) fn read<E: Error>(text: &str) -> Result<Decimal, E> {
    Decimal::from_str_exact(text).map_err(|_| {
        E::custom(format!(
            "{text:?} is not a decimal of at most 28 digits, for instance \"0.05\""
        ))
    })
}

pub(super) fn serialize<S: Serializer>(figure: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(figure)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    read(&String::deserialize(deserializer)?)
}

/// The same for a figure that may be missing.
pub(super) mod option {
    use super::{Decimal, Deserialize, Deserializer, Serializer, read};

    pub(in crate::pricing) fn serialize<S: Serializer>(
        figure: &Option<Decimal>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match figure {
            Some(figure) => serializer.collect_str(figure),
            None => serializer.serialize_none(),
        }
    }

    pub(in crate::pricing) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Decimal>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| read(&text)).transpose()
    }
}
