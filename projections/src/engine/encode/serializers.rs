//! What serde asks of whoever takes a row apart: a row is a struct, a plain column takes one value.

use std::fmt::{self, Display, Write as _};

use serde::ser::{self, Impossible, Serialize};

use super::{Cell, Fields};
use crate::engine::Unfoldable;

/// The parts of a serializer that stand for shapes which have no place here.
macro_rules! no_place {
    ($because:literal: $($method:ident($($argument:ty),*) -> $answer:ty;)+) => {$(
        fn $method(self, $(_: $argument),*) -> Result<$answer, Unfoldable> {
            Err(Unfoldable::new($because))
        }
    )+};
}

type Nowhere = Impossible<(), Unfoldable>;

/// Takes a row: a struct, whose fields are the columns.
impl<'f, 'e, 'c> ser::Serializer for &'f mut Fields<'e, 'c> {
    type Ok = ();
    type Error = Unfoldable;
    type SerializeSeq = Nowhere;
    type SerializeTuple = Nowhere;
    type SerializeTupleStruct = Nowhere;
    type SerializeTupleVariant = Nowhere;
    type SerializeMap = Nowhere;
    type SerializeStruct = &'f mut Fields<'e, 'c>;
    type SerializeStructVariant = Nowhere;

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct, Unfoldable> {
        Ok(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Unfoldable> {
        value.serialize(self)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Unfoldable> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), Unfoldable> {
        Err(Unfoldable::new("a row is a struct of its columns"))
    }

    no_place! { "a row is a struct of its columns":
        serialize_bool(bool) -> ();
        serialize_i8(i8) -> ();
        serialize_i16(i16) -> ();
        serialize_i32(i32) -> ();
        serialize_i64(i64) -> ();
        serialize_u8(u8) -> ();
        serialize_u16(u16) -> ();
        serialize_u32(u32) -> ();
        serialize_u64(u64) -> ();
        serialize_f32(f32) -> ();
        serialize_f64(f64) -> ();
        serialize_char(char) -> ();
        serialize_str(&str) -> ();
        serialize_bytes(&[u8]) -> ();
        serialize_none() -> ();
        serialize_unit() -> ();
        serialize_unit_struct(&'static str) -> ();
        serialize_unit_variant(&'static str, u32, &'static str) -> ();
        serialize_seq(Option<usize>) -> Nowhere;
        serialize_tuple(usize) -> Nowhere;
        serialize_tuple_struct(&'static str, usize) -> Nowhere;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Nowhere;
        serialize_map(Option<usize>) -> Nowhere;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Nowhere;
    }
}

/// Takes one value as text.
pub(super) struct Plain<'t>(pub(super) &'t mut Cell);

impl Plain<'_> {
    fn shown(self, value: impl Display) -> Result<(), Unfoldable> {
        write!(self.0.text, "{value}")
            .map_err(|fmt::Error| Unfoldable::new("a field's text can't be written"))
    }
}

macro_rules! shown {
    ($($method:ident($kind:ty);)+) => {$(
        fn $method(self, value: $kind) -> Result<(), Unfoldable> {
            self.shown(value)
        }
    )+};
}

impl ser::Serializer for Plain<'_> {
    type Ok = ();
    type Error = Unfoldable;
    type SerializeSeq = Nowhere;
    type SerializeTuple = Nowhere;
    type SerializeTupleStruct = Nowhere;
    type SerializeTupleVariant = Nowhere;
    type SerializeMap = Nowhere;
    type SerializeStruct = Nowhere;
    type SerializeStructVariant = Nowhere;

    shown! {
        serialize_bool(bool);
        serialize_i8(i8);
        serialize_i16(i16);
        serialize_i32(i32);
        serialize_i64(i64);
        serialize_u8(u8);
        serialize_u16(u16);
        serialize_u32(u32);
        serialize_u64(u64);
        serialize_f32(f32);
        serialize_f64(f64);
        serialize_char(char);
    }

    fn serialize_str(self, value: &str) -> Result<(), Unfoldable> {
        self.0.text.push_str(value);
        Ok(())
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<(), Unfoldable> {
        self.shown(value)
    }

    fn serialize_none(self) -> Result<(), Unfoldable> {
        self.0.is_null = true;
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Unfoldable> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Unfoldable> {
        self.serialize_none()
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), Unfoldable> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Unfoldable> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), Unfoldable> {
        Err(Unfoldable::new("only a jsonb column takes more than one value"))
    }

    no_place! { "only a jsonb column takes more than one value":
        serialize_bytes(&[u8]) -> ();
        serialize_unit_struct(&'static str) -> ();
        serialize_seq(Option<usize>) -> Nowhere;
        serialize_tuple(usize) -> Nowhere;
        serialize_tuple_struct(&'static str, usize) -> Nowhere;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Nowhere;
        serialize_map(Option<usize>) -> Nowhere;
        serialize_struct(&'static str, usize) -> Nowhere;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Nowhere;
    }
}
