//! Fetch v4 to v11 from krafka's log.

use super::bridge::Core;
use super::connection::{Request, fetch_of, put_string};
use crate::wire::Read;
use crate::wire::request::{Fetch, FetchPartition};
use bytes::{BufMut, Bytes, BytesMut};
use krafka::testing::{ClusterState, PartitionState};
use std::time::Duration;
use tokio::time::Instant;

const OFFSET_OUT_OF_RANGE: i16 = 1;
const UNKNOWN_TOPIC_OR_PARTITION: i16 = 3;

/// Most bytes of records in one reply, whatever the client asks for (but one
/// batch at least, KIP-74).
const REPLY_BYTES_MAX: usize = 50 * 1024 * 1024;
/// Longest that a fetch is held, whatever the client asks for.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// Answers a fetch: at once when there is enough to return, else with the next
/// write that makes it enough, or when its wait is over.
pub(super) async fn serve(request: &Request, core: &Core) -> Read<Bytes> {
    let fetch = fetch_of(request)?;
    let wait = Duration::from_millis(u64::try_from(fetch.max_wait_ms).unwrap_or(0));
    let deadline = Instant::now() + wait.min(WAIT_MAX);
    let enough = usize::try_from(fetch.min_bytes).unwrap_or(0);
    let mut writes = core.writes.subscribe();
    loop {
        // Marked before the state is read, so that a write in between wakes.
        writes.mark_unchanged();
        let answer = core
            .broker
            .with_state(|state| answer(state, request, &fetch));
        if answer.urgent || answer.record_bytes >= enough || Instant::now() >= deadline {
            return Ok(answer.frame.freeze());
        }
        // A timeout is looked at above: the state is read once more.
        let _ = tokio::time::timeout_at(deadline, writes.changed()).await;
    }
}

struct Answer {
    frame: BytesMut,
    record_bytes: usize,
    /// An error is told at once.
    urgent: bool,
}

fn answer(state: &ClusterState, request: &Request, fetch: &Fetch<'_>) -> Answer {
    let mut answer = Answer {
        frame: BytesMut::with_capacity(256),
        record_bytes: 0,
        urgent: false,
    };
    let version = request.version;
    let out = &mut answer.frame;
    out.put_i32(request.correlation);
    out.put_i32(0);
    if version >= 7 {
        out.put_i16(0);
        // Session 0: no fetch session, each fetch names all its partitions.
        out.put_i32(0);
    }
    out.put_i32(fetch.topics.len() as i32);
    for (name, partitions) in &fetch.topics {
        put_string(&mut answer.frame, name);
        answer.frame.put_i32(partitions.len() as i32);
        for wanted in partitions {
            let partition = state.partition(name, wanted.partition);
            put_partition(&mut answer, version, fetch, wanted, partition);
        }
    }
    answer
}

fn put_partition(
    answer: &mut Answer,
    version: i16,
    fetch: &Fetch<'_>,
    wanted: &FetchPartition,
    partition: Option<&PartitionState>,
) {
    let (error, part) = match partition {
        None => (UNKNOWN_TOPIC_OR_PARTITION, None),
        Some(part) if !(part.log_start_offset..=part.next_offset).contains(&wanted.offset) => {
            (OFFSET_OUT_OF_RANGE, Some(part))
        }
        Some(part) => (0, Some(part)),
    };
    answer.urgent |= error != 0;
    let high_watermark = part.map_or(-1, |part| part.next_offset);
    let last_stable = part.map_or(-1, last_stable_offset);
    let out = &mut answer.frame;
    out.put_i32(wanted.partition);
    out.put_i16(error);
    out.put_i64(high_watermark);
    out.put_i64(last_stable);
    if version >= 5 {
        out.put_i64(part.map_or(-1, |part| part.log_start_offset));
    }
    let Some(part) = part.filter(|_| error == 0) else {
        out.put_i32(0);
        put_records(answer, version, &[]);
        return;
    };
    let limit = match fetch.read_committed {
        true => last_stable,
        false => high_watermark,
    };
    let batches = select(part, wanted, limit, fetch.max_bytes, answer.record_bytes);
    let end = batches.last().map_or(wanted.offset, end_offset);
    put_aborted(&mut answer.frame, fetch, part, wanted.offset, end);
    put_records(answer, version, batches);
}

fn put_aborted(out: &mut BytesMut, fetch: &Fetch<'_>, part: &PartitionState, begin: i64, end: i64) {
    // Those that overlap the range returned; an older one would make the
    // client drop later records of the same producer.
    let mut aborted: Vec<(i64, i64)> = part
        .aborted_transactions
        .iter()
        .filter(|(_, first, marker)| fetch.read_committed && *marker >= begin && *first < end)
        .map(|(producer, first, _)| (*producer, *first))
        .collect();
    aborted.sort_unstable_by_key(|(producer, first)| (*first, *producer));
    out.put_i32(aborted.len() as i32);
    for (producer, first) in aborted {
        out.put_i64(producer);
        out.put_i64(first);
    }
}

fn put_records(answer: &mut Answer, version: i16, batches: &[Bytes]) {
    let bytes: usize = batches.iter().map(Bytes::len).sum();
    let out = &mut answer.frame;
    if version >= 11 {
        out.put_i32(-1);
    }
    out.put_i32(bytes as i32);
    for batch in batches {
        out.put_slice(batch);
    }
    answer.record_bytes += bytes;
}

/// First offset of the oldest open transaction, or the end of the log.
fn last_stable_offset(part: &PartitionState) -> i64 {
    let oldest = part.open_transactions.values().min();
    oldest.copied().unwrap_or(part.next_offset)
}

/// The batches from `wanted.offset` to before `limit`, as many as the sizes
/// allow: one at least in the first partition that has any.
fn select<'a>(
    part: &'a PartitionState,
    wanted: &FetchPartition,
    limit: i64,
    fetch_bytes_max: i32,
    already: usize,
) -> &'a [Bytes] {
    let first = part
        .log
        .partition_point(|batch| end_offset(batch) <= wanted.offset);
    let whole = usize::try_from(fetch_bytes_max)
        .unwrap_or(0)
        .min(REPLY_BYTES_MAX)
        .saturating_sub(already);
    let own = usize::try_from(wanted.max_bytes).unwrap_or(0);
    let room = whole.min(own);
    let mut bytes = 0;
    let mut last = first;
    for batch in &part.log[first..] {
        let must = already == 0 && last == first;
        if end_offset(batch) > limit || (bytes + batch.len() > room && !must) {
            break;
        }
        bytes += batch.len();
        last += 1;
    }
    &part.log[first..last]
}

/// The offset after a stored batch: its base and its count of records stand at
/// fixed places of the header that krafka has checked.
fn end_offset(batch: &Bytes) -> i64 {
    let base = batch
        .first_chunk::<8>()
        .map_or(0, |b| i64::from_be_bytes(*b));
    let count = batch.get(57..61).and_then(|b| b.try_into().ok());
    base + i64::from(count.map_or(0, i32::from_be_bytes))
}
