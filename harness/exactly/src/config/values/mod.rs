//! Values with a form of their own.

mod accept;
mod place;
mod plan;

pub use accept::Accept;
pub use place::{Place, place};
pub use plan::Plan;
pub(in crate::config) use plan::{by_name, plannable};

use super::error::quoted;
use exactly_model::IdForm;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};
use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

/// The longest time that a file may name: a week.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);

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
                "{} is no time: write a number and a unit, as in 200ms, 5s, 10m or 2h (a week at most)",
                quoted(text)
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
    /// Amazon SQS, or what speaks its protocol.
    Sqs,
    /// A service over HTTP/1.1; embedded, a payments service that charges by POST.
    Http,
    /// Redis, or what speaks its protocol.
    Redis,
    /// A mail server; embedded, one that keeps what it takes.
    Smtp,
}

impl Kind {
    /// The adapter's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kafka => "kafka",
            Self::Postgres => "postgres",
            Self::Sqs => "sqs",
            Self::Http => "http",
            Self::Redis => "redis",
            Self::Smtp => "smtp",
        }
    }
}

/// What a FIFO queue remembers a deduplication id for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DedupScope {
    /// The queue as a whole.
    #[default]
    Queue,
    /// Each message group by itself.
    MessageGroup,
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
}
