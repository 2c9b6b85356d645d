//! Feeding messages.

use super::call::UNKNOWN_TOPIC;
use super::cluster::text;
use super::connection::Broker;
use super::{CallError, Cluster, Isolation, partition};
use crate::wire::response;
use bytes::{Bytes, BytesMut};
use exactly_adapter::{Fed, Outgoing};
use exactly_model::{Outcome, Position};
use kafka_protocol::indexmap::IndexMap;
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{ApiKey, ProduceRequest, TopicName};
use kafka_protocol::records::{
    Compression, NO_PARTITION_LEADER_EPOCH, NO_PRODUCER_EPOCH, NO_PRODUCER_ID, Record,
    RecordBatchEncoder, RecordEncodeOptions, TimestampType,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// How long the broker may wait for its replicas.
const REQUEST_TIMEOUT_MS: i32 = 10_000;
/// TOPIC_AUTHORIZATION_FAILED: no record will ever be taken.
const TOPIC_NOT_OURS: i16 = 29;
/// Payload of one request at most, well below the broker's default limit for a
/// batch (1 MiB). A larger message goes alone.
const REQUEST_BYTES_MAX: usize = 512 * 1024;

/// Feeds one topic.
pub(crate) struct Feed<'a> {
    pub cluster: &'a Cluster,
    /// Physical topic.
    pub topic: &'a str,
    /// Logical target, for positions.
    pub target: &'a str,
}

impl Feed<'_> {
    /// Sends `messages` with acks=all, at most `concurrency` in flight.
    ///
    /// A round of messages is one request for each leader, and rounds follow
    /// each other: messages of one key are in one partition and stay in order.
    /// What a broker certainly refused because leadership moved is sent again;
    /// what may have been applied never is.
    pub async fn send(
        &self,
        messages: &[Outgoing],
        concurrency: u32,
    ) -> Result<Vec<Fed>, CallError> {
        let mut fed = Vec::with_capacity(messages.len());
        let mut rest = messages;
        while !rest.is_empty() {
            let (round, later) = rest.split_at(round_len(rest, concurrency));
            fed.extend(self.round(round).await?);
            rest = later;
        }
        Ok(fed)
    }

    /// Sends one round. The records that nobody took, because no broker could be
    /// reached for as long as the cluster's patience, have failed; what keeps any
    /// record from being taken is an error.
    async fn round(&self, messages: &[Outgoing]) -> Result<Vec<Fed>, CallError> {
        let mut patience = self.cluster.patience();
        let mut fed: Vec<Option<Fed>> = vec![None; messages.len()];
        let mut moved = false;
        loop {
            let leaders = match self.leaders(moved).await {
                Err(error @ CallError::Code(UNKNOWN_TOPIC)) => return Err(error),
                Err(error) if !error.is_stale_metadata() => return Err(error),
                Err(error) => {
                    let waiting: Vec<_> = (0..fed.len()).filter(|at| fed[*at].is_none()).collect();
                    self.settle(0, &waiting, &Err(error), &mut fed);
                    return Ok(fed.into_iter().flatten().collect());
                }
                Ok(leaders) => leaders,
            };
            let waiting = (0..messages.len()).filter(|at| fed[*at].is_none());
            let batches = by_partition(messages, waiting, leaders.len());
            let sends = batches.iter().map(|(partition, indexes)| {
                let leader = Arc::clone(&leaders[*partition as usize]);
                self.produce(leader, *partition, messages, indexes)
            });
            let results = futures::future::join_all(sends).await;
            let mut again = false;
            for ((partition, indexes), result) in batches.iter().zip(results) {
                match result {
                    Err(error @ CallError::Code(TOPIC_NOT_OURS)) => return Err(error),
                    Err(error) if error.is_stale_metadata() => {
                        self.cluster.forget_topic(self.topic);
                        if error.outcome() == Outcome::Fail && patience.bears(&error) {
                            again = true;
                            continue;
                        }
                        self.settle(*partition, indexes, &Err(error), &mut fed);
                    }
                    result => self.settle(*partition, indexes, &result, &mut fed),
                }
            }
            if !again {
                return Ok(fed.into_iter().flatten().collect());
            }
            moved = true;
            patience.pause().await;
        }
    }

    /// The leaders; when leadership has `moved`, those that have shown that they
    /// lead. A new leader is named before it has become one, and what it answers
    /// until then leaves open whether it took a record.
    async fn leaders(&self, moved: bool) -> Result<Vec<Arc<Broker>>, CallError> {
        if moved {
            let topics = [self.topic.to_string()];
            self.cluster.ends(&topics, Isolation::Uncommitted).await?;
        }
        self.cluster.leaders(self.topic).await
    }

    fn settle(
        &self,
        partition: u32,
        indexes: &[usize],
        result: &Result<i64, CallError>,
        fed: &mut [Option<Fed>],
    ) {
        for (nth, at) in indexes.iter().enumerate() {
            fed[*at] = Some(match result {
                Ok(base) => Fed {
                    receivers: None,
                    outcome: Outcome::Ok,
                    position: Some(Position {
                        target: self.target.into(),
                        partition,
                        offset: base + nth as i64,
                    }),
                    error: None,
                },
                Err(error) => Fed {
                    receivers: None,
                    outcome: error.outcome(),
                    position: None,
                    error: Some(error.to_string()),
                },
            });
        }
    }

    /// Sends one batch; answers the offset of its first record.
    async fn produce(
        &self,
        leader: Arc<Broker>,
        partition: u32,
        messages: &[Outgoing],
        indexes: &[usize],
    ) -> Result<i64, CallError> {
        let version = self.cluster.version(ApiKey::Produce, (3, 9))?;
        let index = i32::try_from(partition).unwrap_or(i32::MAX);
        let data = PartitionProduceData::default()
            .with_index(index)
            .with_records(Some(batch(messages, indexes)?));
        let topic = TopicProduceData::default()
            .with_name(TopicName(text(self.topic)))
            .with_partition_data(vec![data]);
        let request = ProduceRequest::default()
            .with_acks(-1)
            .with_timeout_ms(REQUEST_TIMEOUT_MS)
            .with_topic_data(vec![topic]);
        let response = leader.call(ApiKey::Produce, version, &request).await?;
        let produced = response::produce(version, &mut response.body())?;
        let answer = produced.iter().find(|p| p.partition == index);
        let answer = answer.ok_or(CallError::Code(-1))?;
        CallError::check(answer.error)?;
        Ok(answer.base_offset)
    }
}

