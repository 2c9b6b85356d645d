//! Sends the order on in a transaction, charges the customer, and only then commits
//! the transaction with the offset.
//!
//! * Boundary: one Kafka topic to another one and to a payments service. Sinks: the
//!   records in `out`, the service's charges.
//! * Who retries: librdkafka, requests whose connection was lost; the code, by
//!   aborting and going back to the committed offset. What is fatal, and a charge
//!   that was not answered with a success, ends the process, and its supervisor
//!   starts it anew (see `transactions`).
//! * Faults that tell: anything that ends the process or the transaction between
//!   the charge and the EndTxn, and a lost reply to the charge.
//! * Expected: the records exactly-once, the charges at-least-once. No transaction
//!   of one's own reaches somebody else's service.
//! * Witness: kill before the EndTxn of message 1.

use super::app::{Order, Settings};
use super::charges::Charges;
use super::transactions;
use rdkafka::producer::Producer;

pub(crate) async fn run(settings: Settings) -> anyhow::Result<()> {
    let out = settings.get("OUT_TOPIC")?;
    let producer = transactions::producer(&settings)?;
    let charges = Charges::connect(&settings)?;
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
        charges.charge(&order, None).await?;
        if let Err(error) = transactions::commit(&producer, &consumer, &message) {
            transactions::abort_and_rewind(&producer, &consumer, error)?;
        }
    }
}
