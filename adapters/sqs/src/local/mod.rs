//! Place `local`: ElasticMQ, from jars on this machine.
//!
//! One JVM that the host starts. It listens on loopback and keeps its queues in
//! memory: nothing is left of it when it ends. It cannot be broken by faults, because
//! nothing that it would lose with its process is lost by the service that it stands
//! for.

mod config;
mod jars;

use crate::client::Target;
use config::Seat;
use exactly_adapter::jvm::Java;
use exactly_adapter::{Host, Server, ServerCommand, StartError};
use jars::ELASTICMQ;

/// Heap of the server: two hundred trials' queues stay open until they are swept.
const HEAP_MB: u32 = 192;
/// The end of the line with which it says that it serves.
const READY: &str = ") started in";
/// Two seconds on an idle machine; several JVMs may share two busy processors.
const STARTED_WITHIN_MS: u64 = 90_000;

/// A running ElasticMQ.
pub(crate) struct Local {
    server: Box<dyn Server>,
    seat: Seat,
    version: String,
}

impl Local {
    pub async fn start(host: &dyn Host, nodes: u32) -> Result<Self, StartError> {
        if nodes != 1 {
            return Err(StartError::Config {
                system: crate::KIND,
                why: format!("a local SQS of {nodes} nodes"),
                hint: "leave out the number: ElasticMQ is one process".into(),
            });
        }
        let java = Java::find(host, &ELASTICMQ, ELASTICMQ.find(host)?)?;
        let seat = Seat::take(&host.scratch().join("elasticmq"));
        let seat = seat.map_err(|error| StartError::NotStarted {
            system: crate::KIND,
            why: format!("cannot prepare a folder and a port for it: {error}"),
            hint: "see whether the run's temporary folder can be written".into(),
        })?;
        let options = [
            format!("-Dconfig.file={}", seat.config.display()),
            "-Xms32m".into(),
        ];
        let server = host.serve(ServerCommand {
            name: "elasticmq".into(),
            command: java.command(HEAP_MB, &options, &["org.elasticmq.server.Main"]),
            ready: READY.into(),
            ready_within_ms: STARTED_WITHIN_MS,
            ..ServerCommand::default()
        });
        let server = server.await.map_err(|error| java.explain(error))?;
        Ok(Self {
            server,
            seat,
            version: format!("ElasticMQ {}", java.server_version()),
        })
    }

    pub fn target(&self) -> Target {
        Target::new(config::HOST, self.seat.port)
    }

    /// How the report names it.
    pub fn version(&self) -> &str {
        &self.version
    }

    pub async fn end(&self) {
        self.server.kill().await;
    }
}
