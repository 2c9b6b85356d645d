//! The systems that a pipeline talks to.

use crate::config::{DedupScope, Kind, Place, Queue, Stream, System, Time, Topic};
use exactly_model::SystemPlace;
use std::time::Duration;

macro_rules! timeouts {
    () => {
        /// The longest time that the pipeline's client waits for a reply before it gives
        /// up. Without it no reply is delayed: nobody would know for how long.
        pub fn client_timeout(mut self, time: Duration) -> Self {
            self.system.client_timeout = Some(Time::from(time));
            self
        }

        /// The longest of session, poll, transaction and visibility timeout: how long a
        /// client may be silent before the system gives what it holds to another.
        pub fn lease(mut self, time: Duration) -> Self {
            self.system.lease = Some(Time::from(time));
            self
        }

        /// A running system that is not the harness's.
        pub fn at(mut self, address: impl Into<String>) -> Self {
            self.system.place = Place::Is(SystemPlace::At(address.into()));
            self
        }

        /// A running system, at the address that this variable of the environment holds.
        pub fn at_env(mut self, variable: impl Into<String>) -> Self {
            self.system.place = Place::Env(variable.into());
            self
        }
    };
}

/// A Kafka; embedded unless something else is said.
#[derive(Clone, PartialEq, Debug)]
#[must_use = "it is the closure's answer"]
pub struct KafkaSystem {
    system: System,
}

impl KafkaSystem {
    pub(super) fn new() -> Self {
        let system = System {
            kind: Kind::Kafka,
            ..System::default()
        };
        Self { system }
    }

    /// A topic with one partition, fresh in each trial. `{k.topic.NAME}` is what it is
    /// called there.
    pub fn topic(self, name: impl Into<String>) -> Self {
        self.topic_with(name, 1)
    }

    /// A topic with so many partitions.
    pub fn topic_with(mut self, name: impl Into<String>, partitions: u32) -> Self {
        self.system.setup.topics.push(Topic {
            name: name.into(),
            partitions,
            replicas: None,
        });
        self
    }

    /// Apache Kafka from the jars under `KAFKA_HOME`, so many brokers, which are
    /// killed, restarted and paused too.
    pub fn local(mut self, brokers: u32) -> Self {
        self.system.place = Place::Is(SystemPlace::Local { nodes: brokers });
        self
    }

    timeouts!();

    pub(super) fn into_system(self) -> System {
        self.system
    }
}

/// A PostgreSQL; embedded unless something else is said.
#[derive(Clone, PartialEq, Debug)]
#[must_use = "it is the closure's answer"]
pub struct PostgresSystem {
    system: System,
    sql: String,
}

impl PostgresSystem {
    pub(super) fn new() -> Self {
        let system = System {
            kind: Kind::Postgres,
            ..System::default()
        };
        Self {
            system,
            sql: String::new(),
        }
    }

    /// Statements that are run in a schema of the trial's own before the pipeline
    /// starts: `include_str!("schema.sql")`.
    pub fn sql(mut self, statements: impl Into<String>) -> Self {
        self.sql = statements.into();
        self
    }

    /// The PostgreSQL that is installed on this machine, which is killed, restarted and
    /// paused too.
    pub fn local(mut self) -> Self {
        self.system.place = Place::Is(SystemPlace::Local { nodes: 1 });
        self
    }

    /// A query that counts what is left to do: one row, one number.
    pub fn backlog(mut self, query: impl Into<String>) -> Self {
        self.system.setup.backlog = Some(query.into());
        self
    }

    timeouts!();

    pub(super) fn into_system(self) -> (System, String) {
        (self.system, self.sql)
    }
}

/// An SQS; embedded unless something else is said.
#[derive(Clone, PartialEq, Debug)]
#[must_use = "it is the closure's answer"]
pub struct SqsSystem {
    system: System,
}

impl SqsSystem {
    pub(super) fn new() -> Self {
        let system = System {
            kind: Kind::Sqs,
            ..System::default()
        };
        Self { system }
    }

    /// A queue, fresh in each trial; a FIFO one where its name ends in `.fifo`.
    /// `{q.queue_url.NAME}` is where it is, without that ending.
    pub fn queue(self, name: impl Into<String>) -> Self {
        self.queue_with(name, |queue| queue)
    }

