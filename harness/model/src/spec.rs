//! A pipeline under test, as data: what the engine runs.

use crate::{FaultKind, IdForm, View};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A pipeline: its systems, its processes, what is fed and what is observed.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Pipeline {
    /// The systems it talks to, by the name that placeholders use.
    pub systems: Vec<SystemUse>,
    /// Its processes.
    pub processes: Vec<Process>,
    /// What is fed in.
    pub feed: Feed,
    /// Where effects are read.
    pub observers: Vec<Observer>,
    /// The fault kinds to go through.
    pub kinds: Vec<FaultKind>,
    /// Operations (`kafka OffsetCommit`) that come and go with a timer, as
    /// `<system> <operation>`: listed as unstable points, outside the count,
    /// and faulted by the witnesses' directed holds.
    pub timers: Vec<String>,
    /// Limits.
    pub limits: Limits,
    /// Where the pipeline keeps its position in what is fed, if it does so itself
    /// instead of committing it to the system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub positions: Option<PositionQuery>,
}

/// Reads positions that a pipeline keeps in a sink.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PositionQuery {
    /// Name of the system that holds them.
    pub system: String,
    /// A query with the columns `partition` and `next`, the next offset to be
    /// read of the topic that is fed.
    pub query: String,
}

/// A system as one pipeline uses it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SystemUse {
    /// Name in placeholders and points (`k`, `pg`).
    pub name: String,
    /// Kind of the adapter (`kafka`, `postgres`).
    pub kind: String,
    /// What the pipeline's client waits for a reply, in milliseconds. Without
    /// it delay-reply does not apply.
    pub client_timeout_ms: Option<u64>,
    /// How long a client may be silent, or slow, before the system gives what it
    /// holds to another: the longest of session, poll and transaction timeout,
    /// in milliseconds. Without it no fault outlives a lease.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease_ms: Option<u64>,
    /// What must be there before the pipeline starts.
    pub setup: Setup,
}

/// What a trial needs in a system.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Setup {
    /// Topics (Kafka).
    #[serde(default)]
    pub topics: Vec<Topic>,
    /// SQL run in the trial's own schema (Postgres).
    #[serde(default)]
    pub sql: String,
}

/// A topic by its logical name.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Topic {
    /// Logical name.
    pub name: String,
    /// Partitions.
    pub partitions: u32,
    /// Replicas; the system's default where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<u32>,
}

/// A process of the pipeline.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Process {
    /// Name in points.
    pub name: String,
    /// Program and arguments; placeholders are filled in.
    pub command: Vec<String>,
    /// Environment on top of the harness's own; placeholders are filled in.
    pub env: BTreeMap<String, String>,
    /// When it counts as ready.
    pub ready: Ready,
    /// How it is stopped.
    pub stop: Stop,
    /// What happens when it exits by itself.
    pub restart: Restart,
}

/// When a process counts as ready.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Ready {
    /// The sign to wait for.
    pub when: ReadyWhen,
    /// How long, in milliseconds.
    pub within_ms: u64,
}

/// The sign of readiness.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReadyWhen {
    /// A line of output that contains this text.
    Log(String),
    /// Its first exchange on any boundary.
    FirstExchange,
}

/// How a process is stopped: the signal, then SIGKILL after the grace period.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Stop {
    /// Grace period in milliseconds.
    pub grace_ms: u64,
}

/// Restart policy for a process that exits by itself after a fault.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Restart {
    /// Restarts per trial; beyond it the pipeline is stuck (V1).
    pub max: u32,
    /// Delay before each, in milliseconds.
    pub delay_ms: u64,
}

/// What is fed in.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Feed {
    /// Name of the system.
    pub system: String,
    /// Logical target.
    pub to: String,
    /// Messages per trial.
    pub messages: u32,
    /// Sends in flight.
    pub concurrency: u32,
    /// How `{id}` is rendered.
    pub id: IdForm,
    /// Number of keys; messages go round.
    pub keys: u32,
    /// Template with `{id}`, `{key}`, `{seq}` and `{checksum}`.
    pub payload: String,
    /// Whether the batch is in the log before the pipeline starts. Then batches
    /// are cut at the same places in each run.
    pub before_start: bool,
}

