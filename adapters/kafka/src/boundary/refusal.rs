//! Error replies in a broker's name.
//!
//! The library encodes what the pending request has told; nothing of it comes
//! off a wire here.

use crate::errors::{self, legal_error};
use crate::wire::request::Request;
use bytes::{BufMut, BytesMut};
use exactly_adapter::ErrorReply;
use exactly_model::Phase;
use kafka_protocol::messages::{
    AddOffsetsToTxnResponse, AddPartitionsToTxnResponse, ApiKey, BrokerId, EndTxnResponse,
    InitProducerIdResponse, JoinGroupResponse, OffsetCommitResponse, ProduceResponse, ProducerId,
    ResponseHeader, TopicName, TxnOffsetCommitResponse, add_partitions_to_txn_response as add,
    offset_commit_response as commit, produce_response as produced,
    txn_offset_commit_response as staged,
};
use kafka_protocol::protocol::{Encodable, StrBytes};

/// Partitions that an error reply names at most. Requests for more are not
/// answered with errors.
const PARTITIONS_MAX: usize = 1_024;
/// Topics likewise.
const TOPICS_MAX: usize = 256;

/// Topics with their partitions.
type Topics = Vec<(String, Vec<i32>)>;

/// What the reply to a request has to name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Shape {
    /// An error for each partition.
    Partitions { topics: Topics, acks: Option<i16> },
    /// One error, and the member.
    Member(String),
    /// One error.
    Plain,
}

/// The shape of the reply to `request` of `api`; `None` where no error is given
/// in its place, or where it would name too much.
pub(super) fn shape(api: ApiKey, request: &Request<'_>) -> Option<Shape> {
    let partitions =
        |topics: Option<Topics>, acks| topics.map(|topics| Shape::Partitions { topics, acks });
    match request {
        Request::Produce { topics, acks, .. } => {
            partitions(collect(topics, |(partition, _)| *partition), Some(*acks))
        }
        Request::OffsetCommit { topics } => {
            partitions(collect(topics, |(partition, _)| *partition), None)
        }
        Request::TxnOffsetCommit(commit) => {
            partitions(collect(&commit.topics, |offset| offset.partition), None)
        }
        Request::AddPartitionsToTxn { topics, .. } => {
            partitions(collect(topics, |partition| *partition), None)
        }
        Request::JoinGroup { member, .. } => Some(Shape::Member((*member).to_string())),
        Request::EndTxn(_) | Request::AddOffsetsToTxn(_) => Some(Shape::Plain),
        Request::Plain if api == ApiKey::InitProducerId => Some(Shape::Plain),
        _ => None,
    }
}

fn collect<T>(topics: &[(&str, Vec<T>)], partition: impl Fn(&T) -> i32) -> Option<Topics> {
    let partitions: usize = topics.iter().map(|(_, of_topic)| of_topic.len()).sum();
    if topics.len() > TOPICS_MAX || partitions > PARTITIONS_MAX {
        return None;
    }
    let topic = |(name, of_topic): &(&str, Vec<T>)| {
        (
            (*name).to_string(),
            of_topic.iter().map(&partition).collect(),
        )
    };
    Some(topics.iter().map(topic).collect())
}

/// The error that a broker may give at `when` in the place of the reply.
pub(super) fn error_reply(
    (api, version): (ApiKey, i16),
    correlation: i32,
    shape: &Shape,
    when: Phase,
) -> Option<ErrorReply> {
    let acks = match shape {
        Shape::Partitions { acks, .. } => *acks,
        _ => None,
    };
    let code = legal_error(api, when, acks)?.code;
    let mut frame = BytesMut::with_capacity(128);
    frame.put_i32(0);
    ResponseHeader::default()
        .with_correlation_id(correlation)
        .encode(&mut frame, api.response_header_version(version))
        .ok()?;
    body(api, version, shape, code, &mut frame)?;
    let length = (frame.len() - 4) as u32;
    frame[..4].copy_from_slice(&length.to_be_bytes());
    Some(ErrorReply {
        bytes: frame.freeze(),
        error: errors::name(code),
    })
}

