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
    /// Commands of the user's around each trial.
    #[serde(default, skip_serializing_if = "Hooks::is_empty")]
    pub hooks: Hooks,
}

impl Pipeline {
    /// The system that puts a message that is fed aside, and after how many
    /// deliveries.
    pub fn gives_up(&self) -> Option<(&str, u32)> {
        let system = self.systems.iter().find(|s| s.name == self.feed.system)?;
        let mut queues = system.setup.queues.iter();
        let queue = queues.find(|queue| queue.name == self.feed.to)?;
        queue.dead_letters.as_ref()?;
        Some((&system.name, queue.max_receives?))
    }
}

/// Commands that are run once for each trial, past the boundaries. One that fails
/// ends the run.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Hooks {
    /// When the systems are set up, before anything is fed or started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_trial: Option<UserCommand>,
    /// When the sinks were read and the processes are gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_trial: Option<UserCommand>,
}

impl Hooks {
    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.before_trial.is_none() && self.after_trial.is_none()
    }
}

/// A command of the user's that the harness runs to its end.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct UserCommand {
    /// Program and arguments; placeholders are filled in with the systems' own
    /// addresses, not with those of boundaries. Recorded without what tells itself
    /// to be a secret.
    #[serde(serialize_with = "crate::place::command_without_secrets")]
    pub command: Vec<String>,
    /// Folder that it runs in; the harness's own where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dir: Option<String>,
    /// How long it may take, in milliseconds.
    pub within_ms: u64,
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
    /// A query that counts what is left to do (Postgres): one row, one number.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub backlog: String,
    /// Queues (SQS).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub queues: Vec<Queue>,
    /// Streams (Redis).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub streams: Vec<Stream>,
    /// Channels (Redis), by their logical names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<String>,
    /// Whether the payments service keeps idempotency keys (HTTP).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub idempotency_keys: bool,
}

/// A queue by its logical name.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Queue {
    /// Logical name, without `.fifo`.
    pub name: String,
    /// First in, first out by group, with deduplication; a standard queue
    /// otherwise.
    pub fifo: bool,
    /// Whether the deduplication id is the body's checksum where none is given.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub content_based: bool,
    /// Whether a deduplication id is remembered for its group alone, and not for
    /// the queue as a whole.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dedup_per_group: bool,
    /// How long a message that was received is hidden, in seconds.
    pub visibility_s: u32,
    /// Receives after which a message goes to `dead_letters`; never where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_receives: Option<u32>,
    /// Logical name of the queue for what was received too often.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead_letters: Option<String>,
}

/// A stream of Redis by its logical name. It has one consumer group, from its
/// beginning on.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Stream {
    /// Logical name.
    pub name: String,
    /// Entries that are kept at most: whoever adds one trims what is older
    /// (`XADD ... MAXLEN = n`), read or not. All of them where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_len: Option<u64>,
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
    /// Program and arguments; placeholders are filled in. Recorded without what
    /// tells itself to be a secret.
    #[serde(serialize_with = "crate::place::command_without_secrets")]
    pub command: Vec<String>,
    /// Environment on top of the harness's own; placeholders are filled in. What
    /// its name or its form tells to be a secret is recorded as `***`.
    #[serde(serialize_with = "crate::place::without_secrets")]
    pub env: BTreeMap<String, String>,
    /// Folder that it runs in; the harness's own where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dir: Option<String>,
    /// State that it keeps on local disk, by its own declaration: no list of
    /// exchanges covers that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub local_state: Vec<String>,
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
    /// Something accepts connections at this `host:port`.
    Tcp(String),
    /// This `http://` URL is answered with a status below 400.
    Http(String),
}

/// How a process is stopped: the signal, then SIGKILL after the grace period.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Stop {
    /// The signal.
    #[serde(default)]
    pub signal: Signal,
    /// Grace period in milliseconds.
    pub grace_ms: u64,
}

/// A signal that asks a process to end.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
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

impl Signal {
    /// Its name without `SIG`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Term => "TERM",
            Self::Int => "INT",
            Self::Quit => "QUIT",
            Self::Hup => "HUP",
        }
    }
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
    /// Bytes that `{pad}` stands for in the template: a message as large as those of a
    /// service.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub pad_bytes: u32,
    /// Whether the batch is in the log before the pipeline starts. Then batches
    /// are cut at the same places in each run.
    pub before_start: bool,
    /// Sends one message each so many milliseconds, while the pipeline runs: also
    /// while it is away, for a system that keeps nothing for whoever is not there.
    /// All at once where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every_ms: Option<u64>,
    /// Sends the messages in the place of a system: it is given a JSON line for
    /// each, and may answer a line for each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<UserCommand>,
    /// Keys whose messages the pipeline drops on purpose.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped_keys: Vec<String>,
}

fn is_zero(n: &u32) -> bool {
    *n == 0
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
    /// Reads it in the place of a system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Reader>,
}

/// Reads a sink that no adapter knows.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reader {
    /// Prints a JSON line for each effect.
    Command(UserCommand),
    /// Holds a JSON line for each effect; placeholders are filled in.
    File(String),
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
    /// A message in a queue.
    Message,
    /// A charge at a payments service.
    Charge,
    /// A mail that a server has taken.
    Mail,
    /// What a command or a file of the user's shows.
    Other,
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
