//! Where a node listens and keeps its data, and its configuration.

use exactly_adapter::StartError;
use std::fmt::Write;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use tokio::net::TcpSocket;

/// The only address that nodes listen at.
pub(super) const HOST: &str = "127.0.0.1";
/// Partitions of the topics in which offsets and transactions are kept: enough
/// that a cluster's coordinators are spread, few enough to be created at once.
pub(super) const STATE_PARTITIONS: u32 = 5;
/// How long a member of a group may be silent: the session timeout that clients
/// are told. The brokers allow less; a busy machine does not.
pub(crate) const SESSION_TIMEOUT_MS: u32 = 2_000;
/// Replicas of a topic that asks for none, at most.
const REPLICAS_MAX: u32 = 3;
/// Any 16 bytes in base64: clusters of one machine never meet.
pub(super) const CLUSTER_ID: &str = "RXhhY3RseUxvY2FsS2Fma2";

/// One node's place on this machine.
#[derive(Debug)]
pub(super) struct Seat {
    /// Number, from 1; Kafka's `node.id`.
    pub number: u32,
    pub port: u16,
    controller_port: u16,
    pub folder: PathBuf,
    _reserved: [TcpSocket; 2],
}

impl Seat {
    /// Takes two free ports and a folder below `folder`.
    pub fn take(number: u32, folder: &Path) -> io::Result<Self> {
        let (port, first) = reserve()?;
        let (controller_port, second) = reserve()?;
        let folder = folder.join(format!("node{number}"));
        std::fs::create_dir_all(&folder)?;
        Ok(Self {
            number,
            port,
            controller_port,
            folder,
            _reserved: [first, second],
        })
    }

    pub fn properties(&self) -> PathBuf {
        self.folder.join("server.properties")
    }
}

/// A free port, and a socket that keeps it ours while no node listens there.
///
/// The socket is bound and never listens: a node binds the same port beside it,
/// as both allow reuse, while the kernel gives the port to nobody who asks for
/// any. Without it a boundary could get the port of a node that is down.
fn reserve() -> io::Result<(u16, TcpSocket)> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    Ok((socket.local_addr()?.port(), socket))
}

/// Writes the configuration of `seat`, one of `seats`.
pub(super) fn write(seat: &Seat, seats: &[Seat]) -> io::Result<()> {
    std::fs::write(seat.properties(), properties(seat, seats))
}

fn properties(seat: &Seat, seats: &[Seat]) -> String {
    let nodes = u32::try_from(seats.len()).unwrap_or(u32::MAX);
    let replicas = nodes.min(REPLICAS_MAX);
    let in_sync = if replicas > 1 { replicas - 1 } else { 1 };
    let voter = |seat: &Seat| format!("{}@{HOST}:{}", seat.number, seat.controller_port);
    let voters: Vec<_> = seats.iter().map(voter).collect();
    let (port, controller_port) = (seat.port, seat.controller_port);
    let mut text = String::new();
    let mut set = |name: &str, value: &dyn std::fmt::Display| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{name}={value}");
    };
    set("process.roles", &"broker,controller");
    set("node.id", &seat.number);
    set("controller.quorum.voters", &voters.join(","));
    set(
        "listeners",
        &format!("PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{controller_port}"),
    );
    set(
        "advertised.listeners",
        &format!("PLAINTEXT://{HOST}:{port}"),
    );
    set("controller.listener.names", &"CONTROLLER");
    set("inter.broker.listener.name", &"PLAINTEXT");
    set(
        "listener.security.protocol.map",
        &"PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    );
    set("log.dirs", &seat.folder.join("data").display());
    set("num.partitions", &1);
    set("default.replication.factor", &replicas);
    set("min.insync.replicas", &in_sync);
    for topic in ["offsets.topic", "transaction.state.log"] {
        set(&format!("{topic}.replication.factor"), &replicas);
        set(&format!("{topic}.num.partitions"), &STATE_PARTITIONS);
    }
    set("transaction.state.log.min.isr", &in_sync);
    for (name, value) in ALWAYS {
        set(name, value);
    }
    text
}

