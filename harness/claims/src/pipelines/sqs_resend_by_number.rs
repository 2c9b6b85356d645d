//! Sends the order on under its number among its customer's, then deletes its
//! message.
//!
//! * Boundary: one SQS FIFO queue to another that deduplicates by group. Sink: messages
//!   in `out`.
//! * Who retries: the SDK repeats a send with the same deduplication id, and so does
//!   the service when the message comes again.
//! * Faults that tell: whatever loses a reply or the process between the SendMessage
//!   and the DeleteMessage. And a queue that takes the first order of one customer for
//!   the first order of another.
//! * Expected: exactly-once appends. With `DeduplicationScope` `messageGroup`
//!   "deduplication occurs at the message group level" (SQS API reference,
//!   CreateQueue), and a group is a customer.
//! * Witnesses: kill after the SendMessage of message 1; kill before its
//!   DeleteMessage.

use super::app::Settings;
use super::queues::{Queues, order};

pub(crate) async fn run(settings: Settings) -> anyhow::Result<()> {
    let queues = Queues::connect(&settings)?;
    let out = settings.get("OUT_QUEUE_URL")?;

    loop {
        let message = queues.next().await?;
        let order = order(&message)?;
        queues.send(out, &order, &order.n.to_string()).await?;
        queues.delete(&message).await?;
    }
}
