//! Request bodies walked to their end: what is accepted here may be shown to a
//! library's decoder.

use super::{Cursor, Read, request};
use kafka_protocol::messages::ApiKey;

/// Walks the body of a request, or answers `None` where this version of the API
/// is not read to its end.
pub(crate) fn walk(api: ApiKey, version: i16, body: &mut Cursor<'_>) -> Option<Read<()>> {
    Some(match (api, version) {
        (ApiKey::Metadata, 0..=12) => metadata(version, body),
        (ApiKey::ListOffsets, 1..=5) => list_offsets(version, body),
        (ApiKey::OffsetFetch, 1..=7) => offset_fetch(version, body),
        (ApiKey::FindCoordinator, 0..=3) => find_coordinator(version, body),
        (ApiKey::JoinGroup, 0..=7) => join_group(version, body),
        (ApiKey::SyncGroup, 0..=4) => sync_group(version, body),
        (ApiKey::Heartbeat, 0..=4) => member(version >= 3, body).and_then(|()| body.tags()),
        (ApiKey::DescribeGroups, 0..=5) => describe_groups(version, body),
        // What follows the topics of these two has a fixed size.
        (
            ApiKey::Produce | ApiKey::OffsetCommit | ApiKey::CreateTopics | ApiKey::DeleteTopics,
            _,
        ) => request::read(api, version, body)?.map(|_| ()),
        _ => return None,
    })
}

fn metadata(version: i16, body: &mut Cursor<'_>) -> Read<()> {
    for _ in 0..body.count()? {
        if version >= 10 {
            body.uuid()?;
        }
        body.nullable_string()?;
        body.tags()?;
    }
    let flags = match version {
        0..=3 => 0,
        4..=7 => 1,
        8..=10 => 3,
        _ => 2,
    };
    body.take(flags)?;
    body.tags()
}

fn list_offsets(version: i16, body: &mut Cursor<'_>) -> Read<()> {
    body.i32()?;
    if version >= 2 {
        body.i8()?;
    }
    for _ in 0..body.count()? {
        body.string()?;
        for _ in 0..body.count()? {
            body.i32()?;
            if version >= 4 {
                body.i32()?;
            }
            body.i64()?;
            body.tags()?;
        }
        body.tags()?;
    }
    body.tags()
}

fn offset_fetch(version: i16, body: &mut Cursor<'_>) -> Read<()> {
    body.string()?;
    for _ in 0..body.count()? {
        body.string()?;
        body.skip_i32s()?;
        body.tags()?;
    }
    if version >= 7 {
        body.bool()?;
    }
    body.tags()
}

fn find_coordinator(version: i16, body: &mut Cursor<'_>) -> Read<()> {
    body.string()?;
    if version >= 1 {
        body.i8()?;
    }
    body.tags()
}

fn join_group(version: i16, body: &mut Cursor<'_>) -> Read<()> {
    body.string()?;
    body.i32()?;
    if version >= 1 {
        body.i32()?;
    }
    body.string()?;
    if version >= 5 {
        body.nullable_string()?;
    }
    body.string()?;
    names_with_bytes(body)?;
    body.tags()
}

fn sync_group(version: i16, body: &mut Cursor<'_>) -> Read<()> {
    member(version >= 3, body)?;
    names_with_bytes(body)?;
    body.tags()
}

/// Group, generation and member id, with the instance id where there is one.
fn member(with_instance: bool, body: &mut Cursor<'_>) -> Read<()> {
    body.string()?;
    body.i32()?;
    body.string()?;
    if with_instance {
        body.nullable_string()?;
    }
    Ok(())
}

/// The protocols of a join, or the assignments of a sync.
fn names_with_bytes(body: &mut Cursor<'_>) -> Read<()> {
    for _ in 0..body.count()? {
        body.string()?;
        body.bytes()?;
        body.tags()?;
    }
    Ok(())
}

fn describe_groups(version: i16, body: &mut Cursor<'_>) -> Read<()> {
    for _ in 0..body.count()? {
        body.string()?;
    }
    if version >= 3 {
        body.bool()?;
    }
    body.tags()
}
