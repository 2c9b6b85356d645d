//! A server process while there is one, and the folder that outlives it.

use super::folder::Folder;
use super::programs::Programs;
use crate::adapter::KIND;
use crate::target::Target;
use exactly_adapter::{Host, Server, ServerCommand, StartError, StopSignal};
use rustix::process::{Pid, Signal, kill_process};
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A second on a machine of its own; minutes on one with too much to do.
const INITDB_WITHIN_MS: u64 = 180_000;
/// Recovery after a kill included.
const READY_WITHIN_MS: u64 = 60_000;
/// Another process may take a free port before the server does, and that of a server
/// that is away for a moment.
const PORTS_TRIED: u32 = 4;
const TRY_AGAIN_AFTER: Duration = Duration::from_millis(200);
/// How often it is looked whether a server has ended.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// What each server is told.
const SETTINGS: &[(&str, &str)] = &[
    ("listen_addresses", "127.0.0.1"),
    ("unix_socket_directories", ""),
    ("max_connections", "200"),
    ("shared_buffers", "32MB"),
    ("synchronous_commit", "on"),
    ("max_wal_size", "512MB"),
    ("track_commit_timestamp", "on"),
    ("max_prepared_transactions", "10"),
    ("logging_collector", "off"),
    ("log_checkpoints", "off"),
    ("timezone", "UTC"),
    ("log_timezone", "UTC"),
];

/// How ways to end a server follow each other, with the time that each may take:
/// smart, fast, immediate ("Shutting Down the Server", PostgreSQL documentation).
/// A smart shutdown waits for clients that may never leave.
const WAYS: [(StopSignal, Signal, Duration); 3] = [
    (StopSignal::Term, Signal::TERM, Duration::from_secs(10)),
    (StopSignal::Int, Signal::INT, Duration::from_secs(60)),
    (StopSignal::Quit, Signal::QUIT, Duration::from_secs(10)),
];

/// What of a commit survives what.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Durability {
    /// The death of the server. SIGKILL of a process is not a loss of power: the
    /// page cache survives it, so that fsync would only cost time.
    Process,
    /// A loss of power too, as servers are run.
    Power,
}

impl Durability {
    const fn settings(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Process => &[("fsync", "off"), ("full_page_writes", "off")],
            Self::Power => &[("fsync", "on"), ("full_page_writes", "on")],
        }
    }
}

/// One server.
pub(crate) struct Node {
    host: Arc<dyn Host>,
    programs: Programs,
    durability: Durability,
    folder: Folder,
    port: u16,
    /// Held while it is started or ended: faults may want both at once.
    turn: tokio::sync::Mutex<()>,
    life: Mutex<Life>,
}

/// Its process.
#[derive(Default)]
struct Life {
    /// `None` while it is being started, or was killed or stopped.
    server: Option<Arc<dyn Server>>,
    /// How often it was started.
    starts: u32,
}

impl Node {
    /// Makes a data folder, and starts a server on it at a free port.
    pub(crate) async fn make(
        host: Arc<dyn Host>,
        programs: Programs,
        durability: Durability,
    ) -> Result<Self, StartError> {
        let mut node = Self {
            folder: Folder::make(host.scratch(), programs.user())?,
            port: 0,
            host,
            programs,
            durability,
            turn: tokio::sync::Mutex::default(),
            life: Mutex::default(),
        };
        node.init().await?;
        for tried in 1.. {
            node.port = node.host.port().map_or_else(free_port, Ok)?;
            match node.serve().await {
                Ok(()) => break,
                Err(error) if tried == PORTS_TRIED => return Err(error),
                Err(error) => {
                    tracing::debug!(port = node.port, %error, "the server did not start; once more");
                }
            }
        }
        Ok(node)
    }

    /// How it is reached.
    pub(crate) fn target(&self) -> Target {
        Target::own(self.port)
    }

    /// The port that it keeps in all of its lives.
    pub(super) const fn port(&self) -> u16 {
        self.port
    }

    async fn init(&self) -> Result<(), StartError> {
        let data = self.folder.shown();
        let mut arguments = vec!["-D", &data, "-U", "postgres", "-A", "trust", "-E", "UTF8"];
        arguments.push("--locale=C");
        if self.durability == Durability::Process {
            arguments.push("--no-sync");
        }
        let initdb = ServerCommand {
            ready_within_ms: INITDB_WITHIN_MS,
            ..self.programs.command("initdb", &arguments)
        };
        self.host.run(initdb).await
    }

