//! A sound configuration, and what a row of the table changes about it.

use exactly::config::{self, Check, ConfigError};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// Sound, with one setting a line where a row is about it.
pub const GOOD: &str = r#"name = "orders"

[systems.k]
kind = "kafka"
client_timeout = "5s"
lease = "10s"

[systems.k.setup]
topics = [
    { name = "orders", partitions = 3 },
    { name = "accepted" },
]

[systems.pg]
kind = "postgres"
setup = { sql = "schema.sql", backlog = "select count(*) from jobs" }

[[process]]
name = "worker"
command = ["./worker", "--group", "{k.group}"]
local_state = []
instances = 1
ready = { log = "started", within = "20s" }
stop = { signal = "TERM", grace = "4s" }
restart = { max = 3, delay = "200ms" }

[process.env]
BROKERS = "{k.address}"
DATABASE_URL = "{pg.url}"

[[process]]
name = "relay"
command = ["./worker"]

[feed]
system = "k"
to = "orders"
messages = 6
concurrency = 1
id = "uuid"
keys = 4
payload = '{"id":"{id}","customer":"{key}","n":{seq},"sum":"{checksum}"}'
accept = "all"
before_start = true

[[observe]]
name = "rows"
system = "pg"
query = "select id, customer as key, n as seq from orders"
effects_per_message = 1

[[observe]]
name = "records"
system = "k"
topic = "accepted"
view = "read_committed"

[faults]
plan = "every-boundary"
exhaustive = false
kinds = ["kill", "drop-reply"]
timers = ["k OffsetCommit"]
seed = 1

[expect]
guarantee = "exactly-once"
forbid = ["O1"]
allow = [{ code = "D2", reason = "the report is rebuilt each night" }]

[expect.records]
guarantee = "at-least-once"

[hooks]
before_trial = ["./worker", "--clean"]
within = "11s"

[limits]
trial = "60s"
run = "10m"
quiet = "300ms"
stuck = "30s"
output_bytes = 65536
"#;

/// Sound too, of queues and a service.
pub const QUEUES: &str = r#"name = "charges"

[systems.q]
kind = "sqs"
client_timeout = "2s"
lease = "30s"

[systems.q.setup]
queues = [
    { name = "orders.fifo", visibility_timeout = "2s", max_receives = 3, dead_letter_queue = "dead" },
    { name = "dead.fifo" },
    { name = "accepted", fifo = true, content_based_dedup = true, dedup_scope = "message-group" },
    { name = "mails" },
]

[systems.pay]
kind = "http"
setup = { idempotency_keys = true }

[[process]]
name = "worker"
command = ["./worker"]

[process.env]
AWS_ENDPOINT_URL_SQS = "{q.url}"
QUEUE_URL = "{q.queue_url.orders}"
PAYMENTS_URL = "{pay.url}"

[feed]
system = "q"
to = "orders.fifo"

[[observe]]
name = "charges"
system = "pay"
charges = true

[[observe]]
name = "sent"
system = "q"
queue = "accepted"

[faults]
kinds = ["kill", "expire-horizon", "replay"]

[expect]
guarantee = "exactly-once"
"#;

/// Sound too, of channels, streams and mails.
pub const CHANNELS: &str = r#"name = "news"

[systems.r]
kind = "redis"
place = { at = "redis://app:secret@redis:6379/0" }

[systems.r.setup]
streams = [
    { name = "orders", max_len = 1000 },
    { name = "accepted" },
]
channels = ["news", "hints"]

[systems.m]
kind = "smtp"
client_timeout = "1s"

[[process]]
name = "worker"
command = ["./worker", "{r.prefix}"]
ready = { log = "subscribed" }

[process.env]
REDIS_URL = "{r.url}"
STREAM = "{r.stream.orders}"
CHANNEL = "{r.channel.news}"
SMTP_HOST = "{m.host}"
SMTP_PORT = "{m.port}"

[feed]
system = "r"
to = "news"
every = "20ms"

[[observe]]
name = "sent"
system = "r"
stream = "accepted"

[[observe]]
name = "told"
system = "r"
channel = "hints"

[[observe]]
name = "counted"
system = "r"
keys = "order:*"

