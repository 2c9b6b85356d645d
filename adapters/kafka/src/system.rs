//! The adapter, and a running cluster.

use crate::client::{BROKER_IS_GONE, BROKERS_COME_BACK, Cluster, ConnectError};
use crate::embedded;
use crate::local::{self, Local};
use crate::needs::{broker_lacks, embedded_lacks};
use crate::provision::{self, Names};
use crate::scope::{KafkaScope, PLACEHOLDERS, SESSION_TIMEOUT_MS};
use async_trait::async_trait;
use exactly_adapter::{
    Adapter, Control, Host, Instance, Lack, Scope, Server, ServerCommand, StartError, TrialNames,
};
use exactly_model::{Need, Setup, SystemInfo, SystemPlace, redact};
use std::sync::Arc;
use std::time::Duration;

/// How long the embedded broker may take to be ready: it has nothing to load.
const EMBEDDED_READY_MS: u64 = 10_000;
/// How long an address that the user gave may take to answer.
const REACHED_WITHIN: Duration = Duration::from_secs(8);

/// Kafka: embedded, Apache Kafka from jars on this machine, or any cluster that
/// speaks its protocol without TLS and authentication.
#[derive(Clone, Copy, Debug, Default)]
pub struct Kafka;

#[async_trait]
impl Adapter for Kafka {
    fn kind(&self) -> &'static str {
        "kafka"
    }

    fn placeholders(&self, setup: &Setup) -> Vec<String> {
        let topics = setup
            .topics
            .iter()
            .map(|topic| format!("topic.{}", topic.name));
        PLACEHOLDERS
            .map(String::from)
            .into_iter()
            .chain(topics)
            .collect()
    }

    async fn start(
        &self,
        place: &SystemPlace,
        host: Arc<dyn Host>,
    ) -> Result<Arc<dyn Instance>, StartError> {
        let (cluster, version, started) = match place {
            SystemPlace::Embedded => start_embedded(host.as_ref()).await?,
            SystemPlace::At(bootstrap) => reach(bootstrap).await?,
            SystemPlace::Local { nodes } => start_local(*nodes, host).await?,
        };
        Ok(Arc::new(KafkaInstance {
            cluster,
            place: place.to_string(),
            version,
            started,
        }))
    }

    async fn at_hand(
        &self,
        place: &SystemPlace,
        host: Arc<dyn Host>,
    ) -> Result<Option<String>, StartError> {
        match place {
            SystemPlace::Embedded => Ok(None),
            SystemPlace::Local { .. } => Local::at_hand(host).await.map(Some),
            SystemPlace::At(_) => {
                let hint = "leave it embedded, or point at brokers of your own with --kafka";
                Err(StartError::nothing_installed("kafka", place, hint))
            }
        }
    }

    async fn join(&self, addresses: &[(String, u16)]) -> Result<Arc<dyn Instance>, StartError> {
        let servers = addresses
            .iter()
            .map(|(host, port)| format!("{host}:{port}"));
        let address = servers.collect::<Vec<_>>().join(",");
        let cluster = Cluster::connect(&address, BROKER_IS_GONE).await;
        let cluster = cluster.map_err(|error| StartError::Unreachable {
            system: "kafka",
            address,
            why: error.to_string(),
            hint: "it was started for several runs and has ended since; begin again".into(),
        })?;
        Ok(Arc::new(KafkaInstance {
            cluster: Arc::new(cluster),
            place: SystemPlace::Embedded.to_string(),
            version: embedded::VERSION.into(),
            started: Started::Embedded(None),
        }))
    }
}

/// A cluster that serves, its version, and who started it.
type Running = (Arc<Cluster>, String, Started);

async fn start_embedded(host: &dyn Host) -> Result<Running, StartError> {
    let server = host
        .serve(ServerCommand {
            ready: embedded::READY.into(),
            ready_within_ms: EMBEDDED_READY_MS,
            ..host.embedded("kafka")
        })
        .await?;
    let not_started = |why: String| StartError::NotStarted {
        system: "kafka",
        why,
        hint: format!("see its output in {}", server.output().display()),
    };
    let line = server.ready_line();
    let address = line
        .split_once(embedded::READY)
        .map(|(_, rest)| rest.trim().to_string())
        .ok_or_else(|| not_started(format!("it said {line:?} instead of its address")))?;
    let cluster = Cluster::connect(&address, BROKER_IS_GONE)
        .await
        .map_err(|error| not_started(error.to_string()))?;
    let started = Started::Embedded(Some(server));
    Ok((Arc::new(cluster), embedded::VERSION.into(), started))
}

