//! Requests cut down, with the library as the judge of what is left.

use super::*;
use proptest::prelude::*;

fn record_set_of(partition: i32) -> Bytes {
    record_set(&[(0, "k", &format!("x7-12-{partition}"))], -1)
}

/// Requests with `shape` partitions in each topic, in every version read.
fn requests(shape: &[i32]) -> Vec<(ApiKey, i16, Bytes)> {
    let mut all = Vec::new();
    for version in 3..=12 {
        let body = produce(shape);
        all.push((
            ApiKey::Produce,
            version,
            request_frame(ApiKey::Produce, version, 77, &body),
        ));
    }
    for version in 2..=9 {
        let body = offset_commit(shape);
        let frame = request_frame(ApiKey::OffsetCommit, version, 77, &body);
        all.push((ApiKey::OffsetCommit, version, frame));
    }
    for version in 0..=5 {
        let body = txn_offset_commit(shape);
        let frame = request_frame(ApiKey::TxnOffsetCommit, version, 77, &body);
        all.push((ApiKey::TxnOffsetCommit, version, frame));
    }
    all
}

fn topics<T>(shape: &[i32], topic: impl Fn(TopicName, i32) -> T) -> Vec<T> {
    let named =
        |(n, partitions): (usize, &i32)| topic(self::topic(&format!("t{n}-r7-t12")), *partitions);
    shape.iter().enumerate().map(named).collect()
}

fn produce(shape: &[i32]) -> ProduceRequest {
    use produce_request::{PartitionProduceData, TopicProduceData};
    let partition = |index: i32| {
        PartitionProduceData::default()
            .with_index(index)
            .with_records(Some(record_set_of(index)))
    };
    ProduceRequest::default()
        .with_acks(-1)
        .with_timeout_ms(1_000)
        .with_topic_data(topics(shape, |name, partitions| {
            TopicProduceData::default()
                .with_name(name)
                .with_partition_data((0..partitions).map(partition).collect())
        }))
}

fn offset_commit(shape: &[i32]) -> OffsetCommitRequest {
    use offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
    let partition = |index: i32| {
        OffsetCommitRequestPartition::default()
            .with_partition_index(index)
            .with_committed_offset(i64::from(index))
    };
    OffsetCommitRequest::default()
        .with_group_id(GroupId(text("g")))
        .with_topics(topics(shape, |name, partitions| {
            OffsetCommitRequestTopic::default()
                .with_name(name)
                .with_partitions((0..partitions).map(partition).collect())
        }))
}

fn txn_offset_commit(shape: &[i32]) -> TxnOffsetCommitRequest {
    use txn_offset_commit_request::{TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic};
    let partition = |index: i32| {
        TxnOffsetCommitRequestPartition::default()
            .with_partition_index(index)
            .with_committed_metadata(Some(text("m")))
    };
    TxnOffsetCommitRequest::default()
        .with_transactional_id(TransactionalId(text("tx")))
        .with_topics(topics(shape, |name, partitions| {
            TxnOffsetCommitRequestTopic::default()
                .with_name(name)
                .with_partitions((0..partitions).map(partition).collect())
        }))
}

/// Partitions by topic, as the library decodes them; the frame must hold nothing
/// else.
fn decoded(api: ApiKey, version: i16, frame: &Bytes) -> Vec<(String, Vec<i32>)> {
    let mut body = frame.clone();
    assert_eq!(
        body.get_i32() as usize,
        frame.len() - 4,
        "the length is right"
    );
    let header = RequestHeader::decode(&mut body, api.request_header_version(version)).unwrap();
    assert_eq!(
        (header.correlation_id, header.client_id),
        (77, Some(text("tester")))
    );
    let topics = match api {
        ApiKey::Produce => {
            let request = ProduceRequest::decode(&mut body, version).unwrap();
            assert_eq!((request.acks, request.timeout_ms), (-1, 1_000));
            let topic = |t: produce_request::TopicProduceData| {
                for p in &t.partition_data {
                    assert_eq!(p.records, Some(record_set_of(p.index)));
                }
                (
                    t.name.to_string(),
                    t.partition_data.iter().map(|p| p.index).collect(),
                )
            };
            request.topic_data.into_iter().map(topic).collect()
        }
        ApiKey::OffsetCommit => {
            let request = OffsetCommitRequest::decode(&mut body, version).unwrap();
            let topic = |t: offset_commit_request::OffsetCommitRequestTopic| {
                let partitions = t.partitions.iter().map(|p| p.partition_index).collect();
                (t.name.to_string(), partitions)
            };
            request.topics.into_iter().map(topic).collect()
        }
        _ => {
            let request = TxnOffsetCommitRequest::decode(&mut body, version).unwrap();
            let topic = |t: txn_offset_commit_request::TxnOffsetCommitRequestTopic| {
                let partitions = t.partitions.iter().map(|p| p.partition_index).collect();
                (t.name.to_string(), partitions)
            };
            request.topics.into_iter().map(topic).collect()
        }
    };
    assert!(body.is_empty());
    topics
}

fn check(shape: &[i32], expect: Option<&[i32]>) {
    for (api, version, frame) in requests(shape) {
        let mut decoder = decoder();
        head(&mut decoder, &frame);
        let part = decoder.part(&frame);
        assert_eq!(
            part.is_some(),
            expect.is_some(),
            "{api:?} v{version} {shape:?}"
        );
        let (Some(part), Some(expect)) = (part, expect) else {
            continue;
        };
        let expect: Vec<_> = topics(expect, |name, n| (name.to_string(), (0..n).collect()));
        assert_eq!(decoded(api, version, &part), expect, "{api:?} v{version}");
        // The reply is to the same request.
        assert_eq!(decoder.awaited(), 1);
    }
}

#[test]
fn half_of_the_partitions_go_on() {
    check(&[2], Some(&[1]));
    check(&[3], Some(&[2]));
    check(&[1, 1], Some(&[1]));
    check(&[2, 2], Some(&[2]));
    check(&[1, 3], Some(&[1, 1]));
    check(&[1, 1, 1], Some(&[1, 1]));
    check(&[1, 0, 1], Some(&[1]));
    check(&[200], Some(&[100]));
    check(&[1], None);
    check(&[0], None);
    check(&[], None);
}

#[test]
fn requests_of_one_step_have_no_parts() {
    let mut decoder = decoder();
    let end = request_frame(ApiKey::EndTxn, 1, 1, &EndTxnRequest::default());
    let join = request_frame(ApiKey::JoinGroup, 5, 1, &JoinGroupRequest::default());
    for frame in [end, join, Bytes::from_static(b"no frame"), Bytes::new()] {
        assert_eq!(decoder.part(&frame), None);
    }
}

proptest! {
    #[test]
    fn damaged_requests_are_left_whole_or_stay_frames(
        at in 8_usize..200,
        byte in any::<u8>(),
    ) {
        for (_, _, frame) in requests(&[2, 1]) {
            let mut damaged = frame.to_vec();
            let at = at % damaged.len();
            damaged[at] = byte;
            if let Some(part) = decoder().part(&Bytes::from(damaged)) {
                let length = i32::from_be_bytes(*part.first_chunk().unwrap());
                prop_assert_eq!(length as usize, part.len() - 4);
                prop_assert!(part.len() < frame.len() + 8);
            }
        }
    }
}
