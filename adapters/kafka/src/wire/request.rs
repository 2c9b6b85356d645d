//! Requests, as far as their labels need them.

use super::{Cursor, Read};
use kafka_protocol::messages::ApiKey;

/// A partition's record set within a Produce.
pub(crate) type RecordSets<'a> = Vec<(i32, &'a [u8])>;

/// A partition and an offset.
pub(crate) type Offsets = Vec<(i32, i64)>;

/// A request body. Topics are in the order of the wire.
#[derive(Debug)]
pub(crate) enum Request<'a> {
    Produce {
        transactional_id: Option<&'a str>,
        acks: i16,
        topics: Vec<(&'a str, RecordSets<'a>)>,
    },
    Fetch(Fetch<'a>),
    OffsetCommit {
        topics: Vec<(&'a str, Offsets)>,
    },
    TxnOffsetCommit(TxnOffsetCommit<'a>),
    AddPartitionsToTxn {
        owner: Owner<'a>,
        topics: Vec<(&'a str, Vec<i32>)>,
    },
    AddOffsetsToTxn(Owner<'a>),
    EndTxn(EndTxn<'a>),
    JoinGroup {
        group: &'a str,
        member: &'a str,
    },
    ConsumerGroupHeartbeat {
        epoch: i32,
    },
    /// CreateTopics and DeleteTopics.
    Topics(Vec<&'a str>),
    /// Read, but without anything that a label needs.
    Plain,
}

/// What a fetch asks for.
#[derive(Debug, Default)]
pub(crate) struct Fetch<'a> {
    pub max_wait_ms: i32,
    pub min_bytes: i32,
    pub max_bytes: i32,
    pub read_committed: bool,
    pub session_id: i32,
    pub topics: Vec<(&'a str, Vec<FetchPartition>)>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct FetchPartition {
    pub partition: i32,
    pub offset: i64,
    pub max_bytes: i32,
}

/// Whose transaction a request belongs to: a producer's life. Whoever takes over
/// a transactional id has another epoch, or another producer id.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Owner<'a> {
    pub transactional_id: &'a str,
    pub producer_id: i64,
    pub epoch: i16,
}

#[derive(Debug)]
pub(crate) struct EndTxn<'a> {
    pub owner: Owner<'a>,
    pub committed: bool,
}

#[derive(Debug)]
pub(crate) struct TxnOffsetCommit<'a> {
    pub owner: Owner<'a>,
    pub group: &'a str,
    pub topics: Vec<(&'a str, Vec<TxnOffset<'a>>)>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct TxnOffset<'a> {
    pub partition: i32,
    pub offset: i64,
    pub leader_epoch: i32,
    pub metadata: Option<&'a str>,
}

/// Reads a request body, or answers `None` where this version of the API is
/// not read.
pub(crate) fn read<'a>(
    api: ApiKey,
    version: i16,
    body: &mut Cursor<'a>,
) -> Option<Read<Request<'a>>> {
    Some(match (api, version) {
        (ApiKey::Produce, 0..=12) => produce(version, body),
        (ApiKey::Fetch, 4..=12) => fetch(version, body).map(Request::Fetch),
        (ApiKey::OffsetCommit, 0..=9) => offset_commit(version, body),
        (ApiKey::TxnOffsetCommit, 0..=5) => {
            txn_offset_commit(version, body).map(Request::TxnOffsetCommit)
        }
        (ApiKey::AddPartitionsToTxn, 0..=3) => add_partitions_to_txn(body),
        (ApiKey::AddOffsetsToTxn, 0..=4) => owner(body).map(Request::AddOffsetsToTxn),
        (ApiKey::EndTxn, 0..=5) => end_txn(body).map(Request::EndTxn),
        (ApiKey::JoinGroup, 0..=9) => join_group(version, body),
        (ApiKey::ConsumerGroupHeartbeat, 0..=1) => consumer_group_heartbeat(body),
        (ApiKey::CreateTopics, 0..=7) => create_topics(body),
        (ApiKey::DeleteTopics, 0..=6) => delete_topics(version, body),
        (
            ApiKey::ApiVersions
            | ApiKey::Metadata
            | ApiKey::FindCoordinator
            | ApiKey::ListOffsets
            | ApiKey::OffsetFetch
            | ApiKey::InitProducerId
            | ApiKey::SyncGroup
            | ApiKey::Heartbeat
            | ApiKey::LeaveGroup
            | ApiKey::DescribeCluster,
            _,
        ) => Ok(Request::Plain),
        _ => return None,
    })
}

fn produce<'a>(version: i16, body: &mut Cursor<'a>) -> Read<Request<'a>> {
    let (transactional_id, acks) = produce_head(version, body)?;
    let mut topics = Vec::new();
    for _ in 0..body.count()? {
        let name = body.string()?;
        let mut sets = Vec::new();
        for _ in 0..body.count()? {
            sets.push(produce_partition(body)?);
        }
        body.tags()?;
        topics.push((name, sets));
    }
    body.tags()?;
    Ok(Request::Produce {
        transactional_id,
        acks,
        topics,
    })
}

