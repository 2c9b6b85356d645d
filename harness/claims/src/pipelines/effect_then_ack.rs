//! Records the order, then commits its offset.
//!
//! * Boundary: one Kafka topic to one Postgres table. Sink: rows in `orders`.
//! * Who retries: librdkafka repeats an OffsetCommit whose connection was
//!   lost; nobody repeats a statement. An error ends the process, and its
//!   supervisor starts it anew.
//! * Faults that tell: anything that ends the process between the INSERT and
//!   the OffsetCommit.
//! * Expected: at-least-once. The order is recorded a second time when the
//!   offset was not committed.
//! * Witness: kill before the OffsetCommit of message 1.

use super::app::{Order, Settings, within};
use rdkafka::consumer::{CommitMode, Consumer, StreamConsumer};

pub(crate) async fn run(settings: Settings) -> anyhow::Result<()> {
    let consumer: StreamConsumer = settings
        .kafka()
        .set("enable.auto.commit", "false")
        .create()?;
    consumer.subscribe(&[&settings.topic])?;
    let database = settings.database(1).await?;

    loop {
        let message = consumer.recv().await?;
        let order = Order::read(&message)?;
        within(order.insert().execute(&database)).await?;
        consumer.commit_message(&message, CommitMode::Sync)?;
    }
}
