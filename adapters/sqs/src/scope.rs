//! One trial's corner of a server: queues of its own.

use crate::boundary::{Outward, Shared, SqsLabeller};
use crate::client::{CallError, Feed, Groups, Signer, Sqs, feed, release, waiting};
use crate::names::Names;
use crate::reading::Reading;
use crate::{KIND, provision};
use async_trait::async_trait;
use exactly_adapter::{
    Assisting, Backlog, Decoder, Faultable, Fed, FeedError, Feeder, Horizon, Left, ObserveError,
    Observing, Outgoing, Passed, Replayed, Replaying, Scope, Seen,
};
use exactly_http1::HttpDecoder;
use exactly_model::{Observer, Position, Queue};
use hyper::Method;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
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
    reading: Reading,
    shared: Arc<Shared>,
    /// Where the server is somebody else's: what it gets.
    outward: Option<Arc<Outward>>,
    /// How far each group has been fed, by queue.
    groups: Mutex<BTreeMap<String, Groups>>,
}

impl SqsScope {
    pub fn new(sqs: Sqs, reading: Reading, names: Names) -> Self {
        let outward = sqs
            .signer()
            .map(|signer| Arc::new(Outward::new(sqs.target().clone(), signer.clone())));
        Self {
            sqs,
            reading,
            shared: Arc::new(Shared::new(names)),
            outward,
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
        if self.reading.is_consuming() && self.shared.consumed().contains(&queue.name) {
            return Err(ObserveError::Config {
                observer: observer.name.clone(),
                why: format!(
                    "queue {name:?} is consumed by the pipeline, and only a consumer can audit it \
                     at this place"
                ),
                hint: "observe what the pipeline makes of its messages, or run it embedded".into(),
            });
        }
        Ok(self.names().physical(queue))
    }

    fn unavailable(observer: &str, error: &CallError) -> ObserveError {
        ObserveError::Unavailable {
            observer: observer.into(),
            system: KIND,
            why: error.to_string(),
        }
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
        // Clients want some. Nobody looks at what they sign with: where it matters, the
        // boundary signs, and the user's own credentials stay with the harness.
        let signer = Signer::dummy();
        let region = self.sqs.signer().map(|signer| signer.region.clone());
        let mut all = BTreeMap::from(
            [
                ("url", self.sqs.url_at(&address)),
                ("host", host.clone()),
                ("port", port.to_string()),
                ("region", region.unwrap_or(signer.region)),
                ("access_key_id", signer.access_key_id),
                ("secret_access_key", signer.secret_access_key),
                ("address", address.clone()),
            ]
            .map(|(name, value)| (name.to_string(), value)),
        );
        for queue in self.names().queues() {
            let name = self.names().physical(queue);
            let url = self.sqs.queue_url_at(&address, &name);
            all.insert(format!("queue_url.{}", queue.name), url);
            all.insert(format!("queue.{}", queue.name), name);
        }
        all
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        let labeller = SqsLabeller::new(self.shared.clone(), self.outward.clone());
        Box::new(HttpDecoder::new(labeller))
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
        self.reading.end();
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
        let log = self.reading.all(&self.sqs, &name).await;
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
        let count = self.reading.count(&self.sqs, &name).await;
        count.map_err(|error| Self::unavailable(&observer.name, &error))
    }

    async fn watch(&self, observer: &Observer) -> Result<(), ObserveError> {
        self.reading.watch(&self.observed(observer)?);
        Ok(())
    }
}

#[async_trait]
impl Backlog for SqsScope {
    /// A server does nothing for a dead client once its request is applied, so the
    /// ports do not matter here.
    async fn left(&self, _: &[u16], _: Option<&[Position]>) -> Result<Left, ObserveError> {
        self.reading.nudge();
        let mut left = Left::default();
        let unavailable = |error| Self::unavailable("backlog", &error);
        for queue in self.handled().await {
            let name = self.names().physical(queue);
            let waiting = waiting(&self.sqs, &name).await.map_err(unavailable)?;
            if waiting > 0 {
                let separator = if left.detail.is_empty() { "" } else { "; " };
                let more = format!("{separator}{waiting} messages of queue.{}", queue.name);
                left.detail.push_str(&more);
            }
            left.items += waiting;
            let aside = self.reading.put_aside(&self.sqs, self.names(), queue);
            left.put_aside.extend(aside.await.map_err(unavailable)?);
        }
        Ok(left)
    }
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
            match release(&self.sqs, name, &handle).await {
                Ok(_) => done.push("ChangeMessageVisibility to 0 for a dead consumer".into()),
                // It was given back, or has run out, meanwhile.
                Err(error) => tracing::debug!(%error, "cannot release"),
            }
        }
        done
    }
}

/// How much longer than the window is waited: the server looks at a clock of its own.
const MARGIN_S: u64 = 3;

#[async_trait]
impl Horizon for SqsScope {
    fn waits(&self) -> Option<Duration> {
        let seconds = Duration::from_secs(DEDUP_WINDOW_S + MARGIN_S);
        self.reading.is_consuming().then_some(seconds)
    }

    async fn expire(&self) -> Result<Passed, ObserveError> {
        match self.waits() {
            Some(wait) => tokio::time::sleep(wait).await,
            None => self.move_clock().await?,
        }
        Ok(Passed {
            what: "the deduplication window".into(),
            seconds: DEDUP_WINDOW_S,
        })
    }
}

impl SqsScope {
    async fn move_clock(&self) -> Result<(), ObserveError> {
        let fields = json!({
            "prefix": self.names().prefix,
            "advance_ms": (DEDUP_WINDOW_S + 1) * 1_000,
        });
        let moved = self
            .sqs
            .control(Method::POST, "/_exactly/clock", Some(&fields))
            .await;
        moved.map_err(|error| Self::unavailable("clock", &error))?;
        Ok(())
    }
}

#[async_trait]
impl Replaying for SqsScope {
    /// Redrives every queue for dead letters to where its messages came from.
    async fn replay(&self) -> Result<Replayed, ObserveError> {
        let names = self.names();
        let mut all = Replayed::default();
        for source in names.queues() {
            let dead = source.dead_letters.as_ref();
            let Some(dead) = dead.and_then(|dead| names.queue(dead)) else {
                continue;
            };
            let redriven = self.reading.redrive(&self.sqs, names, dead, source).await;
            let redriven = redriven.map_err(|error| Self::unavailable("redrive", &error))?;
            all.messages += redriven.messages;
            all.instead = all.instead.or(redriven.instead);
        }
        Ok(all)
    }
}
