//! Sends the order on in a transaction, records it in the database, and only
//! then commits the transaction with the offset.
//!
//! * Boundary: one Kafka topic to another one and to one Postgres table. Sinks:
//!   the records in `out`, rows in `orders`.
//! * Who retries: librdkafka, requests whose connection was lost; the code, by
//!   aborting and going back to the committed offset. What is fatal, and an
//!   error of the database, ends the process, and its supervisor starts it anew
//!   (see `transactions`).
//! * Faults that tell: anything that ends the process or the transaction
//!   between the INSERT and the EndTxn. An owner that is frozen before its
//!   INSERT and wakes up when another one has taken over: the brokers refuse its
//!   transaction, and nobody asks the database.
//! * Expected: the records exactly-once, the rows at-least-once. The row is not
//!   in the transaction, whatever the code looks like.
//! * Witnesses: kill before the EndTxn of message 1; a second owner while the
//!   first one is frozen with the answer to its Produce of message 1.

use super::app::{Order, Settings, within};
use super::transactions;
use rdkafka::producer::Producer;

pub(crate) async fn run(settings: Settings) -> anyhow::Result<()> {
    let out = settings.get("OUT_TOPIC")?;
    let producer = transactions::producer(&settings)?;
    let database = settings.database(1).await?;
    let consumer = transactions::consumer(&settings)?;

    loop {
        let message = consumer.recv().await?;
        let order = Order::read(&message)?;
        let sending = async {
            producer.begin_transaction()?;
            order.send(&producer, out).await
        };
        if let Err(error) = sending.await {
            transactions::abort_and_rewind(&producer, &consumer, error)?;
            continue;
        }
        within(order.insert().execute(&database)).await?;
        if let Err(error) = transactions::commit(&producer, &consumer, &message) {
            transactions::abort_and_rewind(&producer, &consumer, error)?;
        }
    }
}
