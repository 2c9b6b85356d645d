//! Sending: one message at a time within a group, so that each group's order is
//! that of the sends.

use super::call::Sqs;
use exactly_adapter::{Fed, FeedError, Outgoing};
use exactly_model::{Outcome, Position, Queue};
use futures::stream::{self, StreamExt as _};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Groups of a queue: the partition that each stands for, and how far it was fed.
pub(crate) type Groups = BTreeMap<String, (u32, i64)>;

/// A queue that is fed.
pub(crate) struct Feed<'a> {
    pub sqs: &'a Sqs,
    pub queue: &'a Queue,
    /// Physical name.
    pub name: String,
    /// Label in points.
    pub target: String,
}

/// Sends `messages`. Groups stand for partitions, in the order of their first
/// message; a message's offset is its place in its group.
pub(crate) async fn feed(
    feed: &Feed<'_>,
    messages: &[Outgoing],
    before: &mut Groups,
    concurrency: u32,
) -> Result<Vec<Fed>, FeedError> {
    let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut places = Vec::new();
    for (at, message) in messages.iter().enumerate() {
        groups.entry(&message.key).or_default().push(at);
        let partitions = u32::try_from(before.len()).unwrap_or(u32::MAX);
        let place = before.entry(message.key.clone()).or_insert((partitions, 0));
        places.push(*place);
        place.1 += 1;
    }
    let places = &places;
    let sends = groups.into_values().map(|group| async move {
        let mut fed = Vec::new();
        for at in group {
            fed.push((at, one(feed, &messages[at], places[at]).await));
        }
        fed
    });
    let width = usize::try_from(concurrency.max(1)).unwrap_or(1);
    let mut all: Vec<(usize, Fed)> = stream::iter(sends)
        .buffer_unordered(width)
        .flat_map(stream::iter)
        .collect()
        .await;
    all.sort_by_key(|(at, _)| *at);
    Ok(all.into_iter().map(|(_, fed)| fed).collect())
}

async fn one(feed: &Feed<'_>, message: &Outgoing, (partition, offset): (u32, i64)) -> Fed {
    let answered = feed.sqs.call("SendMessage", &fields(feed, message)).await;
    match answered {
        Ok(_) => Fed {
            receivers: None,
            outcome: Outcome::Ok,
            position: Some(Position {
                target: feed.target.clone(),
                partition,
                offset,
            }),
            error: None,
        },
        Err(error) => Fed {
            receivers: None,
            outcome: error.outcome(),
            position: None,
            error: Some(error.to_string()),
        },
    }
}

fn fields(feed: &Feed<'_>, message: &Outgoing) -> Value {
    let mut fields = json!({
        "QueueUrl": feed.sqs.queue_url(&feed.name),
        "MessageBody": message.payload,
    });
    if feed.queue.fifo {
        fields["MessageGroupId"] = message.key.as_str().into();
        fields["MessageDeduplicationId"] = message.id.to_text().into();
    }
    fields
}
