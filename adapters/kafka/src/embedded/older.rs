//! Versions that krafka does not speak any more and Kafka still does: KafkaJS
//! stops at Metadata v6, OffsetCommit v5 and OffsetFetch v4, and other clients
//! earlier.
//!
//! Such a request and its reply have the same content in another layout, or
//! less of it. `kafka-protocol` turns one into the other, once the cursor has
//! walked the request to its end; krafka's replies come from this process.

use super::connection::Request;
use crate::wire::{Malformed, Read, walk};
use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::messages::*;
use kafka_protocol::protocol::{Decodable, Encodable};

/// The version that krafka speaks for an older one, the lowest that it knows.
pub(super) fn spoken(api: ApiKey, version: i16) -> Option<i16> {
    Some(match (api, version) {
        (ApiKey::Produce, 3..=8) => 10,
        (ApiKey::ListOffsets, 1..=4) => 5,
        (ApiKey::Metadata, 0..=11) => 12,
        (ApiKey::OffsetCommit, 2..=6) => 7,
        (ApiKey::OffsetFetch, 1..=4) => 5,
        (ApiKey::FindCoordinator, 0..=1) => 2,
        (ApiKey::JoinGroup, 2..=4) => 5,
        (ApiKey::Heartbeat | ApiKey::SyncGroup, 0..=2) => 3,
        (ApiKey::DescribeGroups, 0..=3) => 4,
        (ApiKey::CreateTopics, 2..=3) => 4,
        (ApiKey::DeleteTopics, 1..=2) => 3,
        _ => return None,
    })
}

/// The request in version `spoken`.
pub(super) fn request(request: &Request, spoken: i16) -> Read<Request> {
    let (api, given) = (request.api, request.version);
    walk::walk(api, given, &mut request.body()).ok_or(untranslatable())??;
    let mut frame = BytesMut::with_capacity(request.frame.len() + 16);
    RequestHeader::default()
        .with_request_api_key(api as i16)
        .with_request_api_version(spoken)
        .with_correlation_id(request.correlation)
        .encode(&mut frame, api.request_header_version(spoken))
        .map_err(|_| untranslatable())?;
    let body_at = frame.len();
    let body = Bytes::copy_from_slice(&request.frame[request.body_at..]);
    let versions = (given, spoken);
    match api {
        ApiKey::Metadata => {
            let mut asked: MetadataRequest = decode(body, given)?;
            // In v0 no topic means all of them, and null could not be said.
            if given == 0 && asked.topics.as_ref().is_some_and(Vec::is_empty) {
                asked.topics = None;
            }
            encode(&asked, spoken, &mut frame)
        }
        ApiKey::Produce => convert::<ProduceRequest>(body, versions, &mut frame),
        ApiKey::ListOffsets => convert::<ListOffsetsRequest>(body, versions, &mut frame),
        ApiKey::OffsetCommit => convert::<OffsetCommitRequest>(body, versions, &mut frame),
        ApiKey::OffsetFetch => convert::<OffsetFetchRequest>(body, versions, &mut frame),
        ApiKey::FindCoordinator => convert::<FindCoordinatorRequest>(body, versions, &mut frame),
        ApiKey::JoinGroup => convert::<JoinGroupRequest>(body, versions, &mut frame),
        ApiKey::SyncGroup => convert::<SyncGroupRequest>(body, versions, &mut frame),
        ApiKey::Heartbeat => convert::<HeartbeatRequest>(body, versions, &mut frame),
        ApiKey::DescribeGroups => convert::<DescribeGroupsRequest>(body, versions, &mut frame),
        ApiKey::CreateTopics => convert::<CreateTopicsRequest>(body, versions, &mut frame),
        ApiKey::DeleteTopics => convert::<DeleteTopicsRequest>(body, versions, &mut frame),
        _ => Err(untranslatable()),
    }?;
    Ok(Request {
        api,
        version: spoken,
        correlation: request.correlation,
        frame,
        body_at,
    })
}

/// Krafka's reply `body` of version `spoken` as a reply of version `asked`.
pub(super) fn reply(
    api: ApiKey,
    asked: i16,
    spoken: i16,
    correlation: i32,
    body: Bytes,
) -> Read<Bytes> {
    let mut out = BytesMut::with_capacity(body.len() + 8);
    out.put_i32(correlation);
    if api.response_header_version(asked) >= 1 {
        out.put_u8(0);
    }
    let versions = (spoken, asked);
    match api {
        ApiKey::Produce => convert::<ProduceResponse>(body, versions, &mut out),
        ApiKey::ListOffsets => {
            let mut answer: ListOffsetsResponse = decode(body, spoken)?;
            if asked < 4 {
                forget_epochs(&mut answer);
            }
            encode(&answer, asked, &mut out)
        }
        ApiKey::Metadata => convert::<MetadataResponse>(body, versions, &mut out),
        ApiKey::OffsetCommit => convert::<OffsetCommitResponse>(body, versions, &mut out),
        ApiKey::OffsetFetch => convert::<OffsetFetchResponse>(body, versions, &mut out),
        ApiKey::FindCoordinator => convert::<FindCoordinatorResponse>(body, versions, &mut out),
        ApiKey::JoinGroup => convert::<JoinGroupResponse>(body, versions, &mut out),
        ApiKey::SyncGroup => convert::<SyncGroupResponse>(body, versions, &mut out),
        ApiKey::Heartbeat => convert::<HeartbeatResponse>(body, versions, &mut out),
        ApiKey::DescribeGroups => convert::<DescribeGroupsResponse>(body, versions, &mut out),
        ApiKey::CreateTopics => convert::<CreateTopicsResponse>(body, versions, &mut out),
        ApiKey::DeleteTopics => convert::<DeleteTopicsResponse>(body, versions, &mut out),
        _ => Err(untranslatable()),
    }?;
    Ok(out.freeze())
}

/// Before v4 there was no word for them.
fn forget_epochs(answer: &mut ListOffsetsResponse) {
    for topic in &mut answer.topics {
        for partition in &mut topic.partitions {
            partition.leader_epoch = -1;
        }
    }
}

fn convert<T: Decodable + Encodable>(
    body: Bytes,
    (from, to): (i16, i16),
    out: &mut BytesMut,
) -> Read<()> {
    encode(&decode::<T>(body, from)?, to, out)
}

fn decode<T: Decodable>(mut body: Bytes, version: i16) -> Read<T> {
    T::decode(&mut body, version).map_err(|_| untranslatable())
}

fn encode(body: &impl Encodable, version: i16, out: &mut BytesMut) -> Read<()> {
    body.encode(out, version).map_err(|_| untranslatable())
}

const fn untranslatable() -> Malformed {
    Malformed {
        what: "a request or reply that cannot be translated",
        at: 0,
    }
}