async fn start_local(nodes: u32, host: Arc<dyn Host>) -> Result<Running, StartError> {
    let local = Local::start(host, nodes).await?;
    let cluster = Arc::clone(local.cluster());
    Ok((cluster, local.version(), Started::Local(local)))
}

async fn reach(bootstrap: &str) -> Result<Running, StartError> {
    let unreachable = |why: String| StartError::Unreachable {
        system: "kafka",
        address: redact(bootstrap),
        why,
        hint: "see whether the broker is up, and give its plaintext listener as host:port".into(),
    };
    let connect = tokio::time::timeout(
        REACHED_WITHIN,
        Cluster::connect(bootstrap, BROKERS_COME_BACK),
    );
    let cluster = match connect.await {
        Ok(Ok(cluster)) => cluster,
        Ok(Err(error @ ConnectError::Address(_))) => {
            return Err(StartError::Config {
                system: "kafka",
                why: error.to_string(),
                hint: "give bootstrap servers as host:port[,host:port]".into(),
            });
        }
        Ok(Err(error)) => return Err(unreachable(error.to_string())),
        Err(_) => return Err(unreachable("no answer to ApiVersions".into())),
    };
    let version = cluster.describe();
    Ok((Arc::new(cluster), version, Started::ByTheUser))
}

/// Who started it, and what is held of it.
enum Started {
    /// The broker of this package; another process's where nothing is held of it.
    Embedded(Option<Box<dyn Server>>),
    Local(Arc<Local>),
    ByTheUser,
}

/// A running cluster.
struct KafkaInstance {
    cluster: Arc<Cluster>,
    place: String,
    version: String,
    started: Started,
}

impl KafkaInstance {
    fn is_emulated(&self) -> bool {
        matches!(self.started, Started::Embedded(_))
    }
}

#[async_trait]
impl Instance for KafkaInstance {
    fn info(&self, name: &str) -> SystemInfo {
        SystemInfo {
            name: name.into(),
            kind: "kafka".into(),
            place: self.place.clone(),
            version: self.version.clone(),
            emulated: self.is_emulated(),
        }
    }

    fn addresses(&self) -> Vec<(String, u16)> {
        match &self.started {
            Started::Local(local) => local.addresses(),
            Started::Embedded(_) | Started::ByTheUser => self.cluster.addresses(),
        }
    }

    fn lacks(&self, need: Need) -> Option<Lack> {
        match &self.started {
            Started::Embedded(_) => embedded_lacks(need),
            Started::Local(_) | Started::ByTheUser => broker_lacks(need, &self.cluster),
        }
    }

    fn control(&self) -> Option<Arc<dyn Control>> {
        match &self.started {
            Started::Local(local) => Some(Arc::<Local>::clone(local)),
            Started::Embedded(_) | Started::ByTheUser => None,
        }
    }

    async fn open(&self, names: TrialNames, setup: &Setup) -> Result<Arc<dyn Scope>, StartError> {
        let names = Names::new(names);
        provision::create(&self.cluster, &names, &setup.topics).await?;
        let has_sessions = self.lacks(Need::Leases).is_none();
        let cluster = Arc::clone(&self.cluster);
        let session_timeout_ms = match self.started {
            Started::Local(_) => local::SESSION_TIMEOUT_MS,
            Started::Embedded(_) | Started::ByTheUser => SESSION_TIMEOUT_MS,
        };
        let scope = KafkaScope::new(
            cluster,
            names,
            &setup.topics,
            has_sessions,
            session_timeout_ms,
        );
        Ok(Arc::new(scope))
    }

    async fn stop(&self) {
        match &self.started {
            Started::Embedded(Some(server)) => server.stop().await,
            Started::Local(local) => local.end().await,
            Started::Embedded(None) | Started::ByTheUser => {}
        }
    }
}
