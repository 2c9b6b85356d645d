//! From a variant to what the engine runs: the pipeline's side of the cell.

use crate::{Source, Variant};
use exactly_model::{
    FaultKind, Feed, Hooks, IdForm, Limits, Pipeline, PositionQuery, Process, Queue, Ready,
    ReadyWhen, Restart, Setup, Signal, Stop, Stream, SystemUse, Topic,
};
use std::collections::{BTreeMap, BTreeSet};

/// How long a sink must be quiet where the position runs ahead of the effect:
/// longer than a statement takes on a busy machine.
const QUIET_AHEAD_MS: u64 = 120;

/// How long the brokers wait for a silent program before they give what it holds
/// to another. Session, poll and transaction timeout of every program are
/// `{kafka.session_timeout_ms}`, which is this on brokers that the harness
/// starts for itself; where nobody waits, as on the embedded one, nothing is
/// given away and this is of no use.
pub(crate) const LEASE_MS: u64 = 2_000;

/// How long SQS hides a message that was received, in every queue of the catalogue.
pub(crate) const VISIBILITY_MS: u64 = 2_000;

/// How long nothing may move. A broker with session timeouts gives the partition
/// of a dead member away after six seconds, and one that was killed comes back,
/// loads what it coordinates and then waits for sessions and transactions (seen:
/// 20 s on a busy machine): that is waiting, not stuck.
const STUCK_MS: u64 = 30_000;

/// The same where no broker has timeouts of its own: whoever has to do anything does it
/// at once.
const STUCK_WITHOUT_LEASES_MS: u64 = 4_000;

/// The topic, the queue, the stream or the channel that is fed.
const FED: &str = "orders";

/// The queue for what was received too often.
const DEAD: &str = "orders-dlq";

/// Schema of a trial. `orders` has no unique constraint on the message, so that a
/// second effect shows; `inbox` has one. Every program finds all of it, so that
/// programs can be swapped.
const SETUP_SQL: &str = "\
create table orders (
    entry bigint generated always as identity primary key,
    id text not null,
    key text not null,
    n bigint not null,
    checksum text not null
);
create table inbox (id text primary key);
create table high_water (key text primary key, number numeric not null);
create table positions (partition int primary key, next bigint not null);
create table incoming (
    entry bigint generated always as identity primary key,
    id text not null unique,
    key text not null,
    n bigint not null,
    checksum text not null,
    announced boolean not null default false,
    done boolean not null default false
);
";

/// Feeds the table `incoming`, and counts what is left to do in it.
const FEED_SQL: &str =
    "insert into incoming (id, key, n, checksum) values ({id}, {key}, {seq}::bigint, {checksum})";
const BACKLOG_SQL: &str = "select count(*) from incoming where not done";

/// What stands for each setting that a program may read.
const ENVIRONMENT: [(&str, &str); 23] = [
    ("BROKERS", "{kafka.address}"),
    ("TOPIC", "{kafka.topic.orders}"),
    ("GROUP", "{kafka.group}"),
    ("SESSION_TIMEOUT_MS", "{kafka.session_timeout_ms}"),
    ("TRANSACTIONAL_ID", "{kafka.transactional_id}"),
    ("OUT_TOPIC", "{kafka.topic.out}"),
    ("LEDGER_TOPIC", "{kafka.topic.ledger}"),
    ("DATABASE_URL", "{postgres.url}"),
    ("PAYMENTS_URL", "{http.url}"),
    ("AWS_ENDPOINT_URL", "{sqs.url}"),
    ("AWS_REGION", "{sqs.region}"),
    ("AWS_ACCESS_KEY_ID", "{sqs.access_key_id}"),
    ("AWS_SECRET_ACCESS_KEY", "{sqs.secret_access_key}"),
    ("QUEUE_URL", "{sqs.queue_url.orders}"),
    ("OUT_QUEUE_URL", "{sqs.queue_url.out}"),
    ("REDIS_URL", "{redis.url}"),
    ("STREAM", "{redis.stream.orders}"),
    ("STREAM_GROUP", "{redis.group}"),
    ("CHANNEL", "{redis.channel.orders}"),
    ("CHANNEL_PATTERN", "{redis.prefix}ord*"),
    ("HINTS", "{redis.channel.hints}"),
    ("SMTP_HOST", "{smtp.host}"),
    ("SMTP_PORT", "{smtp.port}"),
];

