//! librdkafka's transactions through the decoder: units, views, owners. One body,
//! run against the embedded broker and, where `EXACTLY_TEST_KAFKA=host:port` names
//! one, against a real broker.

mod common;
mod look;

use common::{Boundary, consumer, id, kafka, messages, open};
use exactly_adapter::{Outgoing, Seen};
use exactly_model::{MessageId, Outcome, View};
use look::{WITHIN, left, observe, past, receive, settled};
use rdkafka::consumer::StreamConsumer;
use rdkafka::producer::{FutureProducer, FutureRecord, Producer};
use rdkafka::{ClientConfig, Message};
use std::collections::{BTreeMap, BTreeSet};

type Names = BTreeMap<String, String>;

fn producer(names: &Names, transactional_id: &str, settings: &[(&str, &str)]) -> FutureProducer {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", &names["address"])
        .set("transactional.id", transactional_id)
        .set("linger.ms", "0");
    for (name, value) in settings {
        config.set(*name, *value);
    }
    let producer: FutureProducer = config.create().unwrap();
    tokio::task::block_in_place(|| producer.init_transactions(WITHIN)).unwrap();
    producer
}

async fn send(producer: &FutureProducer, names: &Names, partition: i32, payload: &str) {
    let record = FutureRecord::<str, str>::to(&names["topic.out"])
        .partition(partition)
        .payload(payload);
    producer.send(record, WITHIN).await.unwrap();
}

fn commit(producer: &FutureProducer) {
    tokio::task::block_in_place(|| producer.commit_transaction(WITHIN)).unwrap();
}

fn abort(producer: &FutureProducer) {
    tokio::task::block_in_place(|| producer.abort_transaction(WITHIN)).unwrap();
}

/// The ids of each unit in a view; what has none under the empty name.
fn units(seen: &[Seen], view: View) -> BTreeMap<String, BTreeSet<MessageId>> {
    let mut units: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for seen in seen.iter().filter(|seen| seen.view == view) {
        let unit = seen.unit.clone().unwrap_or_default();
        let partition = seen.partition.unwrap();
        assert!(
            unit.is_empty() || unit.starts_with(&format!("{partition}/")),
            "{unit}"
        );
        units.entry(unit).or_default().insert(seen.id);
    }
    units
}

