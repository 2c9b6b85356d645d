//! Records the order in a database transaction with an inbox, and mails its customer when
//! that is committed; then commits the offset.
//!
//! * Boundary: one Kafka topic to one Postgres table and a mail server. Sinks: rows in
//!   `orders`, the mails that the server took.
//! * Who retries: librdkafka repeats an OffsetCommit whose connection was lost; nobody
//!   repeats a mail. An error ends the process, and its supervisor starts it anew; an
//!   order that is in the inbox is only acknowledged.
//! * Faults that tell: whatever ends the process between the COMMIT and the reply to the
//!   mail's last line.
//! * Expected: the rows exactly-once, the mails at-most-once.
//! * Witness: kill after the COMMIT of message 1.

use super::app::{Order, Settings, within};
use super::mails::Mails;
use rdkafka::consumer::{CommitMode, Consumer, StreamConsumer};

pub(crate) async fn run(settings: Settings) -> anyhow::Result<()> {
    let consumer: StreamConsumer = settings
        .kafka()
        .set("enable.auto.commit", "false")
        .create()?;
    consumer.subscribe(&[&settings.topic])?;
    let database = settings.database(1).await?;
    let mails = Mails::connect(&settings)?;

    loop {
        let message = consumer.recv().await?;
        let order = Order::read(&message)?;
        let mut transaction = within(database.begin()).await?;
        let is_fresh = order.is_fresh(&mut transaction).await?;
        if is_fresh {
            within(order.insert().execute(&mut *transaction)).await?;
        }
        within(transaction.commit()).await?;
        if is_fresh {
            mails.send(&order).await?;
        }
        consumer.commit_message(&message, CommitMode::Sync)?;
    }
}
