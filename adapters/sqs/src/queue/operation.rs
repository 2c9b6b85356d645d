//! What can be asked. The fields are named as AWS names them, so that both
//! protocols decode into them.

use super::fields;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A request.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "named as the actions of the API Reference")]
pub enum Operation {
    CreateQueue(CreateQueue),
    DeleteQueue(OfQueue),
    GetQueueUrl(GetQueueUrl),
    ListQueues(ListQueues),
    GetQueueAttributes(GetQueueAttributes),
    SetQueueAttributes(SetQueueAttributes),
    PurgeQueue(OfQueue),
    TagQueue(TagQueue),
    UntagQueue(UntagQueue),
    ListQueueTags(OfQueue),
    SendMessage(SendMessage),
    SendMessageBatch(Batch<SendEntry>),
    ReceiveMessage(ReceiveMessage),
    DeleteMessage(HandleOf),
    DeleteMessageBatch(Batch<HandleEntry>),
    ChangeMessageVisibility(HandleOf),
    ChangeMessageVisibilityBatch(Batch<HandleEntry>),
    ListDeadLetterSourceQueues(ListSources),
    StartMessageMoveTask(StartMove),
    ListMessageMoveTasks(ListMoves),
    CancelMessageMoveTask(CancelMove),
}

/// A request that names a queue and nothing else.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct OfQueue {
    /// The name in its URL.
    #[serde(rename = "QueueUrl", deserialize_with = "fields::name_of_url")]
    pub queue: String,
}

/// `CreateQueue`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct CreateQueue {
    /// The name.
    pub queue_name: String,
    /// Its attributes.
    #[serde(deserialize_with = "fields::texts")]
    pub attributes: BTreeMap<String, String>,
    /// Its tags.
    #[serde(rename = "tags", alias = "Tags")]
    pub tags: BTreeMap<String, String>,
}

/// `GetQueueUrl`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct GetQueueUrl {
    /// The name.
    pub queue_name: String,
}

/// `ListQueues`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct ListQueues {
    /// What the names start with.
    pub queue_name_prefix: Option<String>,
    /// Where the page before ended.
    pub next_token: Option<String>,
    /// How many on a page.
    #[serde(deserialize_with = "fields::number")]
    pub max_results: Option<i64>,
}

/// `GetQueueAttributes`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct GetQueueAttributes {
    /// The queue.
    #[serde(rename = "QueueUrl", deserialize_with = "fields::name_of_url")]
    pub queue: String,
    /// Which; `All` for all.
    pub attribute_names: Vec<String>,
}

/// `SetQueueAttributes`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct SetQueueAttributes {
    /// The queue.
    #[serde(rename = "QueueUrl", deserialize_with = "fields::name_of_url")]
    pub queue: String,
    /// The values.
    #[serde(deserialize_with = "fields::texts")]
    pub attributes: BTreeMap<String, String>,
}

/// `TagQueue`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct TagQueue {
    /// The queue.
    #[serde(rename = "QueueUrl", deserialize_with = "fields::name_of_url")]
    pub queue: String,
    /// The tags.
    pub tags: BTreeMap<String, String>,
}

/// `UntagQueue`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct UntagQueue {
    /// The queue.
    #[serde(rename = "QueueUrl", deserialize_with = "fields::name_of_url")]
    pub queue: String,
    /// The keys.
    pub tag_keys: Vec<String>,
}

/// A message attribute as it was sent.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct AttributeInput {
    /// `String`, `Number` or `Binary`, and a label.
    pub data_type: Option<String>,
    /// The value of the first two.
    pub string_value: Option<String>,
    /// The value of the third; base64 in both protocols.
    #[serde(deserialize_with = "fields::bytes")]
    pub binary_value: Option<Vec<u8>>,
}

