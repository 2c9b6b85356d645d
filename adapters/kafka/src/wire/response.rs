//! Responses, as far as deliveries, addresses and this crate's own requests need
//! them.

use super::{Cursor, Read};
use std::ops::Range;

/// A broker's address within a response, with the places of its host (length
/// prefix included) and port, so that both can be replaced.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Endpoint<'a> {
    pub node: i32,
    pub host: &'a str,
    pub port: i32,
    pub host_at: Range<usize>,
    pub port_at: Range<usize>,
}

fn endpoint<'a>(node: i32, body: &mut Cursor<'a>) -> Read<Endpoint<'a>> {
    let start = body.at();
    let host = body.string()?;
    let host_at = start..body.at();
    let port = body.i32()?;
    Ok(Endpoint {
        node,
        host,
        port,
        port_at: host_at.end..body.at(),
        host_at,
    })
}

/// Cluster metadata.
#[derive(Debug, Default)]
pub(crate) struct Metadata<'a> {
    pub brokers: Vec<Endpoint<'a>>,
    pub controller: i32,
    pub topics: Vec<TopicMetadata<'a>>,
}

#[derive(Debug)]
pub(crate) struct TopicMetadata<'a> {
    pub error: i16,
    pub name: &'a str,
    /// Partition, leader, error.
    pub partitions: Vec<(i32, i32, i16)>,
}

/// Metadata v0 to v12.
pub(crate) fn metadata<'a>(version: i16, body: &mut Cursor<'a>) -> Read<Metadata<'a>> {
    let mut metadata = Metadata::default();
    if version >= 3 {
        body.i32()?;
    }
    for _ in 0..body.count()? {
        let node = body.i32()?;
        metadata.brokers.push(endpoint(node, body)?);
        if version >= 1 {
            body.nullable_string()?;
        }
        body.tags()?;
    }
    if version >= 2 {
        body.nullable_string()?;
    }
    if version >= 1 {
        metadata.controller = body.i32()?;
    }
    for _ in 0..body.count()? {
        metadata.topics.push(topic_metadata(version, body)?);
    }
    if (8..=10).contains(&version) {
        body.i32()?;
    }
    body.tags()?;
    Ok(metadata)
}

fn topic_metadata<'a>(version: i16, body: &mut Cursor<'a>) -> Read<TopicMetadata<'a>> {
    let mut topic = TopicMetadata {
        error: body.i16()?,
        name: body.string()?,
        partitions: Vec::new(),
    };
    if version >= 10 {
        body.uuid()?;
    }
    if version >= 1 {
        body.bool()?;
    }
    for _ in 0..body.count()? {
        let error = body.i16()?;
        let partition = body.i32()?;
        let leader = body.i32()?;
        if version >= 7 {
            body.i32()?;
        }
        body.skip_i32s()?;
        body.skip_i32s()?;
        if version >= 5 {
            body.skip_i32s()?;
        }
        body.tags()?;
        topic.partitions.push((partition, leader, error));
    }
    if version >= 8 {
        body.i32()?;
    }
    body.tags()?;
    Ok(topic)
}

/// FindCoordinator v0 to v6: each coordinator with its error.
pub(crate) fn find_coordinator<'a>(
    version: i16,
    body: &mut Cursor<'a>,
) -> Read<Vec<(i16, Endpoint<'a>)>> {
    if version >= 1 {
        body.i32()?;
    }
    let mut found = Vec::new();
    if version >= 4 {
        for _ in 0..body.count()? {
            body.string()?;
            let node = body.i32()?;
            let endpoint = endpoint(node, body)?;
            found.push((body.i16()?, endpoint));
            body.nullable_string()?;
            body.tags()?;
        }
    } else {
        let error = body.i16()?;
        if version >= 1 {
            body.nullable_string()?;
        }
        let node = body.i32()?;
        found.push((error, endpoint(node, body)?));
    }
    body.tags()?;
    Ok(found)
}

