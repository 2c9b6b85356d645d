//! What brokers answer to the requests that transactional pipelines rest on, made
//! by hand: the embedded broker and, where `EXACTLY_TEST_KAFKA=host:port` names
//! one, a real broker. The answers are the same; what is not the same stands in
//! `exactly_kafka::DIFFERENCES`.
//!
//! All of it is the first transaction protocol: the one that librdkafka speaks,
//! and the highest that the boundary offers.

mod common;
mod look;
mod raw;

use common::{Boundary, id, kafka, open};
use exactly_adapter::{Instance, Scope, Seen};
use exactly_model::View;
use look::{observe, settled};
use raw::{Producer, Raw};
use std::sync::Arc;

const OUT_OF_ORDER_SEQUENCE_NUMBER: i16 = 45;
const INVALID_PRODUCER_EPOCH: i16 = 47;
const INVALID_TXN_STATE: i16 = 48;
const INVALID_PRODUCER_ID_MAPPING: i16 = 49;
const CONCURRENT_TRANSACTIONS: i16 = 51;
const UNSTABLE_OFFSET_COMMIT: i16 = 88;

const COMMIT: bool = true;
const ABORT: bool = false;

/// A trial and a connection past the boundary.
struct Desk {
    kafka: Arc<dyn Instance>,
    trial: u32,
    scope: Arc<dyn Scope>,
    raw: Raw,
    orders: String,
    out: String,
    group: String,
}

impl Desk {
    async fn new() -> Self {
        let kafka = kafka().await;
        let (trial, scope) = open(&*kafka, &[("orders", 1), ("out", 2)]).await;
        let names = scope.placeholders(&kafka.addresses());
        let raw = Raw::connect(&*kafka, &names["transactional_id"]).await;
        Self {
            kafka,
            trial,
            scope,
            raw,
            orders: names["topic.orders"].clone(),
            out: names["topic.out"].clone(),
            group: names["group"].clone(),
        }
    }

    async fn add(&mut self, owner: Producer) -> i16 {
        self.raw.add_partition(owner, &self.out, 0).await
    }

    /// A record in a transaction: error and offset.
    async fn produce(&mut self, owner: Producer, sequence: i32) -> (i16, i64) {
        let payload = id(self.trial, sequence as u32).to_string();
        self.raw.produce(owner, &self.out, sequence, &payload).await
    }

    async fn add_offsets(&mut self, owner: Producer) -> i16 {
        self.raw.add_offsets(owner, &self.group).await
    }

    async fn stage(&mut self, owner: Producer) -> i16 {
        self.raw.stage(owner, &self.group, &self.orders).await
    }

    /// A committed transaction of one record.
    async fn committed(&mut self) -> Producer {
        let owner = self.raw.init().await;
        assert_eq!(self.add(owner).await, 0);
        assert_eq!(self.produce(owner, 0).await, (0, 0));
        assert_eq!(self.end(owner, COMMIT).await, 0);
        owner
    }

    /// Ends a transaction and waits for its markers. Until a real coordinator has
    /// written them its records are not visible, and a late Produce still gets
    /// into it.
    async fn end(&mut self, owner: Producer, commit: bool) -> i16 {
        let code = self.raw.end(owner, commit).await;
        settled(&*self.scope).await;
        code
    }

    async fn observe(&self) -> Vec<Seen> {
        observe(&*self.scope, "out", View::ReadCommitted).await
    }
}

#[tokio::test]
async fn a_produce_is_refused_outside_of_its_transaction() {
    let mut desk = Desk::new().await;
    let owner = desk.raw.init().await;
    assert_eq!(desk.produce(owner, 0).await.0, INVALID_TXN_STATE);
    assert_eq!(desk.add(owner).await, 0);
    assert_eq!(desk.produce(owner, 0).await, (0, 0));
    assert_eq!(desk.end(owner, COMMIT).await, 0);
    // Late: its transaction has ended.
    assert_eq!(desk.produce(owner, 1).await.0, INVALID_TXN_STATE);
    // Later: the next one is open, and not in this partition.
    let orders = desk.orders.clone();
    assert_eq!(desk.raw.add_partition(owner, &orders, 0).await, 0);
    assert_eq!(desk.produce(owner, 1).await.0, INVALID_TXN_STATE);
    desk.scope.close().await;
}

