//! The cluster: brokers, versions, leaders, coordinators, topics.

use super::connection::{Broker, Response};
use super::{CallError, Patience};
use crate::wire::response;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::{
    ApiKey, ApiVersionsRequest, FindCoordinatorRequest, MetadataRequest, TopicName,
};
use kafka_protocol::protocol::{Encodable, StrBytes};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Topics, leaders and coordinators remembered; beyond it all are forgotten and
/// asked for again.
const REMEMBERED_MAX: usize = 8_192;
/// How long a broker may take over a question that any other one answers too.
const ANY_WITHIN: Duration = Duration::from_secs(3);
/// How long the bootstrap servers after the first that answers may take.
const OTHERS_WITHIN: Duration = Duration::from_secs(1);

/// Why a cluster cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    #[error("{0:?} is not host:port")]
    Address(String),
    #[error("{address}: {why}")]
    Unreachable { address: String, why: CallError },
}

/// What a coordinator coordinates.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Coordinated {
    Group = 0,
    Transaction = 1,
}

/// A cluster, shared by all trials of a run.
#[derive(Debug)]
pub(crate) struct Cluster {
    /// The brokers to begin with: the one that answered first, then the others
    /// that were given and answered.
    seeds: Vec<Arc<Broker>>,
    versions: BTreeMap<i16, (i16, i16)>,
    /// How long a call goes on while no broker answers it.
    patience: Duration,
    known: Mutex<Known>,
}

/// What was learnt and may be forgotten.
#[derive(Debug, Default)]
struct Known {
    /// The broker that answered a question for any of them last.
    answering: Option<Arc<Broker>>,
    brokers: BTreeMap<i32, Arc<Broker>>,
    controller: i32,
    /// Leaders by topic, indexed by partition.
    leaders: BTreeMap<String, Vec<i32>>,
    coordinators: BTreeMap<String, Arc<Broker>>,
}

impl Cluster {
    /// Connects to `bootstrap` (`host:port[,host:port]`); one that answers will
    /// do. `patience` is how long later calls go on while no broker answers.
    pub async fn connect(bootstrap: &str, patience: Duration) -> Result<Self, ConnectError> {
        let mut last = None;
        let mut rest = parse_bootstrap(bootstrap)?.into_iter();
        for (host, port) in rest.by_ref() {
            let first = Arc::new(Broker::new(&host, port));
            match api_versions(&first).await {
                Ok(versions) => {
                    let mut seeds = vec![first];
                    seeds.extend(answering(rest).await);
                    return Ok(Self {
                        seeds,
                        versions,
                        patience,
                        known: Mutex::default(),
                    });
                }
                Err(why) => {
                    let address = format!("{host}:{port}");
                    last = Some(ConnectError::Unreachable { address, why });
                }
            }
        }
        Err(last.unwrap_or_else(|| ConnectError::Address(bootstrap.into())))
    }

    /// Where a client may begin: every broker that was given and answered.
    pub fn addresses(&self) -> Vec<(String, u16)> {
        let seeds = self.seeds.iter().map(|broker| broker.address());
        seeds.map(|(host, port)| (host.into(), port)).collect()
    }

    /// The bootstrap servers for a client.
    pub fn bootstrap(&self) -> String {
        let all = self.addresses().into_iter();
        let all = all.map(|(host, port)| format!("{host}:{port}"));
        all.collect::<Vec<_>>().join(",")
    }

    /// The range of versions that the broker offers of an API.
    pub fn offered(&self, api: ApiKey) -> Option<(i16, i16)> {
        self.versions.get(&(api as i16)).copied()
    }

    /// The highest version in `ours` that the broker offers.
    pub fn version(&self, api: ApiKey, ours: (i16, i16)) -> Result<i16, CallError> {
        let not_offered = || CallError::NotOffered(format!("{api:?} v{}-v{}", ours.0, ours.1));
        let (min, max) = self.offered(api).ok_or_else(not_offered)?;
        let version = max.min(ours.1);
        if version < min.max(ours.0) {
            return Err(not_offered());
        }
        Ok(version)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        let mut known = self
            .known
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if known.leaders.len() > REMEMBERED_MAX || known.coordinators.len() > REMEMBERED_MAX {
            known.leaders.clear();
            known.coordinators.clear();
        }
        known
    }

    /// The waits of one call to a broker that may be gone, or may not be the
    /// right one any more.
    pub fn patience(&self) -> Patience {
        Patience::new(self.patience)
    }

    /// Forgets what is known of a topic's leaders.
    pub fn forget_topic(&self, topic: &str) {
        self.known().leaders.remove(topic);
    }

    /// Forgets a group's coordinator.
    pub fn forget_coordinator(&self, group: &str) {
        self.known().coordinators.remove(group);
    }

    /// How many brokers the last metadata named.
    pub fn brokers(&self) -> usize {
        self.known().brokers.len()
    }

    /// The broker at an address, with the connections that it has.
    fn broker_at(&self, known: &Known, host: &str, port: u16) -> Arc<Broker> {
        let mut all = known.brokers.values().chain(&self.seeds);
        match all.find(|broker| broker.address() == (host, port)) {
            Some(broker) => Arc::clone(broker),
            None => Arc::new(Broker::new(host, port)),
        }
    }

