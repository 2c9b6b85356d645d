//! What a transaction is about.

use super::*;

/// A Produce of one message by a life of `tx`.
fn produce(sequence: u32, epoch: i16) -> ProduceRequest {
    use produce_request::{PartitionProduceData, TopicProduceData};
    let mut record = crate::testing::record(0, "k", &format!("x7-12-{sequence}"), 9);
    record.producer_epoch = epoch;
    let data = PartitionProduceData::default()
        .with_records(Some(crate::testing::encode_records(&[record])));
    let data = TopicProduceData::default()
        .with_name(topic("out-r7-t12"))
        .with_partition_data(vec![data]);
    ProduceRequest::default()
        .with_transactional_id(Some(TransactionalId(text("tx"))))
        .with_acks(-1)
        .with_topic_data(vec![data])
}

fn txn_offset_commit(offset: i64, epoch: i16) -> TxnOffsetCommitRequest {
    use txn_offset_commit_request::{TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic};
    let part = TxnOffsetCommitRequestPartition::default()
        .with_committed_offset(offset)
        .with_committed_metadata(Some(text("")));
    let commit = TxnOffsetCommitRequestTopic::default()
        .with_name(topic("orders-r7-t12"))
        .with_partitions(vec![part]);
    TxnOffsetCommitRequest::default()
        .with_transactional_id(TransactionalId(text("tx")))
        .with_group_id(GroupId(text("g")))
        .with_producer_id(ProducerId(9))
        .with_producer_epoch(epoch)
        .with_topics(vec![commit])
}

fn end_txn(committed: bool, epoch: i16) -> EndTxnRequest {
    EndTxnRequest::default()
        .with_transactional_id(TransactionalId(text("tx")))
        .with_producer_id(ProducerId(9))
        .with_producer_epoch(epoch)
        .with_committed(committed)
}

/// A producer's connections: one to a leader, one to the coordinators.
struct Producer {
    data: KafkaDecoder,
    control: KafkaDecoder,
    epoch: i16,
    correlation: i32,
}

impl Producer {
    fn new(shared: &Arc<Shared>, epoch: i16) -> Self {
        Self {
            data: KafkaDecoder::new(Arc::clone(shared)),
            control: KafkaDecoder::new(Arc::clone(shared)),
            epoch,
            correlation: 0,
        }
    }

    fn control(&mut self, api: ApiKey, version: i16, body: &impl Encodable) -> Head {
        self.correlation += 1;
        let frame = request_frame(api, version, self.correlation, body);
        head(&mut self.control, &frame)
    }

    fn produce(&mut self, sequence: u32) -> Head {
        self.correlation += 1;
        let body = produce(sequence, self.epoch);
        let frame = request_frame(ApiKey::Produce, 9, self.correlation, &body);
        head(&mut self.data, &frame)
    }

    fn name(&mut self, version: i16, offset: i64) -> Head {
        let body = txn_offset_commit(offset, self.epoch);
        self.control(ApiKey::TxnOffsetCommit, version, &body)
    }

    fn end(&mut self, version: i16, committed: bool) -> Head {
        let body = end_txn(committed, self.epoch);
        self.control(ApiKey::EndTxn, version, &body)
    }
}

#[test]
fn a_commit_carries_what_its_transaction_produced_and_staged() {
    for version in 0..=5 {
        let mut producer = Producer::new(&shared(), 0);
        assert_eq!(producer.produce(0).ids, [id(0)]);
        producer.produce(1);
        let staged = producer.name(version, 4);
        assert_eq!(
            (staged.class, staged.target.as_str()),
            (Class::Ack, "topic.orders")
        );
        assert_eq!((staged.names, staged.commits), (vec![position(4)], vec![]));
        // The same again after a lost reply.
        for _ in 0..2 {
            let end = producer.end(version, true);
            assert_eq!(end.operation, "EndTxn commit");
            assert_eq!(end.class, Class::Effect);
            assert_eq!(end.ids, [id(0), id(1)], "v{version}");
            assert_eq!(end.commits, [position(4)]);
            assert!(end.names.is_empty());
        }
        // Nothing of it in the next one, however that begins.
        let add = AddPartitionsToTxnRequest::default()
            .with_v3_and_below_transactional_id(TransactionalId(text("tx")))
            .with_v3_and_below_producer_id(ProducerId(9));
        let added = producer.control(ApiKey::AddPartitionsToTxn, version.min(3), &add);
        assert_eq!(added.class, Class::Control);
        let end = producer.end(version, true);
        assert_eq!((end.ids, end.commits), (vec![], vec![]));
        let add = AddOffsetsToTxnRequest::default()
            .with_transactional_id(TransactionalId(text("tx")))
            .with_producer_id(ProducerId(9));
        producer.produce(2);
        producer.end(version, true);
        producer.control(ApiKey::AddOffsetsToTxn, version.min(4), &add);
        let end = producer.end(version, true);
        assert_eq!((end.ids, end.commits), (vec![], vec![]), "v{version}");
    }
}

#[test]
fn an_abort_carries_its_ids_and_commits_nothing() {
    let mut producer = Producer::new(&shared(), 0);
    producer.produce(3);
    producer.name(3, 9);
    let end = producer.end(1, false);
    assert_eq!(end.operation, "EndTxn abort");
    assert_eq!((end.ids, end.commits), (vec![id(3)], vec![]));
}

#[test]
fn a_zombie_does_not_carry_what_its_successor_did() {
    let shared = shared();
    let (mut zombie, mut successor) = (Producer::new(&shared, 0), Producer::new(&shared, 2));
    zombie.produce(0);
    zombie.name(3, 1);
    let init =
        InitProducerIdRequest::default().with_transactional_id(Some(TransactionalId(text("tx"))));
    assert_eq!(
        successor.control(ApiKey::InitProducerId, 4, &init).class,
        Class::Take
    );
    successor.produce(0);
    successor.produce(1);
    successor.name(3, 2);
    let late = zombie.end(1, true);
    assert_eq!((late.ids, late.commits), (vec![id(0)], vec![position(1)]));
    let end = successor.end(1, true);
    assert_eq!(
        (end.ids, end.commits),
        (vec![id(0), id(1)], vec![position(2)])
    );
    let answer = EndTxnResponse::default().with_error_code(47);
    let frame = response_frame(ApiKey::EndTxn, 1, 3, &answer);
    let reply = one(&mut zombie.control, Direction::ToClient, &frame)
        .closes
        .unwrap();
    assert_eq!((reply.outcome, reply.fenced), (Outcome::Fail, true));
}
