//! Programs: the code of a pipeline, by name.

use crate::pipelines::app::{
    CHANNEL_READ, KAFKA_READ, SQS_READ, STREAM_READ, Settings, TABLE_READ,
};
use crate::programs::PROGRAMS;
use anyhow::anyhow;
use exactly_model::Need;
use futures::future::BoxFuture;

/// Where a program's orders come from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// A topic.
    Kafka,
    /// A FIFO queue.
    Sqs,
    /// A stream of Redis with a consumer group.
    Stream,
    /// A channel of Redis.
    Channel,
    /// A table.
    Table,
}

impl Source {
    /// Kind of the system, and its name in the pipelines.
    pub const fn system(self) -> &'static str {
        match self {
            Self::Kafka => "kafka",
            Self::Sqs => "sqs",
            Self::Stream | Self::Channel => "redis",
            Self::Table => "postgres",
        }
    }

    /// The settings that every program of it reads.
    const fn always_read(self) -> &'static [&'static str] {
        match self {
            Self::Kafka => KAFKA_READ,
            Self::Sqs => SQS_READ,
            Self::Stream => STREAM_READ,
            Self::Channel => CHANNEL_READ,
            Self::Table => TABLE_READ,
        }
    }
}

/// The code of a pipeline, and what the engine has to know of that code.
///
/// Timeouts and timers belong to the code and not to the variant: they follow
/// it when programs are swapped.
#[derive(Clone, Copy)]
pub struct Program {
    /// Stands in the command line of the child process; kebab-case.
    pub id: &'static str,
    /// What the code does, in one line.
    pub summary: &'static str,
    /// Where its orders come from.
    pub source: Source,
    /// The settings that it reads, beside those that every program reads: they
    /// tell which systems and topics it uses.
    pub reads: &'static [&'static str],
    /// What the client of its source waits for a reply, in milliseconds.
    pub source_timeout_ms: Option<u64>,
    /// What it waits for a statement, in milliseconds; `None` where it waits
    /// for ever, or has no database.
    pub database_timeout_ms: Option<u64>,
    /// What its HTTP client waits for a reply, in milliseconds; `None` where it has
    /// none.
    pub http_timeout_ms: Option<u64>,
    /// What its Redis client waits for a reply, in milliseconds; `None` where it has
    /// none, or waits for ever.
    pub redis_timeout_ms: Option<u64>,
    /// What it waits until a mail is taken, in milliseconds; `None` where it sends none.
    pub mail_timeout_ms: Option<u64>,
    /// How long it may be silent before what it holds at its source (its
    /// partitions, its transaction, a message that is hidden) is given to another,
    /// in milliseconds; `None` where it holds nothing.
    pub lease_ms: Option<u64>,
    /// Reads the positions that it keeps in the database; `None` where it commits
    /// them to Kafka.
    pub positions: Option<&'static str>,
    /// Operations that come and go between equal runs, as
    /// `<system> <operation>`: by a timer, or by a race of its own handlers.
    pub timers: &'static [&'static str],
    /// Whether it moves its position before the effect is there. An empty backlog
    /// says little of such a program: a handler may still be at work, so the
    /// engine has to look for longer before it calls a trial quiet.
    pub acks_ahead: bool,
    pub(crate) start: fn(Settings) -> BoxFuture<'static, anyhow::Result<()>>,
}

impl Program {
    /// The settings that it is given.
    pub(crate) fn settings(&self) -> impl Iterator<Item = &'static str> {
        let always = self.source.always_read().iter().copied();
        let session = (self.source == Source::Kafka).then_some("SESSION_TIMEOUT_MS");
        always.chain(session).chain(self.reads.iter().copied())
    }

    /// What the code needs of a place.
    pub(crate) fn needs(&self) -> Option<Need> {
        let transactional = self.reads.contains(&"TRANSACTIONAL_ID");
        transactional.then_some(Need::Transactions)
    }
}

impl std::fmt::Debug for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Program").field(&self.id).finish()
    }
}

impl PartialEq for Program {
    /// Ids are unique, so they are the identity.
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Program {}

/// Every program, in the order of the catalogue.
pub fn programs() -> &'static [Program] {
    &PROGRAMS
}

/// The program with this id.
pub fn program_by_id(id: &str) -> Option<&'static Program> {
    PROGRAMS.iter().find(|program| program.id == id)
}

/// Runs a program until it fails: what `exactly pipeline <program id>` does in
/// the child process. It installs no signal handler and prints to stderr only.
///
/// `env` reads the environment: where its orders come from (`BROKERS`, `TOPIC` and
/// `GROUP`, or `QUEUE_URL` and the SDK's own `AWS_*`, or `REDIS_URL` and what to read
/// there), what else [`Program::reads`]
/// names, and `SESSION_TIMEOUT_MS` (6000 where it is absent).
/// Only the command line tool looks at the process's own.
///
/// Commits are synchronous calls of librdkafka that block their thread, as in
/// most services. A runtime of one thread is enough and starts fastest; a
/// runtime of several works as well.
///
/// # Errors
///
/// An unknown id, a missing setting, and whatever ended the service: it does
/// not return otherwise.
pub async fn run_program(id: &str, env: &dyn Fn(&str) -> Option<String>) -> anyhow::Result<()> {
    let program = program_by_id(id).ok_or_else(|| {
        let known: Vec<&str> = PROGRAMS.iter().map(|program| program.id).collect();
        anyhow!(
            "no pipeline is called {id:?}; there are: {}",
            known.join(", ")
        )
    })?;
    let always = program.source.always_read();
    (program.start)(Settings::from_env(env, always, program.reads)?).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_unknown_program_names_the_known_ones() {
        let error = run_program("kafka-magic", &|_| None).await.unwrap_err();
        let text = error.to_string();
        for program in programs() {
            assert!(text.contains(program.id), "{text}");
        }
    }

    #[tokio::test]
    async fn every_program_asks_for_its_settings_before_anything_else() {
        for program in programs() {
            let error = run_program(program.id, &|_| None).await.unwrap_err();
            let first = program.source.always_read()[0];
            assert!(error.to_string().contains(first), "{}", program.id);
            for missing in program.reads {
                let absent = ["SESSION_TIMEOUT_MS", missing];
                let others = |name: &str| (!absent.contains(&name)).then(|| "x".to_string());
                let error = run_program(program.id, &others).await.unwrap_err();
                assert!(error.to_string().contains(missing), "{}", program.id);
            }
        }
    }
}
