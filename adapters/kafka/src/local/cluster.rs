//! A cluster of this machine: started, broken, mended.

use super::config::{self, HOST, Seat};
use super::health::Health;
use super::jars;
use super::node::{Machine, Node};
use crate::client::{BROKERS_COME_BACK, Broker, Cluster};
use async_trait::async_trait;
use exactly_adapter::jvm::Java;
use exactly_adapter::{Control, Host, StartError};
use futures::future::{join_all, try_join_all};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long nodes that said so may take to serve indeed.
const ANSWERED_WITHIN: Duration = Duration::from_secs(10);
const ANSWERED_EVERY: Duration = Duration::from_millis(50);

/// A cluster of this machine.
pub(crate) struct Local {
    machine: Machine,
    nodes: Vec<Node>,
    cluster: Arc<Cluster>,
    /// The nodes' brokers, by number.
    brokers: BTreeMap<u32, Arc<Broker>>,
}

impl Local {
    /// Starts `count` nodes, all at once, and waits until they serve and their
    /// coordinators are there.
    pub async fn start(host: Arc<dyn Host>, count: u32) -> Result<Arc<Self>, StartError> {
        let (machine, nodes) = prepare(host, count)?;
        try_join_all(nodes.iter().map(|node| node.format(&machine))).await?;
        try_join_all(nodes.iter().map(|node| node.start(&machine))).await?;
        let cluster = connect(&nodes).await.map_err(not_served)?;
        let broker = |node: &Node| (node.number(), Arc::new(Broker::new(HOST, node.seat.port)));
        let local = Self {
            brokers: nodes.iter().map(broker).collect(),
            cluster: Arc::new(cluster),
            machine,
            nodes,
        };
        // Also creates the topics in which offsets and transactions are kept: no
        // trial pays for them.
        local.healed().await?;
        Ok(Arc::new(local))
    }

    /// Whether nodes could be started: finds the jars and lets Java run one of
    /// their tools. Answers the version.
    pub async fn at_hand(host: Arc<dyn Host>) -> Result<String, StartError> {
        let (machine, _) = prepare(host, 1)?;
        machine.try_java().await?;
        Ok(version(&machine.java))
    }

    pub fn cluster(&self) -> &Arc<Cluster> {
        &self.cluster
    }

    /// How the report names it.
    pub fn version(&self) -> String {
        version(&self.machine.java)
    }

    /// Where all nodes listen, those that are down too.
    pub fn addresses(&self) -> Vec<(String, u16)> {
        let seats = self.nodes.iter().map(|node| &node.seat);
        seats.map(|seat| (HOST.into(), seat.port)).collect()
    }

    /// Ends all nodes, for good: their data goes with the run's folder.
    pub async fn end(&self) {
        join_all(self.nodes.iter().map(Node::kill)).await;
    }

    fn node(&self, number: u32) -> Option<&Node> {
        self.nodes.iter().find(|node| node.number() == number)
    }
}

fn version(java: &Java) -> String {
    format!("Apache Kafka {}", java.server_version())
}

/// Finds what nodes run on, and takes ports and folders for `count` of them.
fn prepare(host: Arc<dyn Host>, count: u32) -> Result<(Machine, Vec<Node>), StartError> {
    config::check_nodes(count)?;
    let java = Java::find(host.as_ref(), &jars::KAFKA, jars::find(host.as_ref())?)?;
    let folder = host.scratch().join("kafka");
    let failed = |error: std::io::Error| StartError::NotStarted {
        system: "kafka",
        why: format!("cannot prepare {}: {error}", folder.display()),
        hint: "see whether the folder can be written and the disk has room".into(),
    };
    std::fs::create_dir_all(&folder).map_err(failed)?;
    let logging = config::write_logging(&folder).map_err(failed)?;
    let seats = (1..=count).map(|number| Seat::take(number, &folder));
    let seats: Vec<_> = seats.collect::<Result<_, _>>().map_err(failed)?;
    for seat in &seats {
        config::write(seat, &seats).map_err(failed)?;
    }
    let machine = Machine {
        host,
        java,
        logging,
    };
    Ok((machine, seats.into_iter().map(Node::new).collect()))
}

/// Connects to nodes that said that they serve.
async fn connect(nodes: &[Node]) -> Result<Cluster, String> {
    let addresses = nodes
        .iter()
        .map(|node| format!("{HOST}:{}", node.seat.port));
    let bootstrap = addresses.collect::<Vec<_>>().join(",");
    let deadline = Instant::now() + ANSWERED_WITHIN;
    loop {
        let error = match Cluster::connect(&bootstrap, BROKERS_COME_BACK).await {
            Ok(cluster) => return Ok(cluster),
            Err(error) => error,
        };
        if let Some(fallen) = fallen(nodes) {
            return Err(fallen);
        }
        if Instant::now() >= deadline {
            return Err(error.to_string());
        }
        tokio::time::sleep(ANSWERED_EVERY).await;
    }
}

/// The first node that ended although nobody here ended it.
fn fallen(nodes: &[Node]) -> Option<String> {
    nodes.iter().find_map(Node::fallen)
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

#[async_trait]
impl Control for Local {
    fn nodes(&self) -> Vec<u32> {
        self.nodes.iter().map(Node::number).collect()
    }

    fn at(&self, host: &str, port: u16) -> Option<u32> {
        let node = self.nodes.iter().find(|node| node.seat.port == port)?;
        [HOST, "localhost"].contains(&host).then(|| node.number())
    }

    async fn kill(&self, node: u32) {
        if let Some(node) = self.node(node) {
            node.kill().await;
        }
    }

    async fn stop(&self, node: u32) {
        if let Some(node) = self.node(node) {
            node.stop().await;
        }
    }

    async fn start(&self, node: u32) -> Result<(), StartError> {
        match self.node(node) {
            Some(node) => node.start(&self.machine).await,
            None => Ok(()),
        }
    }

    async fn pause(&self, node: u32) {
        if let Some(node) = self.node(node) {
            node.pause();
        }
    }

    async fn resume(&self, node: u32) {
        if let Some(node) = self.node(node) {
            node.resume();
        }
    }

    async fn healed(&self) -> Result<(), StartError> {
        let health = Health {
            cluster: &self.cluster,
            brokers: &self.brokers,
        };
        let healed = health.wait(|| fallen(&self.nodes)).await;
        healed.map_err(not_served)
    }
}
