//! A topic as a sink.

use super::log::{Go, LogReader};
use super::{CallError, Cluster, Isolation};
use crate::wire::ids;
use crate::wire::records::{Batch, Record};
use exactly_adapter::Seen;
use exactly_model::{MessageId, View};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};
use serde_json::Value;
use std::time::{Duration, Instant};

/// How long a client that reads compressed data may show nothing new.
const CLIENT_STALLED_AFTER: Duration = Duration::from_secs(20);
/// Records on their way from that client at most.
const CLIENT_BUFFER: usize = 1_024;

/// A record that was read.
struct Raw {
    partition: u32,
    offset: i64,
    key: Option<Vec<u8>>,
    value: Vec<u8>,
}

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
}

/// What an observer's query asks for: a topic, and how to look at it.
pub(crate) fn parse_query(query: &str) -> Option<(&str, View)> {
    match query.trim().split_once('@') {
        None => Some((query.trim(), View::ReadCommitted)),
        Some((topic, "read_committed")) => Some((topic, View::ReadCommitted)),
        Some((topic, "read_uncommitted")) => Some((topic, View::ReadUncommitted)),
        Some(_) => None,
    }
}

fn isolation(view: View) -> Isolation {
    match view {
        View::ReadCommitted => Isolation::Committed,
        View::ReadUncommitted => Isolation::Uncommitted,
    }
}

/// A topic looked at in one view.
pub(crate) struct Observed<'a> {
    pub cluster: &'a Cluster,
    /// Physical topic.
    pub topic: &'a str,
    pub view: View,
}

