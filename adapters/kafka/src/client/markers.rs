//! Where the transactions of a partition end.

use super::log::{Found, Go, LogReader, Marker};
use super::observe::ReadError;
use super::{Cluster, Isolation};
use std::collections::{BTreeMap, VecDeque};

/// Markers between a record and the end of its transaction at most.
const MARKERS_MAX: usize = 1_000_000;

/// Who wrote a batch of a transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Writer {
    pub producer_id: i64,
    pub epoch: i16,
}

/// Markers of a partition.
#[derive(Debug, Default)]
struct Known {
    /// By producer, ascending.
    by_producer: BTreeMap<i64, VecDeque<Marker>>,
    count: usize,
    /// All markers before this offset were noted.
    to: i64,
}

impl Known {
    fn note(&mut self, marker: Marker) {
        if marker.offset >= self.to {
            self.to = marker.offset + 1;
            let of_producer = self.by_producer.entry(marker.producer_id).or_default();
            of_producer.push_back(marker);
            self.count += 1;
        }
    }

    fn forget_before(&mut self, offset: i64) {
        let Self {
            by_producer, count, ..
        } = self;
        by_producer.retain(|_, markers| {
            while markers
                .pop_front_if(|marker| marker.offset < offset)
                .is_some()
            {
                *count -= 1;
            }
            !markers.is_empty()
        });
    }

    /// The marker that ends the transaction of the record at `offset`.
    fn find(&self, producer_id: i64, offset: i64) -> Option<Marker> {
        let markers = self.by_producer.get(&producer_id)?;
        let at = markers.partition_point(|marker| marker.offset <= offset);
        markers.get(at).copied()
    }
}

/// The markers of a partition, as far as they were read.
///
/// A record belongs to the transaction that the next marker of its producer ends.
/// That marker is mostly in the chunk at hand; where it is not, this reads ahead,
/// batch headers only.
#[derive(Debug)]
pub(super) struct Markers<'a> {
    cluster: &'a Cluster,
    topic: &'a str,
    partition: u32,
    known: Known,
    /// Where the log ends; asked for when it is needed.
    end: Option<i64>,
}

impl<'a> Markers<'a> {
    pub fn new(cluster: &'a Cluster, topic: &'a str, partition: u32) -> Self {
        Self {
            cluster,
            topic,
            partition,
            known: Known::default(),
            end: None,
        }
    }

    /// A marker was read. Readers go from the start of the log, each without a
    /// gap.
    pub fn note(&mut self, marker: Marker) {
        self.known.note(marker);
    }

    /// A reader is at `next`: what lies before was noted.
    pub fn read_to(&mut self, next: i64) {
        self.known.to = self.known.to.max(next);
    }

    /// Records before `offset` will not be asked for any more.
    pub fn forget_before(&mut self, offset: i64) {
        self.known.forget_before(offset);
    }

    /// The name of the committed transaction in which `writer` wrote the record at
    /// `offset`; `None` where it was aborted or is open.
    ///
    /// The markers of one transaction in several partitions have nothing in common
    /// that would tell them from those of the producer's next one (they carry the
    /// coordinator's epoch and each leader's own time). So a transaction has a name
    /// of its own in each partition.
    pub async fn unit(&mut self, writer: Writer, offset: i64) -> Result<Option<String>, ReadError> {
        let marker = match self.known.find(writer.producer_id, offset) {
            Some(marker) => Some(marker),
            None => self.read_ahead(writer.producer_id, offset).await?,
        };
        let Writer { producer_id, epoch } = writer;
        let committed = marker.filter(|marker| marker.commits);
        Ok(committed.map(|m| format!("{}/{producer_id}/{epoch}/{}", self.partition, m.offset)))
    }

    /// Reads on to the marker that ends the transaction, or to the end of the log.
    /// The end of what is committed will not do: a transaction that began later
    /// may hold it back while this one has ended behind it.
    async fn read_ahead(
        &mut self,
        producer_id: i64,
        offset: i64,
    ) -> Result<Option<Marker>, ReadError> {
        let end = match self.end {
            Some(end) => end,
            None => {
                let topics = [self.topic.to_string()];
                let ends = self.cluster.ends(&topics, Isolation::Uncommitted).await?;
                let at = (self.topic.to_string(), self.partition);
                *self.end.insert(ends.get(&at).copied().unwrap_or(0))
            }
        };
        let mut reader = LogReader {
            cluster: self.cluster,
            topic: self.topic,
            partition: self.partition,
            isolation: Isolation::Uncommitted,
            next: self.known.to,
            end,
        };
        let mut more = reader.next < end;
        while more {
            let mut note = |found: Found<'_>| {
                if let Found::Marker(marker) = found {
                    self.note(marker);
                }
                Go::On
            };
            more = reader.chunk(&mut note).await?;
            self.read_to(reader.next);
            if let Some(marker) = self.known.find(producer_id, offset) {
                return Ok(Some(marker));
            }
            if self.known.count > MARKERS_MAX {
                return Err(ReadError::Markers {
                    partition: self.partition,
                    offset,
                });
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marker(offset: i64, producer_id: i64) -> Marker {
        Marker {
            offset,
            producer_id,
            commits: true,
        }
    }

    #[test]
    fn a_record_belongs_to_the_next_marker_of_its_producer() {
        let mut known = Known::default();
        for (offset, producer_id) in [(3, 1), (5, 2), (9, 1)] {
            known.note(marker(offset, producer_id));
        }
        assert_eq!(known.find(1, 0), Some(marker(3, 1)));
        assert_eq!(known.find(1, 4), Some(marker(9, 1)));
        assert_eq!(known.find(2, 4), Some(marker(5, 2)));
        assert_eq!(known.find(2, 6), None);
        // A second reader comes by.
        known.note(marker(5, 2));
        assert_eq!(known.count, 3);
        known.forget_before(5);
        assert_eq!((known.count, known.find(1, 0)), (2, Some(marker(9, 1))));
        known.forget_before(100);
        assert!(known.by_producer.is_empty() && known.count == 0);
    }
}
