//! The parts of a mapping that say where a value comes from and what it is.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::Value;
use toml::Spanned;

use super::file::{Conditions, Constant, TimeTable, TypeName, ValueTable};
use super::plan::{ColumnRef, Condition, Currency, Moment, Origin, Test, ValuePlan};
use super::reading::Reader;
use crate::csv_file::value::{Kind, TimeFormat, is_currency_code};

impl Reader<'_> {
    /// `column` or `columns`; none if there is neither.
    pub(super) fn columns(
        &mut self,
        at: Range<usize>,
        column: Option<Spanned<String>>,
        columns: Option<Vec<Spanned<String>>>,
        key: &str,
    ) -> Option<Vec<ColumnRef>> {
        if column.is_some() && columns.is_some() {
            self.problem(at, key, "has column and columns: one of them is enough");
        } else if columns.as_ref().is_some_and(Vec::is_empty) {
            self.problem(at, key, "names no column");
        }
        let names: Vec<_> = column.into_iter().chain(columns.into_iter().flatten()).collect();
        let found: Vec<_> = names.into_iter().map(|name| self.column(name, key)).collect();
        (!found.is_empty()).then_some(found)
    }

    pub(super) fn one_origin(
        &mut self,
        at: Range<usize>,
        columns: Option<Origin>,
        constant: Option<Origin>,
        key: &str,
    ) -> Origin {
        match (columns, constant) {
            (Some(origin), None) | (None, Some(origin)) => origin,
            (Some(origin), Some(_)) => {
                self.problem(at, key, "has a column and a constant: one of them is enough");
                origin
            }
            (None, None) => {
                self.problem(
                    at,
                    key,
                    "has no column, columns or constant: where does it come from?",
                );
                Origin::Columns(Vec::new())
            }
        }
    }

    pub(super) fn named_values(
        &mut self,
        tables: BTreeMap<Spanned<String>, Spanned<ValueTable>>,
        key: &str,
    ) -> Vec<ValuePlan> {
        let value = |(name, table): (Spanned<String>, Spanned<ValueTable>)| {
            let key = format!("{key}.{}", name.get_ref());
            ValuePlan {
                name: name.into_inner(),
                ..self.value(table, &key)
            }
        };
        tables.into_iter().map(value).collect()
    }

    /// A quantity is a decimal unless it says that it is a whole number.
    pub(super) fn quantity(&mut self, mut table: Spanned<ValueTable>, key: &str) -> ValuePlan {
        let at = table.span();
        let inner = table.as_mut();
        match inner.r#type.as_ref().map(|name| *name.get_ref()) {
            None => inner.r#type = Some(Spanned::new(at, TypeName::Decimal)),
            Some(TypeName::Decimal | TypeName::Integer) => {}
            Some(_) => self.problem(at, key, "is not of the type decimal or integer"),
        }
        if !table.get_ref().required {
            self.problem(
                table.span(),
                key,
                "is required: use `when` to leave rows without one out",
            );
        }
        self.value(table, key)
    }

    fn value(&mut self, table: Spanned<ValueTable>, key: &str) -> ValuePlan {
        let at = table.span();
        let mut table = table.into_inner();
        let columns = self.columns(at.clone(), table.column.take(), table.columns.take(), key);
        let typed = table.r#type.is_some();
        let currency = self.currency(&mut table, &at, key);
        let kind = self.kind(&mut table, &at, key);
        let mut constant = |constant: Option<Spanned<Constant>>| {
            let constant = constant?;
            Some(self.constant(constant, typed.then_some(&kind), key))
        };
        let (default, constant) = (constant(table.default.take()), constant(table.constant.take()));
        if let Some(values) = &table.values
            && values.is_empty()
        {
            self.problem(at.clone(), key, "has values, but lists none");
        }
        let constant = constant.map(Origin::Constant);
        let origin = self.one_origin(at, columns.map(Origin::Columns), constant, key);
        let (values, required) = (table.values, table.required);
        ValuePlan {
            name: key.to_owned(),
            origin,
            kind,
            currency,
            values,
            default,
            required,
        }
    }

    fn constant(&mut self, constant: Spanned<Constant>, kind: Option<&Kind>, key: &str) -> Value {
        let at = constant.span();
        let Constant(value) = constant.into_inner();
        let Some(kind) = kind else { return value };
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        kind.read(text.trim()).unwrap_or_else(|reason| {
            self.problem(at, key, format!("{text:?} {reason}"));
            Value::Null
        })
    }

    fn kind(&mut self, table: &mut ValueTable, at: &Range<usize>, key: &str) -> Kind {
        let name = table
            .r#type
            .as_ref()
            .map_or(TypeName::Text, |name| *name.get_ref());
        if !matches!(name, TypeName::Date | TypeName::Datetime) && table.format.is_some() {
            self.problem(
                at.clone(),
                key,
                "has a format, but is not of the type date or datetime",
            );
        }
        if name != TypeName::Datetime && table.zone.is_some() {
            self.problem(at.clone(), key, "has a zone, but is not of the type datetime");
        }
        match name {
            TypeName::Text => Kind::Text,
            TypeName::Integer => Kind::Integer(self.numbers),
            TypeName::Decimal | TypeName::Money => Kind::Decimal(self.numbers),
            TypeName::Boolean => Kind::Boolean,
            TypeName::Date => Kind::Date(self.time_format(table.format.take(), None, key)),
            TypeName::Datetime => {
                Kind::Datetime(self.time_format(table.format.take(), table.zone.take(), key))
            }
        }
    }

    fn currency(&mut self, table: &mut ValueTable, at: &Range<usize>, key: &str) -> Option<Currency> {
        let money = table
            .r#type
            .as_ref()
            .is_some_and(|name| *name.get_ref() == TypeName::Money);
        match (money, table.currency.take(), table.currency_column.take()) {
            (true, Some(code), None) => {
                if !is_currency_code(code.get_ref()) {
                    let reason = format!("{:?} is not a currency code, as in \"USD\"", code.get_ref());
                    self.problem(code.span(), &format!("{key}.currency"), reason);
                }
                Some(Currency::Code(code.into_inner()))
            }
            (true, None, Some(name)) => {
                let column = self.column(name, &format!("{key}.currency_column"));
                Some(Currency::Column(column))
            }
            (true, ..) => {
                self.problem(
                    at.clone(),
                    key,
                    "is money: state currency, as in \"USD\", or currency_column",
                );
                None
            }
            (false, None, None) => None,
            (false, ..) => {
                self.problem(at.clone(), key, "has a currency, but is not of the type money");
                None
            }
        }
    }

    pub(super) fn moment(&mut self, table: Spanned<TimeTable>, key: &str) -> Option<Moment> {
        let at = table.span();
        let TimeTable {
            column,
            columns,
            format,
            zone,
            required,
        } = table.into_inner();
        let format = self.time_format(format, zone, key);
        let Some(columns) = self.columns(at.clone(), column, columns, key) else {
            self.problem(
                at,
                key,
                "has no column or columns: leave it out to take the time of the import",
            );
            return None;
        };
        Some(Moment {
            columns,
            format,
            required,
        })
    }

    fn time_format(
        &mut self,
        format: Option<Spanned<String>>,
        zone: Option<Spanned<String>>,
        key: &str,
    ) -> TimeFormat {
        let zone = match zone {
            Some(name) => self.zone(name, &format!("{key}.zone")),
            None => self.zone.clone(),
        };
        let Some(format) = format else {
            return TimeFormat::iso(zone);
        };
        let pattern = format.get_ref().clone();
        TimeFormat::try_new(pattern.clone(), zone.clone()).unwrap_or_else(|reason| {
            let reason = format!("{pattern:?} can't be used: {reason}");
            self.problem(format.span(), &format!("{key}.format"), reason);
            TimeFormat::iso(zone)
        })
    }

    pub(super) fn conditions(&mut self, conditions: Conditions, key: &str) -> Vec<Condition> {
        let mut read = Vec::new();
        for table in conditions.0 {
            let at = table.column.span();
            let tests = [
                table.equals.map(|text| Test::OneOf(vec![text])),
                table.one_of.map(Test::OneOf),
                table.none_of.map(Test::NoneOf),
                table.not_empty.map(Test::NotEmpty),
            ];
            let column = self.column(table.column, key);
            let mut tests = tests.into_iter().flatten();
            match (tests.next(), tests.next()) {
                (Some(test), None) => read.push(Condition { column, test }),
                _ => self.problem(at, key, "needs one of equals, one_of, none_of and not_empty"),
            }
        }
        read
    }
}
