//! The versions at which older clients stop, answered like newer ones: by the
//! embedded broker and, where `EXACTLY_TEST_KAFKA=host:port` names one, by a real
//! broker. KafkaJS asks for Metadata v6, ListOffsets v3, OffsetCommit v5,
//! OffsetFetch v4 and Produce v7.

mod common;
mod raw;

use common::{kafka, open};
use create_topics_request::CreatableTopic;
use exactly_adapter::Instance;
use join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::*;
use list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use metadata_request::MetadataRequestTopic;
use offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use offset_fetch_request::OffsetFetchRequestTopic;
use raw::{Raw, batch, produce, text};
use std::sync::Arc;
use std::time::{Duration, Instant};
use sync_group_request::SyncGroupRequestAssignment;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const COORDINATOR_NOT_AVAILABLE: i16 = 15;
const NOT_COORDINATOR: i16 = 16;
const MEMBER_ID_REQUIRED: i16 = 79;
const EARLIEST: i64 = -2;
const LATEST: i64 = -1;

struct Desk {
    kafka: Arc<dyn Instance>,
    raw: Raw,
    topic: String,
    group: String,
}

impl Desk {
    async fn new() -> Self {
        let kafka = kafka().await;
        let (_, scope) = open(&*kafka, &[("orders", 1)]).await;
        let names = scope.placeholders(&kafka.addresses());
        Self {
            raw: Raw::connect(&*kafka, "none").await,
            topic: names["topic.orders"].clone(),
            group: names["group"].clone(),
            kafka,
        }
    }

    fn name(&self) -> TopicName {
        TopicName(text(&self.topic))
    }

    fn group(&self) -> GroupId {
        GroupId(text(&self.group))
    }

    async fn list_offsets(&mut self, version: i16, timestamp: i64) -> i64 {
        let partition = ListOffsetsPartition::default().with_timestamp(timestamp);
        let topic = ListOffsetsTopic::default()
            .with_name(self.name())
            .with_partitions(vec![partition]);
        let request = ListOffsetsRequest::default()
            .with_replica_id(BrokerId(-1))
            .with_topics(vec![topic]);
        let answer: ListOffsetsResponse =
            self.raw.call(ApiKey::ListOffsets, version, &request).await;
        let partition = &answer.topics[0].partitions[0];
        assert_eq!(partition.error_code, 0, "v{version}");
        partition.offset
    }

