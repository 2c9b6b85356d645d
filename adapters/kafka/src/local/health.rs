//! When a cluster has healed.

use super::config::STATE_PARTITIONS;
use super::seen::{Partition, Seen};
use crate::client::{Broker, CallError, Cluster, Coordinated, text};
use crate::wire::{Cursor, Read, response};
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::{
    ApiKey, BrokerId, DescribeTransactionsRequest, GroupId, ListOffsetsRequest, MetadataRequest,
    OffsetFetchRequest, TopicName, TransactionalId,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a cluster may take to heal. A node that stops answering is taken
/// for gone after 3 s, a JVM is up after 2 s, and a log is read in less; a busy
/// machine makes ten times as much of it.
const HEALED_WITHIN: Duration = Duration::from_secs(60);
/// A look asks every node for all there is: a node that is just starting has
/// better things to do.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How long a node may take over one question before the next look.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// The offset asked for when the end of a log is wanted.
const LATEST: i64 = -1;
/// A consumer's view of a log: up to the high watermark.
const AS_CONSUMER: i32 = -1;
/// The view of Kafka's own debugging tools: up to the end of the leader's log.
const AS_DEBUGGER: i32 = -2;
/// TRANSACTIONAL_ID_NOT_FOUND: a coordinator that has loaded its transactions.
const NO_SUCH_TRANSACTION: i16 = 105;

/// Looks at a cluster from all sides.
pub(super) struct Health<'a> {
    pub cluster: &'a Cluster,
    /// Every node there is, by number.
    pub brokers: &'a BTreeMap<u32, Arc<Broker>>,
}

/// Where a log ends, by topic and partition.
type Ends = BTreeMap<(String, i32), i64>;

