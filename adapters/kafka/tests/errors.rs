//! librdkafka meets errors in the broker's name: what it does then, and what is in
//! the logs afterwards.

mod common;
mod look;
mod strike;

use common::{Boundary, consumer, id, kafka, messages, open};
use exactly_adapter::{Instance, Scope};
use exactly_model::{Outcome, Position, View};
use look::{WITHIN, left, observe, past, receive, settled};
use rdkafka::consumer::{CommitMode, Consumer, StreamConsumer};
use rdkafka::producer::{FutureProducer, FutureRecord, Producer};
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};
use std::collections::BTreeMap;
use std::sync::Arc;
use strike::{Act, Striking};

/// A trial whose first exchange of an operation is struck.
struct Struck {
    kafka: Arc<dyn Instance>,
    trial: u32,
    scope: Arc<dyn Scope>,
    striking: Arc<Striking>,
    boundary: Boundary,
    names: BTreeMap<String, String>,
}

impl Struck {
    async fn new(topics: &[(&str, u32)], operation: &str, act: Act) -> Self {
        let kafka = kafka().await;
        let (trial, scope) = open(&*kafka, topics).await;
        let striking = Arc::new(Striking::new(&scope, operation, act));
        let behind: Arc<dyn Scope> = Arc::clone(&striking) as _;
        let (boundary, names) = Boundary::start(&*kafka, &behind);
        Self {
            kafka,
            trial,
            scope,
            striking,
            boundary,
            names,
        }
    }

    fn producer(&self, settings: &[(&str, &str)]) -> FutureProducer {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.names["address"])
            .set("retry.backoff.ms", "20")
            .set("linger.ms", "0");
        for (name, value) in settings {
            config.set(*name, *value);
        }
        config.create().unwrap()
    }

    fn requests(&self, operation: &str) -> usize {
        let seen = self.boundary.seen();
        assert_eq!(seen.errors, [""; 0]);
        seen.heads
            .iter()
            .filter(|head| head.operation == operation)
            .count()
    }

    async fn end(self) {
        self.scope.close().await;
        self.kafka.stop().await;
    }
}