/// DescribeCluster v0 to v2.
pub(crate) fn describe_cluster<'a>(version: i16, body: &mut Cursor<'a>) -> Read<Vec<Endpoint<'a>>> {
    body.i32()?;
    body.i16()?;
    body.nullable_string()?;
    if version >= 1 {
        body.i8()?;
    }
    body.string()?;
    body.i32()?;
    let mut brokers = Vec::new();
    for _ in 0..body.count()? {
        let node = body.i32()?;
        brokers.push(endpoint(node, body)?);
        body.nullable_string()?;
        if version >= 2 {
            body.bool()?;
        }
        body.tags()?;
    }
    body.i32()?;
    body.tags()?;
    Ok(brokers)
}

/// An API within ApiVersions: its numbers, and where its entry and its highest
/// version stand.
#[derive(Debug)]
pub(crate) struct OfferedApi {
    pub api: i16,
    pub min: i16,
    pub max: i16,
    pub entry_at: Range<usize>,
    pub max_at: Range<usize>,
}

/// What a broker offers.
#[derive(Debug)]
pub(crate) struct ApiVersions {
    pub error: i16,
    pub count_at: Range<usize>,
    pub apis: Vec<OfferedApi>,
    /// Highest level of the finalized feature `transaction.version`, and where
    /// it stands.
    pub transaction_version: Option<(i16, Range<usize>)>,
}

/// The error of a broker that does not know the version asked for; it answers
/// in the layout of v0 then (KIP-511).
const UNSUPPORTED_VERSION: i16 = 35;
const FINALIZED_FEATURES_TAG: u32 = 2;

/// ApiVersions in any version. The cursor must not be set to flexible.
pub(crate) fn api_versions(version: i16, body: &mut Cursor<'_>) -> Read<ApiVersions> {
    let error = body.i16()?;
    let version = if error == UNSUPPORTED_VERSION {
        0
    } else {
        version
    };
    body.set_flexible(version >= 3);
    let count_start = body.at();
    let count = body.count()?;
    let mut offered = ApiVersions {
        error,
        count_at: count_start..body.at(),
        apis: Vec::new(),
        transaction_version: None,
    };
    for _ in 0..count {
        let start = body.at();
        let (api, min, max) = (body.i16()?, body.i16()?, body.i16()?);
        let max_at = body.at() - 2..body.at();
        body.tags()?;
        offered.apis.push(OfferedApi {
            api,
            min,
            max,
            entry_at: start..body.at(),
            max_at,
        });
    }
    if version >= 1 {
        body.i32()?;
    }
    if body.flexible() {
        for _ in 0..body.uvarint()? {
            let (tag, field) = body.tagged()?;
            if tag == FINALIZED_FEATURES_TAG {
                let start = body.at() - field.len();
                offered.transaction_version = transaction_version(field, start)?;
            }
        }
    }
    Ok(offered)
}

fn transaction_version(field: &[u8], start: usize) -> Read<Option<(i16, Range<usize>)>> {
    let mut cursor = Cursor::new(field, true);
    let mut found = None;
    for _ in 0..cursor.count()? {
        let name = cursor.string()?;
        let at = start + cursor.at();
        let max = cursor.i16()?;
        cursor.i16()?;
        cursor.tags()?;
        if name == "transaction.version" {
            found = Some((max, at..at + 2));
        }
    }
    Ok(found)
}

/// A partition's answer to a Produce.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Produced {
    pub partition: i32,
    pub error: i16,
    pub base_offset: i64,
}

/// Produce v0 to v12.
pub(crate) fn produce(version: i16, body: &mut Cursor<'_>) -> Read<Vec<Produced>> {
    let mut produced = Vec::new();
    for _ in 0..body.count()? {
        body.string()?;
        for _ in 0..body.count()? {
            produced.push(Produced {
                partition: body.i32()?,
                error: body.i16()?,
                base_offset: body.i64()?,
            });
            if version >= 2 {
                body.i64()?;
            }
            if version >= 5 {
                body.i64()?;
            }
            if version >= 8 {
                for _ in 0..body.count()? {
                    body.i32()?;
                    body.nullable_string()?;
                    body.tags()?;
                }
                body.nullable_string()?;
            }
            body.tags()?;
        }
        body.tags()?;
    }
    if version >= 1 {
        body.i32()?;
    }
    body.tags()?;
    Ok(produced)
}

