//! What a queue accepted, and what became of it: by the log of the embedded server,
//! or by consuming it.

use super::call::{CallError, Sqs};
use super::messages::Message;
use exactly_adapter::{Carried, Seen};
use exactly_model::View;
use hyper::Method;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// A message that a queue accepted.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Entry {
    /// Its place in the queue.
    arrival: i64,
    message_id: String,
    group: Option<String>,
    body: String,
    #[serde(default)]
    attributes: BTreeMap<String, Value>,
    receives: u32,
    pub became: Fate,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) enum Fate {
    /// It waits to be received.
    #[serde(rename = "there")]
    There,
    /// It was received and not deleted.
    #[serde(rename = "in flight")]
    InFlight,
    /// Its consumer deleted it.
    #[serde(rename = "deleted")]
    Deleted,
    /// It was not deleted within the retention period.
    #[serde(rename = "expired")]
    Expired,
    /// It was received too often.
    #[serde(rename = "moved to the dead-letter queue")]
    DeadLettered,
    /// A move task took it elsewhere.
    #[serde(rename = "redriven")]
    Redriven,
    /// The queue was purged.
    #[serde(rename = "purged")]
    Purged,
}

impl Entry {
    /// A message that was taken out of its queue, as the `arrival`th.
    pub fn taken(arrival: i64, message: &Message) -> Self {
        Self {
            arrival,
            message_id: message.message_id.clone(),
            group: message.group().map(str::to_string),
            body: message.body.clone(),
            attributes: message.attributes.clone(),
            receives: message.receives(),
            became: Fate::Deleted,
        }
    }

    pub fn carried(&self) -> Option<Carried> {
        let values = self.attributes.values();
        let texts = values.filter_map(|value| value.get("StringValue")?.as_str());
        let beside = texts.collect::<Vec<_>>().join("\n");
        Carried::read(self.body.as_bytes(), beside.as_bytes())
    }

    /// The effect that it is, in the queue that it was sent to.
    pub fn seen(&self) -> Result<Seen, String> {
        let carried = self
            .carried()
            .ok_or_else(|| format!("message {} carries no message id", self.message_id))?;
        Ok(Seen {
            id: carried.id,
            key: self.group.clone(),
            key_seq: carried.key_seq,
            partition: None,
            position: Some(self.arrival),
            unit: None,
            checksum: carried.checksum,
            view: View::ReadCommitted,
        })
    }

    /// Why the system gave it up, in words; `None` where it did not.
    pub fn given_up(&self) -> Option<String> {
        let times = match self.receives {
            1 => "once".to_string(),
            n => format!("{n} times"),
        };
        match self.became {
            Fate::DeadLettered => Some(format!(
                "received {times} without a delete, now in the dead-letter queue"
            )),
            Fate::Expired => Some("its retention ran out".into()),
            Fate::Purged => Some("the queue was purged".into()),
            _ => None,
        }
    }
}

/// What the queue `name` has accepted so far.
pub(crate) async fn read_log(sqs: &Sqs, name: &str) -> Result<Vec<Entry>, CallError> {
    let path = format!("/_exactly/log?queue={name}");
    let text = sqs.control(Method::GET, &path, None).await?;
    let lines = text
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    lines
        .map(|line| {
            serde_json::from_slice(line)
                .map_err(|error| CallError::Lost(format!("the log is no log: {error}")))
        })
        .collect()
}