/// Where effects are read.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Observer {
    /// Name of the sink.
    pub name: String,
    /// Name of the system.
    pub system: String,
    /// What kind of sink it is.
    pub kind: SinkKind,
    /// A query (Postgres) with a column `id` and, where there are any, `key`,
    /// `seq`, `checksum` and `position`; a logical topic (Kafka).
    pub query: String,
    /// Declared cardinality.
    pub effects_per_message: u32,
    /// What its reader sees.
    #[serde(default)]
    pub view: View,
}

/// Kind of sink.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum SinkKind {
    /// A row in a table.
    #[default]
    Row,
    /// A record in a log.
    Record,
}

/// Limits of a trial.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Limits {
    /// No new id, position or multiplicity for so long counts as quiet.
    pub quiet_ms: u64,
    /// Backlog without progress for so long counts as stuck.
    pub stuck_ms: u64,
    /// A trial ends after so long, whatever happens.
    pub trial_ms: u64,
    /// Output kept of each incarnation, in bytes.
    pub output_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            quiet_ms: 60,
            stuck_ms: 8_000,
            trial_ms: 60_000,
            output_bytes: 1 << 20,
        }
    }
}

/// Where a system runs.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SystemPlace {
    /// Started by the harness, nothing to install.
    Embedded,
    /// Started by the harness from what is installed on this machine.
    Local {
        /// Nodes (brokers).
        nodes: u32,
    },
    /// What the user points at. May hold a password: never shown, see
    /// [`redact`].
    At(String),
}

impl std::fmt::Display for SystemPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Embedded => f.write_str("embedded"),
            Self::Local { nodes: 1 } => f.write_str("local"),
            Self::Local { nodes } => write!(f, "local:{nodes}"),
            Self::At(url) => write!(f, "at {}", redact(url)),
        }
    }
}

/// Takes the password out of a URL or a `key=value` connection string.
pub fn redact(text: &str) -> String {
    let text = match (text.find("://"), text.rfind('@')) {
        (Some(scheme), Some(at)) if at > scheme => {
            let (user_info, host) = (&text[scheme + 3..at], &text[at..]);
            match user_info.find(':') {
                Some(colon) => {
                    format!("{}{}:***{}", &text[..scheme + 3], &user_info[..colon], host)
                }
                None => text.to_string(),
            }
        }
        _ => text.to_string(),
    };
    let lower = text.to_ascii_lowercase();
    match lower.find("password=") {
        Some(start) => {
            let value = start + "password=".len();
            let end = text[value..]
                .find(['&', ' '])
                .map_or(text.len(), |end| value + end);
            format!("{}***{}", &text[..value], &text[end..])
        }
        None => text,
    }
}

/// A running system, as the report names it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SystemInfo {
    /// Name in the pipeline.
    pub name: String,
    /// Kind of the adapter.
    pub kind: String,
    /// Where it runs, without secrets.
    pub place: String,
    /// Its own version string.
    pub version: String,
    /// Whether it is an emulator: a verdict on it is a verdict on the emulator.
    pub emulated: bool,
}

#[cfg(test)]
mod tests {
    use super::redact;

    #[test]
    fn passwords_are_taken_out() {
        for (given, shown) in [
            ("postgres://u:secret@h:1/db", "postgres://u:***@h:1/db"),
            ("postgres://u:p%40:x@h/db?a=b", "postgres://u:***@h/db?a=b"),
            ("postgres://u@h/db", "postgres://u@h/db"),
            (
                "postgres://h/db?user=u&password=secret&x=1",
                "postgres://h/db?user=u&password=***&x=1",
            ),
            (
                "host=h Password=secret user=u",
                "host=h Password=*** user=u",
            ),
            ("127.0.0.1:9092", "127.0.0.1:9092"),
        ] {
            assert_eq!(redact(given), shown);
        }
    }
}