async fn units_and_views(settings: &[(&str, &str)]) {
    let kafka = kafka().await;
    let (trial, scope) = open(&*kafka, &[("out", 2)]).await;
    let (boundary, names) = Boundary::start(&*kafka, &scope);
    let sent = messages(trial, 10, 1);
    let payload = |n: usize| sent[n].payload.as_str();
    let first = producer(&names, &names["transactional_id"], settings);
    let other_id = format!("{}-other", names["transactional_id"]);
    let other = producer(&names, &other_id, settings);
    // A record outside of transactions.
    let mut plain = ClientConfig::new();
    plain.set("bootstrap.servers", &names["address"]);
    send(&plain.create().unwrap(), &names, 0, payload(0)).await;
    // Two messages in two partitions each, committed; one aborted; one committed.
    first.begin_transaction().unwrap();
    for (partition, n) in [(0, 1), (1, 1), (0, 2), (1, 2)] {
        send(&first, &names, partition, payload(n)).await;
    }
    commit(&first);
    first.begin_transaction().unwrap();
    send(&first, &names, 0, payload(3)).await;
    abort(&first);
    first.begin_transaction().unwrap();
    send(&first, &names, 0, payload(4)).await;
    // Another producer's transaction stays open: what ends behind its begin is
    // not stable, what began before is.
    other.begin_transaction().unwrap();
    send(&other, &names, 0, payload(5)).await;
    commit(&first);
    first.begin_transaction().unwrap();
    send(&first, &names, 0, payload(6)).await;
    commit(&first);
    let open = loop {
        let left = left(&*scope).await;
        if observe(&*scope, "out", View::ReadCommitted).await.len() == 6 {
            break left;
        }
    };
    assert_eq!(open.items, 1, "{open:?}");
    assert!(
        open.detail.contains("an open transaction in topic.out/0"),
        "{open:?}"
    );

    let careful = units(
        &observe(&*scope, "out", View::ReadCommitted).await,
        View::ReadCommitted,
    );
    let of = |ns: &[u32]| -> BTreeSet<_> { ns.iter().map(|n| id(trial, *n)).collect() };
    assert_eq!(careful[""], of(&[0]));
    let committed: Vec<_> = careful
        .iter()
        .filter(|(unit, _)| !unit.is_empty())
        .collect();
    let sets: Vec<_> = committed.iter().map(|(_, ids)| (*ids).clone()).collect();
    // One name for each transaction and partition.
    assert_eq!(committed.len(), 3, "{careful:?}");
    assert_eq!(sets.iter().filter(|ids| **ids == of(&[1, 2])).count(), 2);
    assert!(sets.contains(&of(&[4])));

    let both = observe(&*scope, "out", View::ReadUncommitted).await;
    assert_eq!(units(&both, View::ReadCommitted), careful);
    let everything = units(&both, View::ReadUncommitted);
    // Aborted and open ones have no unit; what was committed behind the open one
    // has, though a careful reader does not see it yet.
    assert_eq!(everything[""], of(&[0, 3, 5]));
    assert_eq!(
        everything.values().filter(|ids| **ids == of(&[6])).count(),
        1
    );
    assert!(
        committed
            .iter()
            .all(|(unit, ids)| everything[*unit] == **ids)
    );
    commit(&other);
    settled(&*scope).await;
    let after = units(
        &observe(&*scope, "out", View::ReadCommitted).await,
        View::ReadCommitted,
    );
    assert_eq!(after.len(), 6, "{after:?}");
    assert_eq!(boundary.seen().errors, [""; 0]);
    scope.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_name_the_transaction_that_committed_them() {
    units_and_views(&[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn compressed_records_do_so_too() {
    units_and_views(&[("compression.type", "gzip")]).await;
}

/// Longer than one fetch: the marker lies behind it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_transaction_is_one_unit() {
    let kafka = kafka().await;
    let (trial, scope) = open(&*kafka, &[("out", 1)]).await;
    let (_, names) = Boundary::start(&*kafka, &scope);
    let producer = producer(&names, &names["transactional_id"], &[]);
    producer.begin_transaction().unwrap();
    let padding = " ".repeat(400_000);
    for message in messages(trial, 15, 1) {
        let Outgoing { payload, .. } = message;
        send(&producer, &names, 0, &format!("{payload}{padding}")).await;
    }
    let open = observe(&*scope, "out", View::ReadUncommitted).await;
    assert_eq!(units(&open, View::ReadUncommitted)[""].len(), 15);
    assert!(units(&open, View::ReadCommitted).is_empty());
    commit(&producer);
    settled(&*scope).await;
    let seen = observe(&*scope, "out", View::ReadCommitted).await;
    let units = units(&seen, View::ReadCommitted);
    assert_eq!(units.len(), 1, "{units:?}");
    assert_eq!(units.values().next().unwrap().len(), 15);
    let places: Vec<_> = seen.iter().map(|seen| seen.position).collect();
    assert!(places.is_sorted());
    scope.close().await;
}

/// Consumes a message and stages what came of it; what it staged up to.
async fn work(consumer: &StreamConsumer, producer: &FutureProducer, names: &Names) -> i64 {
    let message = receive(consumer).await;
    producer.begin_transaction().unwrap();
    let payload = std::str::from_utf8(message.payload().unwrap()).unwrap();
    send(producer, names, 0, payload).await;
    let group = rdkafka::consumer::Consumer::group_metadata(consumer).unwrap();
    tokio::task::block_in_place(|| {
        producer.send_offsets_to_transaction(&past(&message), &group, WITHIN)
    })
    .unwrap();
    message.offset() + 1
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_zombie_is_fenced_beside_its_successor() {
    let kafka = kafka().await;
    let (trial, scope) = open(&*kafka, &[("orders", 1), ("out", 1)]).await;
    let (boundary, names) = Boundary::start(&*kafka, &scope);
    let feeder = scope.feeder().unwrap();
    feeder
        .feed("orders", &messages(trial, 2, 1), 1)
        .await
        .unwrap();
    let zombie = producer(&names, &names["transactional_id"], &[]);
    {
        let consumer: StreamConsumer = consumer(&names).create().unwrap();
        rdkafka::consumer::Consumer::subscribe(&consumer, &[&names["topic.orders"]]).unwrap();
        assert_eq!(work(&consumer, &zombie, &names).await, 1);
    }
    // Its consumer is gone, its transaction is open; the successor takes the id.
    let successor = producer(&names, &names["transactional_id"], &[]);
    let consumer: StreamConsumer = consumer(&names).create().unwrap();
    rdkafka::consumer::Consumer::subscribe(&consumer, &[&names["topic.orders"]]).unwrap();
    assert_eq!(
        work(&consumer, &successor, &names).await,
        1,
        "the same message again"
    );
    let refused = tokio::task::block_in_place(|| zombie.commit_transaction(WITHIN));
    let refused = refused.expect_err("fenced");
    assert!(
        refused.to_string().to_lowercase().contains("fenced"),
        "{refused}"
    );
    commit(&successor);
    assert_eq!(work(&consumer, &successor, &names).await, 2);
    commit(&successor);
    let left = settled(&*scope).await;
    assert_eq!(left.committed[0].offset, 2);

    let seen = boundary.seen();
    assert_eq!(seen.errors, [""; 0]);
    let ends: Vec<_> = seen
        .of("EndTxn commit")
        .iter()
        .map(|(head, reply)| {
            let offset = head.commits[0].offset;
            (head.ids.clone(), offset, reply.outcome, reply.fenced)
        })
        .collect();
    // Each is about its own transaction.
    assert_eq!(
        ends,
        [
            (vec![id(trial, 0)], 1, Outcome::Fail, true),
            (vec![id(trial, 0)], 1, Outcome::Ok, false),
            (vec![id(trial, 1)], 2, Outcome::Ok, false),
        ]
    );
    let all = observe(&*scope, "out", View::ReadUncommitted).await;
    let in_view = |view| -> Vec<_> {
        let all = all.iter().filter(|seen| seen.view == view);
        all.map(|seen| (seen.id, seen.unit.is_some())).collect()
    };
    assert_eq!(
        in_view(View::ReadCommitted),
        [(id(trial, 0), true), (id(trial, 1), true)]
    );
    assert_eq!(
        in_view(View::ReadUncommitted),
        [
            (id(trial, 0), false),
            (id(trial, 0), true),
            (id(trial, 1), true)
        ]
    );
    scope.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn positions_that_a_pipeline_keeps_stand_in_for_its_group_s() {
    let kafka = kafka().await;
    let (trial, scope) = open(&*kafka, &[("orders", 2)]).await;
    let feeder = scope.feeder().unwrap();
    let fed = feeder
        .feed("orders", &messages(trial, 9, 9), 1)
        .await
        .unwrap();
    let ends = |partition: u32| {
        let positions = fed.iter().filter_map(|fed| fed.position.clone());
        positions.filter(|at| at.partition == partition).count() as i64
    };
    let kept = |partition: u32, offset: i64| exactly_model::Position {
        target: "topic.orders".into(),
        partition,
        offset,
    };
    let backlog = scope.backlog().unwrap();
    let nothing = backlog.left(&[], Some(&[])).await.unwrap();
    assert_eq!((nothing.items, nothing.committed.len()), (9, 0));
    let some = [kept(0, ends(0))];
    let left = backlog.left(&[], Some(&some)).await.unwrap();
    assert_eq!(
        (left.items, left.committed.as_slice()),
        (ends(1) as u64, &some[..])
    );
    assert!(
        left.detail.contains("kept position 0 of topic.orders/1"),
        "{left:?}"
    );
    let all = [kept(0, ends(0)), kept(1, ends(1))];
    let left = backlog.left(&[], Some(&all)).await.unwrap();
    assert_eq!((left.items, left.committed.as_slice()), (0, &all[..]));
    // The group's own count is another one.
    assert_eq!(backlog.left(&[], None).await.unwrap().items, 9);
    scope.close().await;
}
