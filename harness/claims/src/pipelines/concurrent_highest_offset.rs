//! Handles three messages at once; whoever finishes commits the highest offset
//! that has been finished so far.
//!
//! * Boundary: one Kafka topic to one Postgres table. Sink: rows in `orders`.
//! * Who retries: librdkafka repeats an OffsetCommit whose connection was
//!   lost; nobody repeats a statement. An error ends the process, and its
//!   supervisor starts it anew. No limit is put on a statement.
//! * Faults that tell: one handler slower than the one behind it, then
//!   anything that ends the process.
//! * Expected: none. An offset means "everything before it is done", which a
//!   faster neighbour cannot know: the slow one is lost. And like every effect
//!   before its ack, a kill in between doubles.
//! * Witnesses: hold the INSERT of message 0 until a neighbour has committed
//!   past it, and kill there; kill before the OffsetCommit that covers
//!   message 0.

use super::app::{Order, Settings};
use anyhow::Context;
use futures::TryStreamExt;
use rdkafka::consumer::{CommitMode, Consumer, StreamConsumer};
use rdkafka::{Message, Offset, TopicPartitionList};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::Mutex;

const HANDLERS: u32 = 3;

pub(crate) async fn run(settings: Settings) -> anyhow::Result<()> {
    let consumer: Arc<StreamConsumer> = Arc::new(
        settings
            .kafka()
            .set("enable.auto.commit", "false")
            .create()?,
    );
    consumer.subscribe(&[&settings.topic])?;
    let database = settings.database(HANDLERS).await?;
    let finished = Mutex::new(Highest::default());

    consumer
        .stream()
        .map_err(anyhow::Error::from)
        .try_for_each_concurrent(HANDLERS as usize, async |message| {
            let order = Order::read(&message)?;
            order.insert().execute(&database).await?;
            let next = message.offset() + 1;
            // One commit at a time: of two in flight the lower may land last,
            // and the group's position would go backwards.
            let mut finished = finished.lock().await;
            if finished.raise(message.partition(), next) {
                let mut offsets = TopicPartitionList::new();
                offsets.add_partition_offset(
                    message.topic(),
                    message.partition(),
                    Offset::Offset(next),
                )?;
                // A commit that waits must not stop the other handlers.
                let consumer = consumer.clone();
                tokio::task::spawn_blocking(move || consumer.commit(&offsets, CommitMode::Sync))
                    .await??;
            }
            Ok(())
        })
        .await?;
    None.context("the stream of messages ended")
}

/// The highest offset that was finished, for each partition.
#[derive(Default)]
struct Highest(BTreeMap<i32, i64>);

impl Highest {
    /// Answers whether `next` is further than what was finished before.
    fn raise(&mut self, partition: i32, next: i64) -> bool {
        let highest = self.0.entry(partition).or_insert(i64::MIN);
        let raised = next > *highest;
        *highest = next.max(*highest);
        raised
    }
}

#[cfg(test)]
mod tests {
    use super::Highest;

    #[test]
    fn only_a_higher_offset_is_committed() {
        let mut highest = Highest::default();
        assert!(highest.raise(0, 2));
        assert!(!highest.raise(0, 1));
        assert!(!highest.raise(0, 2));
        assert!(highest.raise(0, 3));
        assert!(highest.raise(1, 1));
    }
}
