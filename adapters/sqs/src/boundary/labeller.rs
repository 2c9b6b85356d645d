//! What each request does, and what its answer says.

use super::call::{Call, Entry};
use super::{Outward, Shared, legal};
use bytes::Bytes;
use exactly_adapter::{Delivered, find_ids};
use exactly_http1::{Labelled, Labeller, Refusal, Request, Response, Said};
use exactly_model::{Class, MessageId, Outcome, Phase};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;

/// Characters of an error's code that are kept: SQS's own are shorter.
const CODE_MAX: usize = 100;

/// Labels one connection.
pub(crate) struct SqsLabeller {
    shared: Arc<Shared>,
    /// Where the server is somebody else's.
    outward: Option<Arc<Outward>>,
}

/// What the answer has to be read with.
#[derive(Default, Serialize, Deserialize)]
struct Context {
    /// Label of the queue, and its URL.
    queue: String,
    url: String,
    query: bool,
    /// What a delete gives back.
    handles: Vec<String>,
    /// What the client dialled.
    host: String,
    /// Id within the batch, and the messages that the entry is about.
    entries: Vec<(String, Vec<MessageId>)>,
}

impl SqsLabeller {
    pub fn new(shared: Arc<Shared>, outward: Option<Arc<Outward>>) -> Self {
        Self { shared, outward }
    }

    fn ids(&self, entry: &Entry) -> Vec<MessageId> {
        if !entry.handle.is_empty() {
            return self.shared.behind(&entry.handle);
        }
        let mut ids = Vec::new();
        find_ids(entry.content.as_bytes(), &mut ids);
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// What was handed over: handles to remember, and positions.
    fn received(&self, context: &Context, body: &[u8], said: &mut Said) {
        let messages = messages(context.query, body);
        said.idle = messages.is_empty();
        let delivered = &mut said.delivers;
        for (handle, ids) in messages {
            self.shared.received(&context.url, &handle, &ids);
            let positions = ids.iter().filter_map(|id| self.shared.position(*id));
            // Another queue of the trial may carry the same messages.
            let here = positions.filter(|position| position.target == context.queue);
            delivered.extend(here.map(|position| Delivered {
                target: position.target,
                partition: position.partition,
                first: position.offset,
                last: position.offset,
            }));
        }
    }

    /// What was accepted, and taken for another one.
    fn sent(&self, context: &Context, body: &[u8]) -> Vec<MessageId> {
        let mut duplicates = Vec::new();
        for (entry, message) in answers(context.query, body) {
            let ids = context.entries.iter().find(|(id, _)| *id == entry);
            if let Some((_, ids)) = ids {
                duplicates.extend(self.shared.answered(&context.queue, &message, ids));
            }
        }
        duplicates
    }
}

impl Labeller for SqsLabeller {
    fn protocol(&self) -> &'static str {
        "sqs"
    }

    fn request(&mut self, request: &Request) -> Option<Labelled> {
        let call = Call::read(request)?;
        let target = self.shared.names.target(&call.queue);
        let class = class_of(&call.operation);
        if call.operation == "ReceiveMessage" {
            self.shared.consumes(self.shared.names.logical(&call.queue));
        }
        let entries: Vec<(String, Vec<MessageId>)> = call
            .entries
            .iter()
            .map(|entry| (entry.id.clone(), self.ids(entry)))
            .collect();
        let mut ids: Vec<MessageId> = entries.iter().flat_map(|(_, ids)| ids.clone()).collect();
        ids.sort_unstable();
        ids.dedup();
        let context = Context {
            queue: target.clone(),
            query: call.query,
            host: request.headers.get("host").unwrap_or_default().into(),
            handles: call
                .entries
                .iter()
                .map(|entry| entry.handle.clone())
                .collect(),
            url: call.queue,
            entries,
        };
        Some(Labelled {
            ids,
            context: serde_json::to_string(&context).unwrap_or_default(),
            ..Labelled::new(call.operation, target, class)
        })
    }

    fn response(&mut self, labelled: &Labelled, response: &Response) -> Said {
        let context: Context = serde_json::from_str(&labelled.context).unwrap_or_default();
        let body = &response.body;
        if !(200..300).contains(&response.status) {
            let outcome = match response.status {
                400..500 => Outcome::Fail,
                _ => Outcome::Unknown,
            };
            return Said::error(outcome, error_of(response));
        }
        let mut said = match failed_entries(context.query, body) {
            0 => Said::new(Outcome::Ok),
            n if n >= context.entries.len() => {
                Said::error(Outcome::Fail, "every entry of the batch failed")
            }
            n => {
                let of = context.entries.len();
                Said::error(Outcome::Unknown, format!("{n} of {of} entries failed"))
            }
        };
        let outward = self.outward.as_ref();
        said.rewrite = outward
            .and_then(|outward| outward.answer(&labelled.operation, response, &context.host));
        match labelled.operation.as_str() {
            "ReceiveMessage" => self.received(&context, body, &mut said),
            "DeleteMessage" | "DeleteMessageBatch" if said.outcome == Outcome::Ok => {
                let handles = context.handles.iter();
                handles.for_each(|handle| self.shared.deleted(handle));
            }
            "SendMessage" | "SendMessageBatch" => said.duplicate_of = self.sent(&context, body),
            _ => {}
        }
        said
    }

