//! The cluster: brokers, versions, leaders, coordinators, topics.

use super::CallError;
use super::connection::{Broker, Response};
use crate::wire::response;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::{
    ApiKey, ApiVersionsRequest, FindCoordinatorRequest, MetadataRequest, TopicName,
};
use kafka_protocol::protocol::{Encodable, StrBytes};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Topics, leaders and coordinators remembered; beyond it all are forgotten and
/// asked for again.
const REMEMBERED_MAX: usize = 8_192;
/// How long a coordinator may take to be there.
const COORDINATOR_WITHIN: Duration = Duration::from_secs(20);

/// Why a cluster cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    #[error("{0:?} is not host:port")]
    Address(String),
    #[error("{address}: {why}")]
    Unreachable { address: String, why: CallError },
}

/// A cluster, shared by all trials of a run.
#[derive(Debug)]
pub(crate) struct Cluster {
    /// The broker that answered first.
    bootstrap: Arc<Broker>,
    versions: BTreeMap<i16, (i16, i16)>,
    known: Mutex<Known>,
}

/// What was learnt and may be forgotten.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub brokers: BTreeMap<i32, Arc<Broker>>,
    controller: i32,
    /// Leaders by topic, indexed by partition.
    pub leaders: BTreeMap<String, Vec<i32>>,
    coordinators: BTreeMap<String, Arc<Broker>>,
}

impl Cluster {
    /// Connects to the first of `bootstrap` (`host:port[,host:port]`) that
    /// answers.
    pub async fn connect(bootstrap: &str) -> Result<Self, ConnectError> {
        let addresses = parse_bootstrap(bootstrap)?;
        let mut last = None;
        for (host, port) in addresses {
            let broker = Arc::new(Broker::new(&host, port));
            match api_versions(&broker).await {
                Ok(versions) => {
                    return Ok(Self {
                        bootstrap: broker,
                        versions,
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

    pub fn address(&self) -> (String, u16) {
        let (host, port) = self.bootstrap.address();
        (host.into(), port)
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

    pub(super) fn known(&self) -> std::sync::MutexGuard<'_, Known> {
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

    /// Forgets what is known of a topic's leaders.
    pub fn forget_topic(&self, topic: &str) {
        self.known().leaders.remove(topic);
    }

    /// Forgets a group's coordinator.
    pub fn forget_coordinator(&self, group: &str) {
        self.known().coordinators.remove(group);
    }

    /// Asks for metadata of `topics`. Brokers that are gone keep their entry;
    /// nothing is sent to them any more.
    pub(super) async fn refresh(&self, topics: &[String]) -> Result<(), CallError> {
        let version = self.version(ApiKey::Metadata, (4, 12))?;
        let topics = topics
            .iter()
            .map(|topic| MetadataRequestTopic::default().with_name(Some(TopicName(text(topic)))));
        let request = MetadataRequest::default()
            .with_topics(Some(topics.collect()))
            .with_allow_auto_topic_creation(false);
        let response = self.call_any(ApiKey::Metadata, version, &request).await?;
        let metadata = response::metadata(version, &mut response.body())?;
        let mut known = self.known();
        known.controller = metadata.controller;
        for endpoint in &metadata.brokers {
            let Ok(port) = u16::try_from(endpoint.port) else {
                continue;
            };
            let same = known
                .brokers
                .get(&endpoint.node)
                .is_some_and(|broker| broker.address() == (endpoint.host, port));
            if !same {
                let broker = Arc::new(Broker::new(endpoint.host, port));
                known.brokers.insert(endpoint.node, broker);
            }
        }
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
            if topic.error == 0 {
                known.leaders.insert(topic.name.into(), leaders);
            } else {
                known.leaders.remove(topic.name);
            }
        }
        Ok(())
    }

    /// A call that any broker answers: the bootstrap broker, else another one.
    async fn call_any(
        &self,
        api: ApiKey,
        version: i16,
        request: &impl Encodable,
    ) -> Result<Response, CallError> {
        let first = self.bootstrap.call(api, version, request).await;
        let Err(CallError::NotConnected(_) | CallError::Lost(_)) = first else {
            return first;
        };
        let others: Vec<_> = self.known().brokers.values().cloned().collect();
        for broker in others {
            if let Ok(response) = broker.call(api, version, request).await {
                return Ok(response);
            }
        }
        first
    }

    /// The leaders of a topic's partitions, by partition.
    pub async fn leaders(&self, topic: &str) -> Result<Vec<Arc<Broker>>, CallError> {
        let found = |cluster: &Self| {
            let known = cluster.known();
            let leaders = known.leaders.get(topic)?;
            let brokers = leaders
                .iter()
                .map(|leader| known.brokers.get(leader).cloned());
            brokers.collect::<Option<Vec<_>>>()
        };
        if let Some(leaders) = found(self) {
            return Ok(leaders);
        }
        self.refresh(&[topic.to_string()]).await?;
        found(self).ok_or_else(|| CallError::NoLeader(format!("topic {topic}")))
    }

    pub(super) async fn controller(&self) -> Result<Arc<Broker>, CallError> {
        self.refresh(&[]).await?;
        let known = self.known();
        let controller = known.brokers.get(&known.controller);
        Ok(controller.cloned().unwrap_or(Arc::clone(&self.bootstrap)))
    }

    /// The coordinator of a consumer group. A broker that has just started loads
    /// its groups first: asked again for a while.
    pub async fn coordinator(&self, group: &str) -> Result<Arc<Broker>, CallError> {
        if let Some(broker) = self.known().coordinators.get(group) {
            return Ok(Arc::clone(broker));
        }
        let version = self.version(ApiKey::FindCoordinator, (1, 3))?;
        let request = FindCoordinatorRequest::default()
            .with_key(text(group))
            .with_key_type(0);
        let deadline = Instant::now() + COORDINATOR_WITHIN;
        loop {
            let response = self
                .call_any(ApiKey::FindCoordinator, version, &request)
                .await?;
            let found = response::find_coordinator(version, &mut response.body())?;
            let (error, endpoint) = found.into_iter().next().ok_or(CallError::Code(15))?;
            let port = u16::try_from(endpoint.port);
            match (error, port) {
                (0, Ok(port)) => {
                    let mut known = self.known();
                    // The same broker, with the connections it has.
                    let same = known
                        .brokers
                        .values()
                        .find(|broker| broker.address() == (endpoint.host, port));
                    let broker = match same {
                        Some(broker) => Arc::clone(broker),
                        None => Arc::new(Broker::new(endpoint.host, port)),
                    };
                    known.coordinators.insert(group.into(), Arc::clone(&broker));
                    return Ok(broker);
                }
                (14 | 15, _) if Instant::now() < deadline => {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                (0, Err(_)) => return Err(CallError::Code(15)),
                (error, _) => return Err(CallError::Code(error)),
            }
        }
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

pub(super) fn text(text: &str) -> StrBytes {
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
