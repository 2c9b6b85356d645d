//! Sends several orders on at once, each under its number among its customer's, then
//! deletes their messages.
//!
//! * Boundary: one SQS FIFO queue to another that deduplicates by group. Sink: messages
//!   in `out`.
//! * Who retries: the SDK repeats a batch with the same deduplication ids, and so does
//!   the service when a message comes again.
//! * Faults that tell: whatever loses a reply or the process between the
//!   SendMessageBatch and a DeleteMessage, or applies a part of the batch. And a queue
//!   that takes the first order of one customer for the first order of another.
//! * Expected: exactly-once appends. With `DeduplicationScope` `messageGroup`
//!   "deduplication occurs at the message group level" (SQS API reference,
//!   CreateQueue), and a group is a customer.
//! * Witnesses: kill after the SendMessageBatch with message 1; kill before its
//!   DeleteMessage.

use super::app::Settings;
use super::queues::{Queues, order};
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;

/// What SQS hands over at once, at most; and takes.
const BATCH: i32 = 10;

pub(crate) async fn run(settings: Settings) -> anyhow::Result<()> {
    let queues = Queues::connect(&settings)?;
    let out = settings.get("OUT_QUEUE_URL")?;

    loop {
        let messages = queues.receive(BATCH).await?;
        let mut entries = Vec::new();
        for (at, message) in messages.iter().enumerate() {
            let order = order(message)?;
            let entry = SendMessageBatchRequestEntry::builder()
                .id(at.to_string())
                .message_body(serde_json::to_string(&order)?)
                .message_group_id(&order.key)
                .message_deduplication_id(order.n.to_string());
            entries.push(entry.build()?);
        }
        let batch = queues.client.send_message_batch().queue_url(out);
        let sent = batch.set_entries(Some(entries)).send().await?;
        anyhow::ensure!(sent.failed.is_empty(), "cannot send {:?}", sent.failed);
        for message in &messages {
            queues.delete(message).await?;
        }
    }
}
