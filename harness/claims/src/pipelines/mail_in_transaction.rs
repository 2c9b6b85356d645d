//! Records the order and mails its customer within one database transaction, commits it,
//! and then the offset.
//!
//! * Boundary: one Kafka topic to one Postgres table and a mail server. Sinks: rows in
//!   `orders`, the mails that the server took.
//! * Who retries: librdkafka repeats an OffsetCommit whose connection was lost; nobody
//!   repeats a mail. An error ends the process, and its supervisor starts it anew; Kafka
//!   delivers again what was not committed.
//! * Faults that tell: whatever ends the process or the transaction between the reply to
//!   the mail's last line and the COMMIT.
//! * Expected: the rows exactly-once, by an inbox in the same transaction; the mails
//!   at-least-once. A rollback takes no mail back.
//! * Witness: kill before the COMMIT of message 1.

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
        if order.is_fresh(&mut transaction).await? {
            within(order.insert().execute(&mut *transaction)).await?;
            mails.send(&order).await?;
        }
        within(transaction.commit()).await?;
        consumer.commit_message(&message, CommitMode::Sync)?;
    }
}
