//! Typed structs out of the tree; a refusal carries the place of the innermost value it is about.

use std::fmt;

use serde::de::value::{MapDeserializer, SeqDeserializer, StrDeserializer};
use serde::de::{self, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, VariantAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::tree::{Kind, Node, Span};

/// Why a tree does not fit a struct.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// What was wrong.
    pub message: String,
    /// Where.
    pub span: Option<Span>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
impl std::error::Error for Refusal {}
impl de::Error for Refusal {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { message: message.to_string(), span: None }
    }
}

/// A node as a serde deserialiser.
#[derive(Clone, Copy)]
pub(crate) struct NodeDe<'a>(pub &'a Node);

impl<'a> NodeDe<'a> {
    fn placed<T>(self, result: Result<T, Refusal>) -> Result<T, Refusal> {
        result.map_err(|mut e| {
            e.span.get_or_insert_with(|| self.0.span.clone());
            e
        })
    }
    fn refuse<T>(self, message: impl Into<String>) -> Result<T, Refusal> {
        Err(Refusal { message: message.into(), span: Some(self.0.span.clone()) })
    }
}

impl<'a> IntoDeserializer<'a, Refusal> for NodeDe<'a> {
    type Deserializer = Self;
    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for NodeDe<'de> {
    type Error = Refusal;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        self.placed(match &self.0.kind {
            Kind::Null => visitor.visit_unit(),
            Kind::Bool(b) => visitor.visit_bool(*b),
            Kind::Int(n) => match (u64::try_from(*n), i64::try_from(*n)) {
                (Ok(n), _) => visitor.visit_u64(n),
                (_, Ok(n)) => visitor.visit_i64(n),
                _ => visitor.visit_f64(*n as f64),
            },
            Kind::Float(x) => visitor.visit_f64(*x),
            Kind::Text(t) => visitor.visit_borrowed_str(t),
            Kind::Seq(items) => visitor.visit_seq(SeqDeserializer::new(items.iter().map(NodeDe))),
            Kind::Map(entries) => {
                let pairs = entries.iter().map(|e| (e.key.as_str(), NodeDe(&e.value)));
                visitor.visit_map(MapDeserializer::new(pairs))
            }
        })
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        if self.0.kind == Kind::Null { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        let access = match &self.0.kind {
            Kind::Text(name) => Variant { name, content: None },
            Kind::Map(entries) if entries.len() == 1 => {
                Variant { name: &entries[0].key, content: Some(NodeDe(&entries[0].value)) }
            }
            _ => return self.refuse("a name, or a map with one key, was expected"),
        };
        self.placed(visitor.visit_enum(access))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

struct Variant<'a> {
    name: &'a str,
    content: Option<NodeDe<'a>>,
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = Refusal;
    type Variant = Self;
    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Refusal> {
        let name: StrDeserializer<'de, Refusal> = self.name.into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'de> {
    type Error = Refusal;
    fn unit_variant(self) -> Result<(), Refusal> {
        match self.content {
            None => Ok(()),
            Some(c) => c.refuse(format!("`{}` takes nothing", self.name)),
        }
    }
    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Refusal> {
        match self.content {
            Some(c) => seed.deserialize(c),
            // the check has let a bare name pass only if nothing in it is required
            None => seed.deserialize(MapDeserializer::new(std::iter::empty::<(&str, NodeDe<'_>)>())),
        }
    }
    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Refusal> {
        match self.content {
            Some(c) => c.deserialize_any(visitor),
            None => Err(de::Error::custom(format!("`{}` needs its contents", self.name))),
        }
    }
    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, Refusal> {
        self.tuple_variant(0, visitor)
    }
}
