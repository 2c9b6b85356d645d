//! A topic as a sink.

use super::log::{Found, Go, LogReader};
use super::markers::{Markers, Writer};
use super::{CallError, Cluster, Isolation};
use crate::wire::records::Batch;
use exactly_adapter::{Carried, Seen};
use exactly_model::View;
use rdkafka::error::KafkaError;
use std::ops::Range;

/// Why a topic could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    #[error(transparent)]
    Call(#[from] CallError),
    #[error("the client cannot read it: {0}")]
    Client(#[from] KafkaError),
    #[error("record {offset} of partition {partition} carries no id of this harness")]
    NoId { partition: u32, offset: i64 },
    #[error("the log ended at {offset} in partition {partition}, before its known end")]
    Stalled { partition: u32, offset: i64 },
    #[error(
        "too many transactions end between record {offset} of partition {partition} and the end of \
         its own"
    )]
    Markers { partition: u32, offset: i64 },
    #[error("too many compressed batches of transactions in partition {partition}")]
    Units { partition: u32 },
}

fn isolation(view: View) -> Isolation {
    match view {
        View::ReadCommitted => Isolation::Committed,
        View::ReadUncommitted => Isolation::Uncommitted,
    }
}

/// The views that an observer hands out. One that sees everything also tells what
/// of it a careful reader would see.
const fn views(view: View) -> &'static [View] {
    match view {
        View::ReadCommitted => &[View::ReadCommitted],
        View::ReadUncommitted => &[View::ReadCommitted, View::ReadUncommitted],
    }
}

/// Where each view of a topic ends, by partition.
pub(crate) type ViewEnds = Vec<(View, Vec<(u32, i64)>)>;

/// A topic looked at.
pub(crate) struct Observed<'a> {
    pub cluster: &'a Cluster,
    /// Physical topic.
    pub topic: &'a str,
    /// What the sink's reader sees.
    pub view: View,
}

impl Observed<'_> {
    /// The ends of its partitions in each view that is handed out. The committed
    /// view is asked first, so that it lies within the other one.
    pub async fn ends(&self) -> Result<ViewEnds, CallError> {
        let topics = [self.topic.to_string()];
        let mut all = ViewEnds::new();
        for view in views(self.view) {
            let ends = self.cluster.ends(&topics, isolation(*view)).await?;
            let ends = ends.into_iter().map(|((_, p), end)| (p, end)).collect();
            all.push((*view, ends));
        }
        Ok(all)
    }

    /// Counts what is handed out up to `ends`.
    pub async fn count(&self, ends: &ViewEnds) -> Result<u64, CallError> {
        let mut count = 0;
        for (view, ends) in ends {
            for (partition, end) in ends {
                let look = Look::new(self, *view, *partition, *end);
                let mut reader = look.reader(0);
                let mut each = |found: Found<'_>| {
                    if let Found::Data(batch) = found {
                        count += u64::try_from(batch.count).unwrap_or(0);
                    }
                    Go::On
                };
                while reader.chunk(&mut each).await? {}
            }
        }
        Ok(count)
    }

    /// Reads the records up to the ends of the moment, view by view and partition
    /// by partition.
    pub async fn read(&self, each: &mut (dyn FnMut(Seen) + Send)) -> Result<(), ReadError> {
        for (view, ends) in self.ends().await? {
            for (partition, end) in ends {
                Look::new(self, view, partition, end).read(each).await?;
            }
        }
        Ok(())
    }
}

/// A look at one partition in one view.
pub(super) struct Look<'a> {
    pub cluster: &'a Cluster,
    pub topic: &'a str,
    pub view: View,
    pub partition: u32,
    pub end: i64,
}

/// Effects of a chunk whose transactions are not known yet.
#[derive(Default)]
struct Chunk {
    seen: Vec<Seen>,
    /// Batches of transactions: where their effects begin and end in `seen`.
    units: Vec<(Range<usize>, Writer, i64)>,
    failed: Option<ReadError>,
    /// A compressed batch comes next.
    compressed: bool,
}

impl<'a> Look<'a> {
    fn new(observed: &Observed<'a>, view: View, partition: u32, end: i64) -> Self {
        Self {
            cluster: observed.cluster,
            topic: observed.topic,
            view,
            partition,
            end,
        }
    }

