//! What stands in `exactly.toml`, key by key.

use super::values::{DedupScope, Id, Kind, Place, Plan, Ready, Signal, Time, View};
use exactly_model::{FaultKind, Guarantee};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A pipeline to check: its systems, its processes, what is fed in, where its
/// effects are read, and what is expected of it.
#[derive(Clone, PartialEq, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "exactly.toml")]
pub struct Config {
    /// Name in reports; the folder's name without it.
    #[serde(default)]
    pub name: Option<String>,
    /// The systems it talks to, by the name that placeholders use.
    pub systems: BTreeMap<String, System>,
    /// Its processes. They are started in this order.
    #[serde(rename = "process")]
    pub processes: Vec<Process>,
    /// What is fed in.
    pub feed: Feed,
    /// Where effects are read.
    pub observe: Vec<Observe>,
    /// Which faults are put where.
    #[serde(default)]
    pub faults: Faults,
    /// What is expected.
    #[serde(default)]
    pub expect: super::expect::Expect,
    /// Commands around each trial.
    #[serde(default)]
    pub hooks: Hooks,
    /// Limits.
    #[serde(default)]
    pub limits: Limits,
}

/// A system that the pipeline talks to.
#[derive(Clone, PartialEq, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct System {
    /// What it is.
    pub kind: Kind,
    /// Where it runs; embedded without it.
    #[serde(default)]
    pub place: Place,
    /// What the pipeline's client waits for a reply at most. Without it replies
    /// are not delayed.
    #[serde(default)]
    pub client_timeout: Option<Time>,
    /// The longest of session, poll and transaction timeout: how long a client may
    /// be silent before the system gives what it holds to another. Without it no
    /// fault outlives a lease.
    #[serde(default)]
    pub lease: Option<Time>,
    /// What must be there before the pipeline starts; fresh for each trial.
    #[serde(default)]
    pub setup: Setup,
}

/// What a trial needs in a system.
#[derive(Clone, PartialEq, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Setup {
    /// Topics (Kafka).
    #[serde(default)]
    pub topics: Vec<Topic>,
    /// A file with SQL, relative to this one, that is run in a schema of the
    /// trial's own (PostgreSQL).
    #[serde(default)]
    pub sql: Option<String>,
    /// A query that counts what is left to do: one row, one number (PostgreSQL).
    #[serde(default)]
    pub backlog: Option<String>,
    /// Queues (SQS).
    #[serde(default)]
    pub queues: Vec<Queue>,
    /// Streams (Redis), each with one consumer group.
    #[serde(default)]
    pub streams: Vec<Stream>,
    /// Channels (Redis), by their names in placeholders (`{r.channel.news}`).
    #[serde(default)]
    pub channels: Vec<String>,
    /// Whether the payments service keeps the `Idempotency-Key` of a charge with it
    /// (HTTP). Without it the field is ignored.
    #[serde(default)]
    pub idempotency_keys: Option<bool>,
}

/// A queue.
#[derive(Clone, PartialEq, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Queue {
    /// Name in placeholders (`{q.queue_url.orders}`); `orders.fifo` is a FIFO queue
    /// that is called `orders` there.
    pub name: String,
    /// Whether it is a FIFO queue; as its name says without it.
    #[serde(default)]
    pub fifo: Option<bool>,
    /// Whether the deduplication id is made of the body where the sender gives none
    /// (FIFO).
    #[serde(default)]
    pub content_based_dedup: bool,
    /// What a deduplication id is remembered for (FIFO); the queue without it.
    #[serde(default)]
    pub dedup_scope: Option<DedupScope>,
    /// How long a message that was received is hidden, in whole seconds; 30 s
    /// without it.
    #[serde(default)]
    pub visibility_timeout: Option<Time>,
    /// How often a message is received before it goes to the dead-letter queue.
    #[serde(default)]
    pub max_receives: Option<u32>,
    /// Name of the queue for what was received too often.
    #[serde(default)]
    pub dead_letter_queue: Option<String>,
}

/// A stream of Redis.
#[derive(Clone, PartialEq, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stream {
    /// Name in placeholders (`{r.stream.orders}`).
    pub name: String,
    /// Entries that it holds at most: older ones are trimmed when one is fed, read or
    /// not. All of them without it.
    #[serde(default)]
    pub max_len: Option<u64>,
}