    /// A queue with settings of its own.
    pub fn queue_with(
        mut self,
        name: impl Into<String>,
        with: impl FnOnce(SqsQueue) -> SqsQueue,
    ) -> Self {
        let queue = Queue {
            name: name.into(),
            ..Queue::default()
        };
        let queue = with(SqsQueue { queue }).queue;
        self.system.setup.queues.push(queue);
        self
    }

    timeouts!();

    pub(super) fn into_system(self) -> System {
        self.system
    }
}

/// A queue of SQS.
#[derive(Clone, PartialEq, Debug)]
#[must_use = "it is the closure's answer"]
pub struct SqsQueue {
    queue: Queue,
}

impl SqsQueue {
    /// How long a message that was received is hidden, in whole seconds; 30 s without
    /// it. What a live client neither deletes nor gives back comes again only then: make
    /// it short for the test.
    pub fn visibility_timeout(mut self, time: Duration) -> Self {
        self.queue.visibility_timeout = Some(Time::from(time));
        self
    }

    /// Makes the deduplication id of the body where the sender gives none (FIFO).
    pub fn content_based_dedup(mut self) -> Self {
        self.queue.content_based_dedup = true;
        self
    }

    /// Remembers deduplication ids for each message group by itself (FIFO).
    pub fn dedup_per_group(mut self) -> Self {
        self.queue.dedup_scope = Some(DedupScope::MessageGroup);
        self
    }

    /// Gives a message that was received so often to the queue `name`, which is one of
    /// the setup too, and of the same type.
    pub fn dead_letters(mut self, name: impl Into<String>, max_receives: u32) -> Self {
        self.queue.dead_letter_queue = Some(name.into());
        self.queue.max_receives = Some(max_receives);
        self
    }
}

/// A service over HTTP; an embedded payments service that charges by POST at
/// `{NAME.url}/charges` unless something else is said.
#[derive(Clone, PartialEq, Debug)]
#[must_use = "it is the closure's answer"]
pub struct HttpSystem {
    system: System,
}

impl HttpSystem {
    pub(super) fn new() -> Self {
        let system = System {
            kind: Kind::Http,
            ..System::default()
        };
        Self { system }
    }

    /// The payments service keeps the `Idempotency-Key` of a charge with it: a second
    /// request with the same key is answered as the first one was, and charges
    /// nothing. Without it the field is ignored.
    pub fn keeps_idempotency_keys(mut self) -> Self {
        self.system.setup.idempotency_keys = Some(true);
        self
    }

    timeouts!();

    pub(super) fn into_system(self) -> System {
        self.system
    }
}

/// A Redis; embedded unless something else is said.
#[derive(Clone, PartialEq, Debug)]
#[must_use = "it is the closure's answer"]
pub struct RedisSystem {
    system: System,
}

impl RedisSystem {
    pub(super) fn new() -> Self {
        let system = System {
            kind: Kind::Redis,
            ..System::default()
        };
        Self { system }
    }

    /// A stream with one consumer group, fresh in each trial: `{r.stream.NAME}`, and
    /// `{r.group}`.
    pub fn stream(self, name: impl Into<String>) -> Self {
        self.stream_with(name, None)
    }

    /// A stream that holds so many entries: older ones are trimmed, read or not.
    pub fn trimmed_stream(self, name: impl Into<String>, max_len: u64) -> Self {
        self.stream_with(name, Some(max_len))
    }

    fn stream_with(mut self, name: impl Into<String>, max_len: Option<u64>) -> Self {
        self.system.setup.streams.push(Stream {
            name: name.into(),
            max_len,
        });
        self
    }

    /// A channel; `{r.channel.NAME}` is what it is called in a trial.
    pub fn channel(mut self, name: impl Into<String>) -> Self {
        self.system.setup.channels.push(name.into());
        self
    }

    /// The `redis-server` that is installed on this machine, which is killed, restarted
    /// and paused too.
    pub fn local(mut self) -> Self {
        self.system.place = Place::Is(SystemPlace::Local { nodes: 1 });
        self
    }

    timeouts!();

    pub(super) fn into_system(self) -> System {
        self.system
    }
}

/// A mail server; an embedded one that keeps what it takes unless something else is
/// said.
#[derive(Clone, PartialEq, Debug)]
#[must_use = "it is the closure's answer"]
pub struct SmtpSystem {
    system: System,
}

impl SmtpSystem {
    pub(super) fn new() -> Self {
        let system = System {
            kind: Kind::Smtp,
            ..System::default()
        };
        Self { system }
    }

    timeouts!();

    pub(super) fn into_system(self) -> System {
        self.system
    }
}