    fn command(&self, starts: u32) -> ServerCommand {
        let mut arguments = vec!["-D".to_string(), self.folder.shown()];
        let port = self.port.to_string();
        let settings = SETTINGS.iter().chain(self.durability.settings()).copied();
        for (name, value) in settings.chain([("port", port.as_str())]) {
            arguments.extend(["-c".to_string(), format!("{name}={value}")]);
        }
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        ServerCommand {
            // Each life has its own output: the last one's tells why it ended.
            name: match starts {
                1 => "postgres".into(),
                _ => format!("postgres-{starts}"),
            },
            ready: "database system is ready to accept connections".into(),
            ready_within_ms: READY_WITHIN_MS,
            ..self.programs.command("postgres", &arguments)
        }
    }

    async fn serve(&self) -> Result<(), StartError> {
        let starts = {
            let mut life = self.life();
            life.starts += 1;
            life.starts
        };
        let server = self.host.serve(self.command(starts)).await?;
        self.life().server = Some(Arc::from(server));
        Ok(())
    }

    /// Starts it on the data that it left, unless it is running.
    pub(super) async fn start(&self) -> Result<(), StartError> {
        let _turn = self.turn.lock().await;
        if self.server().is_some_and(|s| s.exited().is_none()) {
            return Ok(());
        }
        for _ in 1..PORTS_TRIED {
            match self.serve().await {
                Ok(()) => return Ok(()),
                Err(error) => tracing::debug!(%error, "the server did not start; once more"),
            }
            tokio::time::sleep(TRY_AGAIN_AFTER).await;
        }
        self.serve().await
    }

    /// SIGKILL; returns when none of its processes is left. One that is just being
    /// started is killed once it has been.
    pub(crate) async fn kill(&self) {
        let _turn = self.turn.lock().await;
        if let Some(server) = self.take() {
            end(server.as_ref()).await;
            self.folder.left_alone().await;
        }
    }

    /// Stops it as `how` says. Where that takes too long it is stopped more
    /// forcefully, and killed in the end.
    pub(super) async fn stop(&self, how: StopSignal) {
        let _turn = self.turn.lock().await;
        let Some(server) = self.take() else {
            return;
        };
        // A process that stands still takes no signal.
        server.resume();
        let ways = WAYS.iter().skip_while(|(way, ..)| *way != how);
        for (_, signal, within) in ways {
            send(server.as_ref(), *signal);
            if has_ended(server.as_ref(), *within).await {
                break;
            }
            tracing::info!(?signal, ?within, "the server did not stop; more forcefully");
        }
        if server.exited().is_none() {
            end(server.as_ref()).await;
        }
        self.folder.left_alone().await;
    }

    /// Ends it for good: its data goes with the run's folder.
    pub(crate) async fn end(&self) {
        let _turn = self.turn.lock().await;
        if let Some(server) = self.take() {
            server.resume();
            server.stop().await;
        }
    }

    /// All of its processes stand still.
    pub(super) fn pause(&self) {
        if let Some(server) = self.server() {
            server.pause();
        }
    }

    /// They go on.
    pub(super) fn resume(&self) {
        if let Some(server) = self.server() {
            server.resume();
        }
    }

    /// Why it cannot serve, where no waiting helps.
    pub(super) fn gone(&self) -> Option<String> {
        let Some(server) = self.server() else {
            return Some("it was ended and not started again".into());
        };
        let how = server.exited()?;
        let output = server.output().display();
        Some(format!("it has ended by itself ({how}), see {output}"))
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

/// SIGKILL. A postmaster that stands still first starts nothing more in the moment in
/// which its processes are looked for.
async fn end(server: &dyn Server) {
    server.pause();
    server.kill().await;
}

/// To the postmaster alone: it tells its processes.
fn send(server: &dyn Server, signal: Signal) {
    let pid = i32::try_from(server.pid()).ok().and_then(Pid::from_raw);
    // Once it has ended its number may be another's.
    if let Some(pid) = pid.filter(|_| server.exited().is_none()) {
        // It may be gone since.
        let _ = kill_process(pid, signal);
    }
}

async fn has_ended(server: &dyn Server, within: Duration) -> bool {
    let ended = async {
        while server.exited().is_none() {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    tokio::time::timeout(within, ended).await.is_ok()
}

fn free_port() -> Result<u16, StartError> {
    TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|error| StartError::NotStarted {
            system: KIND,
            why: format!("no free port on 127.0.0.1: {error}"),
            hint: "check that the loopback interface is up".into(),
        })
}
