//! The commands and facts of a mapping, checked against those that there are.

use std::collections::BTreeMap;

use toml::Spanned;

use super::file::{CommandTable, FactTable, IdTable, ValueTable};
use super::plan::{AggregateId, CommandPlan, FactPlan, Origin, OutputPlan};
use super::reading::Reader;

impl Reader<'_> {
    /// All commands go to one aggregate; the first says which.
    pub(super) fn commands(&mut self, tables: Vec<CommandTable>) -> OutputPlan {
        let mut aggregate_type = String::new();
        let mut id: Option<(IdTable, AggregateId)> = None;
        let mut commands = Vec::new();
        for table in tables {
            let type_at = table.r#type.span();
            let (of, variant) = match table.r#type.get_ref().split_once('.') {
                Some((of, variant)) => (of.to_owned(), variant.to_owned()),
                None => (table.r#type.get_ref().clone(), String::new()),
            };
            if aggregate_type.is_empty() {
                aggregate_type = of;
            } else if aggregate_type != of {
                let reason = format!("a row's commands go to one aggregate: {aggregate_type}, not {of}");
                self.problem(type_at.clone(), "command.type", reason);
            }
            match (table.id.clone(), &id) {
                (Some(own), Some((first, _))) if own.get_ref() != first => {
                    self.problem(
                        own.span(),
                        "command.id",
                        "a row's commands go to one aggregate, so to one id",
                    );
                }
                (None, None) => self.problem(type_at, "command.id", "is missing: which aggregate is it for?"),
                (Some(own), None) => id = Some((own.get_ref().clone(), self.aggregate_id(own))),
                _ => {}
            }
            commands.push(self.command(table, variant));
        }
        let id = id.map_or_else(
            || AggregateId {
                origin: Origin::Columns(vec![]),
                prefix: String::new(),
            },
            |id| id.1,
        );
        OutputPlan::Commands {
            aggregate_type,
            id,
            commands,
        }
    }

    fn aggregate_id(&mut self, id: Spanned<IdTable>) -> AggregateId {
        let at = id.span();
        let IdTable {
            column,
            columns,
            constant,
            prefix,
        } = id.into_inner();
        let constant = constant.map(|text| Origin::Constant(text.into()));
        let columns = self.columns(at.clone(), column, columns, "command.id");
        AggregateId {
            origin: self.one_origin(at, columns.map(Origin::Columns), constant, "command.id"),
            prefix,
        }
    }

    fn command(&mut self, table: CommandTable, variant: String) -> CommandPlan {
        let type_at = table.r#type.span();
        let command_type = table.r#type.into_inner();
        let known = self.catalog.command_fields(&command_type);
        match &known {
            None => {
                let types = self.catalog.command_types().join(", ");
                self.problem(
                    type_at,
                    "command.type",
                    format!("there is no command {command_type:?}, but {types}"),
                );
            }
            Some(fields) => self.unknown_fields(&command_type, &table.fields, fields),
        }
        let takes_none = known.is_some_and(|fields| fields.is_empty());
        let fields = self.named_values(table.fields, "command.fields");
        CommandPlan {
            command_type,
            variant,
            when: self.conditions(table.when, "command.when"),
            occurred_at: table
                .occurred_at
                .and_then(|time| self.moment(time, "command.occurred_at")),
            fields: (!takes_none).then_some(fields),
        }
    }

    fn unknown_fields(
        &mut self,
        command_type: &str,
        fields: &BTreeMap<Spanned<String>, Spanned<ValueTable>>,
        known: &[&str],
    ) {
        for name in fields
            .keys()
            .filter(|name| !known.contains(&name.get_ref().as_str()))
        {
            let fields = if known.is_empty() {
                "no fields".to_owned()
            } else {
                known.join(", ")
            };
            let reason = format!("{command_type} has no field {:?}, but {fields}", name.get_ref());
            self.problem(name.span(), &format!("command.fields.{}", name.get_ref()), reason);
        }
    }

    /// A row's facts are one record, so they occur at one time: whichever says it, says it for all.
    pub(super) fn facts(&mut self, tables: Vec<FactTable>) -> OutputPlan {
        let times: Vec<_> = tables
            .iter()
            .filter_map(|table| table.occurred_at.as_ref())
            .collect();
        for time in &times {
            if time.get_ref() != times[0].get_ref() {
                let reason = "a row's facts occur at one time: state it once, or the same for each";
                self.problem(time.span(), "fact.occurred_at", reason);
            }
        }
        let mut facts: Vec<_> = tables.into_iter().map(|table| self.fact(table)).collect();
        let moment = facts.iter().find_map(|fact| fact.occurred_at.clone());
        for fact in &mut facts {
            fact.occurred_at.clone_from(&moment);
        }
        OutputPlan::Facts(facts)
    }

    fn fact(&mut self, table: FactTable) -> FactPlan {
        let event_type = table.r#type.get_ref().clone();
        let name = event_type
            .strip_prefix("usage.")
            .or_else(|| event_type.strip_prefix("custom."));
        if name.is_none_or(str::is_empty) {
            let reason = format!("{event_type:?} is not a usage.* or custom.* type");
            self.problem(table.r#type.span(), "fact.type", reason);
        }
        if table.unit.get_ref().trim().is_empty() {
            self.problem(table.unit.span(), "fact.unit", "is empty: what is counted?");
        }
        FactPlan {
            event_type,
            when: self.conditions(table.when, "fact.when"),
            occurred_at: table
                .occurred_at
                .and_then(|time| self.moment(time, "fact.occurred_at")),
            quantity: self.quantity(table.quantity, "fact.quantity"),
            unit: table.unit.into_inner(),
            dimensions: self.named_values(table.dimensions, "fact.dimensions"),
        }
    }
}