/// What KIP-890 closes with its second protocol is open in the first one: with
/// the epoch unchanged, a late request is one of the next transaction.
#[tokio::test]
async fn a_late_request_joins_the_next_transaction_of_the_same_epoch() {
    let mut desk = Desk::new().await;
    let owner = desk.committed().await;
    assert_eq!(desk.add(owner).await, 0);
    // In sequence, so that nothing tells it from a record of this transaction.
    assert_eq!(desk.produce(owner, 1).await, (0, 2));
    // And an EndTxn of the first one, that comes now, ends the second one.
    assert_eq!(desk.end(owner, COMMIT).await, 0);
    let seen = desk.observe().await;
    assert_eq!(seen.len(), 2);
    assert_ne!(seen[0].unit, seen[1].unit);
    desk.scope.close().await;
}

#[tokio::test]
async fn a_transaction_ends_once_and_one_way() {
    let mut desk = Desk::new().await;
    let owner = desk.committed().await;
    assert_eq!(desk.end(owner, COMMIT).await, 0);
    assert_eq!(desk.end(owner, ABORT).await, INVALID_TXN_STATE);
    assert_eq!(desk.add(owner).await, 0);
    assert_eq!(desk.produce(owner, 1).await.0, 0);
    assert_eq!(desk.end(owner, ABORT).await, 0);
    assert_eq!(desk.end(owner, ABORT).await, 0);
    assert_eq!(desk.end(owner, COMMIT).await, INVALID_TXN_STATE);
    let seen = desk.observe().await;
    assert_eq!(seen.len(), 1, "the abort's marker hides its record");
    // A new owner has nothing to end.
    let successor = desk.raw.init().await;
    assert_eq!(desk.end(successor, ABORT).await, INVALID_TXN_STATE);
    assert_eq!(desk.end(successor, COMMIT).await, INVALID_TXN_STATE);
    desk.scope.close().await;
}

#[tokio::test]
async fn a_successor_fences_and_aborts() {
    let mut desk = Desk::new().await;
    let zombie = desk.raw.init().await;
    assert_eq!(desk.add(zombie).await, 0);
    assert_eq!(desk.produce(zombie, 0).await, (0, 0));
    // Its open transaction is aborted first.
    assert_eq!(desk.raw.init_once().await, Err(CONCURRENT_TRANSACTIONS));
    let owner = desk.raw.init().await;
    assert_eq!((owner.id, owner.epoch), (zombie.id, zombie.epoch + 2));
    assert_eq!(desk.produce(zombie, 1).await.0, INVALID_PRODUCER_EPOCH);
    assert_eq!(desk.add(zombie).await, INVALID_PRODUCER_EPOCH);
    assert_eq!(desk.add_offsets(zombie).await, INVALID_PRODUCER_EPOCH);
    assert_eq!(desk.stage(zombie).await, INVALID_PRODUCER_EPOCH);
    assert_eq!(desk.end(zombie, COMMIT).await, INVALID_PRODUCER_EPOCH);
    // Nor does it get in where its successor is.
    assert_eq!(desk.add(owner).await, 0);
    assert_eq!(desk.produce(zombie, 1).await.0, INVALID_PRODUCER_EPOCH);
    assert_eq!(desk.produce(owner, 1).await.0, OUT_OF_ORDER_SEQUENCE_NUMBER);
    assert_eq!(desk.produce(owner, 0).await.0, 0);
    assert_eq!(desk.end(owner, COMMIT).await, 0);
    let seen = desk.observe().await;
    assert_eq!(seen.len(), 1);
    let unit = format!("0/{}/{}/3", owner.id, owner.epoch);
    assert_eq!(seen[0].unit.as_deref(), Some(unit.as_str()));
    desk.scope.close().await;
}

#[tokio::test]
async fn a_stranger_has_no_transaction() {
    let mut desk = Desk::new().await;
    desk.committed().await;
    let stranger = Producer {
        id: 1 << 40,
        epoch: 0,
    };
    let refused = INVALID_PRODUCER_ID_MAPPING;
    assert_eq!(desk.add(stranger).await, refused);
    assert_eq!(desk.produce(stranger, 0).await.0, refused);
    assert_eq!(desk.end(stranger, COMMIT).await, refused);
    desk.scope.close().await;
}

