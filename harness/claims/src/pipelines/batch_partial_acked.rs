//! Records a batch of orders one by one, writes a line to the log for each that
//! failed, and commits the offset of the batch all the same.
//!
//! * Boundary: one Kafka topic to one Postgres table. Sink: rows in `orders`.
//! * Who retries: nobody, which is the point; librdkafka repeats an
//!   OffsetCommit whose connection was lost. No limit is put on a statement
//!   here, so a delayed reply is only a slow one.
//! * Faults that tell: a lost connection in the middle of a batch, with no
//!   crash at all; and whatever ends the process before the OffsetCommit.
//! * Expected: none. The catalogue names the loss: a failure that was only
//!   logged is acknowledged with its batch. But the code also records before
//!   it acknowledges, so a kill before the OffsetCommit doubles: having both
//!   is what `none` means, and `at-most-once` would promise too much.
//! * Witnesses: drop the INSERT of message 1, in the middle of the first batch;
//!   kill before the OffsetCommit that covers message 1.

use super::app::{Order, Settings, next_batch};
use rdkafka::consumer::{CommitMode, Consumer, StreamConsumer};

pub(crate) async fn run(settings: Settings) -> anyhow::Result<()> {
    let consumer: StreamConsumer = settings
        .kafka()
        .set("enable.auto.commit", "false")
        .create()?;
    consumer.subscribe(&[&settings.topic])?;
    let database = settings.database(1).await?;

    loop {
        let batch = next_batch(&consumer).await?;
        for message in &batch {
            let order = Order::read(message)?;
            let recorded = order.insert().execute(&database).await;
            if let Err(error) = recorded {
                eprintln!("order {} not recorded: {error}", order.id);
            }
        }
        if let Some(last) = batch.last() {
            consumer.commit_message(last, CommitMode::Sync)?;
        }
    }
}
