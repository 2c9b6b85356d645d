//! Where systems run.

use crate::config::error::quoted;
use exactly_model::SystemPlace;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// Nodes of a local system at most.
const NODES_MAX: u32 = 5;

/// Where a system runs: `"embedded"`, `"local"`, `"local:3"`, `{ at = "host:9092" }`,
/// or `{ env = "VARIABLE" }` with the address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Place {
    /// A place.
    Is(SystemPlace),
    /// At the address that this variable of the environment holds.
    Env(String),
}

impl Default for Place {
    fn default() -> Self {
        Self::Is(SystemPlace::Embedded)
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Form;
        impl<'de> Visitor<'de> for Form {
            type Value = Place;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"embedded\", \"local\", \"local:3\", { at = \"ADDRESS\" } or { env = \"VARIABLE\" }")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Place, E> {
                place(text).map(Place::Is).map_err(E::custom)
            }
            fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<Place, M::Error> {
                let wrong = || {
                    de::Error::custom(
                        "a place has one key: `at` with an address, or `env` with the name of a variable that holds one",
                    )
                };
                match Elsewhere::deserialize(de::value::MapAccessDeserializer::new(map))? {
                    Elsewhere {
                        at: Some(at),
                        env: None,
                    } => Ok(Place::Is(SystemPlace::At(at))),
                    Elsewhere {
                        at: None,
                        env: Some(name),
                    } => Ok(Place::Env(name)),
                    _ => Err(wrong()),
                }
            }
        }
        deserializer.deserialize_any(Form)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Elsewhere {
    #[serde(default)]
    at: Option<String>,
    #[serde(default)]
    env: Option<String>,
}

/// A place as text: `embedded`, `local`, `local:3`.
pub fn place(text: &str) -> Result<SystemPlace, String> {
    let (name, nodes) = match text.split_once(':') {
        Some((name, nodes)) => (name, Some(nodes)),
        None => (text, None),
    };
    match (name, nodes.map(str::parse::<u32>)) {
        ("embedded", None) => Ok(SystemPlace::Embedded),
        ("local", None) => Ok(SystemPlace::Local { nodes: 1 }),
        ("local", Some(Ok(nodes @ 1..=NODES_MAX))) => Ok(SystemPlace::Local { nodes }),
        ("local", _) => Err(format!(
            "{}: a local system has 1 to {NODES_MAX} nodes, as in \"local:3\"",
            quoted(text)
        )),
        // What looks like an address may hold a password.
        _ => Err(format!(
            "{} is no place: there are \"embedded\", \"local\" and {{ at = \"ADDRESS\" }}",
            quoted(text)
        )),
    }
}

impl JsonSchema for Place {
    fn schema_name() -> Cow<'static, str> {
        "Place".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Where a system runs.",
            "oneOf": [
                { "type": "string", "pattern": "^(embedded|local(:[1-5])?)$" },
                {
                    "type": "object", "additionalProperties": false, "required": ["at"],
                    "properties": { "at": { "type": "string", "description": "host:port[,host:port] of Kafka, a URL of the others" } }
                },
                {
                    "type": "object", "additionalProperties": false, "required": ["env"],
                    "properties": { "env": { "type": "string", "description": "A variable of the environment that holds the address." } }
                }
            ]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_told_apart() {
        assert_eq!(place("embedded"), Ok(SystemPlace::Embedded));
        assert_eq!(place("local:3"), Ok(SystemPlace::Local { nodes: 3 }));
        for text in ["docker", "local:0", "local:9", "local:x", "embedded:2", ""] {
            assert!(place(text).is_err(), "{text}");
        }
        let why = place("postgres://u:secret@h/d").unwrap_err();
        assert!(!why.contains("secret"), "{why}");
    }
}