/// What no number of nodes changes. Nothing here alters what a client is
/// promised; the rest is left at Kafka's defaults.
const ALWAYS: &[(&str, &str)] = &[
    // As pipelines meet it in production.
    ("auto.create.topics.enable", "false"),
    ("unstable.api.versions.enable", "false"),
    // Leases as short as a pipeline asks for, and kept to the point.
    ("group.min.session.timeout.ms", "500"),
    (
        "transaction.abort.timed.out.transaction.cleanup.interval.ms",
        "200",
    ),
    // No waiting for what a test cluster does not have: more members to come, more
    // writes to the metadata log.
    ("group.initial.rebalance.delay.ms", "0"),
    ("controller.quorum.append.linger.ms", "0"),
    // A follower asks for a new partition when it asks again, and the first record
    // waits for it.
    ("replica.fetch.wait.max.ms", "50"),
    // A node that dies is missed, and one that is back is in sync, soon.
    ("broker.heartbeat.interval.ms", "500"),
    ("broker.session.timeout.ms", "3000"),
    ("replica.fetch.backoff.ms", "100"),
    // Small: several nodes share a machine with the pipelines.
    ("num.network.threads", "2"),
    ("num.io.threads", "2"),
    ("background.threads", "2"),
    ("num.replica.fetchers", "1"),
    ("log.cleaner.dedupe.buffer.size", "16777216"),
    ("log.segment.delete.delay.ms", "1000"),
];

/// Where the logging of all nodes is configured, written to `folder`.
pub(super) fn write_logging(folder: &Path) -> io::Result<PathBuf> {
    let path = folder.join("log4j2.xml");
    std::fs::write(&path, LOGGING)?;
    Ok(path)
}

/// Warnings, the line that says that a node is ready, and why the coordinator
/// of transactions skips markers: output is kept up to a limit only.
const LOGGING: &str = r#"<Configuration status="WARN">
  <Appenders>
    <Console name="out" target="SYSTEM_OUT">
      <PatternLayout pattern="[%d] %p %m (%c)%n"/>
    </Console>
  </Appenders>
  <Loggers>
    <Logger name="kafka.server.KafkaRaftServer" level="INFO"/>
    <Logger name="kafka.coordinator.transaction" level="INFO"/>
    <Root level="WARN"><AppenderRef ref="out"/></Root>
  </Loggers>
</Configuration>
"#;

/// How many nodes a cluster may have: as every node is a controller, an even
/// number bears no more losses than one less.
pub(super) fn check_nodes(nodes: u32) -> Result<(), StartError> {
    match nodes {
        1 | 3 | 5 => Ok(()),
        _ => Err(StartError::Config {
            system: "kafka",
            why: format!("a local cluster of {nodes} nodes"),
            hint: "ask for 1, 3 or 5 nodes: every node is a controller too, and an even number of \
                   them bears no more losses than one less"
                .into(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seats(count: u32, folder: &Path) -> Vec<Seat> {
        let seats = (1..=count).map(|number| Seat::take(number, folder).unwrap());
        seats.collect()
    }

    #[test]
    fn one_node_and_three() {
        let folder = std::env::temp_dir().join(format!("exactly-seats-{}", std::process::id()));
        let alone = seats(1, &folder);
        let text = properties(&alone[0], &alone);
        assert!(text.contains("\ndefault.replication.factor=1\nmin.insync.replicas=1\n"));
        let three = seats(3, &folder);
        let text = properties(&three[1], &three);
        assert!(text.contains("\nnode.id=2\n"), "{text}");
        assert!(text.contains("\ndefault.replication.factor=3\nmin.insync.replicas=2\n"));
        for seat in &three {
            let voter = format!("{}@127.0.0.1:{}", seat.number, seat.controller_port);
            assert!(text.contains(&voter), "{text}");
        }
        // Loopback and nothing else.
        let listeners = text.lines().filter(|line| line.contains("listeners="));
        assert!(listeners.clone().count() == 2 && !text.contains("0.0.0.0"));
        assert!(
            listeners
                .flat_map(|line| line.split("://").skip(1))
                .all(|at| at.starts_with(HOST))
        );
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_reserved_port_is_listened_at_by_who_knows_it_and_given_to_nobody_else() {
        let (port, _reserved) = reserve().unwrap();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        assert!(std::net::TcpStream::connect(address).is_err());
        // As Java does it.
        let listener = std::net::TcpListener::bind(address).unwrap();
        std::net::TcpStream::connect(address).unwrap();
        drop(listener);
        let again = std::net::TcpListener::bind(address).unwrap();
        drop(again);
        let others: Vec<_> = (0..200)
            .map(|_| std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap())
            .collect();
        assert!(
            others
                .iter()
                .all(|l| l.local_addr().unwrap().port() != port)
        );
    }

    #[test]
    fn only_odd_numbers_of_nodes() {
        for (nodes, fine) in [
            (0, false),
            (1, true),
            (2, false),
            (3, true),
            (5, true),
            (7, false),
        ] {
            assert_eq!(check_nodes(nodes).is_ok(), fine, "{nodes}");
        }
    }
}
