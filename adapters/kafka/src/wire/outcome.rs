//! Error codes of responses.

use super::response::produce;
use super::{Cursor, Read};
use kafka_protocol::messages::ApiKey;

/// Every error code of a response whose outcome matters, or `None` where this
/// version of the API is not read.
pub(crate) fn errors(api: ApiKey, version: i16, body: &mut Cursor<'_>) -> Option<Read<Vec<i16>>> {
    Some(match (api, version) {
        (ApiKey::Produce, 0..=12) => {
            produce(version, body).map(|all| all.iter().map(|p| p.error).collect())
        }
        (ApiKey::OffsetCommit, 0..=9) => partition_errors(version >= 3, body),
        (ApiKey::TxnOffsetCommit, 0..=5) | (ApiKey::AddPartitionsToTxn, 0..=3) => {
            partition_errors(true, body)
        }
        (ApiKey::EndTxn, 0..=5)
        | (ApiKey::AddOffsetsToTxn, 0..=4)
        | (ApiKey::InitProducerId, 0..=6)
        | (ApiKey::ConsumerGroupHeartbeat, 0..=1) => first_error(true, body),
        (ApiKey::Heartbeat, 0..=4) | (ApiKey::SyncGroup, 0..=5) | (ApiKey::LeaveGroup, 0..=5) => {
            first_error(version >= 1, body)
        }
        (ApiKey::CreateTopics, 0..=7) => create_topics(version, body),
        (ApiKey::DeleteTopics, 0..=6) => delete_topics(version, body),
        (ApiKey::DeleteGroups, 0..=2) => delete_groups(body),
        _ => return None,
    })
}

fn first_error(throttled: bool, body: &mut Cursor<'_>) -> Read<Vec<i16>> {
    if throttled {
        body.i32()?;
    }
    Ok(vec![body.i16()?])
}

fn partition_errors(throttled: bool, body: &mut Cursor<'_>) -> Read<Vec<i16>> {
    if throttled {
        body.i32()?;
    }
    let mut errors = Vec::new();
    for _ in 0..body.count()? {
        body.string()?;
        for _ in 0..body.count()? {
            body.i32()?;
            errors.push(body.i16()?);
            body.tags()?;
        }
        body.tags()?;
    }
    body.tags()?;
    Ok(errors)
}

fn create_topics(version: i16, body: &mut Cursor<'_>) -> Read<Vec<i16>> {
    if version >= 2 {
        body.i32()?;
    }
    let mut errors = Vec::new();
    for _ in 0..body.count()? {
        body.string()?;
        if version >= 7 {
            body.uuid()?;
        }
        errors.push(body.i16()?);
        if version >= 1 {
            body.nullable_string()?;
        }
        if version >= 5 {
            body.i32()?;
            body.i16()?;
            for _ in 0..body.count()? {
                body.string()?;
                body.nullable_string()?;
                body.take(3)?;
                body.tags()?;
            }
        }
        body.tags()?;
    }
    body.tags()?;
    Ok(errors)
}

fn delete_topics(version: i16, body: &mut Cursor<'_>) -> Read<Vec<i16>> {
    if version >= 1 {
        body.i32()?;
    }
    let mut errors = Vec::new();
    for _ in 0..body.count()? {
        body.string()?;
        if version >= 6 {
            body.uuid()?;
        }
        errors.push(body.i16()?);
        if version >= 5 {
            body.nullable_string()?;
        }
        body.tags()?;
    }
    body.tags()?;
    Ok(errors)
}

fn delete_groups(body: &mut Cursor<'_>) -> Read<Vec<i16>> {
    body.i32()?;
    let mut errors = Vec::new();
    for _ in 0..body.count()? {
        body.string()?;
        errors.push(body.i16()?);
        body.tags()?;
    }
    body.tags()?;
    Ok(errors)
}