    /// Asks for metadata of `topics`, and fails when one of them cannot be used.
    pub async fn refresh(&self, topics: &[String]) -> Result<(), CallError> {
        let version = self.version(ApiKey::Metadata, (4, 12))?;
        let request = asking_for(topics);
        let response = self.call_any(ApiKey::Metadata, version, &request).await?;
        self.learn(&response::metadata(version, &mut response.body())?)
    }

    /// Whether every broker that answers knows `topics`.
    pub async fn known_everywhere(&self, topics: &[String]) -> Result<(), CallError> {
        let version = self.version(ApiKey::Metadata, (4, 12))?;
        let request = asking_for(topics);
        let brokers: Vec<_> = self.known().brokers.values().cloned().collect();
        for broker in brokers {
            // One that is away is asked by nobody else either.
            if let Ok(response) = broker.call(ApiKey::Metadata, version, &request).await {
                let metadata = response::metadata(version, &mut response.body())?;
                let mut topics = metadata.topics.iter();
                topics.try_for_each(|topic| CallError::check(topic.error))?;
            }
        }
        Ok(())
    }

    fn learn(&self, metadata: &response::Metadata<'_>) -> Result<(), CallError> {
        let mut known = self.known();
        known.controller = metadata.controller;
        let brokers = metadata.brokers.iter().filter_map(|endpoint| {
            let port = u16::try_from(endpoint.port).ok()?;
            Some((endpoint.node, self.broker_at(&known, endpoint.host, port)))
        });
        // A broker that is gone for the moment is not in it: its connections are
        // kept by those who use them, and a leader among the missing is no leader.
        known.brokers = brokers.collect();
        let mut failed = Ok(());
        for topic in &metadata.topics {
            let mut leaders = vec![-1; topic.partitions.len()];
            for (partition, leader, _) in &topic.partitions {
                let slot = usize::try_from(*partition)
                    .ok()
                    .and_then(|at| leaders.get_mut(at));
                if let Some(slot) = slot {
                    *slot = *leader;
                }
            }
            match CallError::check(topic.error) {
                Ok(()) => drop(known.leaders.insert(topic.name.into(), leaders)),
                Err(error) => {
                    known.leaders.remove(topic.name);
                    failed = failed.and(Err(error));
                }
            }
        }
        failed
    }

    /// The brokers that there may be, the one that answered last first.
    fn candidates(&self) -> Vec<Arc<Broker>> {
        let known = self.known();
        let mut all: Vec<Arc<Broker>> = Vec::new();
        let brokers = known.answering.iter().chain(&self.seeds);
        for broker in brokers.chain(known.brokers.values()) {
            if all.iter().all(|b| b.address() != broker.address()) {
                all.push(Arc::clone(broker));
            }
        }
        all
    }

    /// A call that any broker answers.
    async fn call_any(
        &self,
        api: ApiKey,
        version: i16,
        request: &impl Encodable,
    ) -> Result<Response, CallError> {
        let mut patience = self.patience();
        loop {
            let mut first = None;
            for broker in self.candidates() {
                match broker.call_within(ANY_WITHIN, api, version, request).await {
                    Err(error) if error.is_transport() => drop(first.get_or_insert(error)),
                    answered => {
                        self.known().answering = Some(broker);
                        return answered;
                    }
                }
            }
            let error = first.unwrap_or_else(|| CallError::NoLeader("the cluster".into()));
            if !patience.bears(&error) {
                return Err(error);
            }
            patience.pause().await;
        }
    }

    fn known_leaders(&self, topic: &str) -> Option<Vec<Arc<Broker>>> {
        let known = self.known();
        let leaders = known.leaders.get(topic)?.iter();
        leaders
            .map(|node| known.brokers.get(node).cloned())
            .collect()
    }

    /// The leaders of a topic's partitions, by partition. Waits for an election.
    pub async fn leaders(&self, topic: &str) -> Result<Vec<Arc<Broker>>, CallError> {
        let mut patience = self.patience();
        loop {
            if let Some(leaders) = self.known_leaders(topic) {
                return Ok(leaders);
            }
            let error = match self.refresh(&[topic.to_string()]).await {
                Ok(()) if self.known_leaders(topic).is_some() => continue,
                Ok(()) => CallError::NoLeader(format!("topic {topic}")),
                Err(error) => error,
            };
            if !patience.bears(&error) {
                return Err(error);
            }
            patience.pause().await;
        }
    }

    /// The broker that topics are created at: the controller as metadata name
    /// it, or any other one, which passes requests on (KIP-590).
    pub async fn controller(&self) -> Result<Arc<Broker>, CallError> {
        let controller = |known: &Known| known.brokers.get(&known.controller).cloned();
        if let Some(broker) = controller(&self.known()) {
            return Ok(broker);
        }
        self.refresh(&[]).await?;
        let known = self.known();
        let broker = controller(&known).or_else(|| known.answering.clone());
        Ok(broker.unwrap_or_else(|| Arc::clone(&self.seeds[0])))
    }

