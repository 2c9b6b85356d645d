//! Sends the order on under its own id, then deletes its message.
//!
//! * Boundary: one SQS FIFO queue to another. Sink: messages in `out`.
//! * Who retries: the SDK repeats a send with the same deduplication id, and so does
//!   the service when the message comes again.
//! * Faults that tell: whatever loses a reply or the process between the SendMessage
//!   and the DeleteMessage; and then, whether the five minutes are over.
//! * Expected: exactly-once appends while the window lasts; at-least-once beyond it.
//! * Witnesses: kill after the SendMessage of message 1; with the window passed, the
//!   same.

use super::app::Settings;
use super::queues::{Queues, order};

pub(crate) async fn run(settings: Settings) -> anyhow::Result<()> {
    let queues = Queues::connect(&settings)?;
    let out = settings.get("OUT_QUEUE_URL")?;

    loop {
        let message = queues.next().await?;
        let order = order(&message)?;
        queues.send(out, &order, &order.id).await?;
        queues.delete(&message).await?;
    }
}
