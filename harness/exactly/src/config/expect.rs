//! `[expect]`: what is expected of all sinks, and of single ones.

use super::error::meant;
use super::file::{Allow, ExpectAt};
use exactly_model::Guarantee;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

/// What is expected. A table under it (`[expect.orders]`) is about one sink.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Expect {
    /// Of all sinks.
    pub all: ExpectAt,
    /// Of single ones, by the observer's name.
    pub at: BTreeMap<String, ExpectAt>,
}

/// The keys of the table itself.
const KEYS: [&str; 3] = ["guarantee", "forbid", "allow"];

impl<'de> Deserialize<'de> for Expect {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Table;
        impl<'de> Visitor<'de> for Table {
            type Value = Expect;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table with `guarantee`, `forbid`, `allow`, or a table for a sink")
            }
            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Expect, M::Error> {
                let mut expect = Expect::default();
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "guarantee" => expect.all.guarantee = Some(map.next_value::<Guarantee>()?),
                        "forbid" => expect.all.forbid = map.next_value()?,
                        "allow" => expect.all.allow = map.next_value::<Vec<Allow>>()?,
                        _ => {
                            let at = map.next_value_seed(Sink(&key))?;
                            expect.at.insert(key, at);
                        }
                    }
                }
                Ok(expect)
            }
        }
        deserializer.deserialize_map(Table)
    }
}

/// What is expected of the sink of this name.
struct Sink<'a>(&'a str);

impl<'de> DeserializeSeed<'de> for Sink<'_> {
    type Value = ExpectAt;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<ExpectAt, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Sink<'_> {
    type Value = ExpectAt;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hint = meant(KEYS, self.0);
        write!(
            f,
            "a table, [expect.SINK], or one of the keys guarantee, forbid and allow{hint}"
        )
    }
    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<ExpectAt, M::Error> {
        ExpectAt::deserialize(MapAccessDeserializer::new(map))
    }
}

impl JsonSchema for Expect {
    fn schema_name() -> Cow<'static, str> {
        "Expect".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let at = generator.subschema_for::<ExpectAt>();
        let mut schema = ExpectAt::json_schema(generator);
        if let Some(object) = schema.as_object_mut() {
            object.insert("additionalProperties".into(), at.to_value());
            object.insert(
                "description".into(),
                "What is expected of all sinks; a table under it is about the sink of that name."
                    .into(),
            );
        }
        schema
    }
}

/// Whether `name` is one of the table's own keys, which no sink can have.
pub(super) fn is_key(name: &str) -> bool {
    KEYS.contains(&name)
}

/// The one of the table's keys that `name` most likely means.
pub(super) fn keys() -> impl Iterator<Item = &'static str> {
    KEYS.into_iter()
}