/// A message to send, on its own or as the entry of a batch.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct SendEntry {
    /// The entry of the batch.
    pub id: String,
    /// The body.
    pub message_body: Option<String>,
    /// How long it stays invisible at first.
    #[serde(deserialize_with = "fields::number")]
    pub delay_seconds: Option<i64>,
    /// Its attributes.
    pub message_attributes: BTreeMap<String, AttributeInput>,
    /// Its system attributes.
    pub message_system_attributes: BTreeMap<String, AttributeInput>,
    /// What it is deduplicated by.
    pub message_deduplication_id: Option<String>,
    /// What it is ordered by.
    pub message_group_id: Option<String>,
}

/// `SendMessage`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct SendMessage {
    /// The queue.
    #[serde(rename = "QueueUrl", deserialize_with = "fields::name_of_url")]
    pub queue: String,
    /// The message.
    #[serde(flatten)]
    pub entry: SendEntry,
}

/// The batch of something.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(
    default,
    rename_all = "PascalCase",
    bound = "E: Deserialize<'de> + Default"
)]
pub struct Batch<E> {
    /// The queue.
    #[serde(rename = "QueueUrl", deserialize_with = "fields::name_of_url")]
    pub queue: String,
    /// Its entries.
    pub entries: Vec<E>,
}

/// `ReceiveMessage`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct ReceiveMessage {
    /// The queue.
    #[serde(rename = "QueueUrl", deserialize_with = "fields::name_of_url")]
    pub queue: String,
    /// Which system attributes.
    pub attribute_names: Vec<String>,
    /// The same, by its newer name.
    pub message_system_attribute_names: Vec<String>,
    /// Which message attributes.
    pub message_attribute_names: Vec<String>,
    /// How many messages at most.
    #[serde(deserialize_with = "fields::number")]
    pub max_number_of_messages: Option<i64>,
    /// How long they stay invisible.
    #[serde(deserialize_with = "fields::number")]
    pub visibility_timeout: Option<i64>,
    /// How long to wait for one.
    #[serde(deserialize_with = "fields::number")]
    pub wait_time_seconds: Option<i64>,
    /// What the receive is deduplicated by.
    pub receive_request_attempt_id: Option<String>,
}

/// A receipt handle and what to do with its message, on its own or as the entry
/// of a batch.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct HandleEntry {
    /// The entry of the batch.
    pub id: String,
    /// The handle.
    pub receipt_handle: String,
    /// How long its message stays invisible from now on.
    #[serde(deserialize_with = "fields::number")]
    pub visibility_timeout: Option<i64>,
}

/// `DeleteMessage` and `ChangeMessageVisibility`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct HandleOf {
    /// The queue.
    #[serde(rename = "QueueUrl", deserialize_with = "fields::name_of_url")]
    pub queue: String,
    /// The handle.
    #[serde(flatten)]
    pub entry: HandleEntry,
}

/// `ListDeadLetterSourceQueues`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct ListSources {
    /// The dead-letter queue.
    #[serde(rename = "QueueUrl", deserialize_with = "fields::name_of_url")]
    pub queue: String,
    /// Where the page before ended.
    pub next_token: Option<String>,
    /// How many on a page.
    #[serde(deserialize_with = "fields::number")]
    pub max_results: Option<i64>,
}

/// `StartMessageMoveTask`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct StartMove {
    /// The dead-letter queue.
    pub source_arn: String,
    /// Where to; each message's own source where none is given.
    pub destination_arn: Option<String>,
    /// How fast; the move is immediate here all the same.
    #[serde(deserialize_with = "fields::number")]
    pub max_number_of_messages_per_second: Option<i64>,
}

/// `ListMessageMoveTasks`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct ListMoves {
    /// The dead-letter queue.
    pub source_arn: String,
    /// How many.
    #[serde(deserialize_with = "fields::number")]
    pub max_results: Option<i64>,
}

/// `CancelMessageMoveTask`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct CancelMove {
    /// The task.
    pub task_handle: String,
}
