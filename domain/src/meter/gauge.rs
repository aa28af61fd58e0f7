//! A meter that was checked, and what it makes of an event.

use std::collections::BTreeMap;
use std::sync::Arc;

use rust_decimal::Decimal;

use super::cel::{BadExpression, Kind, Program, Trouble, Value, decimal};
use super::taking::Taking;
use super::{Aggregation, Definition, InvalidDefinition, MeterCode, unit};
use crate::Event;
use crate::personal_fields::{personal_event_types, personal_fields};

const LABEL_AT_MOST: usize = 200;
const GROUPS_AT_MOST: usize = 5;
const TYPES_AT_MOST: usize = 5;
const NAME_AT_MOST: usize = 40;
/// The longest text that becomes part of a key, in bytes.
const TEXT_AT_MOST: usize = 200;

/// One version of a meter, ready to read events.
#[derive(Clone, Debug)]
pub struct Gauge {
    code: MeterCode,
    version: u32,
    definition: Definition,
    pub(super) filter: Option<Program>,
    pub(super) value: Option<Program>,
    pub(super) groups: Vec<(String, Program)>,
    /// The types of events that it reads, each with the version in which they are written.
    pub(super) event_types: Vec<(String, u16)>,
    /// How it takes what facts report.
    pub(super) taking: Taking,
}

/// What a meter makes of an event that it counts.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The meter, in one of its versions.
    pub gauge: Arc<Gauge>,
    /// What is counted; or why it can't be told, in words.
    pub outcome: Result<Counted, String>,
}

/// What an event adds to a meter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// By what it is told apart: a JSON object of texts with its names in order, `{}` for no group.
    pub group: String,
    /// The value; 0 when events or different values are counted.
    pub value: Decimal,
    /// The value that is one of the different ones; else empty.
    pub member: String,
}

impl Definition {
    /// Says what is wrong with it, if anything is.
    ///
    /// # Errors
    /// [`InvalidDefinition`] names the field, and for an expression the column.
    pub fn check(&self) -> Result<(), InvalidDefinition> {
        let code = MeterCode::try_new("checked").map_err(|error| InvalidDefinition::new("code", error))?;
        Gauge::try_new(code, 1, self.clone()).map(drop)
    }
}

impl Gauge {
    /// Checks a definition and makes it ready.
    ///
    /// # Errors
    /// [`InvalidDefinition`] names the field, and for an expression the column.
    pub fn try_new(code: MeterCode, version: u32, definition: Definition) -> Result<Self, InvalidDefinition> {
        let bad = |field: &str, reason: &str| InvalidDefinition::new(field, reason);
        let label = definition.label.chars().count();
        if definition.label.trim().is_empty() || label > LABEL_AT_MOST {
            let reason = format!("a label has 1 to {LABEL_AT_MOST} characters");
            return Err(bad("label", &reason));
        }
        let event_types = event_types(&definition)?;
        if !unit::is_known(&definition.unit) {
            let units = unit::known_units().join(", ");
            let reason = format!(
                "there is no unit {:?}: take one of {units}, or a currency of ISO 4217",
                definition.unit
            );
            return Err(bad("unit", &reason));
        }
        let filter = definition
            .filter
            .as_deref()
            .map(|text| program("filter", text))
            .transpose()?;
        if let Some(filter) = &filter
            && !matches!(filter.kind(), Kind::Bool | Kind::Unknown)
        {
            return Err(bad("filter", "column 1: a filter must be true or false"));
        }
        if let Some(filter) = &filter {
            impersonal("filter", &definition, filter)?;
        }
        let value = definition
            .value
            .as_deref()
            .map(|text| program("value", text))
            .transpose()?;
        match (&value, definition.aggregation) {
            (Some(_), Aggregation::Count) => {
                return Err(bad(
                    "value",
                    "events are counted, so there is nothing to take of them: leave it out",
                ));
            }
            (Some(program), Aggregation::UniqueCount) => {
                impersonal("value", &definition, program)?;
                if program.kind() == Kind::Bool {
                    return Err(bad(
                        "value",
                        "column 1: different texts or numbers are counted, not truth values",
                    ));
                }
            }
            (None, Aggregation::Count) => {}
            (None, aggregation) => {
                return Err(bad(
                    "value",
                    &format!("{aggregation} needs a value, for instance decimal(data.quantity)"),
                ));
            }
            (Some(program), _) => {
                impersonal("value", &definition, program)?;
                if matches!(program.kind(), Kind::Bool) {
                    return Err(bad("value", "column 1: a value must be a number"));
                }
                if let Some(number) = program.constant() {
                    in_range(definition.aggregation, number).map_err(|reason| bad("value", &reason))?;
                }
            }
        }
        if definition.group_by.len() > GROUPS_AT_MOST {
            return Err(bad("group_by", &format!("there are more than {GROUPS_AT_MOST}")));
        }
        let mut groups = Vec::new();
        for (name, text) in &definition.group_by {
            let field = format!("group_by.{name}");
            if !crate::kernel::is_code(name, NAME_AT_MOST, b"_") {
                let reason = format!("a name has 1 to {NAME_AT_MOST} characters (a-z, 0-9, '_')");
                return Err(bad(&field, &reason));
            }
            let group = program(&field, text)?;
            impersonal(&field, &definition, &group)?;
            groups.push((name.clone(), group));
        }
        Ok(Self {
            code,
            version,
            taking: Taking::of(definition.aggregation, filter.as_ref(), value.as_ref()),
            filter,
            value,
            groups,
            event_types,
            definition,
        })
    }