/// A topic.
#[derive(Clone, PartialEq, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    /// Name in placeholders (`{k.topic.orders}`).
    pub name: String,
    /// Partitions; one without it.
    #[serde(default = "one")]
    pub partitions: u32,
    /// Replicas; the broker's default without it.
    #[serde(default)]
    pub replicas: Option<u32>,
}

/// A process of the pipeline.
#[derive(Clone, PartialEq, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Process {
    /// Name in reports and schedules.
    pub name: String,
    /// Program and arguments. Placeholders such as `{k.address}` are filled in; one
    /// that begins with `./` is relative to this file.
    pub command: Vec<String>,
    /// Environment on top of the one that `exactly` has. Placeholders are filled in.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Folder that it runs in, relative to this file; this file's without it.
    #[serde(default)]
    pub dir: Option<String>,
    /// The sign that it is ready; its first exchange with any system without it.
    #[serde(default)]
    pub ready: Ready,
    /// How it is stopped.
    #[serde(default)]
    pub stop: Stop,
    /// How many of it run at the same time.
    #[serde(default = "one")]
    pub instances: u32,
    /// What happens when it exits by itself.
    #[serde(default)]
    pub restart: Restart,
    /// Files in which it keeps state. Its crashes are then more than its exchanges
    /// tell, and no verdict is better than inconclusive.
    #[serde(default)]
    pub local_state: Vec<String>,
}

/// How a process is stopped.
#[derive(Clone, PartialEq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Stop {
    /// The signal.
    pub signal: Signal,
    /// How long it may take before SIGKILL.
    pub grace: Time,
}

impl Default for Stop {
    fn default() -> Self {
        Self {
            signal: Signal::default(),
            grace: Time::from_secs(5),
        }
    }
}

/// What happens when a process exits by itself.
#[derive(Clone, PartialEq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Restart {
    /// How often it is started again in one trial; beyond it the pipeline is stuck
    /// (V1).
    pub max: u32,
    /// Delay before each start.
    pub delay: Time,
}

impl Default for Restart {
    fn default() -> Self {
        Self {
            max: 5,
            delay: Time::from_millis(100),
        }
    }
}

/// What is fed in.
#[derive(Clone, PartialEq, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Feed {
    /// The system that is fed.
    #[serde(default)]
    pub system: Option<String>,
    /// The topic (Kafka), the queue (SQS), the stream or the channel (Redis), or the
    /// path that each message is posted to (HTTP).
    #[serde(default)]
    pub to: Option<String>,
    /// The statement that feeds one message (PostgreSQL), with `{id}`, `{key}`,
    /// `{seq}`, `{checksum}` and `{payload}`, each of which becomes a quoted literal.
    #[serde(default)]
    pub sql: Option<String>,
    /// A command that feeds: it is given a JSON line for each message.
    #[serde(default)]
    pub command: Option<Vec<String>>,
    /// How long that command may take.
    #[serde(default)]
    pub within: Option<Time>,
    /// Messages for each trial.
    #[serde(default = "few")]
    pub messages: u32,
    /// Sends in flight. More than one gives up the order that messages were sent
    /// in.
    #[serde(default = "one")]
    pub concurrency: u32,
    /// How `{id}` is written.
    #[serde(default)]
    pub id: Id,
    /// Number of keys; messages go round.
    #[serde(default = "one")]
    pub keys: u32,
    /// What is sent, with `{id}`, `{key}`, `{seq}` and `{checksum}`.
    #[serde(default)]
    pub payload: Option<String>,
    /// Messages that the pipeline drops on purpose.
    #[serde(default)]
    pub accept: super::values::Accept,
    /// Whether everything is fed before the processes start. Batches are then cut
    /// at the same places in each run.
    #[serde(default = "yes")]
    pub before_start: bool,
    /// One message each so long, from when the processes are ready, whatever they do
    /// meanwhile: for a system that keeps nothing for whoever is away. Without it all
    /// are fed at once.
    #[serde(default)]
    pub every: Option<Time>,
    /// Where the pipeline keeps its position itself, instead of committing it.
    #[serde(default)]
    pub positions: Option<Positions>,
}

/// Where a pipeline keeps its position in what is fed.
#[derive(Clone, PartialEq, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Positions {
    /// The system.
    pub system: String,
    /// A query with the columns `partition` and `next`.
    pub query: String,
}

