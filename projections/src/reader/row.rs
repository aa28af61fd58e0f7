//! A row of a table as what it is read into, without a detour over JSON.

use std::fmt::Display;

use jiff_sqlx::{Date, Timestamp};
use serde::de::value::{Error, SeqDeserializer, StrDeserializer};
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error as _, IntoDeserializer as _, MapAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use sqlx::postgres::{PgColumn, PgRow, PgValueRef};
use sqlx::{Column as _, Decode, Postgres, Row as _, TypeInfo as _, ValueRef as _};

use super::QueryError;
use crate::engine::history::Fields;

/// A row of [`Table::select`](crate::engine::Table::select), read as the same value that its JSON form would give.
pub(crate) fn read<R: DeserializeOwned>(row: &PgRow) -> Result<R, QueryError> {
    R::deserialize(Columns { row, at: 0 }).map_err(unreadable)
}

/// Some columns of a row.
pub(super) fn fields(row: &PgRow, names: &[&'static str]) -> Result<Fields, QueryError> {
    let field = |name: &&'static str| {
        let cell = Cell(row.try_get_raw(*name)?);
        let value = serde::Deserialize::deserialize(cell).map_err(unreadable)?;
        Ok(((*name).to_owned(), value))
    };
    names.iter().map(field).collect()
}

fn unreadable(error: impl Display) -> QueryError {
    QueryError::Row(error.to_string())
}

/// What is left of a row, from a column on.
struct Columns<'de> {
    row: &'de PgRow,
    at: usize,
}

impl Columns<'_> {
    fn column(&self) -> Option<&PgColumn> {
        self.row.columns().get(self.at)
    }
}

impl<'de> Deserializer<'de> for Columns<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_map(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de> MapAccess<'de> for Columns<'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        self.column()
            .map(|column| seed.deserialize(StrDeserializer::new(column.name())))
            .transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let value = self.row.try_get_raw(self.at).map_err(Error::custom)?;
        let read = seed
            .deserialize(Cell(value))
            .map_err(|error| Error::custom(format!("{}: {error}", self.column().map_or("", PgColumn::name))));
        self.at += 1;
        read
    }
}

/// A value of a column.
struct Cell<'de>(PgValueRef<'de>);

impl<'de> Cell<'de> {
    fn decoded<T: Decode<'de, Postgres>>(self) -> Result<T, Error> {
        T::decode(self.0).map_err(Error::custom)
    }
}

impl<'de> Deserializer<'de> for Cell<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.0.is_null() {
            return visitor.visit_unit();
        }
        let kind = self.0.type_info().into_owned();
        match kind.name() {
            "TEXT" | "VARCHAR" => visitor.visit_borrowed_str(self.decoded()?),
            "INT8" => visitor.visit_i64(self.decoded()?),
            "INT4" => visitor.visit_i32(self.decoded()?),
            "BOOL" => visitor.visit_bool(self.decoded()?),
            "FLOAT8" => visitor.visit_f64(self.decoded()?),
            "TIMESTAMPTZ" => {
                let at: Timestamp = self.decoded()?;
                visitor.visit_string(at.to_jiff().to_string())
            }
            "DATE" => {
                let day: Date = self.decoded()?;
                visitor.visit_string(day.to_jiff().to_string())
            }
            "JSONB" => {
                let value: serde_json::Value = self.decoded()?;
                value.deserialize_any(visitor).map_err(Error::custom)
            }
            "TEXT[]" => {
                let texts: Vec<String> = self.decoded()?;
                visitor.visit_seq(SeqDeserializer::new(texts.into_iter()))
            }
            other => Err(Error::custom(format!("a column of {other} can't be read"))),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.0.is_null() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        if self.0.type_info().name() == "JSONB" {
            let value: serde_json::Value = self.decoded()?;
            return value
                .deserialize_enum(name, variants, visitor)
                .map_err(Error::custom);
        }
        let name: &str = self.decoded()?;
        visitor.visit_enum(name.into_deserializer())
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct identifier
    }
}
