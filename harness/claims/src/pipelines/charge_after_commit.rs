//! Sends the order on and commits its offset in one transaction, then charges the
//! customer.
//!
//! * Boundary: one Kafka topic to another one and to a payments service. Sinks: the
//!   records in `out`, the service's charges.
//! * Who retries: librdkafka, requests whose connection was lost; the code, by
//!   aborting and going back to the committed offset. What is fatal, and a charge
//!   that was not answered with a success, ends the process, and its supervisor
//!   starts it anew (see `transactions`).
//! * Faults that tell: anything that ends the process between the EndTxn and the
//!   charge, and a lost charge.
//! * Expected: the records exactly-once, the charges at-most-once. The offset is
//!   past an order that nobody has paid for yet, and nothing reads it again.
//! * Witness: kill after the EndTxn of message 1.

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
        let forwarding = async {
            producer.begin_transaction()?;
            order.send(&producer, out).await?;
            transactions::commit(&producer, &consumer, &message)
        };
        if let Err(error) = forwarding.await {
            transactions::abort_and_rewind(&producer, &consumer, error)?;
            continue;
        }
        charges.charge(&order, None).await?;
    }
}
