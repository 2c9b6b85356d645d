//! The adapter, and a running cluster.

use crate::client::{Cluster, ConnectError};
use crate::embedded;
use crate::provision::Names;
use crate::scope::{KafkaScope, SESSION_TIMEOUT_MS};
use async_trait::async_trait;
use exactly_adapter::{
    Adapter, Host, Instance, Scope, Server, ServerCommand, StartError, TrialNames,
};
use exactly_model::{Setup, SystemInfo, SystemPlace, redact};
use std::sync::Arc;
use std::time::Duration;

/// How long the embedded broker may take to be ready: it has nothing to load.
const EMBEDDED_READY_MS: u64 = 10_000;
/// How long an address that the user gave may take to answer.
const REACHED_WITHIN: Duration = Duration::from_secs(8);

/// Kafka: embedded, or any cluster that speaks its protocol without TLS and
/// authentication.
#[derive(Clone, Copy, Debug, Default)]
pub struct Kafka;

#[async_trait]
impl Adapter for Kafka {
    fn kind(&self) -> &'static str {
        "kafka"
    }

    async fn start(
        &self,
        place: &SystemPlace,
        host: Arc<dyn Host>,
    ) -> Result<Arc<dyn Instance>, StartError> {
        let running = match place {
            SystemPlace::Embedded => start_embedded(host.as_ref()).await?,
            SystemPlace::At(bootstrap) => reach(bootstrap).await?,
            SystemPlace::Local { .. } => {
                return Err(StartError::Config {
                    system: "kafka",
                    why: "place local is not there yet".into(),
                    hint: "use embedded, or --kafka host:port".into(),
                });
            }
        };
        Ok(Arc::new(running))
    }
}

async fn start_embedded(host: &dyn Host) -> Result<KafkaInstance, StartError> {
    let server = host
        .serve(ServerCommand {
            name: "embedded-kafka".into(),
            command: host.embedded("kafka"),
            ready: embedded::READY.into(),
            ready_within_ms: EMBEDDED_READY_MS,
            ..ServerCommand::default()
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
    let cluster = Cluster::connect(&address)
        .await
        .map_err(|error| not_started(error.to_string()))?;
    Ok(KafkaInstance {
        cluster: Arc::new(cluster),
        place: SystemPlace::Embedded.to_string(),
        version: embedded::VERSION.into(),
        emulated: true,
        server: Some(server),
    })
}

async fn reach(bootstrap: &str) -> Result<KafkaInstance, StartError> {
    let unreachable = |why: String| StartError::Unreachable {
        system: "kafka",
        address: redact(bootstrap),
        why,
        hint: "see whether the broker is up, and give its plaintext listener as host:port".into(),
    };
    let connect = tokio::time::timeout(REACHED_WITHIN, Cluster::connect(bootstrap));
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
    Ok(KafkaInstance {
        version: cluster.describe(),
        cluster: Arc::new(cluster),
        place: SystemPlace::At(bootstrap.into()).to_string(),
        emulated: false,
        server: None,
    })
}

/// A running cluster.
struct KafkaInstance {
    cluster: Arc<Cluster>,
    place: String,
    version: String,
    emulated: bool,
    server: Option<Box<dyn Server>>,
}

#[async_trait]
impl Instance for KafkaInstance {
    fn info(&self, name: &str) -> SystemInfo {
        SystemInfo {
            name: name.into(),
            kind: "kafka".into(),
            place: self.place.clone(),
            version: self.version.clone(),
            emulated: self.emulated,
        }
    }

    fn addresses(&self) -> Vec<(String, u16)> {
        vec![self.cluster.address()]
    }

    async fn open(&self, names: TrialNames, setup: &Setup) -> Result<Arc<dyn Scope>, StartError> {
        let names = Names::new(names);
        names.check(&setup.topics)?;
        let topics: Vec<_> = setup
            .topics
            .iter()
            .map(|topic| (names.topic(&topic.name), topic.partitions))
            .collect();
        self.cluster
            .create_topics(&topics)
            .await
            .map_err(|error| StartError::Config {
                system: "kafka",
                why: format!("cannot create the trial's topics: {error}"),
                hint: Cluster::hint(&error).into(),
            })?;
        let scope = KafkaScope::new(
            Arc::clone(&self.cluster),
            names,
            &setup.topics,
            !self.emulated,
            SESSION_TIMEOUT_MS,
        );
        Ok(Arc::new(scope))
    }

    async fn stop(&self) {
        if let Some(server) = &self.server {
            server.stop().await;
        }
    }
}
