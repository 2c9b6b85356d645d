//! librdkafka through the decoder: one body, run against the embedded broker and,
//! where `EXACTLY_TEST_KAFKA=host:port` names one, against a real broker.

mod common;
mod look;

use common::{Boundary, consumer, id, kafka, messages, open};
use exactly_model::{Class, Outcome, Position, View};
use look::{WITHIN, observe, observer, past, receive, settled};
use rdkafka::consumer::{CommitMode, Consumer, StreamConsumer};
use rdkafka::producer::{FutureProducer, FutureRecord, Producer};
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_consumer_is_labelled_and_its_backlog_known() {
    let kafka = kafka().await;
    let info = kafka.info("k");
    assert_eq!(info.emulated, info.version.contains("krafka 0.28.1"));
    let (trial, scope) = open(&*kafka, &[("orders", 1)]).await;
    let (boundary, names) = Boundary::start(&*kafka, &scope);
    let fed = scope.feeder().unwrap();
    let fed = fed.feed("orders", &messages(trial, 6, 2), 1).await.unwrap();
    for (at, fed) in fed.iter().enumerate() {
        assert_eq!(fed.outcome, Outcome::Ok);
        let position = fed.position.as_ref().unwrap();
        assert_eq!(
            (position.target.as_str(), position.offset),
            ("topic.orders", at as i64)
        );
    }
    let backlog = scope.backlog().unwrap();
    let left = backlog.left(&[], None).await.unwrap();
    assert_eq!((left.items, left.committed.len()), (6, 0), "{left:?}");
    assert!(left.detail.contains("topic.orders"), "{left:?}");

    let consumer: StreamConsumer = consumer(&names).create().unwrap();
    consumer.subscribe(&[&names["topic.orders"]]).unwrap();
    for sequence in 0..6_u32 {
        let message = receive(&consumer).await;
        assert_eq!(message.offset(), i64::from(sequence));
        consumer.commit(&past(&message), CommitMode::Sync).unwrap();
        let left = backlog.left(&[], None).await.unwrap();
        assert_eq!(left.items, 5 - u64::from(sequence), "{left:?}");
        assert_eq!(left.committed[0].offset, i64::from(sequence) + 1);
    }
    let seen = boundary.seen();
    assert_eq!(seen.errors, [""; 0]);
    let commits = seen.of("OffsetCommit");
    assert_eq!(commits.len(), 6);
    for (at, (head, reply)) in commits.iter().enumerate() {
        assert_eq!(
            (head.class, head.target.as_str()),
            (Class::Ack, "topic.orders")
        );
        let expect = Position {
            target: "topic.orders".into(),
            partition: 0,
            offset: at as i64 + 1,
        };
        assert_eq!(head.commits, [expect]);
        assert_eq!(reply.outcome, Outcome::Ok);
    }
    assert_eq!(seen.of("JoinGroup")[0].0.class, Class::Take);
    let delivered: Vec<_> = seen.delivers.iter().map(|d| (d.first, d.last)).collect();
    let covered: i64 = delivered.iter().map(|(first, last)| last - first + 1).sum();
    assert_eq!((delivered[0].0, covered), (0, 6), "{delivered:?}");
    // Nothing leads around the boundary.
    assert!(seen.of("Metadata").len() >= 2 && !seen.of("FindCoordinator").is_empty());
    // An emulator without session timeouts has nobody to release.
    let released = scope.assist().unwrap().release_dead(true).await;
    assert_eq!(released.is_empty(), info.emulated, "{released:?}");
    drop(consumer);
    scope.close().await;
    // A real broker deletes in the background.
    let gone = async {
        let observing = scope.observing().unwrap();
        while observing
            .count(&observer("orders", View::ReadCommitted))
            .await
            .is_ok()
        {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(WITHIN, gone)
        .await
        .expect("the topic is deleted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transactions_commit_abort_and_pin_the_log() {
    let kafka = kafka().await;
    let (trial, scope) = open(&*kafka, &[("orders", 1), ("out", 1)]).await;
    let (boundary, names) = Boundary::start(&*kafka, &scope);
    let feeder = scope.feeder().unwrap();
    feeder
        .feed("orders", &messages(trial, 4, 1), 4)
        .await
        .unwrap();
    let consumer: StreamConsumer = consumer(&names).create().unwrap();
    consumer.subscribe(&[&names["topic.orders"]]).unwrap();
    let producer: FutureProducer = ClientConfig::new()
        .set("bootstrap.servers", &names["address"])
        .set("transactional.id", &names["transactional_id"])
        .set("linger.ms", "0")
        .create()
        .unwrap();
    let producer = &producer;
    // librdkafka's transaction calls block.
    let blocking = |what: fn(&FutureProducer) -> rdkafka::error::KafkaResult<()>| {
        tokio::task::block_in_place(|| what(producer)).unwrap();
    };
    blocking(|p| p.init_transactions(WITHIN));
    let backlog = scope.backlog().unwrap();
    for commit in [false, true] {
        blocking(|p| p.begin_transaction());
        let mut offsets = TopicPartitionList::new();
        for _ in 0..2 {
            let message = receive(&consumer).await;
            let payload = message.payload().unwrap();
            let record = FutureRecord::to(&names["topic.out"])
                .key("k")
                .payload(payload);
            producer.send(record, WITHIN).await.unwrap();
            let next = Offset::Offset(message.offset() + 1);
            offsets
                .add_partition_offset(message.topic(), 0, next)
                .unwrap();
        }
        let left = backlog.left(&[], None).await.unwrap();
        assert!(
            left.detail.contains("an open transaction in topic.out/0"),
            "{left:?}"
        );
        let group = consumer.group_metadata().unwrap();
        tokio::task::block_in_place(|| {
            producer.send_offsets_to_transaction(&offsets, &group, WITHIN)
        })
        .unwrap();
        match commit {
            true => blocking(|p| p.commit_transaction(WITHIN)),
            false => blocking(|p| p.abort_transaction(WITHIN)),
        }
    }
    let left = settled(&*scope).await;
    assert_eq!(left.committed[0].offset, 4, "{left:?}");
    let seen = boundary.seen();
    assert_eq!(seen.errors, [""; 0]);
    let (abort, reply) = seen.of("EndTxn abort")[0];
    assert_eq!(
        (abort.ids.as_slice(), reply.outcome),
        (&[id(trial, 0), id(trial, 1)][..], Outcome::Ok)
    );
    let (commit, reply) = seen.of("EndTxn commit")[0];
    assert_eq!(
        (commit.ids.as_slice(), reply.outcome),
        (&[id(trial, 2), id(trial, 3)][..], Outcome::Ok)
    );
    let staged = seen.of("TxnOffsetCommit");
    assert_eq!(
        (staged[1].0.class, staged[1].0.names[0].offset),
        (Class::Ack, 4)
    );
    assert!(staged[1].0.commits.is_empty() && abort.commits.is_empty());
    assert_eq!(commit.commits, staged[1].0.names);
    assert_eq!(seen.of("Produce")[0].0.ids, [id(trial, 0)]);
    assert_eq!(seen.of("InitProducerId")[0].0.class, Class::Take);
    assert_eq!(seen.of("AddOffsetsToTxn")[0].0.class, Class::Effect);

    let committed = observe(&*scope, "out", View::ReadCommitted).await;
    let ids: Vec<_> = committed.iter().map(|s| s.id).collect();
    assert_eq!(ids, [id(trial, 2), id(trial, 3)]);
    assert!(committed.iter().all(|s| s.view == View::ReadCommitted));
    drop(consumer);
    scope.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn feeding_keeps_the_order_of_keys_and_observing_sees_it() {
    let kafka = kafka().await;
    let (trial, scope) = open(&*kafka, &[("orders", 3)]).await;
    let sent = messages(trial, 500, 7);
    let feeder = scope.feeder().unwrap();
    let fed = feeder.feed("orders", &sent, 64).await.unwrap();
    assert_eq!(fed.len(), sent.len());
    assert!(fed.iter().all(|fed| fed.outcome == Outcome::Ok), "{fed:?}");
    let mut positions: Vec<_> = fed
        .iter()
        .map(|fed| fed.position.clone().unwrap())
        .collect();
    positions.sort();
    positions.dedup();
    assert_eq!(positions.len(), sent.len(), "each has a place of its own");
    assert!((0..3).all(|p| positions.iter().any(|at| at.partition == p)));
    let seen = observe(&*scope, "orders", View::ReadCommitted).await;
    assert_eq!(seen.len(), sent.len());
    for key in 0..7 {
        let key = format!("k{key}");
        let of_key: Vec<_> = seen
            .iter()
            .filter(|s| s.key.as_ref() == Some(&key))
            .collect();
        let order: Vec<_> = of_key.iter().map(|s| s.key_seq.unwrap()).collect();
        assert!(
            order.windows(2).all(|two| two[0] < two[1]),
            "{key} {order:?}"
        );
        assert!(of_key.iter().all(|s| s.checksum == Some(0xbeef)));
    }
    scope.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn compressed_records_are_observed_and_counted() {
    let kafka = kafka().await;
    let (trial, scope) = open(&*kafka, &[("out", 1)]).await;
    let (_, names) = Boundary::start(&*kafka, &scope);
    let producer: FutureProducer = ClientConfig::new()
        .set("bootstrap.servers", &names["address"])
        .set("compression.type", "gzip")
        .set("linger.ms", "50")
        .create()
        .unwrap();
    let payloads: Vec<_> = messages(trial, 50, 1)
        .into_iter()
        .map(|m| m.payload)
        .collect();
    let sends = payloads.iter().map(|payload| {
        let record = FutureRecord::to(&names["topic.out"])
            .key("k")
            .payload(payload);
        producer.send(record, WITHIN)
    });
    for sent in futures::future::join_all(sends).await {
        sent.unwrap();
    }
    let seen = observe(&*scope, "out", View::ReadCommitted).await;
    let expect: Vec<_> = (0..50).map(|sequence| id(trial, sequence)).collect();
    assert_eq!(seen.iter().map(|s| s.id).collect::<Vec<_>>(), expect);
    scope.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_held_fetch_is_woken_by_the_next_write() {
    let kafka = kafka().await;
    let (trial, scope) = open(&*kafka, &[("orders", 1)]).await;
    let (boundary, names) = Boundary::start(&*kafka, &scope);
    let consumer: StreamConsumer = consumer(&names)
        // Longer than anything here waits: only a write can wake it.
        .set("fetch.wait.max.ms", "60000")
        .set("socket.timeout.ms", "90000")
        .create()
        .unwrap();
    consumer.subscribe(&[&names["topic.orders"]]).unwrap();
    let feeder = scope.feeder().unwrap();
    let sent = messages(trial, 5, 1);
    feeder.feed("orders", &sent[..1], 1).await.unwrap();
    receive(&consumer).await;
    for message in &sent[1..] {
        let held = async {
            while !boundary.seen().is_awaited("Fetch") {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(WITHIN, held).await.expect("a fetch");
        feeder
            .feed("orders", std::slice::from_ref(message), 1)
            .await
            .unwrap();
        receive(&consumer).await;
    }
    drop(consumer);
    scope.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_log_is_fetched_in_bounded_pieces() {
    let kafka = kafka().await;
    let (trial, scope) = open(&*kafka, &[("orders", 1)]).await;
    let (boundary, names) = Boundary::start(&*kafka, &scope);
    let mut sent = messages(trial, 20_000, 1);
    for message in &mut sent {
        message.payload.push_str(&" ".repeat(500));
    }
    let feeder = scope.feeder().unwrap();
    let fed = feeder.feed("orders", &sent, 1_000).await.unwrap();
    assert!(fed.iter().all(|fed| fed.outcome == Outcome::Ok));
    let left = scope.backlog().unwrap().left(&[], None).await.unwrap();
    assert_eq!(left.items, 20_000);
    let consumer: StreamConsumer = consumer(&names).create().unwrap();
    consumer.subscribe(&[&names["topic.orders"]]).unwrap();
    for at in 0..20_000 {
        assert_eq!(receive(&consumer).await.offset(), at);
    }
    let seen = boundary.seen();
    assert_eq!(seen.errors, [""; 0]);
    // The client asks for 1 MiB of a partition at a time.
    assert!(seen.delivers.len() >= 8, "{}", seen.delivers.len());
    assert!(
        seen.delivers
            .windows(2)
            .all(|two| two[0].last < two[1].first)
    );
    drop(consumer);
    scope.close().await;
}
