//! Records the order and the MessageId that SQS gave it in one transaction, then
//! deletes its message.
//!
//! * Boundary: one SQS FIFO queue to one Postgres table. Sink: rows in `orders`.
//! * Who retries: SQS delivers again what was not deleted; the inbox knows it, as
//!   long as it comes under the same MessageId.
//! * Faults that tell: a redrive from the dead-letter queue. It is a new send, with
//!   a new MessageId (SQS developer guide, "dead-letter queue redrive").
//! * Expected: at-least-once.
//! * Witness: killed before both DeleteMessages of message 1, so that it goes to the
//!   dead-letter queue though its row is there; then the redrive.

use super::app::Settings;
use super::queues::{Queues, order};
use anyhow::Context;

pub(crate) async fn run(settings: Settings) -> anyhow::Result<()> {
    let queues = Queues::connect(&settings)?;
    let database = settings.database(1).await?;

    loop {
        let message = queues.next().await?;
        let order = order(&message)?;
        let id = message
            .message_id
            .as_deref()
            .context("SQS gives each message an id")?;
        order.insert_once(&database, id).await?;
        queues.delete(&message).await?;
    }
}