/// What stands before the topics: the transactional id and the acks.
pub(super) fn produce_head<'a>(
    version: i16,
    body: &mut Cursor<'a>,
) -> Read<(Option<&'a str>, i16)> {
    let transactional_id = match version {
        3.. => body.nullable_string()?,
        _ => None,
    };
    let acks = body.i16()?;
    body.i32()?;
    Ok((transactional_id, acks))
}

pub(super) fn produce_partition<'a>(body: &mut Cursor<'a>) -> Read<(i32, &'a [u8])> {
    let set = (body.i32()?, body.bytes()?);
    body.tags()?;
    Ok(set)
}

/// Fetch from v4, the first with record batches and isolation.
pub(crate) fn fetch<'a>(version: i16, body: &mut Cursor<'a>) -> Read<Fetch<'a>> {
    body.i32()?;
    let mut fetch = Fetch {
        max_wait_ms: body.i32()?,
        min_bytes: body.i32()?,
        max_bytes: body.i32()?,
        read_committed: body.i8()? == 1,
        ..Fetch::default()
    };
    if version >= 7 {
        fetch.session_id = body.i32()?;
        body.i32()?;
    }
    for _ in 0..body.count()? {
        let name = body.string()?;
        let mut partitions = Vec::new();
        for _ in 0..body.count()? {
            partitions.push(fetch_partition(version, body)?);
        }
        body.tags()?;
        fetch.topics.push((name, partitions));
    }
    if version >= 7 {
        for _ in 0..body.count()? {
            body.string()?;
            body.skip_i32s()?;
            body.tags()?;
        }
    }
    if version >= 11 {
        body.string()?;
    }
    body.tags()?;
    Ok(fetch)
}

fn fetch_partition(version: i16, body: &mut Cursor<'_>) -> Read<FetchPartition> {
    let partition = body.i32()?;
    if version >= 9 {
        body.i32()?;
    }
    let offset = body.i64()?;
    if version >= 12 {
        body.i32()?;
    }
    if version >= 5 {
        body.i64()?;
    }
    let max_bytes = body.i32()?;
    body.tags()?;
    Ok(FetchPartition {
        partition,
        offset,
        max_bytes,
    })
}

fn offset_commit<'a>(version: i16, body: &mut Cursor<'a>) -> Read<Request<'a>> {
    offset_commit_head(version, body)?;
    let mut topics = Vec::new();
    for _ in 0..body.count()? {
        let name = body.string()?;
        let mut offsets = Vec::new();
        for _ in 0..body.count()? {
            offsets.push(offset_commit_partition(version, body)?);
        }
        body.tags()?;
        topics.push((name, offsets));
    }
    body.tags()?;
    Ok(Request::OffsetCommit { topics })
}

/// What stands before the topics.
pub(super) fn offset_commit_head(version: i16, body: &mut Cursor<'_>) -> Read<()> {
    body.string()?;
    if version >= 1 {
        body.i32()?;
        body.string()?;
    }
    if version >= 7 {
        body.nullable_string()?;
    }
    if (2..=4).contains(&version) {
        body.i64()?;
    }
    Ok(())
}

pub(super) fn offset_commit_partition(version: i16, body: &mut Cursor<'_>) -> Read<(i32, i64)> {
    let offset = (body.i32()?, body.i64()?);
    if version >= 6 {
        body.i32()?;
    }
    if version == 1 {
        body.i64()?;
    }
    body.nullable_string()?;
    body.tags()?;
    Ok(offset)
}

