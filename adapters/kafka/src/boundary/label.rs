//! Labels of requests.

use super::Shared;
use super::refusal::{self, Shape};
use crate::provision::TOPIC_NAME_MAX;
use crate::wire::records::{self, Batch};
use crate::wire::request::{self, EndTxn, Owner, RecordSets, Request};
use crate::wire::{Cursor, Read, api};
use exactly_adapter::{Head, find_ids};
use exactly_model::{Class, MessageId, Position};
use kafka_protocol::messages::ApiKey;

/// Partitions whose fetch offset a connection remembers at most.
const FETCH_OFFSETS_MAX: usize = 16_384;

/// Positions that one request's label names at most, as of ids.
const POSITIONS_MAX: usize = 16_384;

/// Where a connection's fetches begin, by topic and partition. A fetch that
/// begins within a batch is answered with the whole batch; what lies before is
/// not delivered.
pub(super) type FetchOffsets = std::collections::BTreeMap<(String, i32), i64>;

/// A request with its label, and what its reply will be read or made with.
#[derive(Debug)]
pub(super) struct Labelled {
    pub head: Head,
    pub group: Option<String>,
    pub shape: Option<Shape>,
}

/// Labels the request `api` v`version` and keeps what later labels need.
pub(super) fn label(
    api: ApiKey,
    version: i16,
    body: &mut Cursor<'_>,
    shared: &Shared,
    fetches: &mut FetchOffsets,
) -> Read<Labelled> {
    let mut labelled = Labelled {
        head: plain(api::name(api), api::class(api)),
        group: None,
        shape: None,
    };
    // An API or version that is not read is labelled by its name and class.
    let Some(request) = request::read(api, version, body) else {
        return Ok(labelled);
    };
    let request = request?;
    labelled.shape = refusal::shape(api, &request);
    let head = &mut labelled.head;
    match request {
        Request::Produce {
            transactional_id,
            acks,
            topics,
        } => {
            head.expects_reply = acks != 0;
            head.target = targets(shared, topics.iter().map(|(name, _)| *name));
            produced(transactional_id, &topics, shared, head);
        }
        Request::Fetch(fetch) => {
            head.target = targets(shared, fetch.topics.iter().map(|(name, _)| *name));
            remember(&fetch, fetches);
        }
        Request::OffsetCommit { topics } => {
            head.target = targets(shared, topics.iter().map(|(name, _)| *name));
            head.commits = positions(shared, &topics, |offset| *offset);
        }
        Request::TxnOffsetCommit(commit) => {
            head.target = targets(shared, commit.topics.iter().map(|(name, _)| *name));
            head.names = positions(shared, &commit.topics, |o| (o.partition, o.offset));
            shared.transactions(|all| all.named(&commit.owner, &head.names));
        }
        Request::AddPartitionsToTxn { owner, topics } => {
            head.target = targets(shared, topics.iter().map(|(name, _)| *name));
            shared.transactions(|all| all.joined(&owner));
        }
        Request::AddOffsetsToTxn(owner) => shared.transactions(|all| all.joined(&owner)),
        Request::EndTxn(end) => ended(&end, shared, head),
        Request::JoinGroup { group, .. } => labelled.group = Some(group.to_string()),
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
    Ok(labelled)
}

/// A request that is known by its name alone.
pub(super) fn plain(operation: String, class: Class) -> Head {
    Head {
        key: 0,
        operation,
        target: String::new(),
        class,
        ids: Vec::new(),
        commits: Vec::new(),
        names: Vec::new(),
        expects_reply: true,
    }
}

fn produced(
    transactional_id: Option<&str>,
    topics: &[(&str, RecordSets<'_>)],
    shared: &Shared,
    head: &mut Head,
) {
    for batch in topics
        .iter()
        .flat_map(|(_, sets)| sets)
        .flat_map(|(_, set)| records::batches(set))
    {
        let before = head.ids.len();
        ids_in(&batch, &mut head.ids);
        if let Some(transactional_id) = transactional_id {
            let owner = Owner {
                transactional_id,
                producer_id: batch.producer_id,
                epoch: batch.producer_epoch,
            };
            shared.transactions(|all| all.produced(&owner, &head.ids[before..]));
        }
    }
}

/// TxnOffsetCommit only stages positions: it is the commit that commits them.
fn ended(end: &EndTxn<'_>, shared: &Shared, head: &mut Head) {
    let content = shared.transactions(|all| all.ends(&end.owner));
    head.ids = content.ids;
    if end.committed {
        head.operation = "EndTxn commit".into();
        head.commits = content.positions;
    } else {
        head.operation = "EndTxn abort".into();
    }
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

fn ids_in(batch: &Batch<'_>, ids: &mut Vec<MessageId>) {
    // A record set that does not read is no reason to stop the exchange: the
    // broker refuses it.
    for record in batch.records().map_while(Result::ok) {
        for field in [record.key, record.value].into_iter().flatten() {
            find_ids(field, ids);
        }
    }
}

fn positions<T>(
    shared: &Shared,
    topics: &[(&str, Vec<T>)],
    offset: impl Fn(&T) -> (i32, i64),
) -> Vec<Position> {
    let position = |topic: &str, partition: i32, offset: i64| {
        Some(Position {
            target: shared.names.target(topic),
            partition: u32::try_from(partition).ok()?,
            offset,
        })
    };
    let all = topics
        .iter()
        .flat_map(|(topic, offsets)| offsets.iter().map(move |one| (*topic, one)));
    all.take(POSITIONS_MAX)
        .filter_map(|(topic, one)| {
            let (partition, offset) = offset(one);
            position(topic, partition, offset)
        })
        .collect()
}

fn remember(fetch: &request::Fetch<'_>, fetches: &mut FetchOffsets) {
    // Of a topic that no broker has, nothing is delivered.
    let possible = |(name, _): &&(&str, _)| name.len() <= TOPIC_NAME_MAX;
    for (name, partitions) in fetch.topics.iter().filter(possible) {
        for partition in partitions {
            let key = ((*name).to_string(), partition.partition);
            if fetches.len() < FETCH_OFFSETS_MAX || fetches.contains_key(&key) {
                fetches.insert(key, partition.offset);
            }
        }
    }
}