impl Variant {
    /// The pipeline's side of the cell: what the engine runs. `exe` is a binary
    /// whose `pipeline <program id>` calls [`crate::run_program`].
    pub fn pipeline_spec(&self, messages: u32, exe: &str) -> Pipeline {
        let source = self.pipeline.source;
        let mut systems = vec![match source {
            Source::Kafka => self.kafka(),
            Source::Sqs => self.sqs(),
            Source::Stream | Source::Channel => self.redis(),
            Source::Table => self.postgres(),
        }];
        let others = [
            ("postgres", Self::postgres as fn(&Self) -> SystemUse),
            ("http", Self::http),
            ("redis", Self::redis),
            ("smtp", Self::smtp),
        ];
        for (system, of) in others {
            let is_new = source.system() != system && self.touches(system);
            systems.extend(is_new.then(|| of(self)));
        }
        Pipeline {
            systems,
            processes: vec![self.process(exe)],
            feed: self.feed(messages),
            observers: self.observers(),
            // A hold needs something to wait for, a second owner a moment that
            // tells: only witnesses have that.
            kinds: self.kinds.map_or_else(
                || {
                    let all = FaultKind::ALL.into_iter();
                    all.filter(|kind| !kind.is_directed()).collect()
                },
                <[FaultKind]>::to_vec,
            ),
            timers: self.pipeline.timers.iter().map(|&t| t.into()).collect(),
            limits: self.limits(),
            hooks: Hooks::default(),
            positions: self.pipeline.positions.map(|query| PositionQuery {
                system: "postgres".into(),
                query: query.into(),
            }),
        }
    }

    /// Whether the code or a sink is about `system`.
    fn touches(&self, system: &str) -> bool {
        let written = self.pipeline.settings();
        let mut written = written.map(placeholder).filter_map(system_and_name);
        let mut read = self.sinks.iter().map(|sink| sink.observer.system.as_str());
        written.any(|(of, _)| of == system) || read.any(|of| of == system)
    }

    /// The topics that are fed, written and read.
    fn topics(&self) -> BTreeSet<&str> {
        let written = self.pipeline.settings().map(placeholder);
        let written = written
            .filter_map(system_and_name)
            .filter_map(|(_, name)| name.strip_prefix("topic."));
        let read = self.sinks.iter().map(|sink| &sink.observer);
        let read = read
            .filter(|o| o.system == "kafka")
            .map(|o| o.query.as_str());
        written.chain(read).chain([FED]).collect()
    }

    /// The queues that are fed, written and read, as the variant has them.
    fn queues(&self) -> Vec<Queue> {
        let written = self.pipeline.settings().map(placeholder);
        let written = written
            .filter_map(system_and_name)
            .filter_map(|(_, name)| name.strip_prefix("queue_url."));
        let names: BTreeSet<&str> = written.collect();
        let mut queues: Vec<Queue> = names.into_iter().map(queue).collect();
        for queue in &mut queues {
            queue.content_based = self.content_based && queue.name != FED;
            queue.dedup_per_group = self.dedup_per_group && queue.name != FED;
            if let Some(max) = self.max_receives.filter(|_| queue.name == FED) {
                queue.max_receives = Some(max);
                queue.dead_letters = Some(DEAD.into());
            }
        }
        if self.max_receives.is_some() {
            queues.push(queue(DEAD));
        }
        queues
    }

    fn limits(&self) -> Limits {
        let usual = Limits::default();
        Limits {
            quiet_ms: if self.pipeline.acks_ahead {
                QUIET_AHEAD_MS
            } else {
                usual.quiet_ms
            },
            stuck_ms: match self.pipeline.lease_ms {
                Some(_) => STUCK_MS,
                None if self.pipeline.source == Source::Kafka => STUCK_MS,
                None => STUCK_WITHOUT_LEASES_MS,
            },
            ..usual
        }
    }

    fn kafka(&self) -> SystemUse {
        // One partition: batches are cut at the same places in every run, and
        // "the offset past message n" has one meaning.
        let topics = self.topics().into_iter().map(|name| Topic {
            name: name.into(),
            partitions: 1,
            replicas: None,
        });
        SystemUse {
            name: "kafka".into(),
            kind: "kafka".into(),
            client_timeout_ms: self.pipeline.source_timeout_ms,
            lease_ms: self.pipeline.lease_ms,
            setup: Setup {
                topics: topics.collect(),
                ..Setup::default()
            },
        }
    }

