//! Error replies in a broker's name.
//!
//! The library encodes what the pending request has told; nothing of it comes
//! off a wire here.

use crate::errors::{self, legal_error};
use crate::wire::answers::{self, Topics};
use crate::wire::request::Request;
use bytes::{BufMut, BytesMut};
use exactly_adapter::ErrorReply;
use exactly_model::Phase;
use kafka_protocol::messages::{
    AddOffsetsToTxnResponse, ApiKey, EndTxnResponse, InitProducerIdResponse, JoinGroupResponse,
    ProducerId, ResponseHeader,
};
use kafka_protocol::protocol::{Encodable, StrBytes};

/// Partitions that an error reply names at most. Requests for more are not
/// answered with errors.
const PARTITIONS_MAX: usize = 1_024;
/// Topics likewise.
const TOPICS_MAX: usize = 256;

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
    // The error stands at a partition: a reply without any is one that all went well.
    if partitions == 0 {
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
            put(&answers::produce(topics, code), version, out)
        }
        (ApiKey::OffsetCommit, Shape::Partitions { topics, .. }) => {
            put(&answers::offset_commit(topics, code), version, out)
        }
        (ApiKey::TxnOffsetCommit, Shape::Partitions { topics, .. }) => {
            put(&answers::txn_offset_commit(topics, code), version, out)
        }
        (ApiKey::AddPartitionsToTxn, Shape::Partitions { topics, .. }) => {
            put(&answers::add_partitions(topics, code), version, out)
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
                .with_member_id(answers::text(member));
            put(&response, version, out)
        }
        _ => None,
    }
}

/// `None` where the library does not encode that version.
fn put(response: &impl Encodable, version: i16, out: &mut BytesMut) -> Option<()> {
    response.encode(out, version).ok()
}