/// How many of `messages` go into the next round.
fn round_len(messages: &[Outgoing], concurrency: u32) -> usize {
    let mut bytes = 0;
    let fits = messages
        .iter()
        .take(concurrency.max(1) as usize)
        .take_while(|message| {
            bytes += message.payload.len() + message.key.len();
            bytes <= REQUEST_BYTES_MAX
        })
        .count();
    fits.max(1)
}

/// Indexes of messages by partition, in order.
fn by_partition(
    messages: &[Outgoing],
    waiting: impl Iterator<Item = usize>,
    partitions: usize,
) -> BTreeMap<u32, Vec<usize>> {
    let count = u32::try_from(partitions).unwrap_or(u32::MAX);
    let mut batches: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for at in waiting {
        let partition = partition::of_key(messages[at].key.as_bytes(), count);
        batches.entry(partition).or_default().push(at);
    }
    batches
}

fn batch(messages: &[Outgoing], indexes: &[usize]) -> Result<Bytes, CallError> {
    // The broker needs the time for its retention; nothing is judged by it.
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let timestamp = now.map_or(0, |now| now.as_millis() as i64);
    let records = indexes.iter().enumerate().map(|(nth, at)| Record {
        transactional: false,
        control: false,
        delete_horizon: false,
        partition_leader_epoch: NO_PARTITION_LEADER_EPOCH,
        producer_id: NO_PRODUCER_ID,
        producer_epoch: NO_PRODUCER_EPOCH,
        timestamp_type: TimestampType::Creation,
        offset: nth as i64,
        // Without a producer id the first sequence of a batch is -1.
        sequence: nth as i32 - 1,
        timestamp,
        key: Some(Bytes::copy_from_slice(messages[*at].key.as_bytes())),
        value: Some(Bytes::copy_from_slice(messages[*at].payload.as_bytes())),
        headers: IndexMap::new(),
    });
    let records: Vec<_> = records.collect();
    let mut out = BytesMut::new();
    let options = RecordEncodeOptions {
        version: 2,
        compression: Compression::None,
    };
    RecordBatchEncoder::encode(&mut out, &records, &options)
        .map_err(|error| CallError::Encode(error.to_string()))?;
    Ok(out.freeze())
}
