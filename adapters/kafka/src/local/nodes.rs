//! The nodes of a local cluster: started, broken, mended.

use super::config::{self, CLUSTER_ID, HOST, Seat};
use super::health::Health;
use super::jars;
use super::java::Java;
use crate::client::{BROKERS_COME_BACK, Broker, Cluster};
use async_trait::async_trait;
use exactly_adapter::{Control, Host, Server, ServerCommand, StartError};
use futures::future::{join_all, try_join_all};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

const FORMAT_HEAP_MB: u32 = 128;
const NODE_HEAP_MB: u32 = 256;
const FORMATTED_WITHIN_MS: u64 = 60_000;
/// Two seconds on an idle machine; several JVMs may share two busy processors.
const STARTED_WITHIN_MS: u64 = 90_000;
/// How long nodes that said so may take to serve indeed.
const ANSWERED_WITHIN: Duration = Duration::from_secs(10);
const ANSWERED_EVERY: Duration = Duration::from_millis(50);
/// The line with which a node says that it serves.
const READY: &str = "Kafka Server started";
/// The end of a node's output in an error: lines, and bytes at most.
const LAST_LINES: usize = 8;
const LAST_BYTES: usize = 4096;

/// The processes of a cluster.
struct Processes {
    host: Arc<dyn Host>,
    java: Java,
    logging: PathBuf,
    seats: Vec<Seat>,
    running: Mutex<BTreeMap<u32, Running>>,
}

/// A node's process.
#[derive(Default)]
struct Running {
    /// `None` while it is being started, or was killed or stopped.
    server: Option<Arc<dyn Server>>,
    /// How often it was started.
    starts: u32,
}

impl Processes {
    /// Takes ports and folders for `nodes` nodes and formats their storage.
    async fn prepare(host: Arc<dyn Host>, nodes: u32) -> Result<Self, StartError> {
        config::check_nodes(nodes)?;
        let java = Java::find(host.as_ref(), jars::find(host.as_ref())?)?;
        let folder = host.scratch().join("kafka");
        let failed = |error: std::io::Error| StartError::NotStarted {
            system: "kafka",
            why: format!("cannot prepare {}: {error}", folder.display()),
            hint: "see whether the folder can be written and the disk has room".into(),
        };
        std::fs::create_dir_all(&folder).map_err(failed)?;
        let logging = config::write_logging(&folder).map_err(failed)?;
        let seats = (1..=nodes).map(|number| Seat::take(number, &folder));
        let seats: Vec<_> = seats.collect::<Result<_, _>>().map_err(failed)?;
        for seat in &seats {
            config::write(seat, &seats).map_err(failed)?;
        }
        let processes = Self {
            host,
            java,
            logging,
            seats,
            running: Mutex::default(),
        };
        try_join_all(processes.seats.iter().map(|seat| processes.format(seat))).await?;
        Ok(processes)
    }

    async fn format(&self, seat: &Seat) -> Result<(), StartError> {
        let properties = seat.properties().display().to_string();
        let tool = [
            "kafka.tools.StorageTool",
            "format",
            "-t",
            CLUSTER_ID,
            "-c",
            &properties,
        ];
        let command = ServerCommand {
            name: format!("kafka-format{}", seat.number),
            command: self.java.command(FORMAT_HEAP_MB, &self.logging, &tool),
            ready_within_ms: FORMATTED_WITHIN_MS,
            ..ServerCommand::default()
        };
        let formatted = self.host.run(command).await;
        formatted.map_err(|error| self.java.explain(error))
    }

    fn running(&self) -> MutexGuard<'_, BTreeMap<u32, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn server(&self, node: u32) -> Option<Arc<dyn Server>> {
        self.running().get(&node)?.server.clone()
    }

    fn seat(&self, node: u32) -> Option<&Seat> {
        self.seats.iter().find(|seat| seat.number == node)
    }

    /// Starts a node that is gone, on the data that it left.
    async fn start(&self, node: u32) -> Result<(), StartError> {
        let Some(seat) = self.seat(node) else {
            return Ok(());
        };
        let alive = |server: Arc<dyn Server>| server.exited().is_none();
        if self.server(node).is_some_and(alive) {
            return Ok(());
        }
        let starts = {
            let mut running = self.running();
            let own = running.entry(node).or_default();
            own.starts += 1;
            own.starts
        };
        let properties = seat.properties().display().to_string();
        let broker = ["kafka.Kafka", &properties];
        let server = self.host.serve(ServerCommand {
            // Each life has its own output: the last one's tells why it ended.
            name: match starts {
                1 => format!("kafka-node{node}"),
                _ => format!("kafka-node{node}-{starts}"),
            },
            command: self.java.command(NODE_HEAP_MB, &self.logging, &broker),
            ready: READY.into(),
            ready_within_ms: STARTED_WITHIN_MS,
            ..ServerCommand::default()
        });
        let server = server.await.map_err(|error| self.java.explain(error))?;
        self.running().entry(node).or_default().server = Some(Arc::from(server));
        Ok(())
    }

    /// Ends a node with `end`; nothing to do for one that is gone.
    async fn end<E: Future<Output = ()>>(&self, node: u32, end: impl FnOnce(Arc<dyn Server>) -> E) {
        let server = self
            .running()
            .get_mut(&node)
            .and_then(|own| own.server.take());
        if let Some(server) = server {
            end(server).await;
        }
    }

    async fn kill(&self, node: u32) {
        self.end(node, |server| async move { server.kill().await })
            .await;
    }

    /// The first node that ended although nobody here ended it.
    fn fallen(&self) -> Option<String> {
        let running = self.running();
        running.iter().find_map(|(node, own)| {
            let server = own.server.as_ref()?;
            let how = server.exited()?;
            Some(format!(
                "node {node} has ended by itself ({how}){}",
                tail(server.output())
            ))
        })
    }
}