[[observe]]
name = "confirmed"
system = "m"
mails = "*@customers.example"

[faults]
kinds = ["kill", "blackhole"]

[expect]
guarantee = "at-most-once"
"#;

/// A configuration that cannot be used.
#[derive(Clone)]
pub struct Row {
    /// What is wrong with it.
    pub name: &'static str,
    /// The sound one that it is made from.
    base: &'static str,
    /// What stands in the sound one, once.
    from: &'static str,
    /// What stands there instead.
    to: &'static str,
    /// What stands, once, on the line that the message has to name.
    at: &'static str,
    /// The key that it has to name.
    key: &'static str,
    /// What it has to say of it.
    says: &'static [&'static str],
}

pub fn row(
    name: &'static str,
    (from, to): (&'static str, &'static str),
    at: &'static str,
    key: &'static str,
    says: &'static [&'static str],
) -> Row {
    Row {
        name,
        base: GOOD,
        from,
        to,
        at,
        key,
        says,
    }
}

impl Row {
    /// The same change of the sound one with queues.
    pub fn of_queues(self) -> Self {
        Self {
            base: QUEUES,
            ..self
        }
    }

    /// The same change of the sound one with channels.
    pub fn of_channels(self) -> Self {
        Self {
            base: CHANNELS,
            ..self
        }
    }

    /// The configuration.
    pub fn text(&self) -> String {
        let there = self.base.matches(self.from).count();
        assert_eq!(
            there, 1,
            "{}: {:?} stands there {there} times",
            self.name, self.from
        );
        self.base.replacen(self.from, self.to, 1)
    }
}

/// What is wrong with the message about `row`, if anything is.
pub fn failure(row: &Row) -> Option<String> {
    let text = row.text();
    let found = text.matches(row.at).count();
    assert_eq!(
        found, 1,
        "{}: {:?} stands there {found} times",
        row.name, row.at
    );
    let before = text.split(row.at).next().unwrap();
    let line = 1 + before.matches('\n').count();
    let said = match load(row.name, &text) {
        Ok(_) => return Some(format!("{}: is accepted", row.name)),
        Err(error) => error.to_string(),
    };
    let (_, after) = said.split_once("/exactly.toml").unwrap_or(("", &said));
    let expected = match row.key {
        "" => format!(":{line}: "),
        key => format!(":{line}: {key}: "),
    };
    let missing = row.says.iter().find(|part| !after.contains(**part));
    let why = match (after.starts_with(&expected), missing) {
        (true, None) => return None,
        (false, _) => format!("should begin with {expected:?}"),
        (_, Some(part)) => format!("should say {part:?}"),
    };
    Some(format!("{}: {why}\n    {after}", row.name))
}

/// Reads `text` in a folder that has what the sound configuration names.
pub fn load(name: &str, text: &str) -> Result<Check, ConfigError> {
    load_bytes(name, text.as_bytes())
}

/// The same, of what need not be text.
pub fn load_bytes(name: &str, bytes: &[u8]) -> Result<Check, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    let file = folder.path().join("exactly.toml");
    std::fs::write(&file, bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
    config::load(&file, &variable)
}

/// What the sound configuration names, and what rows name beside it.
fn fill(folder: &Path) {
    std::fs::write(folder.join("schema.sql"), "create table orders (id text);").unwrap();
    std::fs::write(folder.join("latin.sql"), b"-- caf\xe9").unwrap();
    std::fs::write(folder.join("nul.sql"), "select 1;\0").unwrap();
    std::fs::write(folder.join("notes.txt"), "no program").unwrap();
    std::fs::write(folder.join("broken.json"), "{}").unwrap();
    std::fs::create_dir(folder.join("folder")).unwrap();
    let worker = folder.join("worker");
    std::fs::write(&worker, "#!/bin/sh\n").unwrap();
    std::fs::set_permissions(&worker, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// The environment of every row.
fn variable(name: &str) -> Option<String> {
    let value = match name {
        "PATH" => "/nonexistent:/usr/bin:/bin",
        "EMPTY" => "",
        "BAD_KAFKA" => "kafka://h",
        "BAD_POSTGRES" => "mysql://u:hunter2@h/d",
        _ => return None,
    };
    Some(value.into())
}
