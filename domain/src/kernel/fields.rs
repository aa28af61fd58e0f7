//! The names of an enum's variants and of their fields, read off the type itself.

use std::fmt;

use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error, IntoDeserializer, VariantAccess,
    Visitor,
};
use serde::forward_to_deserialize_any;

/// The variants of an externally tagged enum and the fields of each, by their serialized names.
///
/// Struct variants and newtype variants around a struct have fields; unit variants have none. A struct that
/// uses `#[serde(flatten)]` does not tell its fields to serde, so it shows none.
pub fn fields_of<C: DeserializeOwned>() -> Vec<(&'static str, Vec<&'static str>)> {
    let mut variants: &'static [&'static str] = &[];
    // The probes stop the deserialization once they have seen the names: the error is the way out.
    C::deserialize(Probe::Variants(&mut variants)).ok();
    let fields = |&variant: &&'static str| {
        let mut fields: &'static [&'static str] = &[];
        C::deserialize(Probe::Fields(variant, &mut fields)).ok();
        (variant, fields.to_vec())
    };
    variants.iter().map(fields).collect()
}

type Names<'a> = &'a mut &'static [&'static str];

enum Probe<'a> {
    Variants(Names<'a>),
    Fields(&'static str, Names<'a>),
}

#[derive(Debug)]
struct Stop;

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the names are known")
    }
}

impl std::error::Error for Stop {}

impl Error for Stop {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = Stop;

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        match self {
            Probe::Variants(names) => {
                *names = variants;
                Err(Stop)
            }
            Probe::Fields(..) => visitor.visit_enum(self),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, Stop> {
        if let Probe::Fields(_, names) = self {
            *names = fields;
        }
        Err(Stop)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        visitor.visit_some(self)
    }

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Stop> {
        Err(Stop)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct map identifier ignored_any
    }
}

impl<'de> EnumAccess<'de> for Probe<'_> {
    type Error = Stop;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Stop> {
        let Probe::Fields(variant, _) = &self else {
            return Err(Stop);
        };
        let variant = seed.deserialize(IntoDeserializer::<Stop>::into_deserializer(*variant))?;
        Ok((variant, self))
    }
}

impl<'de> VariantAccess<'de> for Probe<'_> {
    type Error = Stop;

    fn unit_variant(self) -> Result<(), Stop> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Stop> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, _visitor: V) -> Result<V::Value, Stop> {
        Err(Stop)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        self.deserialize_struct("", fields, visitor)
    }
}
