//! One trial's corner of a server: queues of its own.

use crate::boundary::{Shared, SqsLabeller};
use crate::client::{CallError, Entry, Fate, Feed, Groups, Sqs, feed, queue_url, read_log};
use crate::names::Names;
use crate::{KIND, provision};
use async_trait::async_trait;
use exactly_adapter::{
    Assisting, Backlog, Decoder, Faultable, Fed, FeedError, Feeder, Horizon, Left, ObserveError,
    Observing, Outgoing, Passed, PutAside, Replaying, Scope, Seen,
};
use exactly_http1::HttpDecoder;
use exactly_model::{Observer, Position, Queue};
use hyper::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::Mutex;

/// How long SQS remembers a deduplication id ("the 5-minute deduplication
/// interval", SQS API reference, SendMessage).
pub(crate) const DEDUP_WINDOW_S: u64 = 300;

/// What stands for a server in the processes that dial it, beside `queue.NAME` and
/// `queue_url.NAME` for each queue of the setup.
pub(crate) const PLACEHOLDERS: [&str; 7] = [
    "address",
    "url",
    "host",
    "port",
    "region",
    "access_key_id",
    "secret_access_key",
];

/// A trial's queues.
pub(crate) struct SqsScope {
    sqs: Sqs,
    shared: Arc<Shared>,
    /// How far each group has been fed, by queue.
    groups: Mutex<BTreeMap<String, Groups>>,
}

impl SqsScope {
    pub fn new(sqs: Sqs, names: Names) -> Self {
        Self {
            sqs,
            shared: Arc::new(Shared::new(names)),
            groups: Mutex::default(),
        }
    }

    fn names(&self) -> &Names {
        &self.shared.names
    }

    /// The queue that an observer names.
    fn observed(&self, observer: &Observer) -> Result<String, ObserveError> {
        let name = observer.query.trim();
        let queue = self.names().queue(name);
        let queue = queue.ok_or_else(|| ObserveError::Config {
            observer: observer.name.clone(),
            why: format!("queue {name:?} does not exist"),
            hint: "name it in the setup of the system".into(),
        })?;
        Ok(self.names().physical(queue))
    }

    fn unavailable(observer: &str, error: &CallError) -> ObserveError {
        ObserveError::Unavailable {
            observer: observer.into(),
            system: KIND,
            why: error.to_string(),
        }
    }

    /// Messages of a queue that are not deleted.
    async fn waiting(&self, name: &str) -> Result<u64, CallError> {
        const COUNTS: [&str; 3] = [
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesDelayed",
        ];
        let fields = json!({
            "QueueUrl": self.sqs.queue_url(name),
            "AttributeNames": COUNTS,
        });
        let answer = self.sqs.call("GetQueueAttributes", &fields).await?;
        let count = |name: &&str| {
            let value = answer.get("Attributes")?.get(*name)?.as_str()?;
            value.parse::<u64>().ok()
        };
        Ok(COUNTS.iter().filter_map(count).sum())
    }

    /// Queues whose messages are somebody's to handle: those that were fed, and
    /// those that a client has received from.
    async fn handled(&self) -> Vec<&Queue> {
        let fed = self.groups.lock().await;
        let consumed = self.shared.consumed();
        let is_handled =
            |queue: &&Queue| fed.contains_key(&queue.name) || consumed.contains(&queue.name);
        self.names().queues().iter().filter(is_handled).collect()
    }
}

#[async_trait]
impl Scope for SqsScope {
    fn placeholders(&self, addresses: &[(String, u16)]) -> BTreeMap<String, String> {
        let [(host, port), ..] = addresses else {
            return BTreeMap::new();
        };
        let address = format!("{host}:{port}");
        let mut all = BTreeMap::from(
            [
                ("url", format!("http://{address}")),
                ("host", host.clone()),
                ("port", port.to_string()),
                ("region", "us-east-1".into()),
                // Not verified by an embedded server, and clients want some.
                ("access_key_id", "exactly".into()),
                ("secret_access_key", "exactly".into()),
                ("address", address.clone()),
            ]
            .map(|(name, value)| (name.to_string(), value)),
        );
        for queue in self.names().queues() {
            let name = self.names().physical(queue);
            let url = queue_url(&address, &name);
            all.insert(format!("queue_url.{}", queue.name), url);
            all.insert(format!("queue.{}", queue.name), name);
        }
        all
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        Box::new(HttpDecoder::new(SqsLabeller::new(self.shared.clone())))
    }

    fn faults_at(&self, operation: &str, _target: &str) -> Faultable {
        Faultable {
            error_before: true,
            error_after: true,
            parts: operation.ends_with("Batch"),
            // SDKs send again on another connection.
            overtakes: operation.starts_with("SendMessage"),
        }
    }

    fn feeder(&self) -> Option<&dyn Feeder> {
        Some(self)
    }

    fn observing(&self) -> Option<&dyn Observing> {
        Some(self)
    }

    fn backlog(&self) -> Option<&dyn Backlog> {
        Some(self)
    }

    fn assist(&self) -> Option<&dyn Assisting> {
        Some(self)
    }

    fn horizon(&self) -> Option<&dyn Horizon> {
        Some(self)
    }

    fn replaying(&self) -> Option<&dyn Replaying> {
        Some(self)
    }

    async fn close(&self) {
        provision::delete(&self.sqs, self.names()).await;
    }
}