    async fn join(&mut self, version: i16) -> JoinGroupResponse {
        let protocol = JoinGroupRequestProtocol::default()
            .with_name(text("range"))
            .with_metadata(vec![0, 1].into());
        let mut request = JoinGroupRequest::default()
            .with_group_id(self.group())
            .with_session_timeout_ms(6_000)
            .with_rebalance_timeout_ms(6_000)
            .with_protocol_type(text("consumer"))
            .with_protocols(vec![protocol]);
        let begin = Instant::now();
        loop {
            let answer: JoinGroupResponse =
                self.raw.call(ApiKey::JoinGroup, version, &request).await;
            match answer.error_code {
                0 => return answer,
                MEMBER_ID_REQUIRED => request.member_id = answer.member_id,
                COORDINATOR_NOT_AVAILABLE | NOT_COORDINATOR => {
                    assert!(begin.elapsed() < Duration::from_secs(20));
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                error => panic!("JoinGroup v{version}: {error}"),
            }
        }
    }
}

#[tokio::test]
async fn metadata_in_every_version() {
    let mut desk = Desk::new().await;
    let (host, port) = desk.kafka.addresses().remove(0);
    for version in 0..=12 {
        let wanted = MetadataRequestTopic::default().with_name(Some(desk.name()));
        // None: all topics, which v0 says with an empty list.
        let all = match version {
            0 => Some(Vec::new()),
            _ => None,
        };
        for topics in [Some(vec![wanted]), all] {
            let request = MetadataRequest::default().with_topics(topics);
            let answer: MetadataResponse = desk.raw.call(ApiKey::Metadata, version, &request).await;
            let broker = &answer.brokers[0];
            assert_eq!(&*broker.host, host, "v{version}");
            assert_eq!(broker.port, i32::from(port));
            let own = |topic: &&metadata_response::MetadataResponseTopic| {
                topic.name.as_ref() == Some(&desk.name())
            };
            let topic = answer.topics.iter().find(own).expect("the topic");
            assert_eq!(topic.error_code, 0);
            assert_eq!(topic.partitions[0].leader_id, broker.node_id);
        }
    }
}

#[tokio::test]
async fn records_and_their_offsets_in_every_version() {
    let mut desk = Desk::new().await;
    for (count, version) in (3..=9).enumerate() {
        let set = batch("one", None, -1, false);
        let request = produce(None, &desk.topic, &[(0, set)]);
        let answer: ProduceResponse = desk.raw.call(ApiKey::Produce, version, &request).await;
        let partition = &answer.responses[0].partition_responses[0];
        assert_eq!(
            (partition.error_code, partition.base_offset),
            (0, count as i64),
            "v{version}"
        );
    }
    for version in 1..=7 {
        assert_eq!(desk.list_offsets(version, EARLIEST).await, 0, "v{version}");
        assert_eq!(desk.list_offsets(version, LATEST).await, 7, "v{version}");
    }
}

#[tokio::test]
async fn a_members_life_in_every_version() {
    let mut desk = Desk::new().await;
    // The lowest version of each, then the next of each, up to the highest that
    // the bridge offers.
    for step in 0..=5_i16 {
        let upto = |low: i16, high: i16| (low + step).min(high);
        let find = FindCoordinatorRequest::default().with_key(text(&desk.group));
        let begin = Instant::now();
        loop {
            let found: FindCoordinatorResponse = desk
                .raw
                .call(ApiKey::FindCoordinator, upto(0, 2), &find)
                .await;
            if found.error_code != COORDINATOR_NOT_AVAILABLE {
                assert_eq!(found.port, i32::from(desk.kafka.addresses()[0].1));
                break;
            }
            assert!(begin.elapsed() < Duration::from_secs(20));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }

        let joined = desk.join(upto(2, 5)).await;
        assert_eq!(joined.members.len(), 1);
        assert_eq!(joined.members[0].metadata[..], [0, 1]);
        let (member, generation) = (joined.member_id, joined.generation_id);
        let assignment = SyncGroupRequestAssignment::default()
            .with_member_id(member.clone())
            .with_assignment(vec![7, 7].into());
        let sync = SyncGroupRequest::default()
            .with_group_id(desk.group())
            .with_generation_id(generation)
            .with_member_id(member.clone())
            .with_assignments(vec![assignment]);
        let synced: SyncGroupResponse = desk.raw.call(ApiKey::SyncGroup, upto(0, 3), &sync).await;
        assert_eq!(
            (synced.error_code, &synced.assignment[..]),
            (0, &[7, 7][..])
        );

        let beat = HeartbeatRequest::default()
            .with_group_id(desk.group())
            .with_generation_id(generation)
            .with_member_id(member.clone());
        let beaten: HeartbeatResponse = desk.raw.call(ApiKey::Heartbeat, upto(0, 3), &beat).await;
        assert_eq!(beaten.error_code, 0);
        let late = beat.with_generation_id(generation + 1);
        let beaten: HeartbeatResponse = desk.raw.call(ApiKey::Heartbeat, upto(0, 3), &late).await;
        assert_eq!(beaten.error_code, 22, "ILLEGAL_GENERATION");

        commits(&mut desk, &member, generation, step).await;

        let describe = DescribeGroupsRequest::default().with_groups(vec![desk.group()]);
        let described: DescribeGroupsResponse = desk
            .raw
            .call(ApiKey::DescribeGroups, upto(0, 4), &describe)
            .await;
        assert_eq!(&*described.groups[0].group_state, "Stable");
        let leave = LeaveGroupRequest::default()
            .with_group_id(desk.group())
            .with_member_id(member);
        let left: LeaveGroupResponse = desk.raw.call(ApiKey::LeaveGroup, 0, &leave).await;
        assert_eq!(left.error_code, 0);
    }
}

/// Commits an offset and reads it again.
async fn commits(
    desk: &mut Desk,
    member: &kafka_protocol::protocol::StrBytes,
    generation: i32,
    step: i16,
) {
    let offset = i64::from(step) + 10;
    let partition = OffsetCommitRequestPartition::default()
        .with_committed_offset(offset)
        .with_committed_metadata(Some(text("seen")));
    let topic = OffsetCommitRequestTopic::default()
        .with_name(desk.name())
        .with_partitions(vec![partition]);
    let commit = OffsetCommitRequest::default()
        .with_group_id(desk.group())
        .with_generation_id_or_member_epoch(generation)
        .with_member_id(member.clone())
        .with_topics(vec![topic]);
    let version = 2 + step;
    let done: OffsetCommitResponse = desk.raw.call(ApiKey::OffsetCommit, version, &commit).await;
    assert_eq!(done.topics[0].partitions[0].error_code, 0, "v{version}");

    let topic = OffsetFetchRequestTopic::default()
        .with_name(desk.name())
        .with_partition_indexes(vec![0]);
    for version in 1..=7 {
        // None: all that the group has.
        let all = (version >= 2).then_some(None);
        for topics in [Some(Some(vec![topic.clone()])), all].into_iter().flatten() {
            let fetch = OffsetFetchRequest::default()
                .with_group_id(desk.group())
                .with_topics(topics);
            let found: OffsetFetchResponse =
                desk.raw.call(ApiKey::OffsetFetch, version, &fetch).await;
            let partition = &found.topics[0].partitions[0];
            assert_eq!(partition.error_code, 0, "v{version}");
            assert_eq!(partition.committed_offset, offset, "v{version}");
            assert_eq!(partition.metadata.as_deref(), Some("seen"));
        }
    }
}

#[tokio::test]
async fn topics_come_and_go_in_every_version() {
    let mut desk = Desk::new().await;
    for (create, delete) in [(2, 1), (3, 2), (4, 3)] {
        let name = TopicName(text(&format!("{}-{create}", desk.topic)));
        let topic = CreatableTopic::default()
            .with_name(name.clone())
            .with_num_partitions(1)
            .with_replication_factor(1);
        let request = CreateTopicsRequest::default()
            .with_topics(vec![topic])
            .with_timeout_ms(5_000);
        let done: CreateTopicsResponse =
            desk.raw.call(ApiKey::CreateTopics, create, &request).await;
        assert_eq!(done.topics[0].error_code, 0, "v{create}");
        let request = DeleteTopicsRequest::default()
            .with_topic_names(vec![name])
            .with_timeout_ms(5_000);
        let done: DeleteTopicsResponse =
            desk.raw.call(ApiKey::DeleteTopics, delete, &request).await;
        assert_eq!(done.responses[0].error_code, 0, "v{delete}");
    }
}

/// A count that the bytes do not bear out ends the connection and nothing else.
#[tokio::test]
async fn counts_beyond_the_frame_are_not_believed() {
    let mut desk = Desk::new().await;
    let (host, port) = desk.kafka.addresses().remove(0);
    for (api, version) in [
        (ApiKey::Metadata, 5_i16),
        (ApiKey::ListOffsets, 2),
        (ApiKey::OffsetFetch, 3),
        (ApiKey::JoinGroup, 3),
        (ApiKey::SyncGroup, 1),
        (ApiKey::DescribeGroups, 1),
    ] {
        let mut stream = TcpStream::connect((host.as_str(), port)).await.unwrap();
        let mut body = vec![0x7f; 40];
        body[..2].copy_from_slice(&(api as i16).to_be_bytes());
        body[2..4].copy_from_slice(&version.to_be_bytes());
        // No client id.
        body[8..10].copy_from_slice(&[0xff; 2]);
        stream.write_u32(body.len() as u32).await.unwrap();
        stream.write_all(&body).await.unwrap();
        let read = stream.read(&mut [0; 16]).await;
        assert!(matches!(read, Ok(0) | Err(_)), "{api:?}: {read:?}");
    }
    assert_eq!(desk.list_offsets(3, EARLIEST).await, 0);
}
