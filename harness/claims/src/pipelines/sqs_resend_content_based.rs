//! Sends what the warehouse has to know of an order (customer and article), and
//! leaves the deduplication id to the queue; then deletes its message.
//!
//! * Boundary: one SQS FIFO queue to another with content-based deduplication. Sink:
//!   messages in `out`. The order's number travels as an attribute.
//! * Who retries: the SDK, and the service when the message comes again; the queue
//!   takes equal bodies for repetitions.
//! * Faults that tell: none is needed. "The content-based deduplication ID is a
//!   SHA-256 hash of the body, but not of the attributes" (SQS API reference), and
//!   two orders of one customer have one body.
//! * Expected: at-most-once. The second order of a customer is swallowed (D6), and
//!   both sends are answered with success.
//! * Witness: none; the trials without faults show it.

use super::app::Settings;
use super::queues::{Queues, order};
use anyhow::Context;
use aws_sdk_sqs::types::MessageAttributeValue;

pub(crate) async fn run(settings: Settings) -> anyhow::Result<()> {
    let queues = Queues::connect(&settings)?;
    let out = settings.get("OUT_QUEUE_URL")?;

    loop {
        let message = queues.next().await?;
        let order = order(&message)?;
        let number = MessageAttributeValue::builder()
            .data_type("String")
            .string_value(&order.id)
            .build()?;
        queues
            .client
            .send_message()
            .queue_url(out)
            .message_body(format!(
                "{{\"customer\":{:?},\"article\":\"book\"}}",
                order.key
            ))
            .message_attributes("order", number)
            .message_group_id(&order.key)
            .send()
            .await
            .context("cannot send")?;
        queues.delete(&message).await?;
    }
}