    /// Its code.
    #[must_use]
    pub const fn code(&self) -> &MeterCode {
        &self.code
    }

    /// Its version, from 1.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// What it counts.
    #[must_use]
    pub const fn definition(&self) -> &Definition {
        &self.definition
    }

    /// What a value adds, when it can be kept exactly.
    pub(super) fn counted(&self, group: String, value: Option<Value<'_>>) -> Result<Counted, String> {
        let mut counted = Counted {
            group,
            value: Decimal::ZERO,
            member: String::new(),
        };
        let Some(value) = value else {
            return Ok(counted);
        };
        if self.definition.aggregation == Aggregation::UniqueCount {
            counted.member = key_text("value", value)?;
            return Ok(counted);
        }
        counted.value = match value {
            Value::Number(number) => number.normalize(),
            Value::Text(text) => decimal(&text).map_err(|trouble| format!("value: {trouble}"))?,
            other => return Err(format!("value: it is {}, not a number", other.kind())),
        };
        in_range(self.definition.aggregation, counted.value).map_err(|reason| format!("value: {reason}"))?;
        Ok(counted)
    }

    /// The groups of values by name as they are stored.
    pub(super) fn group(texts: BTreeMap<&str, String>) -> String {
        serde_json::to_string(&texts).unwrap_or_default()
    }
}

/// The types that a definition reads: known ones, each once, and all of one kind of thing, so that its events are found
/// where those of the first type are.
fn event_types(definition: &Definition) -> Result<Vec<(String, u16)>, InvalidDefinition> {
    let family = |event_type: &str| event_type.split('.').next().map(str::to_owned);
    let mut types: Vec<(String, u16)> = Vec::new();
    for (index, event_type) in definition.event_types().enumerate() {
        let field = if index == 0 {
            "event_type"
        } else {
            "also_event_types"
        };
        let bad = |reason: String| Err(InvalidDefinition::new(field, reason));
        let Some(version) = Event::version_of(event_type) else {
            return bad(format!(
                "there is no event type {event_type:?}; facts are called usage.* and custom.*"
            ));
        };
        if types.len() == TYPES_AT_MOST {
            return bad(format!("a meter reads at most {TYPES_AT_MOST} types of events"));
        }
        if types.iter().any(|(known, _)| known == event_type) {
            return bad(format!("{event_type} is named twice"));
        }
        if family(event_type) != family(&definition.event_type) {
            return bad(format!(
                "{event_type} and {} are not of one kind of thing: define a meter for each",
                definition.event_type
            ));
        }
        types.push((event_type.to_owned(), version));
    }
    Ok(types)
}

fn program(field: &str, text: &str) -> Result<Program, InvalidDefinition> {
    Program::compile(text).map_err(|error: BadExpression| InvalidDefinition::new(field, error))
}

/// A text, or a number's text, that becomes part of a key.
pub(super) fn key_text(what: &str, value: Value<'_>) -> Result<String, String> {
    let text = match value {
        Value::Text(text) => text.into_owned(),
        Value::Number(number) => number.normalize().to_string(),
        Value::Bool(truth) => truth.to_string(),
        Value::Null => String::new(),
        other => return Err(format!("{what}: it is {}, not a text", other.kind())),
    };
    if text.len() > TEXT_AT_MOST {
        return Err(format!(
            "{what}: its text has {} bytes, at most {TEXT_AT_MOST} are allowed",
            text.len()
        ));
    }
    if text.contains('\0') {
        return Err(format!("{what}: its text has a character that can't be stored"));
    }
    Ok(text)
}

pub(super) fn in_words(field: &str, trouble: &Trouble) -> String {
    format!("{field}: {trouble}")
}

/// Sums of any number of values must stay exact in 28 digits, weighted by microseconds too.
fn in_range(aggregation: Aggregation, value: Decimal) -> Result<(), String> {
    let (digits, places) = match aggregation {
        Aggregation::TimeWeightedSum => (9, 6),
        _ => (12, 9),
    };
    let value = value.normalize();
    if value.scale() > places {
        return Err(format!("{value} has more than {places} decimal places"));
    }
    if value.abs() >= Decimal::from(10_i64.pow(digits)) {
        return Err(format!("{value} has more than {digits} digits before the point"));
    }
    Ok(())
}

/// Figures never depend on personal data: they must stay what they were when a person is forgotten.
fn impersonal(field: &str, definition: &Definition, program: &Program) -> Result<(), InvalidDefinition> {
    let reads = |known: &str| {
        definition.event_types().any(|event_type| {
            let family = event_type.strip_suffix('*');
            known == event_type || family.is_some_and(|family| known.starts_with(family))
        })
    };
    let wanted = personal_event_types().into_iter().filter(|known| reads(known));
    let fields: Vec<&String> = wanted.flat_map(personal_fields).collect();
    let personal = |name: &String| fields.contains(&name);
    match program
        .paths()
        .iter()
        .find(|path| path.get(1).is_some_and(personal))
    {
        Some(path) => {
            let path = path.join(".");
            let reason = format!("{path} is personal data, which may be erased, and figures must stay");
            Err(InvalidDefinition::new(field, reason))
        }
        None => Ok(()),
    }
}
