//! Compressed records, which librdkafka reads: it knows every compression.

use super::CallError;
use super::log::{Found, Go};
use super::markers::Markers;
use super::observe::{Look, ReadError, writer};
use exactly_adapter::Seen;
use exactly_model::View;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};
use std::time::{Duration, Instant};

/// How long the client may show nothing new.
const STALLED_AFTER: Duration = Duration::from_secs(20);
/// Records on their way from it at most.
const BUFFER: usize = 1_024;
/// Batches of transactions that are kept while it reads, at most.
const UNITS_MAX: usize = 1_000_000;

/// A record that was read.
struct Raw {
    offset: i64,
    key: Option<Vec<u8>>,
    value: Vec<u8>,
}

impl Look<'_> {
    /// Which offsets from `from` on belong to which committed transaction,
    /// ascending: what is compressed has its batch headers in plain.
    async fn units(
        &self,
        from: i64,
        markers: &mut Markers<'_>,
    ) -> Result<Vec<(i64, i64, String)>, ReadError> {
        let mut reader = self.reader(from);
        let mut units = Vec::new();
        loop {
            markers.forget_before(reader.next);
            let mut batches = Vec::new();
            let mut visit = |found: Found<'_>| {
                match found {
                    Found::Data(batch) => batches.extend(
                        writer(batch).map(|writer| (batch.base_offset, batch.last_offset, writer)),
                    ),
                    Found::Marker(marker) => markers.note(marker),
                }
                Go::On
            };
            let more = reader.chunk(&mut visit).await?;
            markers.read_to(reader.next);
            for (first, last, writer) in batches {
                let unit = markers.unit(writer, last).await?;
                units.extend(unit.map(|unit| (first, last, unit)));
            }
            if units.len() > UNITS_MAX {
                return Err(ReadError::Units {
                    partition: self.partition,
                });
            }
            if !more {
                return Ok(units);
            }
        }
    }

    /// Reads the rest of a partition with librdkafka, which knows every
    /// compression.
    pub async fn read_by_client(
        &self,
        from: i64,
        markers: &mut Markers<'_>,
        each: &mut (dyn FnMut(Seen) + Send),
    ) -> Result<(), ReadError> {
        let units = self.units(from, markers).await?;
        let unit_of = |offset: i64| {
            let at = units.partition_point(|(_, last, _)| *last < offset);
            let unit = units.get(at).filter(|(first, ..)| *first <= offset);
            unit.map(|(.., unit)| unit.clone())
        };
        let (partition, end) = (self.partition, self.end);
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", self.cluster.bootstrap())
            .set("group.id", "exactly-observer")
            .set("enable.auto.commit", "false")
            .set("enable.partition.eof", "true")
            .set(
                "isolation.level",
                match self.view {
                    View::ReadCommitted => "read_committed",
                    View::ReadUncommitted => "read_uncommitted",
                },
            )
            .create()?;
        let index = i32::try_from(partition).unwrap_or(i32::MAX);
        let mut assignment = TopicPartitionList::new();
        assignment.add_partition_offset(self.topic, index, Offset::Offset(from))?;
        consumer.assign(&assignment)?;
        let (send, mut receive) = tokio::sync::mpsc::channel(BUFFER);
        // librdkafka's poll blocks: it gets a thread of its own.
        let poll = tokio::task::spawn_blocking(move || poll(&consumer, partition, end, &send));
        while let Some(raw) = receive.recv().await {
            let raw: Raw = raw;
            let mut seen = self.seen(raw.key.as_deref(), &raw.value, raw.offset)?;
            seen.unit = unit_of(raw.offset);
            each(seen);
        }
        match poll.await {
            Ok(result) => result,
            Err(error) => Err(CallError::Lost(std::io::Error::other(error)).into()),
        }
    }
}

fn poll(
    consumer: &BaseConsumer,
    partition: u32,
    end: i64,
    send: &tokio::sync::mpsc::Sender<Raw>,
) -> Result<(), ReadError> {
    let mut last = -1;
    let mut deadline = Instant::now() + STALLED_AFTER;
    loop {
        match consumer.poll(Duration::from_millis(100)) {
            Some(Ok(message)) if message.offset() < end => {
                last = message.offset();
                deadline = Instant::now() + STALLED_AFTER;
                let raw = Raw {
                    offset: last,
                    key: message.key().map(<[u8]>::to_vec),
                    value: message.payload().unwrap_or_default().to_vec(),
                };
                // The reader gave up: nobody wants the rest.
                if send.blocking_send(raw).is_err() {
                    return Ok(());
                }
            }
            // Beyond the end, or at the end of the log as the client sees it:
            // control batches and aborted data before it are skipped silently.
            Some(Ok(_) | Err(KafkaError::PartitionEOF(_))) => return Ok(()),
            Some(Err(error)) if Instant::now() >= deadline => return Err(error.into()),
            Some(Err(_)) | None => {}
        }
        if Instant::now() >= deadline {
            return Err(ReadError::Stalled {
                partition,
                offset: last,
            });
        }
    }
}
