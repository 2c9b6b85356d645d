//! Commits the offset, then charges the customer once; what fails is logged.
//!
//! * Boundary: one Kafka topic to a payments service. Sink: its charges.
//! * Who retries: nobody.
//! * Faults that tell: a request that is lost, an error that says it was not done,
//!   and whatever ends the process between the OffsetCommit and the charge.
//! * Expected: at-most-once; of a charge whose reply was lost nobody knows.
//! * Witness: the request that charges message 1 is lost.

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
        consumer.commit_message(&message, CommitMode::Sync)?;
        if let Err(error) = charges.charge(&order, None).await {
            eprintln!("order {} may or may not be charged: {error:#}", order.id);
        }
    }
}
