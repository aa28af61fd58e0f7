//! What the TOML file may hold. What it means, and whether it makes sense, is `reading`'s business.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use toml::Spanned;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) source: Spanned<String>,
    #[serde(default)]
    pub(super) format: FormatTable,
    #[serde(default)]
    pub(super) record: RecordTable,
    #[serde(default)]
    pub(super) command: Vec<CommandTable>,
    #[serde(default)]
    pub(super) fact: Vec<FactTable>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct FormatTable {
    pub(super) delimiter: Option<Spanned<String>>,
    pub(super) encoding: Option<Spanned<String>>,
    pub(super) decimal_mark: Option<Spanned<String>>,
    pub(super) thousands_mark: Option<Spanned<String>>,
    pub(super) zone: Option<Spanned<String>>,
    pub(super) empty: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RecordTable {
    pub(super) id: Option<Spanned<Names>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CommandTable {
    pub(super) r#type: Spanned<String>,
    pub(super) id: Option<Spanned<IdTable>>,
    pub(super) occurred_at: Option<Spanned<TimeTable>>,
    #[serde(default)]
    pub(super) when: Conditions,
    #[serde(default)]
    pub(super) fields: BTreeMap<Spanned<String>, Spanned<ValueTable>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FactTable {
    pub(super) r#type: Spanned<String>,
    pub(super) occurred_at: Option<Spanned<TimeTable>>,
    #[serde(default)]
    pub(super) when: Conditions,
    pub(super) quantity: Spanned<ValueTable>,
    pub(super) unit: Spanned<String>,
    #[serde(default)]
    pub(super) dimensions: BTreeMap<Spanned<String>, Spanned<ValueTable>>,
}

#[derive(Clone, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(super) struct IdTable {
    pub(super) column: Option<Spanned<String>>,
    pub(super) columns: Option<Vec<Spanned<String>>>,
    pub(super) constant: Option<String>,
    #[serde(default)]
    pub(super) prefix: String,
}

#[derive(Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(super) struct TimeTable {
    pub(super) column: Option<Spanned<String>>,
    pub(super) columns: Option<Vec<Spanned<String>>>,
    pub(super) format: Option<Spanned<String>>,
    pub(super) zone: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) required: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ValueTable {
    pub(super) column: Option<Spanned<String>>,
    pub(super) columns: Option<Vec<Spanned<String>>>,
    pub(super) constant: Option<Spanned<Constant>>,
    pub(super) default: Option<Spanned<Constant>>,
    #[serde(default = "yes")]
    pub(super) required: bool,
    pub(super) r#type: Option<Spanned<TypeName>>,
    pub(super) format: Option<Spanned<String>>,
    pub(super) zone: Option<Spanned<String>>,
    pub(super) values: Option<BTreeMap<String, String>>,
    pub(super) currency: Option<Spanned<String>>,
    pub(super) currency_column: Option<Spanned<String>>,
}

fn yes() -> bool {
    true
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum TypeName {
    Text,
    Integer,
    Decimal,
    Date,
    Datetime,
    Boolean,
    Money,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConditionTable {
    pub(super) column: Spanned<String>,
    pub(super) equals: Option<String>,
    pub(super) one_of: Option<Vec<String>>,
    pub(super) none_of: Option<Vec<String>>,
    pub(super) not_empty: Option<bool>,
}

/// One name, or a list of names.
pub(super) struct Names(pub(super) Vec<String>);

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;
        impl<'de> Visitor<'de> for OneOrMany {
            type Value = Names;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a column's name or a list of them")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Names, E> {
                Ok(Names(vec![name.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, names: A) -> Result<Names, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(names)).map(Names)
            }
        }
        deserializer.deserialize_any(OneOrMany)
    }
}

/// No condition, one, or a list that must all hold.
#[derive(Default)]
pub(super) struct Conditions(pub(super) Vec<ConditionTable>);

impl<'de> Deserialize<'de> for Conditions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;
        impl<'de> Visitor<'de> for OneOrMany {
            type Value = Conditions;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a condition or a list of them")
            }

            fn visit_map<A: MapAccess<'de>>(self, condition: A) -> Result<Conditions, A::Error> {
                let condition = ConditionTable::deserialize(MapAccessDeserializer::new(condition))?;
                Ok(Conditions(vec![condition]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, conditions: A) -> Result<Conditions, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(conditions)).map(Conditions)
            }
        }
        deserializer.deserialize_any(OneOrMany)
    }
}

/// A value stated in the mapping: text, a whole number, true or false.
#[derive(Clone, PartialEq)]
pub(super) struct Constant(pub(super) Value);

impl<'de> Deserialize<'de> for Constant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Scalar;
        impl Visitor<'_> for Scalar {
            type Value = Constant;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, a whole number, true or false; a decimal is written as a text, \"0.95\"")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Constant, E> {
                Ok(Constant(text.into()))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Constant, E> {
                Ok(Constant(number.into()))
            }

            fn visit_bool<E: Error>(self, truth: bool) -> Result<Constant, E> {
                Ok(Constant(truth.into()))
            }
        }
        deserializer.deserialize_any(Scalar)
    }
}
