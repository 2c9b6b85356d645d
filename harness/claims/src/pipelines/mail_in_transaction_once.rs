//! Commits the offset; then records the order and mails its customer within one database
//! transaction. What fails is written to the log, and the next order is next.
//!
//! * Boundary: one Kafka topic to one Postgres table and a mail server. Sinks: rows in
//!   `orders`, the mails that the server took.
//! * Who retries: nobody.
//! * Faults that tell: a COMMIT that certainly fails, when the mail is on its way.
//! * Expected: both at-most-once, and a mail for a row that is not there.
//! * Witness: the COMMIT of message 1 never reaches the database.

use super::app::{Order, Settings, within};
use super::mails::Mails;
use rdkafka::consumer::{CommitMode, Consumer, StreamConsumer};
use sqlx::postgres::PgPool;

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
        consumer.commit_message(&message, CommitMode::Sync)?;
        if let Err(error) = confirm(&order, &database, &mails).await {
            eprintln!("order {}: {error:#}", order.id);
        }
    }
}

async fn confirm(order: &Order, database: &PgPool, mails: &Mails) -> anyhow::Result<()> {
    let mut transaction = within(database.begin()).await?;
    within(order.insert().execute(&mut *transaction)).await?;
    mails.send(order).await?;
    within(transaction.commit()).await
}