/// A cluster of this machine.
pub(crate) struct Local {
    processes: Processes,
    cluster: Arc<Cluster>,
    /// The nodes' brokers, by number.
    brokers: BTreeMap<u32, Arc<Broker>>,
}

impl Local {
    /// Starts `nodes` nodes, all at once, and waits until they serve and their
    /// coordinators are there.
    pub async fn start(host: Arc<dyn Host>, nodes: u32) -> Result<Arc<Self>, StartError> {
        let processes = Processes::prepare(host, nodes).await?;
        let numbers = processes.seats.iter().map(|seat| seat.number);
        try_join_all(numbers.map(|node| processes.start(node))).await?;
        let addresses = processes.seats.iter();
        let addresses = addresses.map(|seat| format!("{HOST}:{}", seat.port));
        let bootstrap = addresses.collect::<Vec<_>>().join(",");
        let cluster = connect(&bootstrap, &processes).await.map_err(not_served)?;
        let brokers = processes.seats.iter();
        let brokers = brokers.map(|seat| (seat.number, Arc::new(Broker::new(HOST, seat.port))));
        let local = Self {
            brokers: brokers.collect(),
            cluster: Arc::new(cluster),
            processes,
        };
        // Also creates the topics in which offsets and transactions are kept: no
        // trial pays for them.
        local.healed().await?;
        Ok(Arc::new(local))
    }

    pub fn cluster(&self) -> &Arc<Cluster> {
        &self.cluster
    }

    /// How the report names it.
    pub fn version(&self) -> String {
        format!("Apache Kafka {}", self.processes.java.kafka_version())
    }

    /// Where all nodes listen, those that are down too.
    pub fn addresses(&self) -> Vec<(String, u16)> {
        let seats = self.processes.seats.iter();
        seats.map(|seat| (HOST.into(), seat.port)).collect()
    }

    /// Ends all nodes, for good: their data goes with the run's folder.
    pub async fn end(&self) {
        join_all(self.nodes().into_iter().map(|node| self.kill(node))).await;
    }
}

/// Connects to nodes that said that they serve.
async fn connect(bootstrap: &str, processes: &Processes) -> Result<Cluster, String> {
    let deadline = Instant::now() + ANSWERED_WITHIN;
    loop {
        let error = match Cluster::connect(bootstrap, BROKERS_COME_BACK).await {
            Ok(cluster) => return Ok(cluster),
            Err(error) => error,
        };
        if let Some(fallen) = processes.fallen() {
            return Err(fallen);
        }
        if Instant::now() >= deadline {
            return Err(error.to_string());
        }
        tokio::time::sleep(ANSWERED_EVERY).await;
    }
}

#[async_trait]
impl Control for Local {
    fn nodes(&self) -> Vec<u32> {
        self.brokers.keys().copied().collect()
    }

    fn at(&self, host: &str, port: u16) -> Option<u32> {
        let seat = self.processes.seats.iter().find(|seat| seat.port == port)?;
        [HOST, "localhost"].contains(&host).then_some(seat.number)
    }

    async fn kill(&self, node: u32) {
        self.processes.kill(node).await;
    }

    async fn stop(&self, node: u32) {
        let stop = |server: Arc<dyn Server>| async move { server.stop().await };
        self.processes.end(node, stop).await;
    }

    async fn start(&self, node: u32) -> Result<(), StartError> {
        self.processes.start(node).await
    }

    async fn pause(&self, node: u32) {
        if let Some(server) = self.processes.server(node) {
            server.pause();
        }
    }

    async fn resume(&self, node: u32) {
        if let Some(server) = self.processes.server(node) {
            server.resume();
        }
    }

    async fn healed(&self) -> Result<(), StartError> {
        let health = Health {
            cluster: &self.cluster,
            brokers: &self.brokers,
        };
        let healed = health.wait(|| self.processes.fallen()).await;
        healed.map_err(not_served)
    }
}

fn not_served(why: String) -> StartError {
    StartError::NotStarted {
        system: "kafka",
        why,
        hint: "see the nodes' output in the run's folder, and whether the machine has the memory \
               (about 300 MB a node) and a processor to spare"
            .into(),
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
