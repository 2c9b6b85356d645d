//! Claims and their variants.

use crate::Program;
use exactly_model::{
    Cell, Code, FaultKind, Feed, Guarantee, IdForm, Limits, Observer, Pipeline, Process, Ready,
    ReadyWhen, Restart, Schedule, Setup, SinkKind, Stop, SystemUse, Topic, View,
};
use std::collections::BTreeMap;

/// How long a sink must be quiet where the position runs ahead of the effect:
/// longer than a statement takes on a busy machine.
const QUIET_AHEAD_MS: u64 = 120;

/// Schema of a trial. `orders` has no unique constraint on the message, so
/// that a second effect shows; `inbox` has one. Every program finds both, so
/// that programs can be swapped.
const SETUP_SQL: &str = "\
create table orders (
    entry bigint generated always as identity primary key,
    id text not null,
    key text not null,
    n bigint not null,
    checksum text not null
);
create table inbox (id text primary key);
";

/// A sentence that people say, and the pipelines that test it.
#[derive(Clone, PartialEq, Debug)]
pub struct Claim {
    /// Kebab-case id.
    pub id: &'static str,
    /// The sentence.
    pub sentence: &'static str,
    /// The guarantee it claims, at the effect.
    pub asserted: Guarantee,
    /// The codes that refute it.
    pub forbidden: Vec<Code>,
    /// The pipelines.
    pub variants: Vec<Variant>,
}

impl Claim {
    /// The variant with this id.
    pub fn variant(&self, id: &str) -> Option<&Variant> {
        self.variants.iter().find(|variant| variant.id == id)
    }
}

/// One cell of the claims matrix.
#[derive(Clone, PartialEq, Debug)]
pub struct Variant {
    /// Kebab-case id, unique within its claim. Fixed once published.
    pub id: &'static str,
    /// What the code does, in one line. Follows the code when programs are
    /// swapped.
    pub summary: &'static str,
    /// The guarantee that the design predicts at the sink.
    pub expected: Guarantee,
    /// The codes that the catalogue predicts. Predictions, not filters.
    pub predicted: &'static [Code],
    /// The code that is run.
    pub pipeline: &'static Program,
    /// The schedules that must fire for a verdict to mean anything.
    pub witnesses: Vec<Schedule>,
    /// The fewest messages with which its witnesses can fire.
    pub messages_min: u32,
}

impl Variant {
    /// The claim's side of the cell.
    pub fn cell(&self, claim: &Claim) -> Cell {
        Cell {
            claim: claim.id.into(),
            variant: self.id.into(),
            sentence: claim.sentence.into(),
            asserted: claim.asserted,
            forbidden: claim.forbidden.clone(),
            expected: self.expected,
            observers: vec![orders_observer()],
            expected_at: BTreeMap::new(),
            witnesses: self.witnesses.clone(),
            needs: Vec::new(),
            units: Vec::new(),
        }
    }

    /// The pipeline's side of the cell: what the engine runs. `exe` is a binary
    /// whose `pipeline <program id>` calls [`crate::run_program`].
    pub fn pipeline_spec(&self, messages: u32, exe: &str) -> Pipeline {
        Pipeline {
            systems: vec![self.kafka(), self.postgres()],
            processes: vec![self.process(exe)],
            feed: orders_feed(messages),
            observers: vec![orders_observer()],
            // A hold needs something to wait for, a second owner a place where he
            // finds something to own: only witnesses have that.
            kinds: FaultKind::ALL
                .into_iter()
                .filter(|kind| !matches!(kind, FaultKind::Hold | FaultKind::SecondOwner))
                .collect(),
            timers: self.pipeline.timers.iter().map(|&t| t.into()).collect(),
            limits: self.limits(),
            positions: None,
        }
    }

    fn limits(&self) -> Limits {
        let usual = Limits::default();
        Limits {
            quiet_ms: if self.pipeline.acks_ahead {
                QUIET_AHEAD_MS
            } else {
                usual.quiet_ms
            },
            // A broker with session timeouts gives the partition of a dead
            // member away after six seconds; that is waiting, not stuck.
            stuck_ms: 15_000,
            ..usual
        }
    }

    fn kafka(&self) -> SystemUse {
        SystemUse {
            name: "kafka".into(),
            kind: "kafka".into(),
            client_timeout_ms: self.pipeline.kafka_timeout_ms,
            lease_ms: None,
            setup: Setup {
                // One partition: batches are cut at the same places in every
                // run, and "the offset past message n" has one meaning.
                topics: vec![Topic {
                    name: "orders".into(),
                    partitions: 1,
                    replicas: None,
                }],
                sql: String::new(),
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
                topics: Vec::new(),
                sql: SETUP_SQL.into(),
            },
        }
    }

    fn process(&self, exe: &str) -> Process {
        let env = [
            ("BROKERS", "{kafka.address}"),
            ("TOPIC", "{kafka.topic.orders}"),
            ("GROUP", "{kafka.group}"),
            ("DATABASE_URL", "{postgres.url}"),
        ];
        Process {
            name: "worker".into(),
            command: vec![exe.into(), "pipeline".into(), self.pipeline.id.into()],
            env: BTreeMap::from(env.map(|(name, value)| (name.into(), value.into()))),
            ready: Ready {
                when: ReadyWhen::FirstExchange,
                within_ms: 10_000,
            },
            // No program handles SIGTERM: it ends at once.
            stop: Stop { grace_ms: 2_000 },
            restart: Restart {
                max: 5,
                delay_ms: 20,
            },
        }
    }
}

fn orders_feed(messages: u32) -> Feed {
    Feed {
        system: "kafka".into(),
        to: "orders".into(),
        messages,
        concurrency: 1,
        id: IdForm::Text,
        keys: 3,
        payload: r#"{"id":"{id}","key":"{key}","n":{seq},"sum":"{checksum}"}"#.into(),
        before_start: true,
    }
}

fn orders_observer() -> Observer {
    Observer {
        name: "orders".into(),
        system: "postgres".into(),
        kind: SinkKind::Row,
        query: "select id, key, n as seq, checksum, {commit_order} as position from orders".into(),
        effects_per_message: 1,
        view: View::ReadCommitted,
    }
}
