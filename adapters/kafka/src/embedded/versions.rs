//! What the bridge offers.

use super::connection::Request;
use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::messages::ApiKey;

/// APIs with their lowest and highest version: krafka's own, and what the
/// bridge translates.
const OFFERED: &[(ApiKey, i16, i16)] = &[
    (ApiKey::Produce, 3, 12),
    (ApiKey::Fetch, 4, 11),
    (ApiKey::ListOffsets, 1, 11),
    (ApiKey::Metadata, 0, 12),
    (ApiKey::OffsetCommit, 2, 9),
    (ApiKey::OffsetFetch, 1, 7),
    (ApiKey::FindCoordinator, 0, 2),
    (ApiKey::JoinGroup, 2, 5),
    (ApiKey::Heartbeat, 0, 3),
    (ApiKey::LeaveGroup, 0, 3),
    (ApiKey::SyncGroup, 0, 3),
    (ApiKey::DescribeGroups, 0, 4),
    (ApiKey::ApiVersions, 0, 4),
    (ApiKey::CreateTopics, 2, 4),
    (ApiKey::DeleteTopics, 1, 3),
    (ApiKey::InitProducerId, 0, 5),
    (ApiKey::AddPartitionsToTxn, 0, 0),
    (ApiKey::AddOffsetsToTxn, 0, 0),
    (ApiKey::EndTxn, 0, 5),
    (ApiKey::TxnOffsetCommit, 0, 5),
    (ApiKey::DeleteGroups, 0, 1),
];

const UNSUPPORTED_VERSION: i16 = 35;

/// The reply to ApiVersions. A version that is not known is answered in the
/// layout of v0, with the error and the list (KIP-511).
pub(super) fn reply(request: &Request) -> Bytes {
    let known = (0..=4).contains(&request.version);
    let version = if known { request.version } else { 0 };
    let flexible = version >= 3;
    let mut out = BytesMut::with_capacity(256);
    out.put_i32(request.correlation);
    out.put_i16(if known { 0 } else { UNSUPPORTED_VERSION });
    if flexible {
        // Fewer than 127 entries: the compact count is one byte.
        out.put_u8(OFFERED.len() as u8 + 1);
    } else {
        out.put_i32(OFFERED.len() as i32);
    }
    for (api, min, max) in OFFERED {
        out.put_i16(*api as i16);
        out.put_i16(*min);
        out.put_i16(*max);
        if flexible {
            out.put_u8(0);
        }
    }
    if version >= 1 {
        out.put_i32(0);
    }
    if flexible {
        out.put_u8(0);
    }
    out.freeze()
}
