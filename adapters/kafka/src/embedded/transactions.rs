//! What a real coordinator refuses in transactions and krafka does not.
//!
//! * A TxnOffsetCommit belongs to an open transaction to which its group was
//!   added (KIP-890, verification); krafka begins one.
//! * A consumer that asks for stable offsets waits while a transaction may still
//!   commit others (KIP-447); krafka does not know the question.
//! * A new producer id or epoch has no transaction to end; krafka remembers how
//!   the last one ended.

use super::bridge::Core;
use super::connection::Request;
use crate::wire::answers::{self, Topics, text};
use crate::wire::{Cursor, Malformed, Read, api, outcome, request};
use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::offset_fetch_response::{
    OffsetFetchResponsePartition, OffsetFetchResponseTopic,
};
use kafka_protocol::messages::{OffsetFetchResponse, ResponseHeader, TopicName};
use kafka_protocol::protocol::Encodable;
use krafka::testing::{ClusterState, TxnStatus};

const INVALID_TXN_STATE: i16 = 48;
const UNSTABLE_OFFSET_COMMIT: i16 = 88;

/// The refusal of a TxnOffsetCommit that no open transaction holds. Who is
/// fenced or unknown is told so by krafka.
pub(super) fn refuse_staging(request: &Request, core: &Core) -> Read<Option<Bytes>> {
    let commit = request::txn_offset_commit(request.version, &mut request.body())?;
    let owner = commit.owner;
    let refused = core.broker.with_state(|state| {
        let transaction = state.transactions.get(owner.transactional_id);
        transaction.is_some_and(|txn| {
            (txn.producer_id, txn.producer_epoch) == (owner.producer_id, owner.epoch)
                && !(txn.is_open() && txn.staged_offsets.contains_key(commit.group))
        })
    });
    if !refused {
        return Ok(None);
    }
    let topic = |(name, offsets): &(&str, Vec<request::TxnOffset<'_>>)| {
        let partitions = offsets.iter().map(|offset| offset.partition);
        ((*name).to_string(), partitions.collect())
    };
    let topics: Topics = commit.topics.iter().map(topic).collect();
    let answer = answers::txn_offset_commit(&topics, INVALID_TXN_STATE);
    encode(request, &answer).map(Some)
}

/// The answer to an OffsetFetch v7 that asks for stable offsets where some are
/// not.
pub(super) fn unstable_offsets(request: &Request, core: &Core) -> Read<Option<Bytes>> {
    let mut body = request.body();
    let group = body.string()?;
    let topics = request::topic_partitions(&mut body)?.into_iter();
    let topics: Topics = topics.map(|(name, p)| (name.to_string(), p)).collect();
    if !body.bool()? {
        return Ok(None);
    }
    let answer = core.broker.with_state(|state| {
        let pending = topics
            .iter()
            .flat_map(|(topic, of_topic)| of_topic.iter().map(move |p| (topic, *p)))
            .any(|(topic, partition)| is_pending(state, group, topic, partition));
        pending.then(|| stable_offsets(state, group, &topics))
    });
    answer.map(|answer| encode(request, &answer)).transpose()
}

/// Whether an open transaction would commit this offset.
fn is_pending(state: &ClusterState, group: &str, topic: &str, partition: i32) -> bool {
    let at = (topic.to_string(), partition);
    state.transactions.values().any(|txn| {
        let staged = txn.staged_offsets.get(group);
        txn.is_open() && staged.is_some_and(|staged| staged.contains_key(&at))
    })
}

fn stable_offsets(state: &ClusterState, group: &str, topics: &Topics) -> OffsetFetchResponse {
    let committed = state.groups.get(group);
    let partition = |topic: &str, index: i32| {
        let partition = OffsetFetchResponsePartition::default()
            .with_partition_index(index)
            .with_committed_offset(-1)
            .with_metadata(Some(text("")));
        if is_pending(state, group, topic, index) {
            return partition.with_error_code(UNSTABLE_OFFSET_COMMIT);
        }
        let at = (topic.to_string(), index);
        match committed.and_then(|group| group.offsets.get(&at)) {
            Some(offset) => partition
                .with_committed_offset(offset.offset)
                .with_committed_leader_epoch(offset.leader_epoch)
                .with_metadata(offset.metadata.as_deref().map(text)),
            None => partition,
        }
    };
    let topic = |(topic, partitions): &(String, Vec<i32>)| {
        OffsetFetchResponseTopic::default()
            .with_name(TopicName(text(topic)))
            .with_partitions(partitions.iter().map(|p| partition(topic, *p)).collect())
    };
    OffsetFetchResponse::default().with_topics(topics.iter().map(topic).collect())
}

/// Forgets how the last transaction of an id ended, once krafka has given the id
/// to a new producer with `reply`.
pub(super) fn taken_over(id: &str, request: &Request, reply: &[u8], core: &Core) -> Read<()> {
    let mut body = Cursor::new(reply, false);
    body.i32()?;
    body.set_flexible(api::response_header_is_flexible(
        request.api,
        request.version,
    ));
    body.tags()?;
    let errors = outcome::errors(request.api, request.version, &mut body).transpose()?;
    if errors.is_some_and(|codes| codes == [0]) {
        core.broker.with_state(|state| {
            if let Some(txn) = state.transactions.get_mut(id)
                && matches!(
                    txn.status,
                    TxnStatus::CompleteCommit | TxnStatus::CompleteAbort
                )
            {
                txn.status = TxnStatus::Empty;
            }
        });
    }
    Ok(())
}

fn encode(request: &Request, answer: &impl Encodable) -> Read<Bytes> {
    let refused = Malformed {
        what: "a reply that cannot be encoded",
        at: 0,
    };
    let mut out = BytesMut::new();
    let header = ResponseHeader::default().with_correlation_id(request.correlation);
    header
        .encode(
            &mut out,
            request.api.response_header_version(request.version),
        )
        .and_then(|()| answer.encode(&mut out, request.version))
        .map_err(|_| refused)?;
    Ok(out.freeze())
}