impl Health<'_> {
    /// Waits until
    ///
    /// * every node answers and knows all the others,
    /// * every partition has a leader and every replica is in sync,
    /// * the coordinators of all groups and transactions have loaded them, and
    /// * everything in the leaders' logs is visible: a replica that has become
    ///   leader learns its high watermark late, and until then a log seems to end
    ///   before records that were acknowledged.
    ///
    /// The error says what is missing. `fallen` names a node that will not come
    /// back by itself, which ends the wait.
    pub async fn wait(&self, fallen: impl Fn() -> Option<String>) -> Result<(), String> {
        let deadline = Instant::now() + HEALED_WITHIN;
        loop {
            let Err(missing) = self.look().await else {
                return Ok(());
            };
            if let Some(fallen) = fallen() {
                return Err(fallen);
            }
            if Instant::now() >= deadline {
                return Err(format!(
                    "the cluster has not healed within {} s: {missing}",
                    HEALED_WITHIN.as_secs()
                ));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// One look: what is missing.
    async fn look(&self) -> Result<(), String> {
        let mut partitions = Vec::new();
        for (node, broker) in self.brokers {
            let seen = self.metadata(broker).await;
            let seen = seen.map_err(|error| format!("node {node} does not answer: {error}"))?;
            seen.check(*node, self.brokers.len())?;
            partitions = seen.partitions;
        }
        self.coordinators().await?;
        let written = self.ends(&partitions, AS_DEBUGGER).await?;
        let visible = self.ends(&partitions, AS_CONSUMER).await?;
        hidden(&written, &visible)
    }

    async fn metadata(&self, broker: &Broker) -> Result<Seen, CallError> {
        let version = self.cluster.version(ApiKey::Metadata, (9, 12))?;
        let request = MetadataRequest::default()
            .with_topics(None)
            .with_allow_auto_topic_creation(false);
        let response = broker
            .call_within(ANSWER_WITHIN, ApiKey::Metadata, version, &request)
            .await?;
        Ok(Seen::read(version, response.body())?)
    }

    /// Every coordinator, by names that lie in all partitions of its topic.
    /// Looking for one creates the topic where it is not there yet.
    async fn coordinators(&self) -> Result<(), String> {
        for name in names_in_all_partitions() {
            self.group_is_loaded(&name)
                .await
                .map_err(|error| format!("a coordinator of groups is not ready: {error}"))?;
            self.transaction_is_loaded(&name)
                .await
                .map_err(|error| format!("a coordinator of transactions is not ready: {error}"))?;
        }
        Ok(())
    }

    async fn group_is_loaded(&self, group: &str) -> Result<(), CallError> {
        let version = self.cluster.version(ApiKey::OffsetFetch, (3, 7))?;
        let request = OffsetFetchRequest::default()
            .with_group_id(GroupId(text(group)))
            .with_topics(None);
        let broker = self
            .cluster
            .find_coordinator(Coordinated::Group, group)
            .await?;
        let response = broker
            .call_within(ANSWER_WITHIN, ApiKey::OffsetFetch, version, &request)
            .await?;
        let (error, _) = response::offset_fetch(version, &mut response.body())?;
        CallError::check(error)
    }

    async fn transaction_is_loaded(&self, id: &str) -> Result<(), CallError> {
        let version = self.cluster.version(ApiKey::DescribeTransactions, (0, 0))?;
        let ids = vec![TransactionalId(text(id))];
        let request = DescribeTransactionsRequest::default().with_transactional_ids(ids);
        let broker = self
            .cluster
            .find_coordinator(Coordinated::Transaction, id)
            .await?;
        let response = broker
            .call_within(
                ANSWER_WITHIN,
                ApiKey::DescribeTransactions,
                version,
                &request,
            )
            .await?;
        match first_transaction_error(response.body())? {
            NO_SUCH_TRANSACTION => Ok(()),
            error => CallError::check(error),
        }
    }

    /// Where the logs of `partitions` end, as `replica` sees them.
    async fn ends(&self, partitions: &[Partition], replica: i32) -> Result<Ends, String> {
        let mut by_leader: BTreeMap<i32, BTreeMap<&str, Vec<i32>>> = BTreeMap::new();
        for partition in partitions {
            let of_leader = by_leader.entry(partition.leader).or_default();
            let of_topic = of_leader.entry(partition.topic.as_str()).or_default();
            of_topic.push(partition.index);
        }
        let mut ends = Ends::new();
        for (leader, topics) in by_leader {
            let node = u32::try_from(leader).ok();
            let broker = node.and_then(|node| self.brokers.get(&node));
            let broker = broker.ok_or_else(|| format!("there is no node {leader}"))?;
            let asked = self.ends_at(broker, topics, replica, &mut ends).await;
            asked.map_err(|error| format!("node {leader} cannot say where logs end: {error}"))?;
        }
        Ok(ends)
    }

    async fn ends_at(
        &self,
        broker: &Broker,
        topics: BTreeMap<&str, Vec<i32>>,
        replica: i32,
        ends: &mut Ends,
    ) -> Result<(), CallError> {
        let version = self.cluster.version(ApiKey::ListOffsets, (2, 6))?;
        let partition = |index: i32| {
            ListOffsetsPartition::default()
                .with_partition_index(index)
                .with_current_leader_epoch(-1)
                .with_timestamp(LATEST)
        };
        let topics = topics.into_iter().map(|(topic, partitions)| {
            ListOffsetsTopic::default()
                .with_name(TopicName(text(topic)))
                .with_partitions(partitions.into_iter().map(partition).collect())
        });
        let request = ListOffsetsRequest::default()
            .with_replica_id(BrokerId(replica))
            .with_topics(topics.collect());
        let response = broker
            .call_within(ANSWER_WITHIN, ApiKey::ListOffsets, version, &request)
            .await?;
        for (topic, partition, error, end) in response::list_offsets(version, &mut response.body())?
        {
            CallError::check(error)?;
            ends.insert((topic.into(), partition), end);
        }
        Ok(())
    }
}

/// What is written and not visible.
fn hidden(written: &Ends, visible: &Ends) -> Result<(), String> {
    for (at, end) in written {
        let shown = visible.get(at).copied().unwrap_or_default();
        if shown < *end {
            let (topic, partition) = at;
            return Err(format!(
                "{topic}/{partition} shows its log up to {shown} of {end}"
            ));
        }
    }
    Ok(())
}

/// Names of groups and transactional ids, one in each partition of the topic
/// that their coordinators keep: it is the name's Java hash modulo the number of
/// partitions, and names that differ by one in their last letter follow each
/// other.
fn names_in_all_partitions() -> impl Iterator<Item = String> {
    let letters = ('a'..='z').take(STATE_PARTITIONS as usize);
    letters.map(|letter| format!("exactly-health-{letter}"))
}

/// The error of the first transaction in a reply to DescribeTransactions v0.
fn first_transaction_error(mut body: Cursor<'_>) -> Read<i16> {
    body.i32()?;
    match body.count()? {
        0 => Ok(NO_SUCH_TRANSACTION),
        _ => body.i16(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::BytesMut;
    use kafka_protocol::messages::DescribeTransactionsResponse;
    use kafka_protocol::messages::describe_transactions_response::TransactionState;
    use kafka_protocol::protocol::Encodable;
    use std::collections::BTreeSet;

    #[test]
    fn every_coordinator_is_asked_for() {
        // Java's String.hashCode, and the partition as Kafka takes it from there.
        let partition = |name: String| {
            let hash = name.bytes().fold(0_i32, |hash, byte| {
                hash.wrapping_mul(31).wrapping_add(byte.into())
            });
            hash.unsigned_abs() % STATE_PARTITIONS
        };
        let all: BTreeSet<_> = names_in_all_partitions().map(partition).collect();
        assert_eq!(all.len(), STATE_PARTITIONS as usize);
    }

    #[test]
    fn a_log_that_seems_to_end_early_is_seen() {
        let ends = |ends: [i64; 2]| -> Ends {
            let partitions = (0..).zip(ends);
            partitions
                .map(|(p, end)| (("orders".into(), p), end))
                .collect()
        };
        assert_eq!(hidden(&ends([0, 24_000]), &ends([0, 24_000])), Ok(()));
        // Written in between: no reason to wait.
        assert_eq!(hidden(&ends([0, 24_000]), &ends([2, 24_001])), Ok(()));
        let stale = hidden(&ends([0, 24_000]), &ends([0, 19_125]));
        assert_eq!(
            stale.unwrap_err(),
            "orders/1 shows its log up to 19125 of 24000"
        );
        assert!(hidden(&ends([0, 1]), &Ends::new()).is_err());
    }

    #[test]
    fn the_state_of_a_transaction_is_told_by_its_error() {
        for error in [0, 14, NO_SUCH_TRANSACTION] {
            let state = TransactionState::default().with_error_code(error);
            let response = DescribeTransactionsResponse::default();
            let response = response.with_transaction_states(vec![state]);
            let mut bytes = BytesMut::new();
            response.encode(&mut bytes, 0).unwrap();
            let read = first_transaction_error(Cursor::new(&bytes, true));
            assert_eq!(read.unwrap(), error);
        }
    }
}
