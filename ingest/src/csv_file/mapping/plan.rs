//! What a mapping means, once it has been found to make sense: columns are numbered, constants are read.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{MappingError, Problem};
use crate::csv_file::message::Header;
use crate::csv_file::source::Format;
use crate::csv_file::value::{Kind, TimeFormat};

/// A mapping file that makes sense in itself; whether it fits a CSV file, its header tells.
#[derive(Clone, Debug)]
pub struct Mapping {
    pub(super) source: String,
    pub(super) format: Format,
    pub(super) empty: Vec<String>,
    pub(super) columns: Vec<NamedColumn>,
    pub(super) identity: Identity,
    pub(super) outputs: OutputPlan,
}

impl Mapping {
    /// The name that, together with a record's id, makes an import happen once.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The columns that it names, in the order of their numbers.
    pub(in crate::csv_file) fn column_names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }

    /// How the file is written.
    pub fn format(&self) -> &Format {
        &self.format
    }

    /// The texts that mean: no value.
    pub(in crate::csv_file) fn empty(&self) -> &[String] {
        &self.empty
    }

    pub(in crate::csv_file) fn identity(&self) -> &Identity {
        &self.identity
    }

    pub(in crate::csv_file) fn outputs(&self) -> &OutputPlan {
        &self.outputs
    }

    /// Finds the place of each column that the mapping names, in the order of their numbers.
    pub(in crate::csv_file) fn places(&self, header: &Header) -> Result<Vec<usize>, MappingError> {
        let mut problems = Vec::new();
        let mut places = Vec::new();
        for NamedColumn { name, line, key } in &self.columns {
            match header.position(name) {
                Some(place) => places.push(place),
                None => {
                    let reason = no_such_column(name, header);
                    problems.push(Problem {
                        line: *line,
                        key: key.clone(),
                        reason,
                    });
                }
            }
        }
        if problems.is_empty() {
            Ok(places)
        } else {
            Err(MappingError::in_order(problems))
        }
    }
}

fn no_such_column(name: &str, header: &Header) -> String {
    let names: Vec<String> = header.names().iter().map(|known| format!("{known:?}")).collect();
    let hint = match header.names() {
        [only] if only.contains([',', ';', '\t', '|']) => ". Is [format] delimiter right?",
        _ => "",
    };
    format!(
        "the file has no column {name:?}; its columns are {}{hint}",
        names.join(", ")
    )
}

/// A column as the mapping names it, and where.
#[derive(Clone, Debug)]
pub(super) struct NamedColumn {
    pub(super) name: String,
    pub(super) line: usize,
    pub(super) key: String,
}

/// The number of a column in the mapping.
#[derive(Clone, Copy, Debug)]
pub(in crate::csv_file) struct ColumnRef(pub(in crate::csv_file) usize);

/// What makes a record's identity.
#[derive(Clone, Debug)]
pub(in crate::csv_file) enum Identity {
    Columns(Vec<ColumnRef>),
    Content,
}

/// What a row becomes.
#[derive(Clone, Debug)]
pub(in crate::csv_file) enum OutputPlan {
    Commands {
        aggregate_type: String,
        id: AggregateId,
        commands: Vec<CommandPlan>,
    },
    Facts(Vec<FactPlan>),
}

/// Where a value comes from.
#[derive(Clone, Debug)]
pub(in crate::csv_file) enum Origin {
    /// The first of these that is not empty.
    Columns(Vec<ColumnRef>),
    Constant(Value),
}

/// The aggregate that a row's commands go to.
#[derive(Clone, Debug)]
pub(in crate::csv_file) struct AggregateId {
    pub(in crate::csv_file) origin: Origin,
    pub(in crate::csv_file) prefix: String,
}

/// One command.
#[derive(Clone, Debug)]
pub(in crate::csv_file) struct CommandPlan {
    pub(in crate::csv_file) command_type: String,
    /// The variant's name: the type without the aggregate.
    pub(in crate::csv_file) variant: String,
    pub(in crate::csv_file) when: Vec<Condition>,
    pub(in crate::csv_file) occurred_at: Option<Moment>,
    /// None for a command that takes no fields.
    pub(in crate::csv_file) fields: Option<Vec<ValuePlan>>,
}

/// One usage fact.
#[derive(Clone, Debug)]
pub(in crate::csv_file) struct FactPlan {
    pub(in crate::csv_file) event_type: String,
    pub(in crate::csv_file) when: Vec<Condition>,
    pub(in crate::csv_file) occurred_at: Option<Moment>,
    pub(in crate::csv_file) quantity: ValuePlan,
    pub(in crate::csv_file) unit: String,
    pub(in crate::csv_file) dimensions: Vec<ValuePlan>,
}

/// The time at which something occurred.
#[derive(Clone, Debug)]
pub(in crate::csv_file) struct Moment {
    pub(in crate::csv_file) columns: Vec<ColumnRef>,
    pub(in crate::csv_file) format: TimeFormat,
    pub(in crate::csv_file) required: bool,
}

/// One field, dimension or quantity.
#[derive(Clone, Debug)]
pub(in crate::csv_file) struct ValuePlan {
    pub(in crate::csv_file) name: String,
    pub(in crate::csv_file) origin: Origin,
    pub(in crate::csv_file) kind: Kind,
    /// Makes the value an amount of money.
    pub(in crate::csv_file) currency: Option<Currency>,
    /// The file's words and what they become.
    pub(in crate::csv_file) values: Option<BTreeMap<String, String>>,
    pub(in crate::csv_file) default: Option<Value>,
    pub(in crate::csv_file) required: bool,
}

/// Where an amount's currency comes from.
#[derive(Clone, Debug)]
pub(in crate::csv_file) enum Currency {
    Code(String),
    Column(ColumnRef),
}

/// A condition on a row.
#[derive(Clone, Debug)]
pub(in crate::csv_file) struct Condition {
    pub(in crate::csv_file) column: ColumnRef,
    pub(in crate::csv_file) test: Test,
}

/// What a condition asks of the column's text.
#[derive(Clone, Debug)]
pub(in crate::csv_file) enum Test {
    OneOf(Vec<String>),
    NoneOf(Vec<String>),
    NotEmpty(bool),
}
