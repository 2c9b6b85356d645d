//! One node of a local cluster: where it sits, and its process while it has one.

use super::config::{CLUSTER_ID, Seat};
use exactly_adapter::jvm::Java;
use exactly_adapter::{Host, Server, ServerCommand, StartError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const FORMAT_HEAP_MB: u32 = 128;
const NODE_HEAP_MB: u32 = 256;
const FORMATTED_WITHIN_MS: u64 = 60_000;
/// Two seconds on an idle machine; several JVMs may share two busy processors.
const STARTED_WITHIN_MS: u64 = 90_000;
/// The line with which a node says that it serves.
const READY: &str = "Kafka Server started";
/// The end of a node's output in an error: lines, and bytes at most.
const LAST_LINES: usize = 8;
const LAST_BYTES: usize = 4096;

/// What runs nodes.
pub(super) struct Machine {
    pub host: Arc<dyn Host>,
    pub java: Java,
    /// Where logging is configured.
    pub logging: PathBuf,
}

impl Machine {
    fn command(&self, heap_mb: u32, main: &[&str]) -> Vec<String> {
        let options = [
            format!("-Dlog4j2.configurationFile={}", self.logging.display()),
            "-XX:MaxDirectMemorySize=128m".into(),
        ];
        self.java.command(heap_mb, &options, main)
    }

    /// Runs a tool that needs nothing but Java and the jars.
    pub async fn try_java(&self) -> Result<(), StartError> {
        let tool = ["kafka.tools.StorageTool", "random-uuid"];
        let tried = self.host.run(ServerCommand {
            name: "kafka-tool".into(),
            command: self.command(FORMAT_HEAP_MB, &tool),
            ready_within_ms: FORMATTED_WITHIN_MS,
            ..ServerCommand::default()
        });
        tried.await.map_err(|error| self.java.explain(error))
    }
}

/// One node.
pub(super) struct Node {
    pub seat: Seat,
    /// Held while the node is started or ended: faults may want both at once.
    turn: tokio::sync::Mutex<()>,
    life: Mutex<Life>,
}

/// A node's process.
#[derive(Default)]
struct Life {
    /// `None` while it is being started, or was killed or stopped.
    server: Option<Arc<dyn Server>>,
    /// How often it was started.
    starts: u32,
}

impl Node {
    pub fn new(seat: Seat) -> Self {
        Self {
            seat,
            turn: tokio::sync::Mutex::default(),
            life: Mutex::default(),
        }
    }

    pub fn number(&self) -> u32 {
        self.seat.number
    }

    /// Formats the node's storage, once before its first start.
    pub async fn format(&self, machine: &Machine) -> Result<(), StartError> {
        let properties = self.seat.properties().display().to_string();
        let tool = [
            "kafka.tools.StorageTool",
            "format",
            "-t",
            CLUSTER_ID,
            "-c",
            &properties,
        ];
        let Machine { host, java, .. } = machine;
        let formatted = host.run(ServerCommand {
            name: format!("kafka-format{}", self.number()),
            command: machine.command(FORMAT_HEAP_MB, &tool),
            ready_within_ms: FORMATTED_WITHIN_MS,
            ..ServerCommand::default()
        });
        formatted.await.map_err(|error| java.explain(error))
    }

    /// Starts the node on the data that it left, unless it is running.
    pub async fn start(&self, machine: &Machine) -> Result<(), StartError> {
        let _turn = self.turn.lock().await;
        if self.server().is_some_and(|s| s.exited().is_none()) {
            return Ok(());
        }
        let starts = {
            let mut life = self.life();
            life.starts += 1;
            life.starts
        };
        let properties = self.seat.properties().display().to_string();
        let broker = ["kafka.Kafka", &properties];
        let number = self.number();
        let Machine { host, java, .. } = machine;
        let server = host.serve(ServerCommand {
            // Each life has its own output: the last one's tells why it ended.
            name: match starts {
                1 => format!("kafka-node{number}"),
                _ => format!("kafka-node{number}-{starts}"),
            },
            command: machine.command(NODE_HEAP_MB, &broker),
            ready: READY.into(),
            ready_within_ms: STARTED_WITHIN_MS,
            ..ServerCommand::default()
        });
        let server = server.await.map_err(|error| java.explain(error))?;
        self.life().server = Some(Arc::from(server));
        Ok(())
    }

    /// SIGKILL; nothing to do for a node that is gone. One that is just being
    /// started is killed once it has been.
    pub async fn kill(&self) {
        let _turn = self.turn.lock().await;
        if let Some(server) = self.take() {
            server.kill().await;
        }
    }

    /// Orderly stop; otherwise as [`kill`](Self::kill).
    pub async fn stop(&self) {
        let _turn = self.turn.lock().await;
        if let Some(server) = self.take() {
            server.stop().await;
        }
    }

    pub fn pause(&self) {
        if let Some(server) = self.server() {
            server.pause();
        }
    }

    pub fn resume(&self) {
        if let Some(server) = self.server() {
            server.resume();
        }
    }

    /// How the node ended, if it did so by itself.
    pub fn fallen(&self) -> Option<String> {
        let server = self.server()?;
        let how = server.exited()?;
        Some(format!(
            "node {} has ended by itself ({how}){}",
            self.number(),
            tail(server.output())
        ))
    }

    fn life(&self) -> MutexGuard<'_, Life> {
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn server(&self) -> Option<Arc<dyn Server>> {
        self.life().server.clone()
    }

    fn take(&self) -> Option<Arc<dyn Server>> {
        self.life().server.take()
    }
}

/// The end of an output, below a message.
fn tail(output: &Path) -> String {
    let bytes = std::fs::read(output).unwrap_or_default();
    let end = &bytes[bytes.len().saturating_sub(LAST_BYTES)..];
    let text = String::from_utf8_lossy(end);
    let lines: Vec<_> = text.lines().collect();
    let last = &lines[lines.len().saturating_sub(LAST_LINES)..];
    last.iter().map(|line| format!("\n    | {line}")).collect()
}
