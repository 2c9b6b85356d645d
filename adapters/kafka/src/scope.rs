//! One trial's corner of a cluster.

use crate::boundary::{KafkaDecoder, Shared};
use crate::client::{
    Backlog as TrialBacklog, CallError, Cluster, Feed, Observed, ReadError, UNKNOWN_TOPIC, ViewEnds,
};
use crate::errors::{legal_apis, legal_error};
use crate::provision::{Names, bare};
use crate::wire::api;
use async_trait::async_trait;
use exactly_adapter::{
    Assisting, Backlog, Decoder, Faultable, Fed, FeedError, Feeder, Left, ObserveError, Observing,
    Outgoing, Scope, Seen,
};
use exactly_model::{Observer, Phase, Position, Topic};
use kafka_protocol::messages::ApiKey;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The shortest session timeout that a broker allows its clients by default
/// (`group.min.session.timeout.ms`).
pub(crate) const SESSION_TIMEOUT_MS: u32 = 6_000;

/// What stands for a cluster in the processes that dial it, beside `topic.NAME` for
/// each topic of the setup.
pub(crate) const PLACEHOLDERS: [&str; 4] =
    ["address", "group", "transactional_id", "session_timeout_ms"];

/// A count of effects, valid while the ends of the log are where they were.
type Counted = (ViewEnds, u64);

/// One trial's corner of a cluster.
pub(crate) struct KafkaScope {
    cluster: Arc<Cluster>,
    shared: Arc<Shared>,
    /// Logical topics of the setup.
    topics: Vec<String>,
    /// Physical topics that were fed.
    fed: Mutex<BTreeSet<String>>,
    counted: Mutex<BTreeMap<String, Counted>>,
    /// Whether dead members hold their partitions until a timeout.
    has_sessions: bool,
    /// The session timeout that the place allows its clients.
    session_timeout_ms: u32,
}

impl KafkaScope {
    pub fn new(
        cluster: Arc<Cluster>,
        names: Names,
        topics: &[Topic],
        has_sessions: bool,
        session_timeout_ms: u32,
    ) -> Self {
        Self {
            cluster,
            shared: Arc::new(Shared::new(names)),
            topics: topics.iter().map(|topic| topic.name.clone()).collect(),
            fed: Mutex::default(),
            counted: Mutex::default(),
            has_sessions,
            session_timeout_ms,
        }
    }

    fn names(&self) -> &Names {
        &self.shared.names
    }

    fn physical(&self) -> Vec<String> {
        let names = self.names();
        self.topics.iter().map(|topic| names.topic(topic)).collect()
    }

    fn unavailable(observer: &str, error: &impl ToString) -> ObserveError {
        ObserveError::Unavailable {
            observer: observer.into(),
            system: "kafka",
            why: error.to_string(),
        }
    }

    fn call_error(observer: &str, error: &CallError) -> ObserveError {
        if !error.is_authorization() {
            return Self::unavailable(observer, error);
        }
        ObserveError::Config {
            observer: observer.into(),
            why: error.to_string(),
            hint: Cluster::hint(error).into(),
        }
    }

    fn observed<'a>(&'a self, observer: &Observer, topic: &'a str) -> Observed<'a> {
        Observed {
            cluster: &self.cluster,
            topic,
            view: observer.view,
        }
    }

    fn read_error(observer: &Observer, error: ReadError) -> ObserveError {
        match error {
            ReadError::NoId { .. } => ObserveError::Config {
                observer: observer.name.clone(),
                why: error.to_string(),
                hint: "let the pipeline keep the id in the field `id` of a JSON value, or as text"
                    .into(),
            },
            ReadError::Call(CallError::Code(UNKNOWN_TOPIC)) => ObserveError::Config {
                observer: observer.name.clone(),
                why: format!("topic {:?} does not exist", bare(observer.query.trim())),
                hint: "name it in the setup of the system".into(),
            },
            ReadError::Call(error) => Self::call_error(&observer.name, &error),
            error => Self::unavailable(&observer.name, &error),
        }
    }
}