    pub fn reader(&self, next: i64) -> LogReader<'a> {
        LogReader {
            cluster: self.cluster,
            topic: self.topic,
            partition: self.partition,
            isolation: isolation(self.view),
            next,
            end: self.end,
        }
    }

    async fn read(&self, each: &mut (dyn FnMut(Seen) + Send)) -> Result<(), ReadError> {
        let mut reader = self.reader(0);
        let mut markers = Markers::new(self.cluster, self.topic, self.partition);
        loop {
            markers.forget_before(reader.next);
            let mut chunk = Chunk::default();
            let mut visit = |found: Found<'_>| match found {
                Found::Data(batch) => self.visit(batch, &mut chunk),
                Found::Marker(marker) => {
                    markers.note(marker);
                    Go::On
                }
            };
            let more = reader.chunk(&mut visit).await?;
            markers.read_to(reader.next);
            for (range, writer, offset) in chunk.units {
                let unit = markers.unit(writer, offset).await?;
                for seen in &mut chunk.seen[range] {
                    seen.unit.clone_from(&unit);
                }
            }
            chunk.seen.into_iter().for_each(&mut *each);
            if let Some(error) = chunk.failed {
                return Err(error);
            }
            if chunk.compressed {
                return self.read_by_client(reader.next, &mut markers, each).await;
            }
            if !more {
                return Ok(());
            }
        }
    }

    fn visit(&self, batch: &Batch<'_>, chunk: &mut Chunk) -> Go {
        if batch.is_compressed() {
            chunk.compressed = true;
            return Go::Stop;
        }
        let begin = chunk.seen.len();
        for record in batch.records().map_while(Result::ok) {
            let value = record.value.unwrap_or_default();
            match self.seen(record.key, value, record.offset) {
                Ok(seen) => chunk.seen.push(seen),
                Err(error) => {
                    chunk.failed = Some(error);
                    return Go::Stop;
                }
            }
        }
        if let Some(writer) = writer(batch) {
            let of_batch = begin..chunk.seen.len();
            chunk.units.push((of_batch, writer, batch.last_offset));
        }
        Go::On
    }

    pub fn seen(&self, key: Option<&[u8]>, value: &[u8], offset: i64) -> Result<Seen, ReadError> {
        let seen = seen(key, value, (self.partition, offset), self.view);
        seen.ok_or(ReadError::NoId {
            partition: self.partition,
            offset,
        })
    }
}

/// Whose transaction a batch is in.
pub(super) fn writer(batch: &Batch<'_>) -> Option<Writer> {
    batch.is_transactional().then_some(Writer {
        producer_id: batch.producer_id,
        epoch: batch.producer_epoch,
    })
}

/// The effect that a record shows.
fn seen(
    key: Option<&[u8]>,
    value: &[u8],
    (partition, offset): (u32, i64),
    view: View,
) -> Option<Seen> {
    let carried = Carried::read(value, key.unwrap_or_default())?;
    Some(Seen {
        id: carried.id,
        key: key.map(|key| String::from_utf8_lossy(key).into_owned()),
        key_seq: carried.key_seq,
        partition: Some(partition),
        position: Some(offset),
        unit: None,
        checksum: carried.checksum,
        view,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use exactly_model::MessageId;

    #[test]
    fn an_effect_is_read_from_json_or_text() {
        let id = MessageId::new(1, 2, 3).unwrap();
        let json = br#"{"id":"x1-2-3","customer":"k1","n":4,"sum":"0000beef"}"#;
        let from_json = seen(Some(b"k1"), json, (2, 9), View::ReadCommitted).unwrap();
        assert_eq!(from_json.id, id);
        assert_eq!(from_json.key.as_deref(), Some("k1"));
        assert_eq!(from_json.key_seq, Some(4));
        assert_eq!(
            (from_json.partition, from_json.position),
            (Some(2), Some(9))
        );
        assert_eq!(from_json.checksum, Some(0xbeef));
        let number = format!("{{\"id\":{}}}", id.to_i64());
        for value in [
            number.as_bytes(),
            b"mail for x1-2-3",
            br#"{"order":"x1-2-3"}"#,
        ] {
            assert_eq!(seen(None, value, (0, 0), View::default()).unwrap().id, id);
        }
        assert_eq!(
            seen(Some(b"x1-2-3"), b"", (0, 0), View::default())
                .unwrap()
                .id,
            id
        );
        assert!(seen(None, b"hello", (0, 0), View::default()).is_none());
        assert!(seen(None, br#"{"id":-5}"#, (0, 0), View::default()).is_none());
    }
}