async fn produce_is_struck(act: Act, error: &str, settings: &[(&str, &str)], effects: usize) {
    let struck = Struck::new(&[("out", 1)], "Produce", act).await;
    let producer = struck.producer(settings);
    let payload = &messages(struck.trial, 1, 1)[0].payload;
    let record = FutureRecord::to(&struck.names["topic.out"])
        .key("k")
        .payload(payload);
    producer
        .send(record, WITHIN)
        .await
        .expect("sent again, and acknowledged");
    assert_eq!(struck.striking.fired().as_deref(), Some(error));
    let seen = observe(&*struck.scope, "out", View::ReadCommitted).await;
    assert_eq!(seen.len(), effects, "{act:?} {settings:?}");
    assert!(seen.iter().all(|seen| seen.id == id(struck.trial, 0)));
    // The first one is answered by the boundary itself when it is not passed on.
    let passed_on = if act == Act::Before { 1 } else { 2 };
    assert_eq!(struck.requests("Produce"), passed_on);
    struck.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_produce_refused_before_is_sent_again() {
    let error = "NOT_LEADER_OR_FOLLOWER";
    produce_is_struck(Act::Before, error, &[], 1).await;
    produce_is_struck(Act::Before, error, &[("enable.idempotence", "true")], 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_produce_that_timed_out_after_its_append_doubles_without_idempotence() {
    let error = "REQUEST_TIMED_OUT";
    produce_is_struck(Act::After, error, &[], 2).await;
    produce_is_struck(Act::After, error, &[("enable.idempotence", "true")], 1).await;
}

async fn offset_commit_is_struck(act: Act, error: &str) {
    let struck = Struck::new(&[("orders", 1)], "OffsetCommit", act).await;
    let feeder = struck.scope.feeder().unwrap();
    feeder
        .feed("orders", &messages(struck.trial, 1, 1), 1)
        .await
        .unwrap();
    let consumer: StreamConsumer = consumer(&struck.names)
        .set("retry.backoff.ms", "20")
        .create()
        .unwrap();
    consumer
        .subscribe(&[&struck.names["topic.orders"]])
        .unwrap();
    let message = receive(&consumer).await;
    let offsets = past(&message);
    tokio::task::block_in_place(|| consumer.commit(&offsets, CommitMode::Sync))
        .expect("sent again, and acknowledged");
    assert_eq!(struck.striking.fired().as_deref(), Some(error));
    let passed_on = if act == Act::Before { 1 } else { 2 };
    assert_eq!(struck.requests("OffsetCommit"), passed_on);
    assert_eq!(settled(&*struck.scope).await.committed[0].offset, 1);
    drop(consumer);
    struck.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_offset_commit_meets_a_moved_coordinator() {
    offset_commit_is_struck(Act::Before, "NOT_COORDINATOR").await;
    offset_commit_is_struck(Act::After, "COORDINATOR_NOT_AVAILABLE").await;
}

/// Consumes one message, produces it and commits both in one transaction.
async fn transaction_is_struck(operation: &str, act: Act, error: &str) {
    let struck = Struck::new(&[("orders", 1), ("out", 1)], operation, act).await;
    let feeder = struck.scope.feeder().unwrap();
    feeder
        .feed("orders", &messages(struck.trial, 1, 1), 1)
        .await
        .unwrap();
    let consumer: StreamConsumer = consumer(&struck.names).create().unwrap();
    consumer
        .subscribe(&[&struck.names["topic.orders"]])
        .unwrap();
    let producer = struck.producer(&[("transactional.id", &struck.names["transactional_id"])]);
    let producer = &producer;
    tokio::task::block_in_place(|| producer.init_transactions(WITHIN)).unwrap();
    let message = receive(&consumer).await;
    producer.begin_transaction().unwrap();
    let record = FutureRecord::to(&struck.names["topic.out"])
        .key("k")
        .payload(message.payload().unwrap());
    producer.send(record, WITHIN).await.unwrap();
    let offsets = past(&message);
    let group = consumer.group_metadata().unwrap();
    tokio::task::block_in_place(|| {
        producer
            .send_offsets_to_transaction(&offsets, &group, WITHIN)
            .unwrap();
        producer.commit_transaction(WITHIN).unwrap();
    });
    assert_eq!(
        struck.striking.fired().as_deref(),
        Some(error),
        "{operation} {act:?}"
    );
    let committed = settled(&*struck.scope).await.committed;
    assert_eq!(committed[0].offset, 1, "{operation} {act:?}");
    let seen = observe(&*struck.scope, "out", View::ReadCommitted).await;
    assert_eq!(seen.len(), 1, "{operation} {act:?}");
    let asked = struck.requests(operation);
    let expect = if act == Act::Before { 1 } else { 2 };
    assert!(asked >= expect, "{operation} {act:?}: {asked}");
    let seen = struck.boundary.seen();
    let end = seen.of("EndTxn commit");
    let (head, reply) = end.last().unwrap();
    assert_eq!(
        (head.ids.as_slice(), reply.outcome),
        (&[id(struck.trial, 0)][..], Outcome::Ok)
    );
    assert_eq!(head.commits, committed);
    drop(consumer);
    struck.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_step_of_a_transaction_is_tried_again() {
    for (operation, before) in [
        ("InitProducerId", "NOT_COORDINATOR"),
        ("AddPartitionsToTxn", "CONCURRENT_TRANSACTIONS"),
        ("AddOffsetsToTxn", "CONCURRENT_TRANSACTIONS"),
        ("TxnOffsetCommit", "NOT_COORDINATOR"),
        ("EndTxn commit", "NOT_COORDINATOR"),
    ] {
        transaction_is_struck(operation, Act::Before, before).await;
        transaction_is_struck(operation, Act::After, "COORDINATOR_NOT_AVAILABLE").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_join_is_tried_again() {
    transaction_is_struck("JoinGroup", Act::Before, "NOT_COORDINATOR").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_of_a_commit_is_applied() {
    let struck = Struck::new(&[("orders", 2)], "OffsetCommit", Act::Part).await;
    let feeder = struck.scope.feeder().unwrap();
    let fed = feeder
        .feed("orders", &messages(struck.trial, 8, 8), 1)
        .await
        .unwrap();
    let partitions = fed
        .iter()
        .map(|fed| fed.position.as_ref().unwrap().partition);
    assert!([0, 1].iter().all(|p| partitions.clone().any(|of| of == *p)));
    let consumer: StreamConsumer = consumer(&struck.names).create().unwrap();
    consumer
        .subscribe(&[&struck.names["topic.orders"]])
        .unwrap();
    let message = receive(&consumer).await;
    let mut offsets = TopicPartitionList::new();
    for partition in [0, 1] {
        offsets
            .add_partition_offset(message.topic(), partition, Offset::Offset(1))
            .unwrap();
    }
    let committed = tokio::task::block_in_place(|| consumer.commit(&offsets, CommitMode::Sync));
    assert!(struck.striking.fired().is_some(), "{committed:?}");
    let left = left(&*struck.scope).await;
    let first = Position {
        target: "topic.orders".into(),
        partition: 0,
        offset: 1,
    };
    assert_eq!((left.committed, left.items), (vec![first], 7));
    // The label is of the whole request, as the client meant it.
    let seen = struck.boundary.seen();
    assert_eq!(seen.of("OffsetCommit")[0].0.commits.len(), 2);
    drop(consumer);
    struck.end().await;
}
