//! A request into an operation.

use super::Protocol;
use super::form;
use crate::queue::{Code, Operation, Refusal};
use serde::de::DeserializeOwned;
use serde_json::Value;

const TARGET_PREFIX: &str = "AmazonSQS.";

/// A request as HTTP brought it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Incoming<'a> {
    /// The header `X-Amz-Target`: who sends it speaks JSON.
    pub target: Option<&'a str>,
    /// The path: in the query protocol it names the queue.
    pub path: &'a str,
    /// What follows the path.
    pub query: &'a str,
    /// The body.
    pub body: &'a [u8],
}

/// The protocol of a request, its action, and what it asks.
pub fn read(incoming: &Incoming<'_>) -> (Protocol, String, Result<Operation, Refusal>) {
    match incoming.target {
        Some(target) => {
            let action = target.strip_prefix(TARGET_PREFIX).unwrap_or(target);
            let operation = operation(action, Source::Json(incoming.body));
            (Protocol::Json, action.to_string(), operation)
        }
        None => read_form(incoming),
    }
}

fn read_form(incoming: &Incoming<'_>) -> (Protocol, String, Result<Operation, Refusal>) {
    let refused = |refusal| (Protocol::Query, String::new(), Err(refusal));
    let tree = match form::read(incoming.query, incoming.body) {
        Ok(tree) => tree,
        Err(refusal) => return refused(refusal),
    };
    let Value::Object(mut fields) = tree else {
        return refused(Refusal::missing("Action"));
    };
    let Some(Value::String(action)) = fields.remove("Action") else {
        return refused(Refusal::missing("Action"));
    };
    if incoming.path.len() > 1 {
        let path = Value::String(incoming.path.to_string());
        fields.entry("QueueUrl").or_insert(path);
    }
    let operation = operation(&action, Source::Form(Value::Object(fields)));
    (Protocol::Query, action, operation)
}

enum Source<'a> {
    Json(&'a [u8]),
    Form(Value),
}

impl Source<'_> {
    fn into<T: DeserializeOwned>(self) -> Result<T, Refusal> {
        let read = match self {
            Self::Json([]) => serde_json::from_slice(b"{}"),
            Self::Json(body) => serde_json::from_slice(body),
            Self::Form(fields) => serde_json::from_value(fields),
        };
        read.map_err(|error| Refusal::new(Code::MalformedInput, error.to_string()))
    }
}

fn operation(action: &str, source: Source<'_>) -> Result<Operation, Refusal> {
    Ok(match action {
        "CreateQueue" => Operation::CreateQueue(source.into()?),
        "DeleteQueue" => Operation::DeleteQueue(source.into()?),
        "GetQueueUrl" => Operation::GetQueueUrl(source.into()?),
        "ListQueues" => Operation::ListQueues(source.into()?),
        "GetQueueAttributes" => Operation::GetQueueAttributes(source.into()?),
        "SetQueueAttributes" => Operation::SetQueueAttributes(source.into()?),
        "PurgeQueue" => Operation::PurgeQueue(source.into()?),
        "TagQueue" => Operation::TagQueue(source.into()?),
        "UntagQueue" => Operation::UntagQueue(source.into()?),
        "ListQueueTags" => Operation::ListQueueTags(source.into()?),
        "SendMessage" => Operation::SendMessage(source.into()?),
        "SendMessageBatch" => Operation::SendMessageBatch(source.into()?),
        "ReceiveMessage" => Operation::ReceiveMessage(source.into()?),
        "DeleteMessage" => Operation::DeleteMessage(source.into()?),
        "DeleteMessageBatch" => Operation::DeleteMessageBatch(source.into()?),
        "ChangeMessageVisibility" => Operation::ChangeMessageVisibility(source.into()?),
        "ChangeMessageVisibilityBatch" => Operation::ChangeMessageVisibilityBatch(source.into()?),
        "ListDeadLetterSourceQueues" => Operation::ListDeadLetterSourceQueues(source.into()?),
        "StartMessageMoveTask" => Operation::StartMessageMoveTask(source.into()?),
        "ListMessageMoveTasks" => Operation::ListMessageMoveTasks(source.into()?),
        "CancelMessageMoveTask" => Operation::CancelMessageMoveTask(source.into()?),
        "AddPermission" | "RemovePermission" => {
            return Err(Refusal::new(
                Code::UnsupportedOperation,
                format!("This embedded server has no permissions, so no {action} either."),
            ));
        }
        other => {
            return Err(Refusal::new(
                Code::InvalidAction,
                format!("The action {other} is not valid for this endpoint."),
            ));
        }
    })
}