fn body(api: ApiKey, version: i16, shape: &Shape, code: i16, out: &mut BytesMut) -> Option<()> {
    match (api, shape) {
        (ApiKey::Produce, Shape::Partitions { topics, .. }) => {
            put(&produce(topics, code), version, out)
        }
        (ApiKey::OffsetCommit, Shape::Partitions { topics, .. }) => {
            put(&offset_commit(topics, code), version, out)
        }
        (ApiKey::TxnOffsetCommit, Shape::Partitions { topics, .. }) => {
            put(&txn_offset_commit(topics, code), version, out)
        }
        (ApiKey::AddPartitionsToTxn, Shape::Partitions { topics, .. }) => {
            put(&add_partitions(topics, code), version, out)
        }
        (ApiKey::AddOffsetsToTxn, _) => {
            let response = AddOffsetsToTxnResponse::default().with_error_code(code);
            put(&response, version, out)
        }
        (ApiKey::EndTxn, _) => {
            let response = EndTxnResponse::default().with_error_code(code);
            put(&response, version, out)
        }
        (ApiKey::InitProducerId, _) => {
            let response = InitProducerIdResponse::default()
                .with_error_code(code)
                .with_producer_id(ProducerId(-1))
                .with_producer_epoch(-1);
            put(&response, version, out)
        }
        (ApiKey::JoinGroup, Shape::Member(member)) => {
            let response = JoinGroupResponse::default()
                .with_error_code(code)
                .with_generation_id(-1)
                .with_protocol_name(Some(StrBytes::default()))
                .with_member_id(text(member));
            put(&response, version, out)
        }
        _ => None,
    }
}

/// `None` where the library does not encode that version.
fn put(response: &impl Encodable, version: i16, out: &mut BytesMut) -> Option<()> {
    response.encode(out, version).ok()
}

fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.into())
}

fn name(topic: &str) -> TopicName {
    TopicName(text(topic))
}

fn produce(topics: &Topics, code: i16) -> ProduceResponse {
    let partition = |index: &i32| {
        produced::PartitionProduceResponse::default()
            .with_index(*index)
            .with_error_code(code)
            .with_base_offset(-1)
            .with_log_append_time_ms(-1)
            .with_log_start_offset(-1)
            .with_current_leader(produced::LeaderIdAndEpoch::default().with_leader_id(BrokerId(-1)))
    };
    let topic = |(topic, partitions): &(String, Vec<i32>)| {
        produced::TopicProduceResponse::default()
            .with_name(name(topic))
            .with_partition_responses(partitions.iter().map(partition).collect())
    };
    ProduceResponse::default().with_responses(topics.iter().map(topic).collect())
}

fn offset_commit(topics: &Topics, code: i16) -> OffsetCommitResponse {
    let partition = |index: &i32| {
        commit::OffsetCommitResponsePartition::default()
            .with_partition_index(*index)
            .with_error_code(code)
    };
    let topic = |(topic, partitions): &(String, Vec<i32>)| {
        commit::OffsetCommitResponseTopic::default()
            .with_name(name(topic))
            .with_partitions(partitions.iter().map(partition).collect())
    };
    OffsetCommitResponse::default().with_topics(topics.iter().map(topic).collect())
}

fn txn_offset_commit(topics: &Topics, code: i16) -> TxnOffsetCommitResponse {
    let partition = |index: &i32| {
        staged::TxnOffsetCommitResponsePartition::default()
            .with_partition_index(*index)
            .with_error_code(code)
    };
    let topic = |(topic, partitions): &(String, Vec<i32>)| {
        staged::TxnOffsetCommitResponseTopic::default()
            .with_name(name(topic))
            .with_partitions(partitions.iter().map(partition).collect())
    };
    TxnOffsetCommitResponse::default().with_topics(topics.iter().map(topic).collect())
}

fn add_partitions(topics: &Topics, code: i16) -> AddPartitionsToTxnResponse {
    let partition = |index: &i32| {
        add::AddPartitionsToTxnPartitionResult::default()
            .with_partition_index(*index)
            .with_partition_error_code(code)
    };
    let topic = |(topic, partitions): &(String, Vec<i32>)| {
        add::AddPartitionsToTxnTopicResult::default()
            .with_name(name(topic))
            .with_results_by_partition(partitions.iter().map(partition).collect())
    };
    let results = topics.iter().map(topic).collect();
    AddPartitionsToTxnResponse::default().with_results_by_topic_v3_and_below(results)
}
