//! Reading logs: ends, and the records that a reader would see.

use super::cluster::text;
use super::{CallError, Cluster};
use crate::wire::records::{self, Batch};
use crate::wire::response;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::{ApiKey, BrokerId, FetchRequest, ListOffsetsRequest, TopicName};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// The offset asked for when the end of a log is wanted.
const LATEST: i64 = -1;
/// Bytes of one fetch. A larger batch comes all the same (KIP-74).
const FETCH_BYTES: i32 = 4 * 1024 * 1024;
/// How long a log that has an end beyond the reader may show nothing more. A
/// replica that has just become leader learns its high watermark late.
const STALLED_AFTER: Duration = Duration::from_secs(5);

/// What a reader may see.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Isolation {
    /// Up to the high watermark, aborted data included.
    Uncommitted,
    /// Up to the last stable offset, aborted data left out.
    Committed,
}

impl Isolation {
    fn level(self) -> i8 {
        match self {
            Self::Uncommitted => 0,
            Self::Committed => 1,
        }
    }
}

/// The ends of logs, by topic and partition.
pub(crate) type Ends = BTreeMap<(String, u32), i64>;

impl Cluster {
    /// The end of each partition of `topics`: the high watermark, or the last
    /// stable offset for [`Isolation::Committed`].
    pub async fn ends(&self, topics: &[String], isolation: Isolation) -> Result<Ends, CallError> {
        let mut patience = self.patience();
        loop {
            match self.ends_once(topics, isolation).await {
                Err(error) if patience.bears(&error) => {
                    topics.iter().for_each(|topic| self.forget_topic(topic));
                    patience.pause().await;
                }
                result => return result,
            }
        }
    }

    /// [`ends`](Self::ends), asked for once.
    pub(super) async fn ends_once(
        &self,
        topics: &[String],
        isolation: Isolation,
    ) -> Result<Ends, CallError> {
        let version = self.version(ApiKey::ListOffsets, (2, 6))?;
        // One request for each broker that leads any of them.
        let mut by_broker = BTreeMap::new();
        for topic in topics {
            for (partition, broker) in self.leaders(topic).await?.into_iter().enumerate() {
                let (host, port) = broker.address();
                let entry = by_broker.entry((host.to_string(), port));
                let (_, wanted) = entry.or_insert_with(|| (broker, BTreeMap::new()));
                let partitions: &mut Vec<i32> = wanted.entry(topic.clone()).or_default();
                partitions.push(i32::try_from(partition).unwrap_or(i32::MAX));
            }
        }
        let calls = by_broker.into_values().map(|(broker, wanted)| async move {
            let request = list_offsets(&wanted, isolation);
            broker.call(ApiKey::ListOffsets, version, &request).await
        });
        let mut ends = Ends::new();
        for response in futures::future::join_all(calls).await {
            let response = response?;
            for (topic, partition, error, offset) in
                response::list_offsets(version, &mut response.body())?
            {
                CallError::check(error)?;
                let partition = u32::try_from(partition).unwrap_or(u32::MAX);
                ends.insert((topic.into(), partition), offset);
            }
        }
        Ok(ends)
    }
}

fn list_offsets(wanted: &BTreeMap<String, Vec<i32>>, isolation: Isolation) -> ListOffsetsRequest {
    let partition = |index: &i32| {
        ListOffsetsPartition::default()
            .with_partition_index(*index)
            .with_current_leader_epoch(-1)
            .with_timestamp(LATEST)
    };
    let topics = wanted.iter().map(|(topic, partitions)| {
        ListOffsetsTopic::default()
            .with_name(TopicName(text(topic)))
            .with_partitions(partitions.iter().map(partition).collect())
    });
    ListOffsetsRequest::default()
        .with_replica_id(BrokerId(-1))
        .with_isolation_level(isolation.level())
        .with_topics(topics.collect())
}

/// Reads one partition from an offset to an end.
#[derive(Debug)]
pub(crate) struct LogReader<'a> {
    pub cluster: &'a Cluster,
    pub topic: &'a str,
    pub partition: u32,
    pub isolation: Isolation,
    /// Next offset to be read.
    pub next: i64,
    /// Where to stop.
    pub end: i64,
}

/// What a reader comes across.
pub(crate) enum Found<'a> {
    /// A visible batch: no control batch, no aborted one, none that ends before
    /// the start.
    Data(&'a Batch<'a>),
    /// The end of a producer's transaction.
    Marker(Marker),
}

