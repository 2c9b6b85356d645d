//! What a consumer does with a queue: the harness is one where no log can be read.

use super::call::{CallError, Sqs};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What one receive hands over, at most.
const BATCH: usize = 10;

/// A message in our hands.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Message {
    pub message_id: String,
    pub receipt_handle: String,
    pub body: String,
    /// What the system says of it.
    #[serde(default, rename = "Attributes")]
    system: BTreeMap<String, String>,
    #[serde(default, rename = "MessageAttributes")]
    pub attributes: BTreeMap<String, Value>,
}

impl Message {
    pub fn group(&self) -> Option<&str> {
        self.system.get("MessageGroupId").map(String::as_str)
    }

    /// How often it was received.
    pub fn receives(&self) -> u32 {
        let count = self.system.get("ApproximateReceiveCount");
        count.and_then(|count| count.parse().ok()).unwrap_or(1)
    }
}

/// Messages of the queue `name` that are not deleted: those that wait, those in
/// flight, and those that are delayed.
pub(crate) async fn waiting(sqs: &Sqs, name: &str) -> Result<u64, CallError> {
    const COUNTS: [&str; 3] = [
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed",
    ];
    let fields = json!({
        "QueueUrl": sqs.queue_url(name),
        "AttributeNames": COUNTS,
    });
    let answer = sqs.call("GetQueueAttributes", &fields).await?;
    let count = |name: &&str| {
        let value = answer.get("Attributes")?.get(*name)?.as_str()?;
        value.parse::<u64>().ok()
    };
    Ok(COUNTS.iter().filter_map(count).sum())
}

/// Receives what is there now, and hides it for `hidden_s` seconds.
pub(crate) async fn receive(
    sqs: &Sqs,
    name: &str,
    hidden_s: u32,
) -> Result<Vec<Message>, CallError> {
    let fields = json!({
        "QueueUrl": sqs.queue_url(name),
        "MaxNumberOfMessages": BATCH,
        "VisibilityTimeout": hidden_s,
        // The older of two names, which every server knows.
        "AttributeNames": ["All"],
        "MessageAttributeNames": ["All"],
    });
    let answer = sqs.call("ReceiveMessage", &fields).await?;
    let messages = answer.get("Messages").cloned().unwrap_or(Value::Null);
    serde_json::from_value::<Option<Vec<Message>>>(messages)
        .map(Option::unwrap_or_default)
        .map_err(|error| CallError::Lost(format!("what was received is no message: {error}")))
}

/// Deletes what was received.
pub(crate) async fn delete(sqs: &Sqs, name: &str, messages: &[Message]) -> Result<(), CallError> {
    for messages in messages.chunks(BATCH) {
        let entries = messages.iter().enumerate();
        let entries = entries.map(|(at, message)| {
            json!({ "Id": at.to_string(), "ReceiptHandle": message.receipt_handle })
        });
        let fields = json!({
            "QueueUrl": sqs.queue_url(name),
            "Entries": entries.collect::<Vec<_>>(),
        });
        let answer = sqs.call("DeleteMessageBatch", &fields).await?;
        if let Some(failed) = answer.pointer("/Failed/0") {
            let code = failed.get("Code").and_then(Value::as_str);
            let code = code.unwrap_or("no code");
            return Err(CallError::Lost(format!("a delete failed: {code}")));
        }
    }
    Ok(())
}

/// Gives a message back: it can be received again at once.
pub(crate) async fn release(sqs: &Sqs, name: &str, handle: &str) -> Result<(), CallError> {
    let fields = json!({
        "QueueUrl": sqs.queue_url(name),
        "ReceiptHandle": handle,
        "VisibilityTimeout": 0,
    });
    sqs.call("ChangeMessageVisibility", &fields).await.map(drop)
}
