//! How it is known what queues have accepted and given up: from the log of our own
//! server, or as any client of a server finds out.

use crate::client::{Asides, CallError, Consumers, Dead, Entry, Fate, Sqs, read_log, redrive};
use crate::names::Names;
use crate::provision;
use exactly_adapter::{PutAside, Replayed};
use exactly_model::Queue;
use serde_json::json;

/// See the module.
pub(crate) enum Reading {
    /// The embedded server keeps a log.
    Log,
    /// Sinks are consumed, and queues for dead letters looked into.
    Consuming(Box<Consumers>, Asides),
}

impl Reading {
    pub fn consuming(sqs: &Sqs) -> Self {
        Self::Consuming(Box::new(Consumers::new(sqs.clone())), Asides::default())
    }

    /// Begins to consume the queue `name`, where that is how it is read.
    pub fn watch(&self, name: &str) {
        if let Self::Consuming(consumers, _) = self {
            consumers.begin(name);
        }
    }

    /// Whoever consumes looks again soon.
    pub fn nudge(&self) {
        if let Self::Consuming(consumers, _) = self {
            consumers.nudge();
        }
    }

    /// What the queue `name` has accepted.
    pub async fn all(&self, sqs: &Sqs, name: &str) -> Result<Vec<Entry>, CallError> {
        match self {
            Self::Log => read_log(sqs, name).await,
            Self::Consuming(consumers, _) => consumers.all(name).await,
        }
    }

    /// How much that is.
    pub async fn count(&self, sqs: &Sqs, name: &str) -> Result<u64, CallError> {
        match self {
            Self::Log => Ok(read_log(sqs, name).await?.len() as u64),
            Self::Consuming(consumers, _) => Ok(consumers.count(name)),
        }
    }

    /// What was received too often in `queue`, or has run out there.
    pub async fn put_aside(
        &self,
        sqs: &Sqs,
        names: &Names,
        queue: &Queue,
    ) -> Result<Vec<PutAside>, CallError> {
        let Some(dead) = queue
            .dead_letters
            .as_ref()
            .and_then(|dead| names.queue(dead))
        else {
            return Ok(Vec::new());
        };
        match self {
            Self::Log => {
                let log = read_log(sqs, &names.physical(queue)).await?;
                Ok(log.iter().filter_map(given_up).collect())
            }
            Self::Consuming(_, asides) => {
                let most = queue.max_receives.unwrap_or(1);
                asides.look(sqs, &names.physical(dead), most).await
            }
        }
    }

    /// Sends what lies in `dead` back to `source`.
    pub async fn redrive(
        &self,
        sqs: &Sqs,
        names: &Names,
        dead: &Queue,
        source: &Queue,
    ) -> Result<Replayed, CallError> {
        let name = names.physical(dead);
        let arn = provision::arn(sqs, &name).await?;
        let Self::Log = self else {
            let dead = Dead {
                name,
                source_name: names.physical(source),
                source,
                arn,
            };
            return redrive(sqs, &dead).await;
        };
        let log = read_log(sqs, &name).await?;
        let there = log.iter().filter(|entry| entry.became == Fate::There);
        let messages = there.count() as u64;
        let fields = json!({ "SourceArn": arn });
        sqs.call("StartMessageMoveTask", &fields).await?;
        Ok(Replayed {
            messages,
            instead: None,
        })
    }

    /// Nobody is interested any more.
    pub fn end(&self) {
        if let Self::Consuming(consumers, _) = self {
            consumers.end();
        }
    }

    /// Whether only the harness may consume what is observed.
    pub fn is_consuming(&self) -> bool {
        matches!(self, Self::Consuming(..))
    }
}

fn given_up(entry: &Entry) -> Option<PutAside> {
    let how = entry.given_up()?;
    let id = entry.carried()?.id;
    Some(PutAside { id, how })
}
