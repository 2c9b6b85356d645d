//! What every order service on SQS needs: a client, the order in a message, and a
//! delete.
//!
//! The SDK's own retries (`RetryConfig::standard`, three attempts) repeat a request
//! with the same body, its deduplication id included. What ends an attempt is a
//! limit of this service's, longer than a long poll.

use super::app::{Order, Settings};
use anyhow::Context;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::retry::RetryConfig;
use aws_sdk_sqs::config::timeout::TimeoutConfig;
use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName};
use std::time::Duration;

/// How long one attempt may take.
pub(crate) const ATTEMPT_TIMEOUT: Duration = Duration::from_millis(1_500);

/// `WaitTimeSeconds`: how long a receive may wait for a message.
const WAIT_S: i32 = 1;

/// A client, and the queue that is consumed.
pub(crate) struct Queues {
    pub(crate) client: Client,
    pub(crate) orders: String,
}

impl Queues {
    pub(crate) fn connect(settings: &Settings) -> anyhow::Result<Self> {
        let credentials = Credentials::new(
            settings.get("AWS_ACCESS_KEY_ID")?,
            settings.get("AWS_SECRET_ACCESS_KEY")?,
            None,
            None,
            "environment",
        );
        let timeouts = TimeoutConfig::builder()
            .operation_attempt_timeout(ATTEMPT_TIMEOUT)
            .build();
        let retries = RetryConfig::standard().with_initial_backoff(Duration::from_millis(50));
        let config = aws_sdk_sqs::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(settings.get("AWS_REGION")?.to_string()))
            .credentials_provider(credentials)
            .endpoint_url(settings.get("AWS_ENDPOINT_URL")?)
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .timeout_config(timeouts)
            .retry_config(retries)
            .build();
        Ok(Self {
            client: Client::from_conf(config),
            orders: settings.get("QUEUE_URL")?.to_string(),
        })
    }

    /// Waits for messages; at most `max` at once.
    pub(crate) async fn receive(&self, max: i32) -> anyhow::Result<Vec<Message>> {
        loop {
            let received = self
                .client
                .receive_message()
                .queue_url(&self.orders)
                .max_number_of_messages(max)
                .wait_time_seconds(WAIT_S)
                .message_system_attribute_names(MessageSystemAttributeName::MessageGroupId)
                .message_system_attribute_names(MessageSystemAttributeName::SequenceNumber)
                .send()
                .await
                .context("cannot receive")?;
            let messages = received.messages.unwrap_or_default();
            if !messages.is_empty() {
                return Ok(messages);
            }
        }
    }

    /// Waits for one message.
    pub(crate) async fn next(&self) -> anyhow::Result<Message> {
        let mut messages = self.receive(1).await?;
        messages.pop().context("a batch that is not empty")
    }

    /// Says that a message is handled.
    pub(crate) async fn delete(&self, message: &Message) -> anyhow::Result<()> {
        self.client
            .delete_message()
            .queue_url(&self.orders)
            .set_receipt_handle(message.receipt_handle.clone())
            .send()
            .await
            .context("cannot delete")?;
        Ok(())
    }

    /// Sends an order on to a FIFO queue, in its customer's group.
    pub(crate) async fn send(
        &self,
        queue: &str,
        order: &Order,
        deduplication_id: &str,
    ) -> anyhow::Result<()> {
        let body = serde_json::to_string(order).context("an order is plain text and a number")?;
        self.client
            .send_message()
            .queue_url(queue)
            .message_body(body)
            .message_group_id(&order.key)
            .message_deduplication_id(deduplication_id)
            .send()
            .await
            .context("cannot send")?;
        Ok(())
    }
}

/// The order in a message.
pub(crate) fn order(message: &Message) -> anyhow::Result<Order> {
    let body = message.body.as_deref().context("message without a body")?;
    serde_json::from_str(body).context("the message is not an order")
}

/// The number that its queue gave a message; it grows within the message's group.
pub(crate) fn sequence_number(message: &Message) -> anyhow::Result<&str> {
    let attributes = message.attributes.as_ref();
    let number = attributes.and_then(|all| all.get(&MessageSystemAttributeName::SequenceNumber));
    number
        .map(String::as_str)
        .context("a FIFO queue gives each message a number")
}
