//! Redriving a queue for dead letters at servers that are not ours.

use super::call::{CallError, Sqs};
use super::messages::{Message, delete, receive, waiting};
use exactly_adapter::Replayed;
use exactly_model::Queue;
use serde_json::json;
use std::time::Duration;

/// How long a move of a trial's few messages may take.
const MOVED_WITHIN: Duration = Duration::from_secs(3);
const LOOK_EVERY: Duration = Duration::from_millis(50);
const HIDDEN_S: u32 = 30;

/// A queue for dead letters, and where its messages came from.
pub(crate) struct Dead<'a> {
    /// Physical names.
    pub name: String,
    pub source_name: String,
    pub source: &'a Queue,
    pub arn: String,
}

/// Has the server move what is there. Where it does not, the messages are received
/// and sent again, as people did it before SQS could.
pub(crate) async fn redrive(sqs: &Sqs, dead: &Dead<'_>) -> Result<Replayed, CallError> {
    let there = waiting(sqs, &dead.name).await?;
    if there == 0 {
        return Ok(Replayed::default());
    }
    let fields = json!({ "SourceArn": dead.arn });
    let asked = sqs.call("StartMessageMoveTask", &fields).await;
    let why = match asked {
        Ok(_) if is_moved(sqs, &dead.name).await? => {
            return Ok(Replayed {
                messages: there,
                instead: None,
            });
        }
        Ok(_) => format!("took the order and had not done it in {MOVED_WITHIN:?}"),
        Err(error @ CallError::NotConnected(_)) => return Err(error),
        Err(error) => format!("does not do it ({error})"),
    };
    let messages = by_hand(sqs, dead).await?;
    Ok(Replayed {
        messages,
        instead: Some(format!(
            "StartMessageMoveTask of queue.{}'s dead letters: the server {why}; they were received \
             and sent again instead",
            dead.source.name
        )),
    })
}

async fn is_moved(sqs: &Sqs, name: &str) -> Result<bool, CallError> {
    let moved = async {
        while waiting(sqs, name).await? > 0 {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(true)
    };
    let moved = tokio::time::timeout(MOVED_WITHIN, moved).await;
    moved.unwrap_or(Ok(false))
}

async fn by_hand(sqs: &Sqs, dead: &Dead<'_>) -> Result<u64, CallError> {
    let mut sent = 0;
    loop {
        let messages = receive(sqs, &dead.name, HIDDEN_S).await?;
        if messages.is_empty() {
            return Ok(sent);
        }
        for message in &messages {
            send(sqs, dead, message).await?;
        }
        delete(sqs, &dead.name, &messages).await?;
        sent += messages.len() as u64;
    }
}

async fn send(sqs: &Sqs, dead: &Dead<'_>, message: &Message) -> Result<(), CallError> {
    let mut fields = json!({
        "QueueUrl": sqs.queue_url(&dead.source_name),
        "MessageBody": message.body,
    });
    if !message.attributes.is_empty() {
        fields["MessageAttributes"] = json!(message.attributes);
    }
    if dead.source.fifo {
        fields["MessageGroupId"] = message.group().unwrap_or_default().into();
        // The queue still knows the id that it was first sent under.
        fields["MessageDeduplicationId"] = format!("redriven-{}", message.message_id).into();
    }
    sqs.call("SendMessage", &fields).await.map(drop)
}
