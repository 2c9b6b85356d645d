//! Which faults are put where.

use exactly_model::FaultKind;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// The plan: `"every-boundary"`, `"pairs"`, `"random"`, or `{ file = "schedule.json" }`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Plan {
    /// Every kind of fault at every class of points, one at a time.
    #[default]
    EveryBoundary,
    /// That, and a second crash during recovery from a first.
    Pairs,
    /// Several faults at once, drawn with the seed.
    Random,
    /// The one schedule in this file, relative to the configuration.
    File(String),
}

impl<'de> Deserialize<'de> for Plan {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Form;
        impl<'de> Visitor<'de> for Form {
            type Value = Plan;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "\"every-boundary\", \"pairs\", \"random\" or { file = \"schedule.json\" }",
                )
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Plan, E> {
                match text {
                    "every-boundary" => Ok(Plan::EveryBoundary),
                    "pairs" => Ok(Plan::Pairs),
                    "random" => Ok(Plan::Random),
                    _ => Err(E::unknown_variant(
                        text,
                        &["every-boundary", "pairs", "random"],
                    )),
                }
            }
            fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<Plan, M::Error> {
                let file = PlanFile::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(Plan::File(file.file))
            }
        }
        deserializer.deserialize_any(Form)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanFile {
    file: String,
}

impl JsonSchema for Plan {
    fn schema_name() -> Cow<'static, str> {
        "Plan".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Which faults are put where.",
            "oneOf": [
                { "enum": ["every-boundary", "pairs", "random"] },
                {
                    "type": "object", "additionalProperties": false, "required": ["file"],
                    "properties": { "file": { "type": "string", "description": "A schedule (exactly.schedule/1)." } }
                }
            ]
        })
    }
}

/// The kinds of fault that a plan can go through by itself: a hold needs something
/// to wait for, and a second owner a moment that tells.
pub(in crate::config) fn plannable() -> impl Iterator<Item = FaultKind> {
    let directed = |kind: &FaultKind| kind.is_directed();
    FaultKind::ALL
        .into_iter()
        .filter(move |kind| !directed(kind))
}

/// Kinds that break what is mostly taken for granted (a service that is away for
/// longer than a system remembers, an operator who feeds dead letters again), or take
/// longer than every timeout (a path that swallows packets): they are
/// gone through where somebody asks for them by name.
pub(in crate::config) fn by_name() -> impl Iterator<Item = FaultKind> {
    [
        FaultKind::ExpireHorizon,
        FaultKind::Replay,
        FaultKind::Blackhole,
    ]
    .into_iter()
}
