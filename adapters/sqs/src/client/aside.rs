//! What lies in the queues for dead letters, where no log tells it: looked at, and
//! left there.

use super::call::{CallError, Sqs};
use super::messages::{Message, receive, release, waiting};
use exactly_adapter::{Carried, PutAside};
use exactly_model::MessageId;
use std::collections::BTreeMap;
use tokio::sync::Mutex;

/// How long a message that is looked at is hidden, at most: it is given back.
const HIDDEN_S: u32 = 30;
/// Receives for one look, at most. Of a group with more messages than a receive
/// hands over only the first ones are seen: it is blocked while they are in hand.
const RECEIVES_MAX: usize = 200;

/// What was seen so far. A message that was redriven since was given up all the same.
#[derive(Default)]
pub(crate) struct Asides {
    queues: Mutex<BTreeMap<String, Aside>>,
}

#[derive(Default)]
struct Aside {
    /// Messages in the queue at the last look.
    count: u64,
    seen: BTreeMap<MessageId, String>,
}

impl Asides {
    /// What lies in the queue `name`, or has lain there. `most` is how often each of
    /// them was received before.
    pub async fn look(&self, sqs: &Sqs, name: &str, most: u32) -> Result<Vec<PutAside>, CallError> {
        let mut queues = self.queues.lock().await;
        let aside = queues.entry(name.into()).or_default();
        let count = waiting(sqs, name).await?;
        if count > aside.count {
            for message in peek(sqs, name).await? {
                if let Some(carried) = carried(&message) {
                    let times = match most {
                        1 => "once".to_string(),
                        n => format!("{n} times"),
                    };
                    let how =
                        format!("received {times} without a delete, now in the dead-letter queue");
                    aside.seen.insert(carried.id, how);
                }
            }
        }
        aside.count = count;
        let seen = aside.seen.iter();
        let seen = seen.map(|(id, how)| PutAside {
            id: *id,
            how: how.clone(),
        });
        Ok(seen.collect())
    }
}

fn carried(message: &Message) -> Option<Carried> {
    super::audit::Entry::taken(0, message).carried()
}

/// Receives what is there, and gives all of it back.
async fn peek(sqs: &Sqs, name: &str) -> Result<Vec<Message>, CallError> {
    let mut messages = Vec::new();
    let mut received = Ok(());
    for _ in 0..RECEIVES_MAX {
        match receive(sqs, name, HIDDEN_S).await {
            Ok(more) if more.is_empty() => break,
            Ok(more) => messages.extend(more),
            Err(error) => {
                received = Err(error);
                break;
            }
        }
    }
    for message in &messages {
        release(sqs, name, &message.receipt_handle).await?;
    }
    received.map(|()| messages)
}
