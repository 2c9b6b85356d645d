//! The decoder against frames that `kafka-protocol` built.

use super::{KafkaDecoder, Shared};
use crate::provision::Names;
use crate::testing::{record_set, request_frame, response_frame, text};
use bytes::{Buf, Bytes, BytesMut};
use exactly_adapter::{Addresses, Decoder, Delivered, Direction, Head, TrialNames, Unit};
use exactly_model::{Class, MessageId, Outcome, Position};
use kafka_protocol::messages::*;
use kafka_protocol::protocol::{Decodable, Encodable};
use std::sync::{Arc, Mutex};

/// Boundaries on ports from 40000 on, in the order asked for.
#[derive(Default)]
struct Net(Mutex<Vec<(String, u16)>>);

impl Addresses for Net {
    fn boundary_for(&self, host: &str, port: u16) -> std::io::Result<(String, u16)> {
        let mut known = self.0.lock().unwrap();
        let entry = (host.to_string(), port);
        let at = known.iter().position(|k| *k == entry).unwrap_or_else(|| {
            known.push(entry);
            known.len() - 1
        });
        Ok(("boundary.test".into(), 40_000 + at as u16))
    }
}

fn shared() -> Arc<Shared> {
    let names = TrialNames { run: 7, trial: 12 };
    Arc::new(Shared::new(Names::new(names)))
}

fn decoder() -> KafkaDecoder {
    KafkaDecoder::new(shared())
}

fn one(decoder: &mut KafkaDecoder, dir: Direction, frame: &Bytes) -> Unit {
    let mut buf = BytesMut::from(&frame[..]);
    let unit = decoder.next(dir, &mut buf, &Net::default()).unwrap();
    assert!(buf.is_empty());
    unit.expect("a whole frame")
}

fn head(decoder: &mut KafkaDecoder, frame: &Bytes) -> Head {
    let unit = one(decoder, Direction::ToSystem, frame);
    assert_eq!(unit.forward, frame, "requests pass unchanged");
    unit.opens.expect("a request opens an exchange")
}

fn id(sequence: u32) -> MessageId {
    MessageId::new(7, 12, sequence).unwrap()
}

fn position(offset: i64) -> Position {
    Position {
        target: "topic.orders".into(),
        partition: 0,
        offset,
    }
}

fn topic(name: &str) -> TopicName {
    TopicName(text(name))
}

fn produce(acks: i16, transactional: bool) -> ProduceRequest {
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
    }
}

fn txn_offset_commit() -> TxnOffsetCommitRequest {
    use txn_offset_commit_request::{TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic};
    let part = TxnOffsetCommitRequestPartition::default()
        .with_partition_index(0)
        .with_committed_offset(4)
        .with_committed_metadata(Some(text("")));
    let commit = TxnOffsetCommitRequestTopic::default()
        .with_name(topic("orders-r7-t12"))
        .with_partitions(vec![part]);
    TxnOffsetCommitRequest::default()
        .with_transactional_id(TransactionalId(text("tx")))
        .with_group_id(GroupId(text("g")))
        .with_topics(vec![commit])
}

fn end_txn(committed: bool) -> EndTxnRequest {
    EndTxnRequest::default()
        .with_transactional_id(TransactionalId(text("tx")))
        .with_producer_id(ProducerId(9))
        .with_committed(committed)
}

