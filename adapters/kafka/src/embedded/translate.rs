//! Requests and replies in versions that krafka does not speak.
//!
//! What comes off the wire is read by the cursor; `kafka-protocol` encodes what
//! was read.

use super::connection::Request;
use super::older;
use crate::wire::{Cursor, Malformed, Read, api, outcome, request};
use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::txn_offset_commit_request::{
    TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};
use kafka_protocol::messages::{
    ApiKey, EndTxnRequest, GroupId, LeaveGroupRequest, ProducerId, RequestHeader, TopicName,
    TransactionalId, TxnOffsetCommitRequest,
};
use kafka_protocol::protocol::{Encodable, StrBytes};

const INVALID_PRODUCER_EPOCH: i16 = 47;
const PRODUCER_FENCED: i16 = 90;

/// The version that krafka speaks for a version that the bridge offers.
fn spoken(api: ApiKey, version: i16) -> i16 {
    match (api, version) {
        (ApiKey::Produce, 9) => 10,
        (ApiKey::EndTxn, 0..=2) => 3,
        (ApiKey::TxnOffsetCommit, 0..=4) => 5,
        (ApiKey::LeaveGroup, 0..=2) => 3,
        _ => older::spoken(api, version).unwrap_or(version),
    }
}

/// Translates a request to a version that krafka speaks.
pub(super) fn request(mut request: Request) -> Read<Request> {
    let version = spoken(request.api, request.version);
    match (request.api, request.version) {
        (_, given) if given == version => Ok(request),
        (api, given) if older::spoken(api, given).is_some() => older::request(&request, version),
        // The same layout under another number.
        (ApiKey::Produce, _) | (ApiKey::TxnOffsetCommit, 3..) => {
            request.set_version(version);
            Ok(request)
        }
        (ApiKey::EndTxn, _) => {
            let end = request::end_txn(&mut request.body())?;
            let body = EndTxnRequest::default()
                .with_transactional_id(TransactionalId(text(end.owner.transactional_id)))
                .with_producer_id(ProducerId(end.owner.producer_id))
                .with_producer_epoch(end.owner.epoch)
                .with_committed(end.committed);
            encode(&request, version, &body)
        }
        (ApiKey::TxnOffsetCommit, given) => {
            let commit = request::txn_offset_commit(given, &mut request.body())?;
            encode(&request, version, &txn_offset_commit(&commit))
        }
        (ApiKey::LeaveGroup, _) => {
            let mut body = request.body();
            let group = body.string()?;
            let member = MemberIdentity::default().with_member_id(text(body.string()?));
            let body = LeaveGroupRequest::default()
                .with_group_id(GroupId(text(group)))
                .with_members(vec![member]);
            encode(&request, version, &body)
        }
        _ => Ok(request),
    }
}

fn txn_offset_commit(commit: &request::TxnOffsetCommit<'_>) -> TxnOffsetCommitRequest {
    let partition = |offset: &request::TxnOffset<'_>| {
        TxnOffsetCommitRequestPartition::default()
            .with_partition_index(offset.partition)
            .with_committed_offset(offset.offset)
            .with_committed_leader_epoch(offset.leader_epoch)
            .with_committed_metadata(offset.metadata.map(text))
    };
    let topics = commit.topics.iter().map(|(name, offsets)| {
        TxnOffsetCommitRequestTopic::default()
            .with_name(TopicName(text(name)))
            .with_partitions(offsets.iter().map(partition).collect())
    });
    TxnOffsetCommitRequest::default()
        .with_transactional_id(TransactionalId(text(commit.owner.transactional_id)))
        .with_group_id(GroupId(text(commit.group)))
        .with_producer_id(ProducerId(commit.owner.producer_id))
        .with_producer_epoch(commit.owner.epoch)
        .with_generation_id(-1)
        .with_topics(topics.collect())
}

fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.into())
}

fn encode(request: &Request, version: i16, body: &impl Encodable) -> Read<Request> {
    let refused = Malformed {
        what: "a request that cannot be translated",
        at: 0,
    };
    let mut frame = BytesMut::with_capacity(request.frame.len() + 16);
    RequestHeader::default()
        .with_request_api_key(request.api as i16)
        .with_request_api_version(version)
        .with_correlation_id(request.correlation)
        .encode(&mut frame, request.api.request_header_version(version))
        .map_err(|_| refused)?;
    let body_at = frame.len();
    body.encode(&mut frame, version).map_err(|_| refused)?;
    Ok(Request {
        api: request.api,
        version,
        correlation: request.correlation,
        frame,
        body_at,
    })
}

/// Translates krafka's reply in version `spoken` to version `asked`.
pub(super) fn reply(api: ApiKey, asked: i16, spoken: i16, frame: Bytes) -> Read<Bytes> {
    let mut cursor = Cursor::new(&frame, false);
    let correlation = cursor.i32()?;
    cursor.set_flexible(api::response_header_is_flexible(api, spoken));
    cursor.tags()?;
    if older::spoken(api, asked).is_some() {
        return older::reply(api, asked, spoken, correlation, frame.slice(cursor.at()..));
    }
    let mut out = BytesMut::with_capacity(frame.len());
    out.put_i32(correlation);
    match (api, asked) {
        (ApiKey::EndTxn, 0..=2) => {
            let errors = outcome::errors(api, spoken, &mut cursor).transpose()?;
            let error = errors.and_then(|e| e.first().copied()).unwrap_or(-1);
            out.put_i32(0);
            // Who asks for a version before KIP-588 does not know the newer word.
            out.put_i16(match (error, asked) {
                (PRODUCER_FENCED, 0..=1) => INVALID_PRODUCER_EPOCH,
                (error, _) => error,
            });
        }
        (ApiKey::LeaveGroup, 0..=2) => {
            let errors = outcome::errors(api, spoken, &mut cursor).transpose()?;
            if asked >= 1 {
                out.put_i32(0);
            }
            out.put_i16(errors.and_then(|e| e.first().copied()).unwrap_or(-1));
        }
        (ApiKey::TxnOffsetCommit, 0..=2) => {
            cursor.i32()?;
            out.put_i32(0);
            let topics = cursor.count()?;
            out.put_i32(topics as i32);
            for _ in 0..topics {
                super::connection::put_string(&mut out, cursor.string()?);
                let partitions = cursor.count()?;
                out.put_i32(partitions as i32);
                for _ in 0..partitions {
                    out.put_i32(cursor.i32()?);
                    out.put_i16(cursor.i16()?);
                    cursor.tags()?;
                }
                cursor.tags()?;
            }
        }
        _ => return Ok(frame),
    }
    Ok(out.freeze())
}
