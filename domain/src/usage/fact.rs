//! A fact: a type, a quantity, and the dimensions by which it can be told apart.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::{InvalidValue, is_code, text_type};

const DIMENSIONS_AT_MOST: usize = 32;
const NAME_AT_MOST: usize = 64;
const VALUE_AT_MOST: usize = 500;
const UNIT_AT_MOST: usize = 64;

text_type!(
    /// A fact's name: `usage.` or `custom.`, then words of a-z, 0-9 and `_` with dots between them; up to 100
    /// characters, for instance `usage.tokens.input`.
    FactType,
    FactType::allows,
    "a fact's type of at most 100 characters: usage. or custom., then words (a-z, 0-9, '_') with dots between"
);

impl FactType {
    /// Tells whether a text could be a fact's type.
    #[must_use]
    pub fn allows(text: &str) -> bool {
        let words = text
            .strip_prefix("usage.")
            .or_else(|| text.strip_prefix("custom."));
        text.len() <= 100 && words.is_some_and(|words| words.split('.').all(|word| is_code(word, 100, b"_")))
    }
}

/// Something was used: how much of what, and by which dimensions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Unchecked")]
pub struct Fact {
    #[serde(rename = "type")]
    event_type: FactType,
    quantity: Decimal,
    unit: Option<String>,
    dimensions: BTreeMap<String, String>,
}

/// Why values do not make a fact.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidFact {
    /// A name outside the two families.
    #[error("type: {0}")]
    Type(#[from] InvalidValue),
    /// A unit that is empty or too long.
    #[error("unit: {0:?} does not have 1 to {UNIT_AT_MOST} characters")]
    Unit(String),
    /// More dimensions than a fact may have.
    #[error("dimensions: there are {0}, at most {DIMENSIONS_AT_MOST} are allowed")]
    TooManyDimensions(usize),
    /// A dimension's name that is empty or too long.
    #[error("dimensions: the name {0:?} does not have 1 to {NAME_AT_MOST} characters")]
    DimensionName(String),
    /// A dimension's value that is too long.
    #[error("dimensions.{name}: its value has {length} characters, at most {VALUE_AT_MOST} are allowed")]
    DimensionValue {
        /// The dimension.
        name: String,
        /// How many characters it has.
        length: usize,
    },
}

impl Fact {
    /// The dimension that names the record that a fact corrects.
    pub const CORRECTS: &str = "corrects";

    /// A fact of these values. The quantity may be negative: that is how a fact is corrected, whose record is named by the
    /// dimension [`Self::CORRECTS`]; or by how much a level fell.
    ///
    /// # Errors
    /// [`InvalidFact`] names the field and the rule.
    pub fn try_new(
        event_type: FactType,
        quantity: Decimal,
        unit: Option<String>,
        dimensions: BTreeMap<String, String>,
    ) -> Result<Self, InvalidFact> {
        let fits = |text: &str, max: usize| (1..=max).contains(&text.chars().count());
        if let Some(unit) = unit.as_ref().filter(|unit| !fits(unit, UNIT_AT_MOST)) {
            return Err(InvalidFact::Unit(unit.clone()));
        }
        if dimensions.len() > DIMENSIONS_AT_MOST {
            return Err(InvalidFact::TooManyDimensions(dimensions.len()));
        }
        for (name, value) in &dimensions {
            if !fits(name, NAME_AT_MOST) {
                return Err(InvalidFact::DimensionName(name.clone()));
            }
            let length = value.chars().count();
            if length > VALUE_AT_MOST {
                return Err(InvalidFact::DimensionValue {
                    name: name.clone(),
                    length,
                });
            }
        }
        Ok(Self {
            event_type,
            quantity,
            unit,
            dimensions,
        })
    }

    /// Its name, under which it is stored.
    #[must_use]
    pub const fn event_type(&self) -> &FactType {
        &self.event_type
    }

    /// How much.
    #[must_use]
    pub const fn quantity(&self) -> Decimal {
        self.quantity
    }

    /// Of what, for instance `token`.
    #[must_use]
    pub fn unit(&self) -> Option<&str> {
        self.unit.as_deref()
    }

    /// The record that it corrects, if it is a correction.
    #[must_use]
    pub fn corrects(&self) -> Option<&str> {
        let record = self.dimensions.get(Self::CORRECTS)?;
        (!record.trim().is_empty()).then_some(record)
    }

    /// Names and values by which it can be told apart, for instance `model: small`.
    #[must_use]
    pub const fn dimensions(&self) -> &BTreeMap<String, String> {
        &self.dimensions
    }
}

/// A fact as it arrives.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    #[serde(rename = "type")]
    event_type: String,
    quantity: Decimal,
    #[serde(default)]
    unit: Option<String>,
    #[serde(default)]
    dimensions: BTreeMap<String, String>,
}

impl TryFrom<Unchecked> for Fact {
    type Error = InvalidFact;
    fn try_from(fact: Unchecked) -> Result<Self, InvalidFact> {
        Self::try_new(
            FactType::try_from(fact.event_type)?,
            fact.quantity,
            fact.unit,
            fact.dimensions,
        )
    }
}