    fn sqs(&self) -> SystemUse {
        SystemUse {
            name: "sqs".into(),
            kind: "sqs".into(),
            client_timeout_ms: self.pipeline.source_timeout_ms,
            lease_ms: self.pipeline.lease_ms,
            setup: Setup {
                queues: self.queues(),
                ..Setup::default()
            },
        }
    }

    fn redis(&self) -> SystemUse {
        let channels = match self.pipeline.source {
            Source::Channel => vec![FED.into()],
            Source::Table => vec!["hints".into()],
            Source::Kafka | Source::Sqs | Source::Stream => Vec::new(),
        };
        let streams = (self.pipeline.source == Source::Stream).then(|| Stream {
            name: FED.into(),
            max_len: self.max_len,
        });
        SystemUse {
            name: "redis".into(),
            kind: "redis".into(),
            client_timeout_ms: self.pipeline.redis_timeout_ms,
            lease_ms: None,
            setup: Setup {
                streams: streams.into_iter().collect(),
                channels,
                ..Setup::default()
            },
        }
    }

    fn smtp(&self) -> SystemUse {
        SystemUse {
            name: "smtp".into(),
            kind: "smtp".into(),
            client_timeout_ms: self.pipeline.mail_timeout_ms,
            lease_ms: None,
            setup: Setup::default(),
        }
    }

    fn feed(&self, messages: u32) -> Feed {
        let source = self.pipeline.source;
        let payload = r#"{"id":"{id}","key":"{key}","n":{seq},"sum":"{checksum}"}"#;
        Feed {
            system: source.system().into(),
            to: match source {
                Source::Table => FEED_SQL,
                _ => FED,
            }
            .into(),
            messages,
            concurrency: 1,
            id: IdForm::Text,
            keys: 3,
            payload: match self.pad_bytes {
                0 => payload.into(),
                _ => payload.replacen(r#""sum""#, r#""pad":"{pad}","sum""#, 1),
            },
            pad_bytes: self.pad_bytes,
            before_start: self.every_ms.is_none(),
            every_ms: self.every_ms,
            by: None,
            dropped_keys: Vec::new(),
        }
    }

    fn http(&self) -> SystemUse {
        SystemUse {
            name: "http".into(),
            kind: "http".into(),
            client_timeout_ms: self.pipeline.http_timeout_ms,
            lease_ms: None,
            setup: Setup {
                idempotency_keys: self.keeps_keys,
                ..Setup::default()
            },
        }
    }

    fn postgres(&self) -> SystemUse {
        SystemUse {
            name: "postgres".into(),
            kind: "postgres".into(),
            client_timeout_ms: self.pipeline.database_timeout_ms,
            lease_ms: None,
            setup: Setup {
                sql: SETUP_SQL.into(),
                backlog: match self.pipeline.source {
                    Source::Table => BACKLOG_SQL.into(),
                    _ => String::new(),
                },
                ..Setup::default()
            },
        }
    }

    fn process(&self, exe: &str) -> Process {
        let settings = self.pipeline.settings();
        let env = settings.map(|name| (name.to_string(), placeholder(name).to_string()));
        Process {
            name: "worker".into(),
            command: vec![exe.into(), "pipeline".into(), self.pipeline.id.into()],
            env: env.collect::<BTreeMap<_, _>>(),
            ready: Ready {
                // Who is not subscribed yet gets nothing.
                when: match self.pipeline.source {
                    Source::Channel => ReadyWhen::Log("subscribed to".into()),
                    _ => ReadyWhen::FirstExchange,
                },
                within_ms: 10_000,
            },
            // No program handles SIGTERM: it ends at once.
            stop: Stop {
                signal: Signal::Term,
                grace_ms: 2_000,
            },
            dir: None,
            local_state: Vec::new(),
            restart: Restart {
                max: 5,
                delay_ms: 20,
            },
        }
    }
}

fn placeholder(setting: &str) -> &'static str {
    ENVIRONMENT
        .iter()
        .find(|(name, _)| *name == setting)
        .map(|(_, placeholder)| *placeholder)
        .expect("each setting of a program has a row; a test goes through all of them")
}

/// `kafka` and `topic.out` of `{kafka.topic.out}`.
fn system_and_name(placeholder: &str) -> Option<(&str, &str)> {
    let inner = placeholder.strip_prefix('{')?.strip_suffix('}')?;
    inner.split_once('.')
}

fn queue(name: &str) -> Queue {
    Queue {
        name: name.into(),
        fifo: true,
        visibility_s: u32::try_from(VISIBILITY_MS / 1_000).unwrap_or(u32::MAX),
        ..Queue::default()
    }
}
