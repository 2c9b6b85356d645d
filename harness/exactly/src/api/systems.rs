//! The systems that a pipeline talks to.

use crate::config::{Kind, Place, System, Time, Topic};
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

        /// The longest of session, poll and transaction timeout: how long a client may
        /// be silent before the system gives what it holds to another.
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