/// The API of an operation label: both ends of a transaction are one API.
fn api_of(operation: &str) -> Option<ApiKey> {
    let name = operation.split(' ').next().unwrap_or(operation);
    legal_apis().find(|api| api::name(*api) == name)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Scope for KafkaScope {
    fn placeholders(&self, addresses: &[(String, u16)]) -> BTreeMap<String, String> {
        let names = self.names();
        let servers = addresses
            .iter()
            .map(|(host, port)| format!("{host}:{port}"));
        let mut all = BTreeMap::from([
            ("address".to_string(), servers.collect::<Vec<_>>().join(",")),
            ("group".to_string(), names.group()),
            ("transactional_id".to_string(), names.transactional_id()),
            (
                "session_timeout_ms".to_string(),
                self.session_timeout_ms.to_string(),
            ),
        ]);
        for topic in &self.topics {
            all.insert(format!("topic.{topic}"), names.topic(topic));
        }
        all
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        Box::new(KafkaDecoder::new(Arc::clone(&self.shared)))
    }

    /// No parts: whether a request has several partitions is not to be told from
    /// its operation, and librdkafka sends one at a time.
    fn faults_at(&self, operation: &str, _target: &str) -> Faultable {
        let has_error = |when| {
            let api = api_of(operation);
            api.is_some_and(|api| legal_error(api, when, None).is_some())
        };
        Faultable {
            error_before: has_error(Phase::Before),
            error_after: has_error(Phase::After),
            parts: false,
            // What a producer sends again after a lost connection, and what
            // KIP-890 is about.
            overtakes: matches!(operation, "Produce" | "EndTxn commit"),
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

    async fn close(&self) {
        // Best effort: a name that stays is never used again.
        if let Err(error) = self.cluster.delete_topics(&self.physical()).await {
            tracing::debug!(%error, "cannot delete the trial's topics");
        }
        if let Err(error) = self.cluster.delete_group(&self.names().group()).await {
            tracing::debug!(%error, "cannot delete the trial's group");
        }
    }
}

#[async_trait]
impl Feeder for KafkaScope {
    async fn feed(
        &self,
        to: &str,
        messages: &[Outgoing],
        concurrency: u32,
    ) -> Result<Vec<Fed>, FeedError> {
        let topic = self.names().topic(to);
        let target = self.names().target(&topic);
        lock(&self.fed).insert(topic.clone());
        let feed = Feed {
            cluster: &self.cluster,
            topic: &topic,
            target: &target,
        };
        feed.send(messages, concurrency)
            .await
            .map_err(|error| FeedError {
                target,
                why: error.to_string(),
                hint: Cluster::hint(&error).into(),
            })
    }
}

#[async_trait]
impl Observing for KafkaScope {
    async fn observe(
        &self,
        observer: &Observer,
        each: &mut (dyn FnMut(Seen) + Send),
    ) -> Result<(), ObserveError> {
        let topic = self.names().topic(observer.query.trim());
        let result = self.observed(observer, &topic).read(each).await;
        result.map_err(|error| Self::read_error(observer, error))
    }

    async fn count(&self, observer: &Observer) -> Result<u64, ObserveError> {
        let topic = self.names().topic(observer.query.trim());
        let observed = self.observed(observer, &topic);
        let failed = |error: CallError| Self::read_error(observer, error.into());
        let ends = observed.ends().await.map_err(failed)?;
        if let Some((at, count)) = lock(&self.counted).get(&observer.query)
            && *at == ends
        {
            return Ok(*count);
        }
        let count = observed.count(&ends).await.map_err(failed)?;
        lock(&self.counted).insert(observer.query.clone(), (ends, count));
        Ok(count)
    }
}

#[async_trait]
impl Backlog for KafkaScope {
    /// A broker does nothing for a dead client once its request is applied, so
    /// the ports do not matter here.
    async fn left(
        &self,
        _dead_ports: &[u16],
        kept: Option<&[Position]>,
    ) -> Result<Left, ObserveError> {
        let fed: Vec<_> = lock(&self.fed).iter().cloned().collect();
        let mut topics = self.physical();
        topics.extend(fed.iter().cloned());
        topics.sort();
        topics.dedup();
        let backlog = TrialBacklog {
            cluster: &self.cluster,
            names: self.names(),
            fed: &fed,
            topics: &topics,
            kept,
        };
        let left = backlog.left().await;
        left.map_err(|error| Self::call_error("backlog", &error))
    }
}

#[async_trait]
impl Assisting for KafkaScope {
    async fn release_dead(&self, _: bool) -> Vec<String> {
        let groups = self.shared.take_members();
        // Without session timeouts there is nothing to wait for.
        if !self.has_sessions {
            return Vec::new();
        }
        let mut done = Vec::new();
        for (group, members) in groups {
            for member in members {
                match self.cluster.leave_group(&group, &member).await {
                    Ok(()) => done.push("LeaveGroup for a dead member".to_string()),
                    Err(error) => tracing::debug!(%error, member, "cannot release"),
                }
            }
        }
        done
    }
}