#[tokio::test]
async fn sequences_tell_repeats_from_gaps() {
    let mut desk = Desk::new().await;
    let owner = desk.raw.init().await;
    assert_eq!(desk.add(owner).await, 0);
    assert_eq!(desk.produce(owner, 0).await, (0, 0));
    assert_eq!(desk.produce(owner, 0).await, (0, 0), "at its first place");
    assert_eq!(desk.produce(owner, 2).await.0, OUT_OF_ORDER_SEQUENCE_NUMBER);
    // Nothing outside of the transaction meanwhile.
    let (out, orders) = (desk.out.clone(), desk.orders.clone());
    let sent = desk.raw.send(owner, &out, 1, "x").await;
    assert_eq!(sent.0, INVALID_TXN_STATE);
    // An idempotent producer may begin anywhere, and goes on from there.
    let idempotent = desk.raw.idempotent().await;
    assert_eq!(desk.raw.send(idempotent, &orders, 4, "x").await, (0, 0));
    assert_eq!(desk.raw.send(idempotent, &orders, 5, "x").await, (0, 1));
    assert_eq!(desk.raw.send(idempotent, &orders, 5, "x").await, (0, 1));
    let begun_again = desk.raw.send(idempotent, &orders, 0, "x").await;
    assert_eq!(begun_again.0, OUT_OF_ORDER_SEQUENCE_NUMBER);
    desk.scope.close().await;
}

#[tokio::test]
async fn offsets_are_staged_within_a_transaction_only() {
    let mut desk = Desk::new().await;
    let owner = desk.raw.init().await;
    assert_eq!(desk.stage(owner).await, INVALID_TXN_STATE);
    assert_eq!(desk.add(owner).await, 0);
    assert_eq!(
        desk.stage(owner).await,
        INVALID_TXN_STATE,
        "its group is not in it"
    );
    assert_eq!(desk.add_offsets(owner).await, 0);
    assert_eq!(desk.stage(owner).await, 0);
    // Until it ends, who asks for stable offsets waits.
    let (group, orders) = (desk.group.clone(), desk.orders.clone());
    let stable = desk.raw.offset(&group, &orders, true).await;
    assert_eq!(stable.0, UNSTABLE_OFFSET_COMMIT);
    assert_eq!(desk.raw.offset(&group, &orders, false).await, (0, -1));
    assert_eq!(desk.end(owner, COMMIT).await, 0);
    assert_eq!(desk.raw.stable_offset(&group, &orders).await, 1);
    assert_eq!(desk.stage(owner).await, INVALID_TXN_STATE, "late");
    desk.scope.close().await;
}

#[tokio::test]
async fn a_produce_cut_to_its_first_partition_is_applied_there_alone() {
    let mut desk = Desk::new().await;
    let idempotent = desk.raw.idempotent().await;
    let set = |n| raw::batch(&id(desk.trial, n).to_string(), Some(idempotent), 0, false);
    let whole = raw::produce(None, &desk.out, &[(0, set(0)), (1, set(1))]);
    let frame = raw::frame(kafka_protocol::messages::ApiKey::Produce, 9, 500, &whole);
    let mut decoder = desk.scope.decoder();
    let (boundary, _) = Boundary::start(&*desk.kafka, &desk.scope);
    let mut buf = bytes::BytesMut::from(&frame[..]);
    let unit = decoder.next(exactly_adapter::Direction::ToSystem, &mut buf, &boundary);
    assert_eq!(unit.unwrap().unwrap().opens.unwrap().ids.len(), 2);
    let part = decoder.part(&frame).expect("two partitions");
    let reply = desk.raw.exchange(&part).await;
    // The reply is to the whole, and reads as one.
    let mut framed = (reply.len() as u32).to_be_bytes().to_vec();
    framed.extend_from_slice(&reply);
    let mut buf = bytes::BytesMut::from(&framed[..]);
    let unit = decoder.next(exactly_adapter::Direction::ToClient, &mut buf, &boundary);
    let closes = unit.unwrap().unwrap().closes.unwrap();
    assert_eq!(closes.outcome, exactly_model::Outcome::Ok);
    assert_eq!(decoder.awaited(), 0);
    let seen = desk.observe().await;
    let places: Vec<_> = seen.iter().map(|s| (s.id, s.partition)).collect();
    assert_eq!(places, [(id(desk.trial, 0), Some(0))]);
    desk.scope.close().await;
}
