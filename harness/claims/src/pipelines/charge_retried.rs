//! Charges the customer, and asks again after a timeout or an error; then commits
//! the offset.
//!
//! * Boundary: one Kafka topic to a payments service. Sink: its charges.
//! * Who retries: the code, with a growing pause; and Kafka delivers again what was
//!   not committed.
//! * Faults that tell: a reply that is lost or late, and whatever ends the process
//!   between the charge and the OffsetCommit.
//! * Expected: at-least-once. A request that timed out may have been done.
//! * Witness: the reply to the charge of message 1 is lost.

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
        charges.charge_patiently(&order, |_| None).await?;
        consumer.commit_message(&message, CommitMode::Sync)?;
    }
}
