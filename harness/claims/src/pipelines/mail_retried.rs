//! Mails the customer, and again after a timeout or an error; then commits the offset.
//!
//! * Boundary: one Kafka topic to a mail server. Sink: the mails that it took.
//! * Who retries: the code, with a growing pause and a new connection each; and Kafka
//!   delivers again what was not committed.
//! * Faults that tell: a reply to the mail's last line that is lost or late. The server
//!   has taken the mail by then (RFC 1047).
//! * Expected: at-least-once. All of them have the same Message-ID.
//! * Witness: the reply to the mail of message 1 is lost.

use super::app::{Order, Settings};
use super::mails::Mails;
use rdkafka::consumer::{CommitMode, Consumer, StreamConsumer};

pub(crate) async fn run(settings: Settings) -> anyhow::Result<()> {
    let consumer: StreamConsumer = settings
        .kafka()
        .set("enable.auto.commit", "false")
        .create()?;
    consumer.subscribe(&[&settings.topic])?;
    let mut mails = Mails::connect(&settings)?;

    loop {
        let message = consumer.recv().await?;
        let order = Order::read(&message)?;
        mails.send_patiently(&order).await?;
        consumer.commit_message(&message, CommitMode::Sync)?;
    }
}