/// A partition's part of a Fetch.
#[derive(Debug)]
pub(crate) struct Fetched<'a> {
    pub topic: &'a str,
    pub partition: i32,
    pub error: i16,
    /// Producer and first offset.
    pub aborted: Vec<(i64, i64)>,
    pub records: &'a [u8],
}

/// Fetch v4 to v12: the error of the whole, and the partitions.
pub(crate) fn fetch<'a>(version: i16, body: &mut Cursor<'a>) -> Read<(i16, Vec<Fetched<'a>>)> {
    body.i32()?;
    let error = match version {
        7.. => {
            let error = body.i16()?;
            body.i32()?;
            error
        }
        _ => 0,
    };
    let mut fetched = Vec::new();
    for _ in 0..body.count()? {
        let topic = body.string()?;
        for _ in 0..body.count()? {
            fetched.push(fetched_partition(version, topic, body)?);
        }
        body.tags()?;
    }
    body.tags()?;
    Ok((error, fetched))
}

fn fetched_partition<'a>(version: i16, topic: &'a str, body: &mut Cursor<'a>) -> Read<Fetched<'a>> {
    let mut fetched = Fetched {
        topic,
        partition: body.i32()?,
        error: body.i16()?,
        aborted: Vec::new(),
        records: &[],
    };
    body.take(8 + 8)?;
    if version >= 5 {
        body.i64()?;
    }
    for _ in 0..body.count()? {
        fetched.aborted.push((body.i64()?, body.i64()?));
        body.tags()?;
    }
    if version >= 11 {
        body.i32()?;
    }
    fetched.records = body.bytes()?;
    body.tags()?;
    Ok(fetched)
}

/// JoinGroup v0 to v9: the error and the member id.
pub(crate) fn join_group<'a>(version: i16, body: &mut Cursor<'a>) -> Read<(i16, &'a str)> {
    if version >= 2 {
        body.i32()?;
    }
    let error = body.i16()?;
    body.i32()?;
    if version >= 7 {
        body.nullable_string()?;
    }
    body.nullable_string()?;
    body.string()?;
    if version >= 9 {
        body.bool()?;
    }
    Ok((error, body.string()?))
}

/// OffsetFetch v3 to v7: the error of the whole; topic, partition, offset and
/// error of each.
#[expect(clippy::type_complexity, reason = "read once, taken apart at once")]
pub(crate) fn offset_fetch<'a>(
    version: i16,
    body: &mut Cursor<'a>,
) -> Read<(i16, Vec<(&'a str, i32, i64, i16)>)> {
    body.i32()?;
    let mut offsets = Vec::new();
    for _ in 0..body.count()? {
        let topic = body.string()?;
        for _ in 0..body.count()? {
            let partition = body.i32()?;
            let offset = body.i64()?;
            if version >= 5 {
                body.i32()?;
            }
            body.nullable_string()?;
            offsets.push((topic, partition, offset, body.i16()?));
            body.tags()?;
        }
        body.tags()?;
    }
    let error = body.i16()?;
    body.tags()?;
    Ok((error, offsets))
}

/// ListOffsets v2 to v7: topic, partition, error and offset of each.
pub(crate) fn list_offsets<'a>(
    version: i16,
    body: &mut Cursor<'a>,
) -> Read<Vec<(&'a str, i32, i16, i64)>> {
    body.i32()?;
    let mut offsets = Vec::new();
    for _ in 0..body.count()? {
        let topic = body.string()?;
        for _ in 0..body.count()? {
            let partition = body.i32()?;
            let error = body.i16()?;
            body.i64()?;
            offsets.push((topic, partition, error, body.i64()?));
            if version >= 4 {
                body.i32()?;
            }
            body.tags()?;
        }
        body.tags()?;
    }
    body.tags()?;
    Ok(offsets)
}
