//! Values with a form of their own.

use exactly_model::{FaultKind, IdForm, SystemPlace};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

/// The longest time that a file may name: a week.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);
/// Nodes of a local system at most.
const NODES_MAX: u32 = 5;

/// A time, as in `200ms`, `5s`, `10m` or `2h`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Time(Duration);

impl Time {
    /// Whole seconds.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// Milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self(Duration::from_millis(millis))
    }

    /// The time.
    pub const fn duration(self) -> Duration {
        self.0
    }

    /// In milliseconds.
    pub fn millis(self) -> u64 {
        u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX)
    }
}

impl From<Duration> for Time {
    fn from(duration: Duration) -> Self {
        Self(duration)
    }
}

impl std::str::FromStr for Time {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const UNITS: [(&str, u64); 4] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];
        let millis = UNITS.iter().find_map(|(unit, millis)| {
            let number = text.strip_suffix(unit)?;
            let digits = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
            number
                .parse::<u64>()
                .ok()
                .filter(|_| digits)?
                .checked_mul(*millis)
        });
        match millis.map(Duration::from_millis) {
            Some(time) if !time.is_zero() && time <= LONGEST => Ok(Self(time)),
            _ => Err(format!(
                "{text:?} is no time: write a number and a unit, as in 200ms, 5s, 10m or 2h (a week at most)"
            )),
        }
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Time;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time in quotes, such as \"200ms\", \"5s\" or \"10m\"")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Time, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}

impl JsonSchema for Time {
    fn schema_name() -> Cow<'static, str> {
        "Time".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A time, as in 200ms, 5s, 10m or 2h.",
            "pattern": "^[0-9]+(ms|s|m|h)$",
        })
    }
}

/// What a system is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Apache Kafka, or what speaks its protocol.
    #[default]
    Kafka,
    /// PostgreSQL.
    Postgres,
}

impl Kind {
    /// The adapter's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kafka => "kafka",
            Self::Postgres => "postgres",
        }
    }
}

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
            "{text:?}: a local system has 1 to {NODES_MAX} nodes, as in \"local:3\""
        )),
        // What looks like an address may hold a password.
        _ => Err(format!(
            "{:?} is no place: there are \"embedded\", \"local\" and {{ at = \"ADDRESS\" }}",
            exactly_model::redact(text)
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
                    "properties": { "at": { "type": "string", "description": "host:port[,host:port] of Kafka, a URL of PostgreSQL" } }
                },
                {
                    "type": "object", "additionalProperties": false, "required": ["env"],
                    "properties": { "env": { "type": "string", "description": "A variable of the environment that holds the address." } }
                }
            ]
        })
    }
}

/// How `{id}` is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Id {
    /// A non-negative 64-bit number.
    Int,
    /// At most 64 characters of `[a-z0-9-]`.
    #[default]
    Text,
    /// A UUID (version 8).
    Uuid,
}

impl From<Id> for IdForm {
    fn from(id: Id) -> Self {
        match id {
            Id::Int => Self::Int,
            Id::Text => Self::Text,
            Id::Uuid => Self::Uuid,
        }
    }
}

/// What a topic's reader sees.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum View {
    /// Committed records.
    #[default]
    ReadCommitted,
    /// All records.
    ReadUncommitted,
}

/// A signal that asks a process to end.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Signal {
    /// SIGTERM.
    #[default]
    Term,
    /// SIGINT.
    Int,
    /// SIGQUIT.
    Quit,
    /// SIGHUP.
    Hup,
}

impl From<Signal> for exactly_model::Signal {
    fn from(signal: Signal) -> Self {
        match signal {
            Signal::Term => Self::Term,
            Signal::Int => Self::Int,
            Signal::Quit => Self::Quit,
            Signal::Hup => Self::Hup,
        }
    }
}

/// The sign that a process is ready. One of `log`, `tcp`, `http`, `first_exchange`.
#[derive(Clone, PartialEq, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Ready {
    /// A line of its output contains this text.
    pub log: Option<String>,
    /// Something accepts connections at this `host:port`.
    pub tcp: Option<String>,
    /// This `http://` URL is answered with a status from 200 to 399.
    pub http: Option<String>,
    /// It has sent its first request to any system.
    pub first_exchange: Option<bool>,
    /// How long that may take; 20 s without it.
    pub within: Option<Time>,
}

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
                        "{text:?} is neither \"all\" nor {{ keys_dropped = [\"k0\"] }}"
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
pub(super) fn plannable() -> impl Iterator<Item = FaultKind> {
    let directed = |kind: &FaultKind| matches!(kind, FaultKind::Hold | FaultKind::SecondOwner);
    FaultKind::ALL
        .into_iter()
        .filter(move |kind| !directed(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_unit() {
        for (text, millis) in [
            ("1ms", 1),
            ("200ms", 200),
            ("5s", 5_000),
            ("10m", 600_000),
            ("2h", 7_200_000),
        ] {
            assert_eq!(text.parse::<Time>().unwrap().millis(), millis, "{text}");
        }
        for text in [
            "",
            "5",
            "s",
            "0s",
            "-1s",
            "+1s",
            "1.5s",
            "5 s",
            "8d",
            "169h",
            "99999999999999999999s",
        ] {
            assert!(text.parse::<Time>().is_err(), "{text}");
        }
    }

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
