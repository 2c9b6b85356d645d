//! Records the order and the message's id in one transaction, then commits the
//! offset. A message whose id is there already is only acknowledged.
//!
//! * Boundary: one Kafka topic to one Postgres table. Sink: rows in `orders`.
//! * Who retries: librdkafka repeats an OffsetCommit whose connection was
//!   lost; nobody repeats a transaction. An error ends the process, and its
//!   supervisor starts it anew.
//! * Faults that tell: none should. A message may be delivered again as often
//!   as it likes.
//! * Expected: exactly-once, meant at the rows: delivery still repeats.
//! * Witness: kill before the OffsetCommit of message 1, which doubles in
//!   `effect_then_ack`.

use super::app::{Order, Settings};
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
        order.insert_once(&database, &order.id).await?;
        consumer.commit_message(&message, CommitMode::Sync)?;
    }
}
