//! Reading an input's fields into the domain's types, the field named when it does not fit.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use async_graphql::{InputObject, SimpleObject};

use super::UserError;

/// The value of a field that must be there.
pub(crate) fn parsed<T: FromStr<Err: Display>>(field: &'static str, text: &str) -> Result<T, UserError> {
    text.parse().map_err(|error| UserError::invalid(&[field], &error))
}

/// The value of a field that may be left out, by its own parser.
pub(crate) fn optional<T, E: Display>(
    field: &'static str,
    text: Option<String>,
    parse: impl Fn(String) -> Result<T, E>,
) -> Result<Option<T>, UserError> {
    text.map(parse)
        .transpose()
        .map_err(|error| UserError::invalid(&[field], &error))
}

/// A name with a value.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct AttributeInput {
    /// The name; it may be used once in a list.
    name: String,
    /// The value.
    value: String,
}

/// A name with a value.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct Attribute {
    /// The name.
    name: String,
    /// The value.
    value: String,
}

impl From<(String, String)> for Attribute {
    fn from((name, value): (String, String)) -> Self {
        Self { name, value }
    }
}

/// The names and values of a field; a name that comes twice is refused.
pub(crate) fn attributes(
    field: &'static str,
    list: Vec<AttributeInput>,
) -> Result<BTreeMap<String, String>, UserError> {
    let mut attributes = BTreeMap::new();
    for AttributeInput { name, value } in list {
        if attributes.contains_key(&name) {
            let twice = format!("the name {name:?} is there twice");
            return Err(UserError::invalid(&[field], &twice));
        }
        attributes.insert(name, value);
    }
    Ok(attributes)
}
