//! The mapping file: which column of a CSV file feeds which field of which command or fact.
//!
//! ```toml
//! source = "crm-opportunities"        # with a record's id: what makes an import happen once
//!
//! [format]                            # all of it optional
//! delimiter = ";"                     # default ",", also "tab"
//! encoding = "windows-1252"           # default: UTF-8 or UTF-16, by its byte order mark or its look
//! decimal_mark = ","                  # default "."
//! thousands_mark = "."                # default: none
//! zone = "Europe/Berlin"              # default "UTC", for every time that doesn't state its own
//! empty = ["NULL", "n/a"]             # texts that mean: no value
//!
//! [record]
//! id = ["region", "number"]           # or one column; left out: the row's content and its occurrence
//!
//! [[command]]                         # several are applied in order, all or none, to one aggregate
//! type = "opportunity.open"
//! id = { column = "number", prefix = "crm-" }
//! occurred_at = { columns = ["opened", "created"], format = "%d.%m.%Y", zone = "Europe/Paris" }
//! when = { column = "stage", one_of = ["Open", "Won"] }   # also equals, none_of, not_empty; or a list
//!
//! [command.fields]
//! title = { column = "name" }                             # type = "text" and required, unless it says so
//! stage = { column = "stage", values = { Open = "Engaging", Won = "Engaging" } }
//! owner = { columns = ["owner", "team"], required = false }
//! vertical = { constant = "sales" }
//! value = { column = "amount", type = "money", currency = "EUR" }        # or currency_column = "cur"
//!
//! [[fact]]                            # in place of commands: usage.* or custom.* records
//! type = "usage.tokens.input"
//! quantity = { column = "tokens" }
//! occurred_at = { column = "opened" }  # a row's facts occur at one time: state it once
//! unit = "token"
//!
//! [fact.dimensions]
//! model = { column = "model", default = "unknown" }
//! ```
//!
//! The types are text, integer, decimal, date, datetime, boolean and money. `columns` takes the first one that
//! is not empty. Without a format, dates and times are read as ISO 8601.

mod file;
mod outputs;
mod plan;
mod problem;
mod reading;
mod values;

pub use plan::Mapping;
pub use problem::{MappingError, Problem};

pub(super) use plan::{
    ColumnRef, CommandPlan, Condition, Currency, FactPlan, Identity, Moment, Origin, OutputPlan, Test,
    ValuePlan,
};
