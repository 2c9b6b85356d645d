//! What a group has left to read.

use super::cluster::text;
use super::log::{Ends, Found, Go, LogReader};
use super::{CallError, Cluster, Isolation};
use crate::provision::Names;
use crate::wire::response;
use exactly_adapter::Left;
use exactly_model::Position;
use kafka_protocol::messages::{ApiKey, GroupId, OffsetFetchRequest};
use std::collections::BTreeMap;

/// A group that no one has committed for.
const GROUP_ID_NOT_FOUND: i16 = 69;

/// Offsets that a group committed, by topic and partition.
type Committed = BTreeMap<(String, u32), i64>;

impl Cluster {
    /// What a group committed. A group that does not exist committed nothing. A
    /// coordinator that has just been elected loads its groups first: asked
    /// again for a while.
    pub async fn committed(&self, group: &str) -> Result<Committed, CallError> {
        let mut patience = self.patience();
        loop {
            match self.committed_once(group).await {
                Err(error) if patience.bears(&error) => {
                    self.forget_coordinator(group);
                    patience.pause().await;
                }
                result => return result,
            }
        }
    }

    async fn committed_once(&self, group: &str) -> Result<Committed, CallError> {
        let version = self.version(ApiKey::OffsetFetch, (3, 7))?;
        let request = OffsetFetchRequest::default()
            .with_group_id(GroupId(text(group)))
            .with_topics(None);
        let coordinator = self.coordinator(group).await?;
        let response = coordinator
            .call(ApiKey::OffsetFetch, version, &request)
            .await?;
        let (error, offsets) = response::offset_fetch(version, &mut response.body())?;
        if error != GROUP_ID_NOT_FOUND {
            CallError::check(error)?;
        }
        let mut committed = Committed::new();
        for (topic, partition, offset, error) in offsets {
            CallError::check(error)?;
            if let (Ok(partition), 0..) = (u32::try_from(partition), offset) {
                committed.insert((topic.into(), partition), offset);
            }
        }
        Ok(committed)
    }
}

/// A trial's backlog.
pub(crate) struct Backlog<'a> {
    pub cluster: &'a Cluster,
    pub names: &'a Names,
    /// Physical topics that were fed.
    pub fed: &'a [String],
    /// Physical topics of the setup: none may hold an open transaction.
    pub topics: &'a [String],
    /// Positions that the pipeline keeps itself: they stand in for those of its
    /// group.
    pub kept: Option<&'a [Position]>,
}

impl Backlog<'_> {
    /// Visible records past the committed offset of the trial's group (or the
    /// position that the pipeline keeps), in the topics that were fed; and one item for each partition with an open
    /// transaction. Markers and aborted records are not work.
    ///
    /// Beyond the first chunk of a partition, offsets are counted instead of
    /// records: enough to say that there is work, and cheap to poll.
    pub async fn left(&self) -> Result<Left, CallError> {
        let (ends, stable, committed) = futures::future::try_join3(
            self.cluster.ends(self.topics, Isolation::Uncommitted),
            self.cluster.ends(self.topics, Isolation::Committed),
            self.committed(),
        )
        .await?;
        let mut left = Left {
            committed: self.positions(&committed),
            ..Left::default()
        };
        let mut details = Vec::new();
        for ((topic, partition), end) in &ends {
            let at = (topic.clone(), *partition);
            self.open_transaction(&at, *end, &stable, &mut left, &mut details);
            if !self.fed.contains(topic) {
                continue;
            }
            let committed = committed.get(&at).copied().unwrap_or(0);
            let stable = stable.get(&at).copied().unwrap_or(*end).min(*end);
            if stable > committed {
                let items = self.visible(topic, *partition, committed, stable).await?;
                if items > 0 {
                    left.items += items;
                    let whose = match self.kept {
                        Some(_) => "kept position",
                        None => "committed offset",
                    };
                    details.push(format!(
                        "{items} records past the {whose} {committed} of {}/{partition}",
                        self.names.target(topic),
                    ));
                }
            }
        }
        left.detail = details.join("; ");
        Ok(left)
    }

    /// What was committed, wherever that is kept.
    async fn committed(&self) -> Result<Committed, CallError> {
        let Some(kept) = self.kept else {
            return self.cluster.committed(&self.names.group()).await;
        };
        let own = |position: &Position| {
            let topic = self.names.topic(&position.target);
            ((topic, position.partition), position.offset)
        };
        Ok(kept.iter().map(own).collect())
    }

    fn positions(&self, committed: &Committed) -> Vec<Position> {
        let position = |((topic, partition), offset): (&(String, u32), &i64)| Position {
            target: self.names.target(topic),
            partition: *partition,
            offset: *offset,
        };
        committed.iter().map(position).collect()
    }

    fn open_transaction(
        &self,
        at: &(String, u32),
        end: i64,
        stable: &Ends,
        left: &mut Left,
        details: &mut Vec<String>,
    ) {
        // The two ends were read at the same time, not at the same moment: a
        // stable end before the other may be a write in between, which the next
        // poll tells apart.
        if stable.get(at).is_some_and(|stable| *stable < end) {
            left.items += 1;
            details.push(format!(
                "an open transaction in {}/{}",
                self.names.target(&at.0),
                at.1
            ));
        }
    }

    async fn visible(
        &self,
        topic: &str,
        partition: u32,
        from: i64,
        stable: i64,
    ) -> Result<u64, CallError> {
        // Aborted records are hidden by the committed view only; what lies past
        // the last stable offset is reported as an open transaction.
        let mut reader = LogReader {
            cluster: self.cluster,
            topic,
            partition,
            isolation: Isolation::Committed,
            next: from,
            end: stable,
        };
        let mut items = 0;
        loop {
            let mut each = |found: Found<'_>| {
                let Found::Data(batch) = found else {
                    return Go::On;
                };
                let first = batch.base_offset.max(from);
                let span = batch.last_offset.saturating_sub(first).saturating_add(1);
                items += u64::try_from(span.min(i64::from(batch.count))).unwrap_or(0);
                Go::On
            };
            let more = reader.chunk(&mut each).await?;
            if !more {
                return Ok(items);
            }
            if items > 0 {
                let rest = reader.end.saturating_sub(reader.next);
                return Ok(items + u64::try_from(rest).unwrap_or(0));
            }
        }
    }
}
