//! Where the partitions of a request stand, so that it can be cut down.

use super::request::{
    offset_commit_head, offset_commit_partition, produce_head, produce_partition,
    txn_offset_commit_head, txn_offset_commit_partition,
};
use super::{Cursor, Read};
use kafka_protocol::messages::ApiKey;
use std::ops::Range;

/// The topics of a request, in the order of the wire. All places count from the
/// start of the cursor's slice.
#[derive(Debug)]
pub(crate) struct Topics {
    /// Where their number stands.
    pub count_at: Range<usize>,
    pub topics: Vec<TopicAt>,
}

#[derive(Debug)]
pub(crate) struct TopicAt {
    pub at: Range<usize>,
    /// Where the number of its partitions stands.
    pub count_at: Range<usize>,
    pub partitions: Vec<Range<usize>>,
}

impl Topics {
    pub fn partitions(&self) -> usize {
        self.topics.iter().map(|topic| topic.partitions.len()).sum()
    }
}

/// Walks to the end of a request whose partitions are applied one by one, or
/// answers `None` where this version of the API is none or is not read.
pub(crate) fn topics(api: ApiKey, version: i16, body: &mut Cursor<'_>) -> Option<Read<Topics>> {
    Some(match (api, version) {
        (ApiKey::Produce, 0..=12) => produce_head(version, body)
            .and_then(|_| walk(body, |body| produce_partition(body).map(|_| ()))),
        (ApiKey::OffsetCommit, 0..=9) => offset_commit_head(version, body).and_then(|()| {
            walk(body, |body| {
                offset_commit_partition(version, body).map(|_| ())
            })
        }),
        (ApiKey::TxnOffsetCommit, 0..=5) => txn_offset_commit_head(version, body).and_then(|_| {
            walk(body, |body| {
                txn_offset_commit_partition(version, body).map(|_| ())
            })
        }),
        _ => return None,
    })
}

fn walk<'a>(
    body: &mut Cursor<'a>,
    partition: impl Fn(&mut Cursor<'a>) -> Read<()>,
) -> Read<Topics> {
    let (count, count_at) = count(body)?;
    let mut topics = Vec::new();
    for _ in 0..count {
        let start = body.at();
        body.string()?;
        let (count, count_at) = self::count(body)?;
        let mut partitions = Vec::new();
        for _ in 0..count {
            let start = body.at();
            partition(body)?;
            partitions.push(start..body.at());
        }
        body.tags()?;
        topics.push(TopicAt {
            at: start..body.at(),
            count_at,
            partitions,
        });
    }
    body.tags()?;
    Ok(Topics { count_at, topics })
}

fn count(body: &mut Cursor<'_>) -> Read<(usize, Range<usize>)> {
    let start = body.at();
    let count = body.count()?;
    Ok((count, start..body.at()))
}