/// The end of a producer's transaction in a partition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Marker {
    pub offset: i64,
    pub producer_id: i64,
    pub commits: bool,
}

/// What a callback wants next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Go {
    On,
    /// Stop before this batch: it is the next to be read.
    Stop,
}

impl LogReader<'_> {
    /// Reads one chunk and hands what it finds to `each`, in the order of the log.
    /// Answers whether there is more to read.
    pub async fn chunk(
        &mut self,
        each: &mut (dyn FnMut(Found<'_>) -> Go + Send),
    ) -> Result<bool, CallError> {
        let deadline = Instant::now() + STALLED_AFTER;
        let mut patience = self.cluster.patience();
        while self.next < self.end {
            let before = self.next;
            match self.fetch(each).await {
                Ok(Go::Stop) => return Ok(false),
                Ok(Go::On) if self.next > before => return Ok(self.next < self.end),
                Ok(Go::On) if Instant::now() >= deadline => {
                    let why = "the log ends before the end that its leader told";
                    return Err(CallError::Lost(std::io::Error::other(why)));
                }
                Err(error) if !patience.bears(&error) => return Err(error),
                Ok(Go::On) => {}
                Err(_) => self.cluster.forget_topic(self.topic),
            }
            patience.pause().await;
        }
        Ok(false)
    }

    async fn fetch(
        &mut self,
        each: &mut (dyn FnMut(Found<'_>) -> Go + Send),
    ) -> Result<Go, CallError> {
        let version = self.cluster.version(ApiKey::Fetch, (4, 11))?;
        let leaders = self.cluster.leaders(self.topic).await?;
        let leader = leaders
            .get(self.partition as usize)
            .ok_or_else(|| CallError::NoLeader(format!("{}/{}", self.topic, self.partition)))?;
        let response = leader.call(ApiKey::Fetch, version, &self.request()).await?;
        let (error, fetched) = response::fetch(version, &mut response.body())?;
        CallError::check(error)?;
        let Some(part) = fetched.first() else {
            return Ok(Go::On);
        };
        CallError::check(part.error)?;
        Ok(self.walk(part, each))
    }

    fn request(&self) -> FetchRequest {
        let partition = FetchPartition::default()
            .with_partition(i32::try_from(self.partition).unwrap_or(i32::MAX))
            .with_current_leader_epoch(-1)
            .with_fetch_offset(self.next)
            .with_log_start_offset(-1)
            .with_partition_max_bytes(FETCH_BYTES);
        let topic = FetchTopic::default()
            .with_topic(TopicName(text(self.topic)))
            .with_partitions(vec![partition]);
        FetchRequest::default()
            .with_replica_id(BrokerId(-1))
            .with_max_wait_ms(0)
            .with_min_bytes(1)
            .with_max_bytes(FETCH_BYTES)
            .with_isolation_level(self.isolation.level())
            .with_session_id(0)
            .with_session_epoch(-1)
            .with_topics(vec![topic])
    }

    /// Goes through the batches as a consumer does (KIP-98): a producer's data
    /// counts as aborted from the first offset that the broker lists to its
    /// abort marker.
    fn walk(
        &mut self,
        part: &response::Fetched<'_>,
        each: &mut (dyn FnMut(Found<'_>) -> Go + Send),
    ) -> Go {
        let mut aborted = part.aborted.clone();
        aborted.sort_unstable_by_key(|(producer, first)| (*first, *producer));
        let mut aborted = aborted.into_iter().peekable();
        let mut aborting = BTreeSet::new();
        for batch in records::batches(part.records) {
            while let Some((producer, _)) =
                aborted.next_if(|(_, first)| *first <= batch.last_offset)
            {
                aborting.insert(producer);
            }
            if batch.base_offset >= self.end {
                self.next = self.end;
                return Go::On;
            }
            let found = match batch.is_control() {
                true => records::marker_aborts(&batch).map(|aborts| {
                    if aborts {
                        aborting.remove(&batch.producer_id);
                    }
                    Found::Marker(Marker {
                        offset: batch.base_offset,
                        producer_id: batch.producer_id,
                        commits: !aborts,
                    })
                }),
                false if batch.is_transactional() && aborting.contains(&batch.producer_id) => None,
                false => Some(Found::Data(&batch)),
            };
            let found = found.filter(|_| batch.last_offset >= self.next);
            if found.is_some_and(|found| each(found) == Go::Stop) {
                return Go::Stop;
            }
            self.next = self.next.max(batch.last_offset.saturating_add(1));
        }
        Go::On
    }
}