#[test]
fn a_transaction_carries_the_ids_produced_in_it() {
    for version in 0..=5 {
        // Producer and transaction coordinator are two connections of a scope.
        let shared = shared();
        let mut data = KafkaDecoder::new(Arc::clone(&shared));
        let mut control = KafkaDecoder::new(shared);
        let frame = request_frame(ApiKey::Produce, 9, 1, &produce(-1, true));
        head(&mut data, &frame);
        let frame = request_frame(ApiKey::TxnOffsetCommit, version, 1, &txn_offset_commit());
        let commit = head(&mut control, &frame);
        assert_eq!(
            (commit.class, commit.commits),
            (Class::Ack, vec![position(4)])
        );
        let frame = request_frame(ApiKey::EndTxn, version, 2, &end_txn(true));
        let end = head(&mut control, &frame);
        assert_eq!(end.operation, "EndTxn commit");
        assert_eq!(end.class, Class::Effect);
        assert_eq!(end.ids, [id(0), id(1)], "v{version}");
        // The same again after a lost reply; none of them in the next one.
        let frame = request_frame(ApiKey::EndTxn, version, 3, &end_txn(true));
        assert_eq!(head(&mut control, &frame).ids, [id(0), id(1)]);
        let add = AddPartitionsToTxnRequest::default()
            .with_v3_and_below_transactional_id(TransactionalId(text("tx")));
        let frame = request_frame(ApiKey::AddPartitionsToTxn, 0, 4, &add);
        assert_eq!(head(&mut control, &frame).class, Class::Control);
        let frame = request_frame(ApiKey::EndTxn, version, 5, &end_txn(false));
        let end = head(&mut control, &frame);
        assert_eq!((end.operation.as_str(), end.ids.len()), ("EndTxn abort", 0));
        let answer = EndTxnResponse::default().with_error_code(90);
        let frame = response_frame(ApiKey::EndTxn, version, 5, &answer);
        let reply = one(&mut control, Direction::ToClient, &frame)
            .closes
            .unwrap();
        assert_eq!(reply.outcome, Outcome::Fail);
        assert_eq!(reply.key, end.key);
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

fn fetch_request(offset: i64) -> FetchRequest {
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
    let marker = {
        let mut marker = crate::testing::record(13, "", "", 3);
        marker.control = true;
        marker.key = Some(Bytes::from_static(&[0, 0, 0, 1]));
        crate::testing::encode_records(&[marker])
    };
    set.extend_from_slice(&marker);
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

/// Sends an empty request and decodes the rewritten answer with the library.
fn rewritten<R: Decodable>(api: ApiKey, version: i16, answer: &impl Encodable) -> R {
    let mut decoder = decoder();
    let mut buf = BytesMut::new();
    match api {
        ApiKey::Metadata => {
            buf.extend_from_slice(&request_frame(api, version, 1, &MetadataRequest::default()));
        }
        ApiKey::FindCoordinator => buf.extend_from_slice(&request_frame(
            api,
            version,
            1,
            &FindCoordinatorRequest::default(),
        )),
        ApiKey::DescribeCluster => buf.extend_from_slice(&request_frame(
            api,
            version,
            1,
            &DescribeClusterRequest::default(),
        )),
        _ => buf.extend_from_slice(&request_frame(
            api,
            version,
            1,
            &ApiVersionsRequest::default(),
        )),
    }
    head(&mut decoder, &buf.freeze());
    let frame = response_frame(api, version, 1, answer);
    let unit = one(&mut decoder, Direction::ToClient, &frame);
    assert_eq!(unit.closes.unwrap().outcome, Outcome::Ok);
    let mut out = unit.forward;
    assert_eq!(out.get_i32() as usize, out.remaining());
    ResponseHeader::decode(&mut out, api.response_header_version(version)).unwrap();
    let decoded = R::decode(&mut out, version).unwrap();
    assert!(!out.has_remaining(), "{api:?} v{version}");
    decoded
}

#[test]
fn metadata_names_boundaries_for_any_number_of_brokers() {
    use metadata_response::{
        MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
    };
    for version in 0..=12 {
        let brokers = (0..5).map(|n| {
            MetadataResponseBroker::default()
                .with_node_id(BrokerId(n))
                .with_host(text(&format!("broker-{}", "x".repeat(n as usize * 40))))
                .with_port(9_092 + n)
        });
        let part = MetadataResponsePartition::default()
            .with_leader_id(BrokerId(2))
            .with_replica_nodes(vec![BrokerId(2), BrokerId(3)])
            .with_isr_nodes(vec![BrokerId(2)]);
        let named = MetadataResponseTopic::default()
            .with_name(Some(topic("orders-r7-t12")))
            .with_partitions(vec![part]);
        let answer = MetadataResponse::default()
            .with_brokers(brokers.collect())
            .with_topics(vec![named]);
        let got: MetadataResponse = rewritten(ApiKey::Metadata, version, &answer);
        for (n, broker) in got.brokers.iter().enumerate() {
            assert_eq!(broker.host.as_str(), "boundary.test", "v{version}");
            assert_eq!(broker.port, 40_000 + n as i32);
            assert_eq!(broker.node_id, BrokerId(n as i32));
        }
        assert_eq!(got.brokers.len(), 5);
        assert_eq!(got.topics, answer.topics, "v{version}");
    }
}

#[test]
fn coordinators_are_boundaries_too() {
    use find_coordinator_response::Coordinator;
    for version in 0..=6 {
        let answer = match version {
            0..=3 => FindCoordinatorResponse::default()
                .with_node_id(BrokerId(1))
                .with_host(text("b1"))
                .with_port(9_093),
            _ => FindCoordinatorResponse::default().with_coordinators(vec![
                Coordinator::default()
                    .with_key(text("g1"))
                    .with_host(text("b1"))
                    .with_port(9_093),
                // None yet: nothing to dial.
                Coordinator::default()
                    .with_key(text("g2"))
                    .with_error_code(15)
                    .with_port(-1),
            ]),
        };
        let got: FindCoordinatorResponse = rewritten(ApiKey::FindCoordinator, version, &answer);
        if version < 4 {
            assert_eq!((got.host.as_str(), got.port), ("boundary.test", 40_000));
        } else {
            let (one, two) = (&got.coordinators[0], &got.coordinators[1]);
            assert_eq!((one.host.as_str(), one.port), ("boundary.test", 40_000));
            assert_eq!((two.host.as_str(), two.port), ("", -1));
        }
    }
}

#[test]
fn described_clusters_name_boundaries() {
    use describe_cluster_response::DescribeClusterBroker;
    for version in 0..=2 {
        let brokers = (0..3).map(|n| {
            DescribeClusterBroker::default()
                .with_broker_id(BrokerId(n))
                .with_host(text("b"))
                .with_port(9_000 + n)
        });
        let answer = DescribeClusterResponse::default()
            .with_cluster_id(text("c"))
            .with_brokers(brokers.collect());
        let got: DescribeClusterResponse = rewritten(ApiKey::DescribeCluster, version, &answer);
        let ports: Vec<_> = got.brokers.iter().map(|b| b.port).collect();
        assert_eq!(ports, [40_000, 40_001, 40_002]);
    }
}

#[test]
fn api_versions_are_clamped_to_what_is_read() {
    use api_versions_response::{ApiVersion, FinalizedFeatureKey};
    let offer = |api: ApiKey, min, max| {
        ApiVersion::default()
            .with_api_key(api as i16)
            .with_min_version(min)
            .with_max_version(max)
    };
    for version in 0..=4 {
        let feature = FinalizedFeatureKey::default()
            .with_name(text("transaction.version"))
            .with_max_version_level(2);
        let mut answer = ApiVersionsResponse::default().with_api_keys(vec![
            offer(ApiKey::Produce, 0, 13),
            offer(ApiKey::ShareFetch, 1, 2),
            offer(ApiKey::Fetch, 4, 18),
            offer(ApiKey::EndTxn, 0, 5),
            offer(ApiKey::PushTelemetry, 0, 0),
            offer(ApiKey::Heartbeat, 0, 4),
            // Nothing below v13: not clamped below what the broker speaks.
            offer(ApiKey::Metadata, 13, 14),
        ]);
        if version >= 3 {
            answer = answer
                .with_finalized_features_epoch(3)
                .with_finalized_features(vec![feature]);
        }
        let got: ApiVersionsResponse = rewritten(ApiKey::ApiVersions, version, &answer);
        let ranges: Vec<_> = got
            .api_keys
            .iter()
            .map(|a| (a.api_key, a.min_version, a.max_version))
            .collect();
        assert_eq!(
            ranges,
            [(0, 0, 9), (1, 4, 12), (26, 0, 4), (12, 0, 4), (3, 13, 13)],
            "v{version}"
        );
        if version >= 3 {
            assert_eq!(got.finalized_features[0].max_version_level, 1);
        }
    }
}

#[test]
fn an_unknown_version_of_api_versions_is_answered_in_v0() {
    let mut decoder = decoder();
    let frame = request_frame(ApiKey::ApiVersions, 4, 1, &ApiVersionsRequest::default());
    head(&mut decoder, &frame);
    let offered = api_versions_response::ApiVersion::default()
        .with_api_key(1)
        .with_max_version(17);
    let answer = ApiVersionsResponse::default()
        .with_error_code(35)
        .with_api_keys(vec![offered]);
    let frame = response_frame(ApiKey::ApiVersions, 0, 1, &answer);
    let mut out = one(&mut decoder, Direction::ToClient, &frame)
        .forward
        .slice(8..);
    let got = ApiVersionsResponse::decode(&mut out, 0).unwrap();
    assert_eq!(got.api_keys[0].max_version, 12);
}

#[test]
fn correlation_ids_that_start_again_make_new_keys() {
    let mut decoder = decoder();
    let mut keys = Vec::new();
    for correlation in [1, 2, 1, 1, -1] {
        let beat = HeartbeatRequest::default();
        let frame = request_frame(ApiKey::Heartbeat, 3, correlation, &beat);
        keys.push(head(&mut decoder, &frame).key);
        let answer = HeartbeatResponse::default();
        let frame = response_frame(ApiKey::Heartbeat, 3, correlation, &answer);
        let unit = one(&mut decoder, Direction::ToClient, &frame);
        assert_eq!(unit.closes.unwrap().key, *keys.last().unwrap());
    }
    let mut unique = keys.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), keys.len());
}

#[test]
fn what_cannot_be_decoded_is_an_error_and_stays_in_the_buffer() {
    let hostile: &[&[u8]] = &[
        // 2 GB, a negative length, a TLS ClientHello, HTTP.
        &[0x7f, 0xff, 0xff, 0xff, 0, 0],
        &[0xff, 0xff, 0xff, 0xff],
        &[0x16, 0x03, 0x01, 0x02, 0x00, 0x01],
        b"GET / HTTP/1.1\r\n\r\n",
        // A frame too short for a header.
        &[0, 0, 0, 2, 0, 0],
        // A Produce of twelve bytes that promises two thousand million topics.
        &[
            0, 0, 0, 20, 0, 0, 0, 3, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff, 0, 1, 0, 0, 0, 0, 0x7f,
            0xff,
        ],
    ];
    for bytes in hostile {
        let mut buf = BytesMut::from(*bytes);
        let mut decoder = decoder();
        let next = decoder.next(Direction::ToSystem, &mut buf, &Net::default());
        let error = next.expect_err("hostile bytes");
        assert_eq!((error.protocol, error.after), ("kafka", 0));
        assert_eq!(&buf[..], *bytes);
    }
    // A reply that no one asked for.
    let mut buf = BytesMut::from(&[0, 0, 0, 4, 0, 0, 0, 1][..]);
    let next = decoder().next(Direction::ToClient, &mut buf, &Net::default());
    assert!(next.is_err());
}

mod properties {
    use super::*;
    use proptest::prelude::*;

    /// A conversation: requests and the replies to them.
    fn conversation() -> (Vec<Bytes>, Vec<Bytes>) {
        let mut requests = Vec::new();
        let mut replies = Vec::new();
        for round in 0..3 {
            let at = round * 10;
            requests.push(request_frame(ApiKey::Produce, 9, at, &produce(-1, false)));
            replies.push(response_frame(
                ApiKey::Produce,
                9,
                at,
                &ProduceResponse::default(),
            ));
            requests.push(request_frame(ApiKey::Fetch, 11, at + 1, &fetch_request(0)));
            replies.push(response_frame(
                ApiKey::Fetch,
                11,
                at + 1,
                &FetchResponse::default(),
            ));
            let ask = MetadataRequest::default();
            requests.push(request_frame(ApiKey::Metadata, 12, at + 2, &ask));
            let broker = metadata_response::MetadataResponseBroker::default()
                .with_host(text("b"))
                .with_port(9_092);
            let answer = MetadataResponse::default().with_brokers(vec![broker]);
            replies.push(response_frame(ApiKey::Metadata, 12, at + 2, &answer));
        }
        (requests, replies)
    }

    /// What a decoder makes of `bytes` that arrive in `cuts`.
    fn decode(
        decoder: &mut KafkaDecoder,
        dir: Direction,
        bytes: &[u8],
        cuts: &[usize],
    ) -> Result<String, String> {
        let mut buf = BytesMut::new();
        let mut out = String::new();
        let mut rest = bytes;
        let mut cuts = cuts.iter().cycle();
        while !rest.is_empty() {
            let len = (*cuts.next().unwrap_or(&1)).clamp(1, rest.len());
            buf.extend_from_slice(&rest[..len]);
            rest = &rest[len..];
            loop {
                match decoder.next(dir, &mut buf, &Net::default()) {
                    Ok(Some(unit)) => out.push_str(&format!("{unit:?}\n")),
                    Ok(None) => break,
                    Err(error) => return Err(format!("{out}{error}")),
                }
            }
        }
        Ok(out)
    }

    proptest! {
        #[test]
        fn cuts_make_no_difference(cuts in prop::collection::vec(1_usize..200, 1..40)) {
            let (requests, replies) = conversation();
            let (requests, replies) = (requests.concat(), replies.concat());
            let (mut whole, mut cut) = (decoder(), decoder());
            let all = [usize::MAX];
            let one = decode(&mut whole, Direction::ToSystem, &requests, &all).unwrap();
            let two = decode(&mut cut, Direction::ToSystem, &requests, &cuts).unwrap();
            prop_assert_eq!(one, two);
            let one = decode(&mut whole, Direction::ToClient, &replies, &all).unwrap();
            let two = decode(&mut cut, Direction::ToClient, &replies, &cuts).unwrap();
            prop_assert_eq!(one, two);
        }

        #[test]
        fn random_bytes_never_panic(
            api in 0_i16..100,
            version in 0_i16..20,
            body in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            let mut frame = Vec::new();
            frame.extend_from_slice(&(body.len() as u32 + 8).to_be_bytes());
            frame.extend_from_slice(&api.to_be_bytes());
            frame.extend_from_slice(&version.to_be_bytes());
            frame.extend_from_slice(&[0, 0, 0, 1]);
            frame.extend_from_slice(&body);
            let mut decoder = decoder();
            let _ = decode(&mut decoder, Direction::ToSystem, &frame, &[usize::MAX]);
            let mut reply = Vec::new();
            reply.extend_from_slice(&(body.len() as u32 + 4).to_be_bytes());
            reply.extend_from_slice(&[0, 0, 0, 1]);
            reply.extend_from_slice(&body);
            let _ = decode(&mut decoder, Direction::ToClient, &reply, &[usize::MAX]);
        }

        #[test]
        fn damaged_frames_never_panic(
            which in 0_usize..9,
            damage in prop::collection::vec((4_usize..400, any::<u8>()), 1..6),
        ) {
            let (requests, replies) = conversation();
            let mut decoder = decoder();
            for (dir, frames) in [(Direction::ToSystem, requests), (Direction::ToClient, replies)] {
                let mut frame = frames[which].to_vec();
                for (at, byte) in &damage {
                    let at = at % frame.len();
                    if at >= 4 {
                        frame[at] = *byte;
                    }
                }
                let _ = decode(&mut decoder, dir, &frame, &[usize::MAX]);
            }
        }
    }
}