impl Observed<'_> {
    /// The ends of its partitions in this view, by partition.
    pub async fn ends(&self) -> Result<Vec<(u32, i64)>, CallError> {
        let topics = [self.topic.to_string()];
        let ends = self.cluster.ends(&topics, isolation(self.view)).await?;
        Ok(ends.into_iter().map(|((_, p), end)| (p, end)).collect())
    }

    fn reader(&self, partition: u32, end: i64) -> LogReader<'_> {
        LogReader {
            cluster: self.cluster,
            topic: self.topic,
            partition,
            isolation: isolation(self.view),
            next: 0,
            end,
        }
    }

    /// Counts the records up to `ends`.
    pub async fn count(&self, ends: &[(u32, i64)]) -> Result<u64, CallError> {
        let mut count = 0;
        for (partition, end) in ends {
            let mut reader = self.reader(*partition, *end);
            let mut each = |batch: &Batch<'_>| {
                count += u64::try_from(batch.count).unwrap_or(0);
                Go::On
            };
            while reader.chunk(&mut each).await? {}
        }
        Ok(count)
    }

    /// Reads the records up to the ends of the moment, partition by partition.
    pub async fn read(&self, each: &mut (dyn FnMut(Seen) + Send)) -> Result<(), ReadError> {
        for (partition, end) in self.ends().await? {
            let mut reader = self.reader(partition, end);
            let mut failed = None;
            let mut compressed = false;
            loop {
                let mut visit = |batch: &Batch<'_>| {
                    if batch.is_compressed() {
                        compressed = true;
                        return Go::Stop;
                    }
                    for record in batch.records().map_while(Result::ok) {
                        match self.seen(partition, &record) {
                            Ok(seen) => each(seen),
                            Err(error) => {
                                failed = Some(error);
                                return Go::Stop;
                            }
                        }
                    }
                    Go::On
                };
                if !reader.chunk(&mut visit).await? {
                    break;
                }
            }
            if let Some(error) = failed {
                return Err(error);
            }
            if compressed {
                let next = reader.next;
                self.read_by_client(partition, next, end, each).await?;
            }
        }
        Ok(())
    }

    fn seen(&self, partition: u32, record: &Record<'_>) -> Result<Seen, ReadError> {
        let value = record.value.unwrap_or_default();
        seen(record.key, value, record.offset, self.view).ok_or(ReadError::NoId {
            partition,
            offset: record.offset,
        })
    }

    /// Reads the rest of a partition with librdkafka, which knows every
    /// compression.
    async fn read_by_client(
        &self,
        partition: u32,
        from: i64,
        end: i64,
        each: &mut (dyn FnMut(Seen) + Send),
    ) -> Result<(), ReadError> {
        let (host, port) = self.cluster.address();
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", format!("{host}:{port}"))
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
        let (send, mut receive) = tokio::sync::mpsc::channel(CLIENT_BUFFER);
        // librdkafka's poll blocks: it gets a thread of its own.
        let poll = tokio::task::spawn_blocking(move || poll(&consumer, partition, end, &send));
        while let Some(raw) = receive.recv().await {
            let raw: Raw = raw;
            let found = seen(raw.key.as_deref(), &raw.value, raw.offset, self.view);
            each(found.ok_or(ReadError::NoId {
                partition: raw.partition,
                offset: raw.offset,
            })?);
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
    let mut deadline = Instant::now() + CLIENT_STALLED_AFTER;
    loop {
        match consumer.poll(Duration::from_millis(100)) {
            Some(Ok(message)) if message.offset() < end => {
                last = message.offset();
                deadline = Instant::now() + CLIENT_STALLED_AFTER;
                let raw = Raw {
                    partition,
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

/// The effect that a record shows: the id from the field `id` of a JSON
/// payload, or the first id in value or key.
fn seen(key: Option<&[u8]>, value: &[u8], offset: i64, view: View) -> Option<Seen> {
    let json: Value = serde_json::from_slice(value).unwrap_or_default();
    let field = |names: &[&str]| names.iter().find_map(|name| json.get(*name)).cloned();
    let id = field(&["id"])
        .and_then(|id| match id {
            Value::String(text) => MessageId::parse(&text),
            Value::Number(number) => MessageId::from_i64(number.as_i64()?),
            _ => None,
        })
        .or_else(|| first_id(value))
        .or_else(|| first_id(key?))?;
    let number = |value: Value| u32::try_from(value.as_u64()?).ok();
    Some(Seen {
        id,
        key: key.map(|key| String::from_utf8_lossy(key).into_owned()),
        key_seq: field(&["seq", "n"]).and_then(number),
        partition: None,
        position: Some(offset),
        unit: None,
        checksum: field(&["checksum", "sum"])
            .and_then(|sum| u32::from_str_radix(sum.as_str()?, 16).ok()),
        view,
    })
}

fn first_id(bytes: &[u8]) -> Option<MessageId> {
    let mut found = Vec::new();
    ids::find(bytes, &mut found);
    found.first().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries() {
        assert_eq!(parse_query("orders"), Some(("orders", View::ReadCommitted)));
        assert_eq!(
            parse_query("orders@read_uncommitted"),
            Some(("orders", View::ReadUncommitted))
        );
        assert_eq!(parse_query("orders@dirty"), None);
    }

    #[test]
    fn an_effect_is_read_from_json_or_text() {
        let id = MessageId::new(1, 2, 3).unwrap();
        let json = br#"{"id":"x1-2-3","customer":"k1","n":4,"sum":"0000beef"}"#;
        let from_json = seen(Some(b"k1"), json, 9, View::ReadCommitted).unwrap();
        assert_eq!(from_json.id, id);
        assert_eq!(from_json.key.as_deref(), Some("k1"));
        assert_eq!(from_json.key_seq, Some(4));
        assert_eq!(from_json.position, Some(9));
        assert_eq!(from_json.checksum, Some(0xbeef));
        let number = format!("{{\"id\":{}}}", id.to_i64());
        for value in [
            number.as_bytes(),
            b"mail for x1-2-3",
            br#"{"order":"x1-2-3"}"#,
        ] {
            assert_eq!(seen(None, value, 0, View::default()).unwrap().id, id);
        }
        assert_eq!(
            seen(Some(b"x1-2-3"), b"", 0, View::default()).unwrap().id,
            id
        );
        assert!(seen(None, b"hello", 0, View::default()).is_none());
        assert!(seen(None, br#"{"id":-5}"#, 0, View::default()).is_none());
    }
}
