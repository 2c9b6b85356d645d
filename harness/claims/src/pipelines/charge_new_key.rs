//! Charges the customer under an idempotency key that is drawn at each attempt, and
//! asks again after a timeout or an error; then commits the offset.
//!
//! * Boundary: one Kafka topic to a payments service that keeps keys. Sink: its
//!   charges.
//! * Who retries: the code, and Kafka.
//! * Faults that tell: a reply that is lost or late.
//! * Expected: at-least-once. To the service each attempt is another charge.
//! * Witness: the reply to the charge of message 1 is lost.

use super::app::{Order, Settings};
use super::charges::Charges;
use rdkafka::consumer::{CommitMode, Consumer, StreamConsumer};
use std::time::{SystemTime, UNIX_EPOCH};

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
        charges.charge_patiently(&order, |_| Some(drawn())).await?;
        consumer.commit_message(&message, CommitMode::Sync)?;
    }
}

/// A key that nobody has drawn before.
fn drawn() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let nanos = since.map_or(0, |since| since.as_nanos());
    format!("attempt-{}-{nanos}", std::process::id())
}
