//! An answer into the JSON that the API Reference shows for it.

use crate::queue::{
    ACCOUNT, Answer, Attribute, AttributeValue, MoveTask, Outcomes, Received, Refusal, Sent,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The URL of a queue, at the host that the client has asked: so a proxy in front
/// of this server stays in front of it.
fn url(host: &str, name: &str) -> String {
    format!("http://{host}/{ACCOUNT}/{name}")
}

/// The body of an answer; none of one that says nothing.
pub(super) fn body(answer: &Answer, host: &str) -> Option<Value> {
    let urls = |names: &[String]| names.iter().map(|name| url(host, name)).collect::<Vec<_>>();
    Some(match answer {
        Answer::Done => return None,
        Answer::Queue(name) => json!({ "QueueUrl": url(host, name) }),
        Answer::Queues { names, next_token } => page("QueueUrls", urls(names), next_token.as_ref()),
        Answer::Sources { names, next_token } => {
            page("queueUrls", urls(names), next_token.as_ref())
        }
        Answer::Attributes(told) if told.is_empty() => json!({}),
        Answer::Attributes(told) => json!({ "Attributes": told }),
        Answer::Tags(told) if told.is_empty() => json!({}),
        Answer::Tags(told) => json!({ "Tags": told }),
        Answer::Sent(told) => Value::Object(sent(told)),
        Answer::SentBatch(outcomes) => batch(outcomes, sent),
        Answer::DeletedBatch(outcomes) | Answer::ChangedBatch(outcomes) => {
            batch(outcomes, |()| Map::new())
        }
        Answer::Received(messages) if messages.is_empty() => json!({}),
        Answer::Received(messages) => {
            json!({ "Messages": messages.iter().map(received).collect::<Vec<_>>() })
        }
        Answer::MoveStarted(handle) => json!({ "TaskHandle": handle }),
        Answer::Moves(tasks) => json!({ "Results": tasks.iter().map(task).collect::<Vec<_>>() }),
    })
}

fn page(name: &str, urls: Vec<String>, next_token: Option<&String>) -> Value {
    let mut fields = Map::new();
    if !urls.is_empty() {
        fields.insert(name.into(), urls.into());
    }
    insert(&mut fields, "NextToken", next_token.cloned());
    Value::Object(fields)
}

fn insert(fields: &mut Map<String, Value>, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        fields.insert(name.into(), value.into());
    }
}

fn sent(told: &Sent) -> Map<String, Value> {
    let mut fields = Map::new();
    insert(&mut fields, "MessageId", Some(&*told.message_id));
    insert(&mut fields, "SequenceNumber", told.sequence.as_deref());
    insert(&mut fields, "MD5OfMessageBody", Some(&*told.md5_of_body));
    insert(
        &mut fields,
        "MD5OfMessageAttributes",
        told.md5_of_attributes.as_deref(),
    );
    insert(
        &mut fields,
        "MD5OfMessageSystemAttributes",
        told.md5_of_system_attributes.as_deref(),
    );
    fields
}

fn batch<T>(outcomes: &Outcomes<T>, told: impl Fn(&T) -> Map<String, Value>) -> Value {
    let done = outcomes.done.iter().map(|(id, done)| {
        let mut fields = told(done);
        fields.insert("Id".into(), id.as_str().into());
        Value::Object(fields)
    });
    let failed = outcomes
        .refused
        .iter()
        .map(|(id, refusal)| failed(id, refusal));
    json!({ "Successful": done.collect::<Vec<_>>(), "Failed": failed.collect::<Vec<_>>() })
}

fn failed(id: &str, refusal: &Refusal) -> Value {
    json!({
        "Id": id,
        "Code": refusal.code.query(),
        "Message": refusal.message,
        "SenderFault": true,
    })
}

fn received(message: &Received) -> Value {
    let mut fields = Map::new();
    insert(&mut fields, "MessageId", Some(&*message.message_id));
    insert(&mut fields, "ReceiptHandle", Some(&*message.receipt_handle));
    insert(&mut fields, "MD5OfBody", Some(message.md5_of_body()));
    insert(&mut fields, "Body", Some(&*message.body));
    if !message.system.is_empty() {
        fields.insert("Attributes".into(), json!(message.system));
    }
    insert(
        &mut fields,
        "MD5OfMessageAttributes",
        message.md5_of_attributes(),
    );
    if !message.attributes.is_empty() {
        fields.insert("MessageAttributes".into(), attributes(&message.attributes));
    }
    Value::Object(fields)
}

/// Message attributes; binary values in base64.
pub(super) fn attributes(attributes: &BTreeMap<String, Attribute>) -> Value {
    let told = attributes.iter().map(|(name, attribute)| {
        let value = match &attribute.value {
            AttributeValue::Text(text) => ("StringValue", text.clone()),
            AttributeValue::Binary(bytes) => ("BinaryValue", STANDARD.encode(bytes)),
        };
        let (kind, value) = value;
        (
            name.clone(),
            json!({ "DataType": attribute.data_type, kind: value }),
        )
    });
    Value::Object(told.collect())
}

fn task(task: &MoveTask) -> Value {
    let mut fields = Map::new();
    let status = if task.failure.is_some() {
        "FAILED"
    } else {
        "COMPLETED"
    };
    insert(&mut fields, "Status", Some(status));
    insert(&mut fields, "SourceArn", Some(&*task.source_arn));
    insert(
        &mut fields,
        "DestinationArn",
        task.destination_arn.as_deref(),
    );
    insert(&mut fields, "MaxNumberOfMessagesPerSecond", task.per_second);
    insert(
        &mut fields,
        "ApproximateNumberOfMessagesMoved",
        Some(task.moved),
    );
    insert(
        &mut fields,
        "ApproximateNumberOfMessagesToMove",
        Some(task.to_move),
    );
    insert(&mut fields, "FailureReason", task.failure);
    insert(&mut fields, "StartedTimestamp", Some(task.started_ms));
    Value::Object(fields)
}
