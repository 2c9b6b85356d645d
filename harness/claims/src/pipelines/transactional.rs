//! Sends each order on to two topics and commits its offset, all in one
//! transaction.
//!
//! * Boundary: one Kafka topic to two others, `out` and `ledger`. Sink: the
//!   records there. Consumes with `isolation.level=read_committed`.
//! * Who retries: librdkafka, requests whose connection was lost; the code, by
//!   aborting and going back to the committed offset. What is fatal ends the
//!   process, and its supervisor starts it anew (see `transactions`).
//! * Faults that tell: none should, to a reader that sees committed records
//!   only. A reader that sees all of them meets those of the attempts that were
//!   aborted: whatever ends the process between a Produce and the EndTxn.
//! * Expected: exactly-once to the one, at-least-once to the other.
//! * Witnesses: kill before the EndTxn of message 1, so that an aborted attempt
//!   leaves its records behind; kill after it, so that nobody sees the answer.

use super::app::{Order, Settings};
use super::transactions;
use rdkafka::producer::Producer;

pub(crate) async fn run(settings: Settings) -> anyhow::Result<()> {
    let (out, ledger) = (settings.get("OUT_TOPIC")?, settings.get("LEDGER_TOPIC")?);
    let producer = transactions::producer(&settings)?;
    let consumer = transactions::consumer(&settings)?;

    loop {
        let message = consumer.recv().await?;
        let order = Order::read(&message)?;
        let forwarding = async {
            producer.begin_transaction()?;
            order.send(&producer, out).await?;
            order.send(&producer, ledger).await?;
            transactions::commit(&producer, &consumer, &message)
        };
        if let Err(error) = forwarding.await {
            transactions::abort_and_rewind(&producer, &consumer, error)?;
        }
    }
}