#[async_trait]
impl Feeder for SqsScope {
    async fn feed(
        &self,
        to: &str,
        messages: &[Outgoing],
        concurrency: u32,
    ) -> Result<Vec<Fed>, FeedError> {
        let target = format!("queue.{to}");
        let queue = self.names().queue(to).ok_or_else(|| FeedError {
            target: target.clone(),
            why: "the queue does not exist".into(),
            hint: "name it in the setup of the system".into(),
        })?;
        let into = Feed {
            sqs: &self.sqs,
            queue,
            name: self.names().physical(queue),
            target,
        };
        let mut groups = self.groups.lock().await;
        let before = groups.entry(queue.name.clone()).or_default();
        let fed = feed(&into, messages, before, concurrency).await?;
        for (message, fed) in messages.iter().zip(&fed) {
            if let Some(position) = &fed.position {
                self.shared.fed(message.id, position.clone());
            }
        }
        Ok(fed)
    }
}

#[async_trait]
impl Observing for SqsScope {
    async fn observe(
        &self,
        observer: &Observer,
        each: &mut (dyn FnMut(Seen) + Send),
    ) -> Result<(), ObserveError> {
        let name = self.observed(observer)?;
        let log = read_log(&self.sqs, &name).await;
        let log = log.map_err(|error| Self::unavailable(&observer.name, &error))?;
        for entry in log {
            let seen = entry.seen().map_err(|why| ObserveError::Config {
                observer: observer.name.clone(),
                why,
                hint: "let the pipeline keep the id in the body, or in an attribute".into(),
            })?;
            each(seen);
        }
        Ok(())
    }

    async fn count(&self, observer: &Observer) -> Result<u64, ObserveError> {
        let name = self.observed(observer)?;
        let log = read_log(&self.sqs, &name).await;
        let log = log.map_err(|error| Self::unavailable(&observer.name, &error))?;
        Ok(log.len() as u64)
    }
}

#[async_trait]
impl Backlog for SqsScope {
    /// A server does nothing for a dead client once its request is applied, so the
    /// ports do not matter here.
    async fn left(&self, _: &[u16], _: Option<&[Position]>) -> Result<Left, ObserveError> {
        let mut left = Left::default();
        let unavailable = |error| Self::unavailable("backlog", &error);
        for queue in self.handled().await {
            let name = self.names().physical(queue);
            let waiting = self.waiting(&name).await.map_err(unavailable)?;
            if waiting > 0 {
                let separator = if left.detail.is_empty() { "" } else { "; " };
                let more = format!("{separator}{waiting} messages of queue.{}", queue.name);
                left.detail.push_str(&more);
            }
            left.items += waiting;
            if queue.dead_letters.is_some() {
                let log = read_log(&self.sqs, &name).await.map_err(unavailable)?;
                left.put_aside.extend(log.iter().filter_map(put_aside));
            }
        }
        Ok(left)
    }
}

fn put_aside(entry: &Entry) -> Option<PutAside> {
    let how = entry.given_up()?;
    let id = entry.carried()?.id;
    Some(PutAside { id, how })
}

#[async_trait]
impl Assisting for SqsScope {
    /// Makes what the dead had received visible again. A handle says nothing of who
    /// holds it, so that nothing is done while anybody lives.
    async fn release_dead(&self, all_dead: bool) -> Vec<String> {
        if !all_dead {
            return Vec::new();
        }
        let mut done = Vec::new();
        for (handle, url) in self.shared.take_held() {
            let name = url.rsplit('/').next().unwrap_or_default();
            let fields = json!({
                "QueueUrl": self.sqs.queue_url(name),
                "ReceiptHandle": handle,
                "VisibilityTimeout": 0,
            });
            match self.sqs.call("ChangeMessageVisibility", &fields).await {
                Ok(_) => done.push("ChangeMessageVisibility to 0 for a dead consumer".into()),
                // It was given back, or has run out, meanwhile.
                Err(error) => tracing::debug!(%error, "cannot release"),
            }
        }
        done
    }
}

#[async_trait]
impl Horizon for SqsScope {
    async fn expire(&self) -> Result<Passed, ObserveError> {
        let fields = json!({
            "prefix": self.names().prefix,
            "advance_ms": (DEDUP_WINDOW_S + 1) * 1_000,
        });
        let moved = self
            .sqs
            .control(Method::POST, "/_exactly/clock", Some(&fields))
            .await;
        moved.map_err(|error| Self::unavailable("clock", &error))?;
        Ok(Passed {
            what: "the deduplication window".into(),
            seconds: DEDUP_WINDOW_S,
        })
    }
}

#[async_trait]
impl Replaying for SqsScope {
    /// Redrives every queue for dead letters to where its messages came from.
    async fn replay(&self) -> Result<u64, ObserveError> {
        let unavailable = |error| Self::unavailable("redrive", &error);
        let queues = self.names().queues();
        let mut redriven = 0;
        for queue in queues {
            let is_for_dead = queues
                .iter()
                .any(|other| other.dead_letters.as_ref() == Some(&queue.name));
            if !is_for_dead {
                continue;
            }
            let name = self.names().physical(queue);
            let log = read_log(&self.sqs, &name).await.map_err(unavailable)?;
            let there = log.iter().filter(|entry| entry.became == Fate::There);
            redriven += there.count() as u64;
            let arn = provision::arn(&self.sqs, &name)
                .await
                .map_err(unavailable)?;
            let fields: Value = json!({ "SourceArn": arn });
            let moved = self.sqs.call("StartMessageMoveTask", &fields).await;
            moved.map_err(unavailable)?;
        }
        Ok(redriven)
    }
}