    fn forward(&self, request: &Request, body: &[u8]) -> Option<Bytes> {
        self.outward.as_ref()?.request(request, body)
    }

    fn error(&mut self, labelled: &Labelled, when: Phase) -> Option<Refusal> {
        let context: Context = serde_json::from_str(&labelled.context).unwrap_or_default();
        Some(legal(when, context.query))
    }

    /// The first half of a batch's entries. The query protocol numbers them, and
    /// nobody sends batches in it any more.
    fn part(&mut self, request: &Request) -> Option<Bytes> {
        let mut fields: Value = serde_json::from_slice(&request.body).ok()?;
        let entries = fields.get_mut("Entries")?.as_array_mut()?;
        let half = entries.len() / 2;
        if half == 0 {
            return None;
        }
        entries.truncate(half);
        Some(Bytes::from(serde_json::to_vec(&fields).ok()?))
    }
}

/// A visibility that is changed is a lease that is changed; what is not known here
/// may well change something.
fn class_of(operation: &str) -> Class {
    match operation {
        "DeleteMessage" | "DeleteMessageBatch" => Class::Ack,
        "ReceiveMessage" | "ChangeMessageVisibility" | "ChangeMessageVisibilityBatch" => {
            Class::Take
        }
        _ if operation.starts_with("Get") || operation.starts_with("List") => Class::Read,
        _ => Class::Effect,
    }
}

/// Receipt handles with the messages that they stand for.
fn messages(query: bool, body: &[u8]) -> Vec<(String, Vec<MessageId>)> {
    if query {
        let text = String::from_utf8_lossy(body);
        let each = text.split("<Message>").skip(1);
        return each
            .filter_map(|message| {
                let handle = tagged(message, "ReceiptHandle")?;
                Some((handle.to_string(), ids_in(message)))
            })
            .collect();
    }
    let fields: Value = serde_json::from_slice(body).unwrap_or_default();
    let messages = fields.get("Messages").and_then(Value::as_array);
    messages
        .into_iter()
        .flatten()
        .filter_map(|message| {
            let handle = message.get("ReceiptHandle")?.as_str()?;
            Some((handle.to_string(), ids_in(&carried(message))))
        })
        .collect()
}

/// The body and the values of the attributes: no handle and no checksum is to be
/// taken for an id.
fn carried(message: &Value) -> String {
    let mut text = message
        .get("Body")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_string();
    let attributes = message.get("MessageAttributes").and_then(Value::as_object);
    for attribute in attributes.into_iter().flat_map(|all| all.values()) {
        if let Some(value) = attribute.get("StringValue").and_then(Value::as_str) {
            text.push('\n');
            text.push_str(value);
        }
    }
    text
}

fn ids_in(text: &str) -> Vec<MessageId> {
    let mut ids = Vec::new();
    find_ids(text.as_bytes(), &mut ids);
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Ids of entries (empty outside of a batch) with the MessageIds they were
/// answered with.
fn answers(query: bool, body: &[u8]) -> Vec<(String, String)> {
    if query {
        let text = String::from_utf8_lossy(body);
        let one = |text: &str| {
            let message = tagged(text, "MessageId")?.to_string();
            Some((tagged(text, "Id").unwrap_or_default().to_string(), message))
        };
        return match text.contains("<SendMessageBatchResultEntry>") {
            true => text
                .split("<SendMessageBatchResultEntry>")
                .skip(1)
                .filter_map(one)
                .collect(),
            false => one(&text).into_iter().collect(),
        };
    }
    let fields: Value = serde_json::from_slice(body).unwrap_or_default();
    let one = |fields: &Value| {
        let text = |name: &str| fields.get(name).and_then(Value::as_str);
        let message = text("MessageId")?.to_string();
        Some((text("Id").unwrap_or_default().to_string(), message))
    };
    match fields.get("Successful").and_then(Value::as_array) {
        Some(entries) => entries.iter().filter_map(one).collect(),
        None => one(&fields).into_iter().collect(),
    }
}

fn failed_entries(query: bool, body: &[u8]) -> usize {
    if query {
        let text = String::from_utf8_lossy(body);
        return text.matches("<BatchResultErrorEntry>").count();
    }
    // Most answers are not of a batch.
    if memchr::memmem::find(body, b"\"Failed\"").is_none() {
        return 0;
    }
    let fields: Value = serde_json::from_slice(body).unwrap_or_default();
    let failed = fields.get("Failed").and_then(Value::as_array);
    failed.map_or(0, Vec::len)
}

/// The code of an error, in either protocol.
fn error_of(response: &Response) -> String {
    let text = String::from_utf8_lossy(&response.body);
    let fields: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    let kind = fields.get("__type").and_then(Value::as_str);
    let code = kind
        .map(|kind| kind.rsplit('#').next().unwrap_or(kind))
        .or_else(|| tagged(&text, "Code"));
    match code {
        Some(code) => {
            let code: String = code.chars().take(CODE_MAX).collect();
            format!("{} {code}", response.status)
        }
        None => response.status.to_string(),
    }
}

fn tagged<'a>(text: &'a str, tag: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(&format!("<{tag}>"))?;
    Some(rest.split_once(&format!("</{tag}>"))?.0)
}