pub(crate) fn txn_offset_commit<'a>(
    version: i16,
    body: &mut Cursor<'a>,
) -> Read<TxnOffsetCommit<'a>> {
    let (owner, group) = txn_offset_commit_head(version, body)?;
    let mut topics = Vec::new();
    for _ in 0..body.count()? {
        let name = body.string()?;
        let mut offsets = Vec::new();
        for _ in 0..body.count()? {
            offsets.push(txn_offset_commit_partition(version, body)?);
        }
        body.tags()?;
        topics.push((name, offsets));
    }
    body.tags()?;
    Ok(TxnOffsetCommit {
        owner,
        group,
        topics,
    })
}

/// What stands before the topics: whose it is, and the group.
pub(super) fn txn_offset_commit_head<'a>(
    version: i16,
    body: &mut Cursor<'a>,
) -> Read<(Owner<'a>, &'a str)> {
    let (transactional_id, group) = (body.string()?, body.string()?);
    let owner = producer(transactional_id, body)?;
    if version >= 3 {
        body.i32()?;
        body.string()?;
        body.nullable_string()?;
    }
    Ok((owner, group))
}

pub(super) fn txn_offset_commit_partition<'a>(
    version: i16,
    body: &mut Cursor<'a>,
) -> Read<TxnOffset<'a>> {
    let offset = TxnOffset {
        partition: body.i32()?,
        offset: body.i64()?,
        leader_epoch: if version >= 2 { body.i32()? } else { -1 },
        metadata: body.nullable_string()?,
    };
    body.tags()?;
    Ok(offset)
}

/// A transactional id, with the producer that claims it.
fn owner<'a>(body: &mut Cursor<'a>) -> Read<Owner<'a>> {
    let transactional_id = body.string()?;
    producer(transactional_id, body)
}

fn producer<'a>(transactional_id: &'a str, body: &mut Cursor<'a>) -> Read<Owner<'a>> {
    Ok(Owner {
        transactional_id,
        producer_id: body.i64()?,
        epoch: body.i16()?,
    })
}

fn add_partitions_to_txn<'a>(body: &mut Cursor<'a>) -> Read<Request<'a>> {
    let owner = owner(body)?;
    let topics = topic_partitions(body)?;
    body.tags()?;
    Ok(Request::AddPartitionsToTxn { owner, topics })
}

/// Topics with their partitions.
pub(crate) fn topic_partitions<'a>(body: &mut Cursor<'a>) -> Read<Vec<(&'a str, Vec<i32>)>> {
    let mut topics = Vec::new();
    for _ in 0..body.count()? {
        let name = body.string()?;
        let mut partitions = Vec::new();
        for _ in 0..body.count()? {
            partitions.push(body.i32()?);
        }
        body.tags()?;
        topics.push((name, partitions));
    }
    Ok(topics)
}

pub(crate) fn end_txn<'a>(body: &mut Cursor<'a>) -> Read<EndTxn<'a>> {
    let end = EndTxn {
        owner: owner(body)?,
        committed: body.bool()?,
    };
    body.tags()?;
    Ok(end)
}

/// The group and the member, as far as the protocols.
fn join_group<'a>(version: i16, body: &mut Cursor<'a>) -> Read<Request<'a>> {
    let group = body.string()?;
    body.i32()?;
    if version >= 1 {
        body.i32()?;
    }
    Ok(Request::JoinGroup {
        group,
        member: body.string()?,
    })
}

fn consumer_group_heartbeat<'a>(body: &mut Cursor<'a>) -> Read<Request<'a>> {
    body.string()?;
    body.string()?;
    Ok(Request::ConsumerGroupHeartbeat { epoch: body.i32()? })
}

fn create_topics<'a>(body: &mut Cursor<'a>) -> Read<Request<'a>> {
    let mut topics = Vec::new();
    for _ in 0..body.count()? {
        topics.push(body.string()?);
        body.i32()?;
        body.i16()?;
        for _ in 0..body.count()? {
            body.i32()?;
            body.skip_i32s()?;
            body.tags()?;
        }
        for _ in 0..body.count()? {
            body.string()?;
            body.nullable_string()?;
            body.tags()?;
        }
        body.tags()?;
    }
    Ok(Request::Topics(topics))
}

fn delete_topics<'a>(version: i16, body: &mut Cursor<'a>) -> Read<Request<'a>> {
    let mut topics = Vec::new();
    for _ in 0..body.count()? {
        topics.push(body.string()?);
        if version >= 6 {
            body.uuid()?;
            body.tags()?;
        }
    }
    Ok(Request::Topics(topics))
}
