//! Charges the customer under the order's own id as idempotency key, and asks again
//! after a timeout or an error; then commits the offset.
//!
//! * Boundary: one Kafka topic to a payments service that keeps keys with the charge.
//!   Sink: its charges.
//! * Who retries: the code, and Kafka; the service answers a repetition with what it
//!   answered first.
//! * Faults that tell: the same as without a key.
//! * Expected: exactly-once charges, as long as the service keeps the key.
//! * Witnesses: the reply to the charge of message 1 is lost; kill before its
//!   OffsetCommit.

use super::app::{Order, Settings};
use super::charges::Charges;
use rdkafka::consumer::{CommitMode, Consumer, StreamConsumer};

pub(crate) async fn run(settings: Settings) -> anyhow::Result<()> {
    let consumer: StreamConsumer = settings
        .kafka()
        .set("enable.auto.commit", "false")
        .create()?;
    consumer.subscribe(&[&settings.topic])?;
    let charges = Charges::connect(&settings)?;

    loop {
        let message = consumer.recv().await?;
        let order = Order::read(&message)?;
        let key = |_| Some(order.id.clone());
        charges.charge_patiently(&order, key).await?;
        consumer.commit_message(&message, CommitMode::Sync)?;
    }
}
