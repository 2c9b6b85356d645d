//! Sends each order on with an idempotent producer and `acks=all`, then commits
//! its offset. There is no transaction.
//!
//! * Boundary: one Kafka topic to another. Sink: the records in `out`.
//! * Who retries: librdkafka, a Produce or an OffsetCommit whose connection was
//!   lost; the brokers drop the repetition of a Produce. An error ends the
//!   process, and its supervisor starts it anew.
//! * Faults that tell: anything that ends the process between the Produce and
//!   the OffsetCommit.
//! * Expected: at-least-once. Idempotence is about the retries of one producer:
//!   a service that starts anew is another one, and what it sends again is new
//!   to the brokers.
//! * Witness: kill before the OffsetCommit of message 1.

use super::app::{Order, Settings};
use rdkafka::consumer::{CommitMode, Consumer, StreamConsumer};
use rdkafka::producer::FutureProducer;

pub(crate) async fn run(settings: Settings) -> anyhow::Result<()> {
    let out = settings.get("OUT_TOPIC")?;
    let producer: FutureProducer = settings.producer().create()?;
    let consumer: StreamConsumer = settings
        .kafka()
        .set("enable.auto.commit", "false")
        .create()?;
    consumer.subscribe(&[&settings.topic])?;

    loop {
        let message = consumer.recv().await?;
        let order = Order::read(&message)?;
        order.send(&producer, out).await?;
        consumer.commit_message(&message, CommitMode::Sync)?;
    }
}
