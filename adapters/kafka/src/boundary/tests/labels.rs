//! Labels, classes, outcomes, deliveries.

use super::*;

pub(super) fn produce(acks: i16, transactional: bool) -> ProduceRequest {
    use produce_request::{PartitionProduceData, TopicProduceData};
    let set = record_set(&[(0, "k", r#"{"id":"x7-12-0"}"#), (1, "k", "x7-12-1")], -1);
    let data = PartitionProduceData::default()
        .with_index(0)
        .with_records(Some(set));
    let data = TopicProduceData::default()
        .with_name(topic("orders-r7-t12"))
        .with_partition_data(vec![data]);
    ProduceRequest::default()
        .with_transactional_id(transactional.then(|| TransactionalId(text("tx"))))
        .with_acks(acks)
        .with_timeout_ms(1_000)
        .with_topic_data(vec![data])
}

#[test]
fn produce_in_every_version() {
    use produce_response::{PartitionProduceResponse, TopicProduceResponse};
    for version in 3..=12 {
        let mut decoder = decoder();
        let frame = request_frame(ApiKey::Produce, version, 5, &produce(-1, false));
        let head = head(&mut decoder, &frame);
        assert_eq!(head.operation, "Produce", "v{version}");
        assert_eq!(head.target, "topic.orders");
        assert_eq!(head.class, Class::Effect);
        assert_eq!(head.ids, [id(0), id(1)]);
        assert!(head.expects_reply);
        for (error, outcome) in [
            (0, Outcome::Ok),
            (7, Outcome::Unknown),
            (20, Outcome::Unknown),
            (10, Outcome::Fail),
        ] {
            let frame = request_frame(ApiKey::Produce, version, 6, &produce(-1, false));
            let opened = self::head(&mut decoder, &frame);
            let part = PartitionProduceResponse::default().with_error_code(error);
            let answer = TopicProduceResponse::default()
                .with_name(topic("orders-r7-t12"))
                .with_partition_responses(vec![part]);
            let answer = ProduceResponse::default().with_responses(vec![answer]);
            let frame = response_frame(ApiKey::Produce, version, 6, &answer);
            let unit = one(&mut decoder, Direction::ToClient, &frame);
            let reply = unit.closes.unwrap();
            assert_eq!(reply.key, opened.key);
            assert_eq!(reply.outcome, outcome, "v{version} {error}");
            assert_eq!(reply.error.is_some(), error != 0);
            assert!(!reply.fenced);
            assert_eq!(unit.forward, frame);
        }
    }
}

#[test]
fn produce_without_acks_expects_no_reply() {
    let mut decoder = decoder();
    let frame = request_frame(ApiKey::Produce, 9, 5, &produce(0, false));
    assert!(!head(&mut decoder, &frame).expects_reply);
    // The next reply is to the next request.
    let frame = request_frame(ApiKey::Heartbeat, 3, 6, &HeartbeatRequest::default());
    let key = head(&mut decoder, &frame).key;
    let frame = response_frame(ApiKey::Heartbeat, 3, 6, &HeartbeatResponse::default());
    let unit = one(&mut decoder, Direction::ToClient, &frame);
    assert_eq!(unit.closes.unwrap().key, key);
}

#[test]
fn offset_commits_in_every_version() {
    use offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
    use offset_commit_response::{OffsetCommitResponsePartition, OffsetCommitResponseTopic};
    for version in 2..=9 {
        let mut decoder = decoder();
        let part = OffsetCommitRequestPartition::default()
            .with_partition_index(0)
            .with_committed_offset(3)
            .with_committed_metadata(Some(text("m")));
        let commit = OffsetCommitRequestTopic::default()
            .with_name(topic("orders-r7-t12"))
            .with_partitions(vec![part]);
        let request = OffsetCommitRequest::default()
            .with_group_id(GroupId(text("g-r7-t12")))
            .with_generation_id_or_member_epoch(1)
            .with_member_id(text("m1"))
            .with_topics(vec![commit]);
        let head = head(
            &mut decoder,
            &request_frame(ApiKey::OffsetCommit, version, 1, &request),
        );
        assert_eq!(head.class, Class::Ack, "v{version}");
        assert_eq!(head.target, "topic.orders");
        assert_eq!(head.commits, [position(3)]);
        assert!(head.ids.is_empty());
        let part = OffsetCommitResponsePartition::default().with_error_code(22);
        let answer = OffsetCommitResponseTopic::default()
            .with_name(topic("orders-r7-t12"))
            .with_partitions(vec![part]);
        let answer = OffsetCommitResponse::default().with_topics(vec![answer]);
        let frame = response_frame(ApiKey::OffsetCommit, version, 1, &answer);
        let reply = one(&mut decoder, Direction::ToClient, &frame)
            .closes
            .unwrap();
        assert_eq!(reply.outcome, Outcome::Fail);
        assert_eq!(reply.error.as_deref(), Some("ILLEGAL_GENERATION"));
        assert!(reply.fenced, "the partitions were assigned anew without it");
    }
}

#[test]
fn joins_are_takes_and_their_members_are_remembered() {
    for version in 0..=9 {
        let shared = shared();
        let mut decoder = KafkaDecoder::new(Arc::clone(&shared));
        let request = JoinGroupRequest::default().with_group_id(GroupId(text("g-r7-t12")));
        let frame = request_frame(ApiKey::JoinGroup, version, 1, &request);
        let opened = head(&mut decoder, &frame);
        assert_eq!(
            (opened.operation.as_str(), opened.class),
            ("JoinGroup", Class::Take)
        );
        let answer = JoinGroupResponse::default()
            .with_protocol_name(Some(text("range")))
            .with_leader(text("other"))
            .with_member_id(text("me"));
        let frame = response_frame(ApiKey::JoinGroup, version, 1, &answer);
        one(&mut decoder, Direction::ToClient, &frame);
        let members = shared.take_members();
        assert_eq!(members["g-r7-t12"], ["me"], "v{version}");
        assert!(shared.take_members().is_empty());
    }
}

#[test]
fn labels_and_classes_of_the_rest() {
    let mut decoder = decoder();
    let mut check = |frame: Bytes, operation: &str, class: Class| {
        let head = head(&mut decoder, &frame);
        assert_eq!((head.operation.as_str(), head.class), (operation, class));
        head.target
    };
    let init = InitProducerIdRequest::default();
    check(
        request_frame(ApiKey::InitProducerId, 4, 1, &init),
        "InitProducerId",
        Class::Take,
    );
    let add = AddOffsetsToTxnRequest::default();
    check(
        request_frame(ApiKey::AddOffsetsToTxn, 0, 2, &add),
        "AddOffsetsToTxn",
        Class::Effect,
    );
    let sync = SyncGroupRequest::default();
    check(
        request_frame(ApiKey::SyncGroup, 3, 3, &sync),
        "SyncGroup",
        Class::Control,
    );
    let offsets = ListOffsetsRequest::default();
    check(
        request_frame(ApiKey::ListOffsets, 6, 4, &offsets),
        "ListOffsets",
        Class::Read,
    );
    let fetch = OffsetFetchRequest::default();
    check(
        request_frame(ApiKey::OffsetFetch, 5, 5, &fetch),
        "OffsetFetch",
        Class::Read,
    );
    let created = create_topics_request::CreatableTopic::default().with_name(topic("b-r7-t12"));
    let create = CreateTopicsRequest::default().with_topics(vec![created]);
    for version in 2..=7 {
        let frame = request_frame(
            ApiKey::CreateTopics,
            version,
            6 + i32::from(version),
            &create,
        );
        assert_eq!(check(frame, "CreateTopics", Class::Effect), "topic.b");
    }
    let delete = DeleteTopicsRequest::default().with_topic_names(vec![topic("foreign")]);
    let frame = request_frame(ApiKey::DeleteTopics, 3, 20, &delete);
    assert_eq!(check(frame, "DeleteTopics", Class::Effect), "topic.foreign");
    for (epoch, class) in [(0, Class::Take), (3, Class::Control), (-1, Class::Control)] {
        let beat = ConsumerGroupHeartbeatRequest::default().with_member_epoch(epoch);
        let frame = request_frame(ApiKey::ConsumerGroupHeartbeat, 1, 30 + epoch, &beat);
        check(frame, "ConsumerGroupHeartbeat", class);
    }
}

#[test]
fn versions_and_apis_that_are_not_read_pass_with_their_name() {
    let mut decoder = decoder();
    // A Produce from the future, with a body of nonsense.
    for (number, operation, class) in [
        (0_i16, "Produce", Class::Effect),
        (12_345, "Api12345", Class::Control),
    ] {
        let mut frame = vec![0, 0, 0, 16];
        frame.extend_from_slice(&number.to_be_bytes());
        frame.extend_from_slice(&[0, 99]);
        frame.extend_from_slice(&i32::from(number).to_be_bytes());
        frame.extend_from_slice(&[0xff, 0xff, 0, 1, 2, 3, 4, 5]);
        let frame = Bytes::from(frame);
        let opened = head(&mut decoder, &frame);
        assert_eq!(
            (opened.operation.as_str(), opened.class),
            (operation, class)
        );
        let mut reply = vec![0, 0, 0, 9];
        reply.extend_from_slice(&i32::from(number).to_be_bytes());
        reply.extend_from_slice(&[0, 9, 9, 9, 9]);
        let unit = one(&mut decoder, Direction::ToClient, &Bytes::from(reply));
        assert_eq!(unit.closes.unwrap().key, opened.key);
    }
}

/// A name of 32 KiB and a partition in 12 bytes: a label for each would be a thousand
/// times what was sent.
#[test]
fn positions_stay_in_proportion_to_their_request() {
    use offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
    let part = |index| OffsetCommitRequestPartition::default().with_partition_index(index);
    let commit = OffsetCommitRequestTopic::default()
        .with_name(topic(&"n".repeat(32_000)))
        .with_partitions((0..20_000).map(part).collect());
    let request = OffsetCommitRequest::default().with_topics(vec![commit]);
    let head = head(
        &mut decoder(),
        &request_frame(ApiKey::OffsetCommit, 7, 1, &request),
    );
    assert_eq!(head.target.len(), "topic.".len() + 249);
    assert_eq!(head.commits.len(), 16_384);
    assert!(head.commits.iter().all(|to| to.target == head.target));
}

pub(super) fn fetch_request(offset: i64) -> FetchRequest {
    use fetch_request::{FetchPartition, FetchTopic};
    let part = FetchPartition::default().with_fetch_offset(offset);
    let wanted = FetchTopic::default()
        .with_topic(topic("orders-r7-t12"))
        .with_partitions(vec![part]);
    FetchRequest::default().with_topics(vec![wanted])
}

#[test]
fn fetches_deliver_what_the_batch_headers_say() {
    use fetch_response::{FetchableTopicResponse, PartitionData};
    let mut set = BytesMut::from(&record_set(&[(10, "k", "a"), (11, "k", "b")], -1)[..]);
    set.extend_from_slice(&record_set(&[(12, "k", "c")], 3));
    set.extend_from_slice(&crate::testing::marker(13, 3, true));
    for version in 4..=12 {
        let mut decoder = decoder();
        let frame = request_frame(ApiKey::Fetch, version, 1, &fetch_request(11));
        let opened = head(&mut decoder, &frame);
        assert_eq!(
            (opened.class, opened.target.as_str()),
            (Class::Read, "topic.orders")
        );
        let part = PartitionData::default()
            .with_high_watermark(14)
            .with_records(Some(set.clone().freeze()));
        let answer = FetchableTopicResponse::default()
            .with_topic(topic("orders-r7-t12"))
            .with_partitions(vec![part]);
        let answer = FetchResponse::default().with_responses(vec![answer]);
        let frame = response_frame(ApiKey::Fetch, version, 1, &answer);
        let unit = one(&mut decoder, Direction::ToClient, &frame);
        let expect = Delivered {
            target: "topic.orders".into(),
            partition: 0,
            // The batch begins at 10, the fetch at 11; the marker is no record.
            first: 11,
            last: 12,
        };
        assert_eq!(unit.delivers, [expect], "v{version}");
        assert_eq!(unit.closes.unwrap().outcome, Outcome::Ok);
    }
}
