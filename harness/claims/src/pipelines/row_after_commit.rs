//! Sends the order on and commits its offset in one transaction, then records
//! it in the database.
//!
//! * Boundary: one Kafka topic to another one and to one Postgres table. Sinks:
//!   the records in `out`, rows in `orders`.
//! * Who retries: librdkafka, requests whose connection was lost; the code, by
//!   aborting and going back to the committed offset. What is fatal, and an
//!   error of the database, ends the process, and its supervisor starts it anew
//!   (see `transactions`).
//! * Faults that tell: anything that ends the process between the EndTxn and
//!   the INSERT, and a lost INSERT.
//! * Expected: the records exactly-once, the rows at-most-once. The offset is
//!   past an order that is not recorded yet, and nothing reads it again.
//! * Witness: kill after the EndTxn of message 1.

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
        let forwarding = async {
            producer.begin_transaction()?;
            order.send(&producer, out).await?;
            transactions::commit(&producer, &consumer, &message)
        };
        if let Err(error) = forwarding.await {
            transactions::abort_and_rewind(&producer, &consumer, error)?;
            continue;
        }
        within(order.insert().execute(&database)).await?;
    }
}
