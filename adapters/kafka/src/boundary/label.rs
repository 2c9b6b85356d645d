//! Labels of requests.

use super::Shared;
use crate::wire::request::{self, Request};
use crate::wire::{Cursor, Read, api, ids, records};
use exactly_adapter::Head;
use exactly_model::{Class, Position};
use kafka_protocol::messages::ApiKey;

/// Partitions whose fetch offset a connection remembers at most.
const FETCH_OFFSETS_MAX: usize = 16_384;

/// Where a connection's fetches begin, by topic and partition. A fetch that
/// begins within a batch is answered with the whole batch; what lies before is
/// not delivered.
pub(crate) type FetchOffsets = std::collections::BTreeMap<(String, i32), i64>;

/// Labels the request `api` v`version` and keeps what later labels need.
pub(crate) fn label(
    api: ApiKey,
    version: i16,
    body: &mut Cursor<'_>,
    shared: &Shared,
    fetches: &mut FetchOffsets,
) -> Read<(Head, Option<String>)> {
    let mut head = Head {
        key: 0,
        operation: api::name(api),
        target: String::new(),
        class: api::class(api),
        ids: Vec::new(),
        commits: Vec::new(),
        names: Vec::new(),
        expects_reply: true,
    };
    let mut group = None;
    // An API or version that is not read is labelled by its name and class.
    let Some(request) = request::read(api, version, body) else {
        return Ok((head, group));
    };
    match request? {
        Request::Produce {
            transactional_id,
            acks,
            topics,
        } => {
            head.expects_reply = acks != 0;
            head.target = targets(shared, topics.iter().map(|(name, _)| *name));
            for (_, sets) in &topics {
                for (_, set) in sets {
                    find_ids(set, &mut head.ids);
                }
            }
            if let Some(id) = transactional_id {
                shared.transaction_produced(id, &head.ids);
            }
        }
        Request::Fetch(fetch) => {
            head.target = targets(shared, fetch.topics.iter().map(|(name, _)| *name));
            remember(&fetch, fetches);
        }
        Request::OffsetCommit { topics } => {
            head.target = targets(shared, topics.iter().map(|(name, _)| *name));
            for (name, offsets) in &topics {
                for (partition, offset) in offsets {
                    push_commit(&mut head, shared, name, *partition, *offset);
                }
            }
        }
        Request::TxnOffsetCommit(commit) => {
            head.target = targets(shared, commit.topics.iter().map(|(name, _)| *name));
            for (name, offsets) in &commit.topics {
                for offset in offsets {
                    push_commit(&mut head, shared, name, offset.partition, offset.offset);
                }
            }
        }
        Request::InitProducerId { transactional_id } => {
            if let Some(id) = transactional_id {
                shared.transaction_reset(id);
            }
        }
        Request::AddPartitionsToTxn {
            transactional_id,
            topics,
        } => {
            head.target = targets(shared, topics.iter().copied());
            shared.transaction_produced(transactional_id, &[]);
        }
        Request::EndTxn(end) => {
            head.operation = match end.committed {
                true => "EndTxn commit".into(),
                false => "EndTxn abort".into(),
            };
            head.ids = shared.transaction_ends(end.transactional_id);
        }
        Request::JoinGroup { group: name } => group = Some(name.to_string()),
        Request::ConsumerGroupHeartbeat { epoch } => {
            // KIP-848: epoch 0 joins, and every later heartbeat only renews.
            head.class = if epoch == 0 {
                Class::Take
            } else {
                Class::Control
            };
        }
        Request::Topics(topics) => head.target = targets(shared, topics.into_iter()),
        Request::Plain => {}
    }
    Ok((head, group))
}

/// Logical targets, sorted and joined by commas: batching must not move labels.
fn targets<'a>(shared: &Shared, topics: impl Iterator<Item = &'a str>) -> String {
    let mut seen: Vec<String> = Vec::new();
    for topic in topics {
        let target = shared.names.target(topic);
        if !seen.contains(&target) {
            seen.push(target);
        }
        if seen.len() >= 16 {
            break;
        }
    }
    seen.sort();
    seen.join(",")
}

fn find_ids(set: &[u8], ids: &mut Vec<exactly_model::MessageId>) {
    for batch in records::batches(set) {
        // A record set that does not read is no reason to stop the exchange:
        // the broker refuses it.
        for record in batch.records().map_while(Result::ok) {
            for field in [record.key, record.value].into_iter().flatten() {
                ids::find(field, ids);
            }
        }
    }
}

fn push_commit(head: &mut Head, shared: &Shared, topic: &str, partition: i32, offset: i64) {
    if let Ok(partition) = u32::try_from(partition) {
        head.commits.push(Position {
            target: shared.names.target(topic),
            partition,
            offset,
        });
    }
}

fn remember(fetch: &request::Fetch<'_>, fetches: &mut FetchOffsets) {
    for (name, partitions) in &fetch.topics {
        for partition in partitions {
            let key = ((*name).to_string(), partition.partition);
            if fetches.len() < FETCH_OFFSETS_MAX || fetches.contains_key(&key) {
                fetches.insert(key, partition.offset);
            }
        }
    }
}
