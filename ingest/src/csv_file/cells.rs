//! One row, read field by field as the mapping says; the first field that can't be taken ends it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::mapping::{
    ColumnRef, CommandPlan, Condition, Currency, FactPlan, Moment, Origin, OutputPlan, Test, ValuePlan,
};
use super::message::{Rejection, Row};
use super::translate::{FactDraft, Outputs, Translator};
use super::value::{is_currency_code, not_a_number};

/// A row, seen through a mapping.
#[derive(Clone, Copy)]
pub(super) struct Cells<'a> {
    pub(super) row: Row<'a>,
    pub(super) translator: &'a Translator,
}

impl<'a> Cells<'a> {
    /// A column's trimmed text; none if it is empty.
    fn text(self, column: ColumnRef) -> Option<&'a str> {
        let text = self.row.get(self.translator.places[column.0]).trim();
        let empty = text.is_empty() || self.translator.mapping.empty().iter().any(|empty| empty == text);
        (!empty).then_some(text)
    }

    /// The first of these columns that is not empty.
    fn first(self, columns: &[ColumnRef]) -> Option<(ColumnRef, &'a str)> {
        columns
            .iter()
            .find_map(|&column| Some((column, self.text(column)?)))
    }

    fn reject(self, column: Option<ColumnRef>, reason: String) -> Rejection {
        let Row {
            number: row, line, ..
        } = self.row;
        let column = column.and_then(|column| self.row.header.name(self.translator.places[column.0]));
        Rejection {
            row,
            line,
            column,
            value: None,
            reason,
            fingerprint: self.row.fingerprint(),
            record_id: Box::default(),
        }
    }

    /// The record's identity, from its columns.
    pub(super) fn record_id(self, columns: &[ColumnRef]) -> Result<String, Rejection> {
        let text = |column: ColumnRef| {
            let missing = || self.reject(Some(column), "is empty, but identifies the record".into());
            self.text(column).ok_or_else(missing)
        };
        if let [only] = columns {
            return text(*only).map(str::to_owned);
        }
        let escaped = |&column| Ok(text(column)?.replace('\\', "\\\\").replace(':', "\\:"));
        Ok(columns
            .iter()
            .map(escaped)
            .collect::<Result<Vec<_>, _>>()?
            .join(":"))
    }

    /// What the row becomes.
    pub(super) fn outputs(self, plan: &OutputPlan) -> Result<Outputs, Rejection> {
        match plan {
            OutputPlan::Facts(facts) => {
                let wanted = facts.iter().filter(|fact| self.holds(&fact.when));
                let facts: Vec<_> = wanted.map(|fact| self.fact(fact)).collect::<Result<_, _>>()?;
                Ok(if facts.is_empty() {
                    Outputs::Nothing
                } else {
                    Outputs::Facts(facts)
                })
            }
            OutputPlan::Commands {
                aggregate_type,
                id,
                commands,
            } => {
                let wanted = commands.iter().filter(|command| self.holds(&command.when));
                let commands: Vec<_> = wanted
                    .map(|command| self.command(command))
                    .collect::<Result<_, _>>()?;
                if commands.is_empty() {
                    return Ok(Outputs::Nothing);
                }
                let needed_for = || format!("is empty, but is the id of the {aggregate_type}");
                let text = match &id.origin {
                    Origin::Constant(constant) => constant.as_str().unwrap_or_default(),
                    Origin::Columns(columns) => match self.first(columns) {
                        Some((_, text)) => text,
                        None => return Err(self.reject(columns.first().copied(), needed_for())),
                    },
                };
                let aggregate_id = format!("{}{text}", id.prefix);
                Ok(Outputs::Commands {
                    aggregate_type: aggregate_type.clone(),
                    aggregate_id,
                    commands,
                })
            }
        }
    }

    fn holds(self, conditions: &[Condition]) -> bool {
        let text = |condition: &Condition| self.text(condition.column).unwrap_or_default();
        conditions.iter().all(|condition| match &condition.test {
            Test::OneOf(texts) => texts.iter().any(|one| one == text(condition)),
            Test::NoneOf(texts) => texts.iter().all(|one| one != text(condition)),
            Test::NotEmpty(wanted) => text(condition).is_empty() != *wanted,
        })
    }

    fn command(self, plan: &CommandPlan) -> Result<(Option<Timestamp>, Value), Rejection> {
        let occurred_at = self.moment(plan.occurred_at.as_ref(), &plan.command_type)?;
        let payload = match &plan.fields {
            None => Value::Null,
            Some(fields) => {
                let mut payload = Map::new();
                for field in fields {
                    if let Some(value) = self.value(field, &plan.command_type)? {
                        payload.insert(field.name.clone(), value);
                    }
                }
                Value::Object(payload)
            }
        };
        Ok((
            occurred_at,
            Value::Object(Map::from_iter([(plan.variant.clone(), payload)])),
        ))
    }

    fn fact(self, plan: &FactPlan) -> Result<FactDraft, Rejection> {
        let quantity = self.value(&plan.quantity, &plan.event_type)?.unwrap_or_default();
        let quantity = quantity
            .as_str()
            .map_or_else(|| quantity.to_string(), str::to_owned);
        let mut dimensions = BTreeMap::new();
        for dimension in &plan.dimensions {
            if let Some(value) = self.value(dimension, &plan.event_type)? {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                dimensions.insert(dimension.name.clone(), text);
            }
        }
        Ok(FactDraft {
            event_type: plan.event_type.clone(),
            occurred_at: self.moment(plan.occurred_at.as_ref(), &plan.event_type)?,
            quantity: quantity
                .parse()
                .map_err(|_| self.reject(None, not_a_number()).value(&quantity))?,
            unit: plan.unit.clone(),
            dimensions,
        })
    }

    fn moment(self, plan: Option<&Moment>, needed_for: &str) -> Result<Option<Timestamp>, Rejection> {
        let Some(plan) = plan else { return Ok(None) };
        match self.first(&plan.columns) {
            Some((column, text)) => match plan.format.instant(text) {
                Ok(instant) => Ok(Some(instant)),
                Err(reason) => Err(self.reject(Some(column), reason).value(text)),
            },
            None if plan.required => {
                let reason = format!("is empty, but {needed_for} needs it to know when it occurred");
                Err(self.reject(plan.columns.first().copied(), reason))
            }
            None => Ok(None),
        }
    }

    fn value(self, plan: &ValuePlan, needed_for: &str) -> Result<Option<Value>, Rejection> {
        let value = match &plan.origin {
            Origin::Constant(constant) => constant.clone(),
            Origin::Columns(columns) => match (self.first(columns), &plan.default) {
                (Some((column, text)), _) => self.read(plan, column, text)?,
                (None, Some(default)) => default.clone(),
                (None, None) if plan.required => {
                    let reason = format!("is empty, but {needed_for} needs it for {}", plan.name);
                    return Err(self.reject(columns.first().copied(), reason));
                }
                (None, None) => return Ok(None),
            },
        };
        match &plan.currency {
            None => Ok(Some(value)),
            Some(currency) => {
                let currency = self.currency(currency)?;
                Ok(Some(
                    Map::from_iter([("amount".into(), value), ("currency".into(), currency.into())]).into(),
                ))
            }
        }
    }

    fn read(self, plan: &ValuePlan, column: ColumnRef, text: &'a str) -> Result<Value, Rejection> {
        let text = match &plan.values {
            None => text,
            Some(values) => values.get(text).ok_or_else(|| {
                let known = values.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
                self.reject(Some(column), format!("is not one of {known}"))
                    .value(text)
            })?,
        };
        plan.kind
            .read(text)
            .map_err(|reason| self.reject(Some(column), reason).value(text))
    }

    fn currency(self, plan: &'a Currency) -> Result<&'a str, Rejection> {
        let column = match plan {
            Currency::Code(code) => return Ok(code),
            Currency::Column(column) => *column,
        };
        let text = self.text(column).unwrap_or_default();
        if is_currency_code(text) {
            return Ok(text);
        }
        Err(self
            .reject(Some(column), "is not a currency code, as in USD".into())
            .value(text))
    }
}
