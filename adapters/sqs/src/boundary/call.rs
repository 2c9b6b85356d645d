//! A request, whichever of the two protocols it is spoken in.
//!
//! AWS JSON 1.0 names its operation in `X-Amz-Target`; the older query protocol
//! has it in the form field `Action`, and numbers the entries of a batch.

use exactly_http1::{Request, percent_decode, split_target};
use serde_json::Value;
use std::collections::BTreeMap;

/// Fields of a form that are read.
const FIELDS_MAX: usize = 2_000;

/// Entries of a batch that are read: SQS takes 10. Each answer looks for its own, and a
/// body has room for a million.
const ENTRIES_MAX: usize = 1_000;

/// Bytes of an operation that are kept: the longest of SQS's has 28.
const OPERATION_MAX: usize = 64;

/// One operation on one queue.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Call {
    pub operation: String,
    /// URL of the queue, or its name where a URL is what is asked for.
    pub queue: String,
    pub entries: Vec<Entry>,
    /// Whether it speaks the query protocol.
    pub query: bool,
}

/// What one entry of a batch, or a request of its own, is about.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Entry {
    /// Id within the batch; empty outside of one.
    pub id: String,
    /// What may carry message ids: the body and the attributes' values.
    pub content: String,
    pub handle: String,
}

impl Call {
    pub fn read(request: &Request) -> Option<Self> {
        match request.headers.get("x-amz-target") {
            Some(target) => Self::json(target, &request.body),
            None => Self::form(request),
        }
    }

    fn json(target: &str, body: &[u8]) -> Option<Self> {
        let operation = bounded(target.strip_prefix("AmazonSQS.")?);
        // A body that is no JSON is the system's to refuse.
        let fields: Value = serde_json::from_slice(body).unwrap_or_default();
        let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
        let named = match text("QueueUrl") {
            "" => text("QueueName"),
            url => url,
        };
        let entries = match fields.get("Entries").and_then(Value::as_array) {
            Some(entries) => entries.iter().take(ENTRIES_MAX).map(entry).collect(),
            None => vec![entry(&fields)],
        };
        Some(Self {
            operation: operation.into(),
            queue: named.into(),
            entries,
            query: false,
        })
    }

    fn form(request: &Request) -> Option<Self> {
        let (path, in_target) = split_target(&request.target);
        let mut fields = BTreeMap::new();
        let body = String::from_utf8_lossy(&request.body);
        let pairs = in_target
            .unwrap_or_default()
            .split('&')
            .chain(body.split('&'));
        for pair in pairs.filter(|pair| !pair.is_empty()).take(FIELDS_MAX) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            fields.insert(decoded(name), decoded(value));
        }
        let operation = bounded(fields.get("Action")?).to_string();
        let queue = fields.get("QueueUrl").or_else(|| fields.get("QueueName"));
        let queue = queue.cloned().unwrap_or_else(|| path.to_string());
        let mut numbered: BTreeMap<String, Entry> = BTreeMap::new();
        for (name, value) in &fields {
            let (number, field) = numbered_field(&operation, name);
            let entry = numbered.entry(number.into()).or_default();
            entry.take(field, value);
        }
        Some(Self {
            operation,
            queue,
            entries: numbered
                .into_values()
                .filter(|e| *e != Entry::default())
                .collect(),
            query: true,
        })
    }
}

fn bounded(operation: &str) -> &str {
    &operation[..operation.floor_char_boundary(OPERATION_MAX)]
}

/// `3` and `MessageBody` of `SendMessageBatchRequestEntry.3.MessageBody`.
fn numbered_field<'a>(operation: &str, name: &'a str) -> (&'a str, &'a str) {
    let in_batch = name
        .strip_prefix(operation)
        .and_then(|rest| rest.strip_prefix("RequestEntry."))
        .and_then(|rest| rest.split_once('.'));
    in_batch.unwrap_or(("", name))
}

impl Entry {
    fn take(&mut self, field: &str, value: &str) {
        match field {
            "Id" => self.id = value.into(),
            "ReceiptHandle" => self.handle = value.into(),
            "MessageBody" => self.add(value),
            _ if field.starts_with("MessageAttribute.") => self.add(value),
            _ => {}
        }
    }

    fn add(&mut self, value: &str) {
        self.content.push_str(value);
        // No id is made of two fields.
        self.content.push('\n');
    }
}

fn entry(fields: &Value) -> Entry {
    let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
    let mut entry = Entry {
        id: text("Id").into(),
        handle: text("ReceiptHandle").into(),
        ..Entry::default()
    };
    let body = text("MessageBody");
    if !body.is_empty() {
        entry.add(body);
    }
    let attributes = fields.get("MessageAttributes").and_then(Value::as_object);
    for attribute in attributes.into_iter().flat_map(|all| all.values()) {
        if let Some(value) = attribute.get("StringValue").and_then(Value::as_str) {
            entry.add(value);
        }
    }
    entry
}

fn decoded(text: &str) -> String {
    let spaced = text.replace('+', " ");
    percent_decode(&spaced).unwrap_or_default().into_owned()
}
