//! Records a batch of orders in one transaction, then commits the offset of the
//! last one.
//!
//! * Boundary: one Kafka topic to one Postgres table. Sink: rows in `orders`.
//! * Who retries: librdkafka repeats an OffsetCommit whose connection was
//!   lost; nobody repeats a transaction. An error ends the process, and its
//!   supervisor starts it anew.
//! * Faults that tell: anything that ends the process between the COMMIT and
//!   the OffsetCommit.
//! * Expected: at-least-once. The transaction makes the batch whole, not
//!   single: the whole batch is recorded again.
//! * Witness: kill before the OffsetCommit of message 2, the last of the first
//!   batch.

use super::app::{Order, Settings, next_batch, within};
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
        let mut transaction = within(database.begin()).await?;
        for message in &batch {
            let order = Order::read(message)?;
            within(order.insert().execute(&mut *transaction)).await?;
        }
        within(transaction.commit()).await?;
        if let Some(last) = batch.last() {
            consumer.commit_message(last, CommitMode::Sync)?;
        }
    }
}
