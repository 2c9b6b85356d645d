//! Which messages are to have an effect.

use crate::config::error::quoted;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// Which messages are to have an effect: `"all"`, or `{ keys_dropped = ["k3"] }`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Accept {
    /// Keys whose messages the pipeline drops on purpose.
    pub keys_dropped: Vec<String>,
}

impl<'de> Deserialize<'de> for Accept {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Form;
        impl<'de> Visitor<'de> for Form {
            type Value = Accept;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"all\" or { keys_dropped = [\"k0\"] }")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Accept, E> {
                match text {
                    "all" => Ok(Accept::default()),
                    _ => Err(E::custom(format!(
                        "{} is neither \"all\" nor {{ keys_dropped = [\"k0\"] }}",
                        quoted(text)
                    ))),
                }
            }
            fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<Accept, M::Error> {
                let dropped = Dropped::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(Accept {
                    keys_dropped: dropped.keys_dropped,
                })
            }
        }
        deserializer.deserialize_any(Form)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Dropped {
    keys_dropped: Vec<String>,
}

impl JsonSchema for Accept {
    fn schema_name() -> Cow<'static, str> {
        "Accept".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Which messages are to have an effect.",
            "oneOf": [
                { "const": "all" },
                {
                    "type": "object", "additionalProperties": false, "required": ["keys_dropped"],
                    "properties": { "keys_dropped": {
                        "type": "array", "items": { "type": "string" },
                        "description": "Keys (k0, k1, ...) whose messages the pipeline drops on purpose."
                    } }
                }
            ]
        })
    }
}
