//! Fields of a foreign message, each named when it is not as it should be.

use domain::Currency;
use domain::subscription::PlanCode;
use rust_decimal::Decimal;
use serde_json::Value;

/// A part of a message, with the way that leads to it.
#[derive(Clone)]
pub(super) struct Part<'a> {
    path: String,
    pub(super) value: &'a Value,
}

impl<'a> Part<'a> {
    pub(super) fn of(message: &'a Value, path: &str) -> Result<Self, String> {
        let whole = Self {
            path: String::new(),
            value: message,
        };
        path.split('.').try_fold(whole, |part, name| part.at(name))
    }

    pub(super) fn at(&self, name: &str) -> Result<Self, String> {
        self.maybe(name)
            .ok_or_else(|| format!("{}: it is missing", self.named(name)))
    }

    /// A member that is there, and not null.
    pub(super) fn maybe(&self, name: &str) -> Option<Self> {
        let value = self.value.get(name).filter(|value| !value.is_null())?;
        Some(Self {
            path: self.named(name),
            value,
        })
    }

    fn named(&self, name: &str) -> String {
        match self.path.as_str() {
            "" => name.to_owned(),
            path => format!("{path}.{name}"),
        }
    }

    fn wrong(&self, wanted: &str) -> String {
        format!("{}: {wanted} is needed", self.path)
    }

    pub(super) fn text(&self, name: &str) -> Result<String, String> {
        let part = self.at(name)?;
        part.value
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| part.wrong("a text"))
    }

    /// A text, where there is one.
    pub(super) fn text_if_any(&self, name: &str) -> Option<String> {
        self.maybe(name)?
            .value
            .as_str()
            .filter(|text| !text.trim().is_empty())
            .map(str::to_owned)
    }

    /// The id of a thing that is told by its id or as a whole.
    pub(super) fn id_if_any(&self, name: &str) -> Option<String> {
        let part = self.maybe(name)?;
        match part.value {
            Value::String(id) => Some(id.clone()),
            _ => part.text_if_any("id"),
        }
    }

    pub(super) fn number(&self, name: &str) -> Result<i64, String> {
        let part = self.at(name)?;
        part.value.as_i64().ok_or_else(|| part.wrong("a whole number"))
    }

    pub(super) fn number_if_any(&self, name: &str) -> Option<i64> {
        self.maybe(name)?.value.as_i64()
    }

    pub(super) fn currency(&self, name: &str) -> Result<Currency, String> {
        let text = self.text(name)?.to_ascii_uppercase();
        text.parse()
            .map_err(|invalid| format!("{}: {invalid}", self.named(name)))
    }

    /// The members of a list.
    pub(super) fn items(&self, name: &str) -> Vec<Part<'a>> {
        let Some(list) = self.maybe(name) else {
            return Vec::new();
        };
        let members = list.value.as_array().into_iter().flatten().enumerate();
        let part = |(index, value): (usize, &'a Value)| Part {
            path: format!("{}[{index}]", list.path),
            value,
        };
        members.map(part).collect()
    }
}

/// An amount in minor units as an amount.
pub(super) fn amount(minor: i64, currency: Currency) -> Decimal {
    Decimal::new(minor, currency.exponent())
}

/// The nearest plan's code to a foreign name.
pub(super) fn plan_code(name: &str) -> String {
    let known = |character: char| match character.to_ascii_lowercase() {
        code @ ('a'..='z' | '0'..='9' | '_' | '-') => code,
        _ => '_',
    };
    let code: String = name.chars().take(40).map(known).collect();
    match code.parse::<PlanCode>() {
        Ok(code) => code.into(),
        Err(_) => "unknown".to_owned(),
    }
}
