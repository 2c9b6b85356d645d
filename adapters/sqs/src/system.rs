//! The way in: the embedded server.

use crate::client::Sqs;
use crate::embedded::{READY, VERSION};
use crate::names::Names;
use crate::scope::{PLACEHOLDERS, SqsScope};
use crate::{KIND, provision};
use async_trait::async_trait;
use exactly_adapter::{Adapter, Host, Instance, Lack, Scope, Server, StartError, TrialNames};
use exactly_model::{Need, Setup, SystemInfo, SystemPlace};
use std::sync::Arc;

/// How long the embedded server may take to start.
const READY_WITHIN_MS: u64 = 10_000;

/// SQS.
#[derive(Clone, Copy, Debug, Default)]
pub struct SqsSystem;

#[async_trait]
impl Adapter for SqsSystem {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn placeholders(&self, setup: &Setup) -> Vec<String> {
        let queues = setup.queues.iter();
        let named = queues.flat_map(|queue| {
            [
                format!("queue.{}", queue.name),
                format!("queue_url.{}", queue.name),
            ]
        });
        PLACEHOLDERS
            .map(String::from)
            .into_iter()
            .chain(named)
            .collect()
    }

    async fn start(
        &self,
        place: &SystemPlace,
        host: Arc<dyn Host>,
    ) -> Result<Arc<dyn Instance>, StartError> {
        if *place != SystemPlace::Embedded {
            return Err(StartError::Config {
                system: KIND,
                why: format!("the place {place} is not there for SQS yet"),
                hint: "leave it embedded".into(),
            });
        }
        let mut command = host.embedded(KIND);
        command.ready = READY.into();
        command.ready_within_ms = READY_WITHIN_MS;
        let server = host.serve(command).await?;
        let line = server.ready_line();
        let address = line.rsplit(' ').next().and_then(|a| a.rsplit_once(':'));
        let parsed = address.and_then(|(host, port)| Some((host.to_string(), port.parse().ok()?)));
        let (host, port) = parsed.ok_or_else(|| StartError::NotStarted {
            system: KIND,
            why: format!("it said {line:?}, which names no address"),
            hint: "this is a defect of exactly; please report it".into(),
        })?;
        Ok(Arc::new(SqsInstance::new(host, port, Some(server))))
    }

    async fn join(&self, addresses: &[(String, u16)]) -> Result<Arc<dyn Instance>, StartError> {
        let first = addresses.first().cloned().unwrap_or_default();
        Ok(Arc::new(SqsInstance::new(first.0, first.1, None)))
    }
}

/// A running server, shared by all trials of a run.
struct SqsInstance {
    host: String,
    port: u16,
    sqs: Sqs,
    server: Option<Box<dyn Server>>,
}

impl SqsInstance {
    fn new(host: String, port: u16, server: Option<Box<dyn Server>>) -> Self {
        Self {
            sqs: Sqs::new(&host, port),
            host,
            port,
            server,
        }
    }
}

#[async_trait]
impl Instance for SqsInstance {
    fn info(&self, name: &str) -> SystemInfo {
        SystemInfo {
            name: name.into(),
            kind: KIND.into(),
            place: SystemPlace::Embedded.to_string(),
            version: VERSION.into(),
            emulated: true,
        }
    }

    fn addresses(&self) -> Vec<(String, u16)> {
        vec![(self.host.clone(), self.port)]
    }

    /// Nothing: its clock can be moved, visibility is a lease, and a queue has as
    /// many consumers as like.
    fn lacks(&self, _: Need) -> Option<Lack> {
        None
    }

    async fn open(&self, names: TrialNames, setup: &Setup) -> Result<Arc<dyn Scope>, StartError> {
        let names = Names::new(names, &setup.queues);
        provision::create(&self.sqs, &names).await?;
        Ok(Arc::new(SqsScope::new(self.sqs.clone(), names)))
    }

    async fn stop(&self) {
        if let Some(server) = &self.server {
            server.stop().await;
        }
    }
}