/// Where effects are read. One of `query`, `topic`, `queue`, `stream`, `channel`,
/// `keys`, `charges`, `mails`, `command` and `file`.
#[derive(Clone, PartialEq, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Observe {
    /// Name of the sink.
    pub name: String,
    /// The system that is read.
    #[serde(default)]
    pub system: Option<String>,
    /// A query (PostgreSQL) with a column `id` and, where there are any, `key`,
    /// `seq`, `checksum` and `position`.
    #[serde(default)]
    pub query: Option<String>,
    /// A topic (Kafka).
    #[serde(default)]
    pub topic: Option<String>,
    /// A queue (SQS): every message that it has accepted, deleted or not.
    #[serde(default)]
    pub queue: Option<String>,
    /// A stream (Redis).
    #[serde(default)]
    pub stream: Option<String>,
    /// A channel (Redis): what is published while the pipeline runs.
    #[serde(default)]
    pub channel: Option<String>,
    /// Keys (Redis) whose values hold messages, as a pattern without the trial's own
    /// prefix (`{r.prefix}`).
    #[serde(default)]
    pub keys: Option<String>,
    /// The charges of the payments service (HTTP): `true`.
    #[serde(default)]
    pub charges: Option<bool>,
    /// Mails that the server has taken, by a pattern of the recipient (SMTP): `*` is all
    /// of them.
    #[serde(default)]
    pub mails: Option<String>,
    /// What the topic's reader sees.
    #[serde(default)]
    pub view: View,
    /// A command that prints a JSON line for each effect: `id` and, where there are
    /// any, `key`, `seq`, `checksum`, `position`.
    #[serde(default)]
    pub command: Option<Vec<String>>,
    /// How long that command may take.
    #[serde(default)]
    pub within: Option<Time>,
    /// A file with such lines, relative to this one.
    #[serde(default)]
    pub file: Option<String>,
    /// Effects that one message is to have.
    #[serde(default = "one")]
    pub effects_per_message: u32,
}

/// Which faults are put where.
#[derive(Clone, PartialEq, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Faults {
    /// The plan.
    pub plan: Plan,
    /// All points instead of representatives of each class.
    pub exhaustive: bool,
    /// The kinds of fault; all that apply without it.
    #[schemars(with = "Option<Vec<String>>")]
    pub kinds: Option<Vec<FaultKind>>,
    /// Operations that come and go with a timer of the client's, as `SYSTEM
    /// OPERATION` (`k OffsetCommit`): outside the count of points.
    pub timers: Vec<String>,
    /// Pairs run at most (plan `pairs`).
    pub pairs_max: Option<u32>,
    /// Trials drawn (plan `random`).
    pub trials: Option<u32>,
    /// Faults in one drawn trial at most (plan `random`).
    pub faults_max: Option<u32>,
    /// Seed of whatever is drawn.
    pub seed: Option<u64>,
}

/// What is expected of one sink, or of all.
#[derive(Clone, PartialEq, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ExpectAt {
    /// The guarantee.
    #[schemars(with = "Option<String>")]
    pub guarantee: Option<Guarantee>,
    /// Codes beside those that the guarantee forbids, such as O1.
    pub forbid: Vec<String>,
    /// Codes that are put up with.
    pub allow: Vec<Allow>,
}

/// A code that is put up with.
#[derive(Clone, PartialEq, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Allow {
    /// The code.
    pub code: String,
    /// Why it is no harm here.
    pub reason: String,
}

/// Commands that are run once for each trial, in this file's folder. Placeholders
/// are filled in with the systems' own addresses.
#[derive(Clone, PartialEq, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Hooks {
    /// When the systems are set up, before anything is fed or started.
    pub before_trial: Option<Vec<String>>,
    /// When the sinks were read and the processes are gone.
    pub after_trial: Option<Vec<String>>,
    /// How long each may take; 30 s without it.
    pub within: Option<Time>,
}

/// Limits.
#[derive(Clone, PartialEq, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// A trial ends after so long, whatever happens; 60 s without it.
    pub trial: Option<Time>,
    /// No planned trial begins later than this after the first one.
    pub run: Option<Time>,
    /// Nothing may move for so long before a trial counts as over; 300 ms without
    /// it.
    pub quiet: Option<Time>,
    /// Work left and nothing moved for so long counts as stuck (V1); 30 s without
    /// it.
    pub stuck: Option<Time>,
    /// Output kept of each life of a process, in bytes; 1 MiB without it.
    pub output_bytes: Option<u64>,
}

fn one() -> u32 {
    1
}

fn few() -> u32 {
    6
}

fn yes() -> bool {
    true
}