    /// Forgets which broker is the controller.
    pub fn forget_controller(&self) {
        self.known().controller = -1;
    }

    /// The coordinator of a consumer group. A broker that has just started loads
    /// its groups first: asked again for a while.
    pub async fn coordinator(&self, group: &str) -> Result<Arc<Broker>, CallError> {
        if let Some(broker) = self.known().coordinators.get(group) {
            return Ok(Arc::clone(broker));
        }
        let mut patience = self.patience();
        loop {
            match self.find_coordinator(Coordinated::Group, group).await {
                Ok(broker) => {
                    let mut known = self.known();
                    known.coordinators.insert(group.into(), Arc::clone(&broker));
                    return Ok(broker);
                }
                Err(error) if !patience.bears(&error) => return Err(error),
                Err(_) => patience.pause().await,
            }
        }
    }

    /// Asks once for the coordinator of a group or a transactional id.
    pub async fn find_coordinator(
        &self,
        of: Coordinated,
        key: &str,
    ) -> Result<Arc<Broker>, CallError> {
        let version = self.version(ApiKey::FindCoordinator, (1, 3))?;
        let request = FindCoordinatorRequest::default()
            .with_key(text(key))
            .with_key_type(of as i8);
        let response = self
            .call_any(ApiKey::FindCoordinator, version, &request)
            .await?;
        let found = response::find_coordinator(version, &mut response.body())?;
        let (error, endpoint) = found.into_iter().next().ok_or(NO_COORDINATOR)?;
        CallError::check(error)?;
        let port = u16::try_from(endpoint.port).map_err(|_| NO_COORDINATOR)?;
        Ok(self.broker_at(&self.known(), endpoint.host, port))
    }

    /// How the report names the broker.
    pub fn describe(&self) -> String {
        let range = |api: ApiKey| match self.offered(api) {
            Some((min, max)) => format!("{api:?} v{min}-{max}"),
            None => format!("no {api:?}"),
        };
        format!(
            "Kafka-compatible, {}, {}",
            range(ApiKey::Produce),
            range(ApiKey::Fetch)
        )
    }
}

/// COORDINATOR_NOT_AVAILABLE: a reply that names none.
const NO_COORDINATOR: CallError = CallError::Code(15);

fn asking_for(topics: &[String]) -> MetadataRequest {
    let topics = topics
        .iter()
        .map(|topic| MetadataRequestTopic::default().with_name(Some(TopicName(text(topic)))));
    MetadataRequest::default()
        .with_topics(Some(topics.collect()))
        .with_allow_auto_topic_creation(false)
}

/// The brokers among `addresses` that answer soon.
async fn answering(addresses: impl Iterator<Item = (String, u16)>) -> Vec<Arc<Broker>> {
    let asked = addresses.map(|(host, port)| async move {
        let broker = Arc::new(Broker::new(&host, port));
        let answer = tokio::time::timeout(OTHERS_WITHIN, api_versions(&broker)).await;
        matches!(answer, Ok(Ok(_))).then_some(broker)
    });
    let answered = futures::future::join_all(asked).await;
    answered.into_iter().flatten().collect()
}

/// The hosts and ports of `host:port[,host:port]`; a host may be an IPv6
/// address in brackets.
fn parse_bootstrap(bootstrap: &str) -> Result<Vec<(String, u16)>, ConnectError> {
    let parse = |entry: &str| {
        let (host, port) = entry.rsplit_once(':')?;
        let host = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host);
        let plain = !host.is_empty() && !host.contains(['/', '@', ' ']);
        plain.then_some(())?;
        Some((host.to_string(), port.parse().ok()?))
    };
    bootstrap
        .split(',')
        .map(str::trim)
        .map(|entry| {
            parse(entry)
                .ok_or_else(|| ConnectError::Address(exactly_model::redact(entry).to_string()))
        })
        .collect()
}

async fn api_versions(broker: &Broker) -> Result<BTreeMap<i16, (i16, i16)>, CallError> {
    let request = ApiVersionsRequest::default();
    let response = broker.call(ApiKey::ApiVersions, 0, &request).await?;
    let offered = response::api_versions(0, &mut response.body())?;
    CallError::check(offered.error)?;
    let ranges = offered.apis.iter().map(|a| (a.api, (a.min, a.max)));
    Ok(ranges.collect())
}

pub(crate) fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bootstrap_addresses() {
        let parsed = parse_bootstrap("a:1, [::1]:2").unwrap();
        assert_eq!(parsed, [("a".to_string(), 1), ("::1".to_string(), 2)]);
        for bad in [
            "",
            "a",
            "a:",
            "a:x",
            "a:70000",
            ":1",
            "kafka://a:1",
            "u@a:1",
        ] {
            assert!(parse_bootstrap(bad).is_err(), "{bad:?}");
        }
        let secret = parse_bootstrap("kafka://u:secret@a:1").unwrap_err();
        assert!(!secret.to_string().contains("secret"), "{secret}");
    }
}
