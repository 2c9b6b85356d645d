//! A server of this machine: started, broken, mended.

use super::config::{HOST, Seat};
use crate::KIND;
use crate::client::{Link, Trouble, Way};
use crate::reach;
use crate::target::Target;
use async_trait::async_trait;
use exactly_adapter::{Control, Host, Server, ServerCommand, StartError};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Names the program, where it is not on the path.
const SETTING: &str = "REDIS_SERVER";
const PROGRAM: &str = "redis-server";
const GET_IT: &str =
    "install it (apt-get install redis-server), or set REDIS_SERVER to the program";
/// The end of the line with which it says that it serves. Its data set is loaded then.
const READY: &str = "Ready to accept connections";
/// A tenth of a second on an idle machine, and a busy one makes many times as much of it.
const STARTED_WITHIN_MS: u64 = 30_000;
const HEALED_WITHIN: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// Its one node.
const NODE: u32 = 1;
/// The end of an output in an error: lines, and bytes at most.
const LAST_LINES: usize = 8;
const LAST_BYTES: usize = 4096;

/// A server of this machine.
pub(crate) struct Local {
    host: Arc<dyn Host>,
    program: String,
    seat: Seat,
    way: Arc<Way>,
    link: Link,
    version: String,
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

impl Local {
    pub async fn start(host: Arc<dyn Host>, nodes: u32) -> Result<Arc<Self>, StartError> {
        if nodes != 1 {
            return Err(StartError::Config {
                system: KIND,
                why: format!("a local Redis of {nodes} nodes, and clusters are not supported"),
                hint: "leave out the number: redis-server is one process".into(),
            });
        }
        let seat = Seat::take(&host.scratch().join("redis"), host.port());
        let seat = seat.map_err(|error| StartError::NotStarted {
            system: KIND,
            why: format!("cannot prepare a folder and a port for it: {error}"),
            hint: "see whether the run's temporary folder can be written".into(),
        })?;
        let way = Way::plain(Target::new(HOST, seat.port));
        let mut local = Self {
            program: host.setting(SETTING).unwrap_or_else(|| PROGRAM.into()),
            host,
            seat,
            link: Link::new(way.clone()),
            way,
            version: String::new(),
            turn: tokio::sync::Mutex::default(),
            life: Mutex::default(),
        };
        local.begin().await?;
        local.healed().await?;
        let facts = reach::info(&local.link)
            .await
            .map_err(|e| local.not_served(&e))?;
        local.version = facts.version();
        Ok(Arc::new(local))
    }

    pub const fn way(&self) -> &Arc<Way> {
        &self.way
    }

    /// How the report names it.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Ends it for good: its data go with the run's folder.
    pub async fn end(&self) {
        self.kill(NODE).await;
    }

    /// Starts it on the data that it left, unless it is running.
    async fn begin(&self) -> Result<(), StartError> {
        let _turn = self.turn.lock().await;
        if self
            .server()
            .is_some_and(|server| server.exited().is_none())
        {
            return Ok(());
        }
        let starts = {
            let mut life = self.life();
            life.starts += 1;
            life.starts
        };
        let server = self.host.serve(ServerCommand {
            // Each life has its own output: the last one's tells why it ended.
            name: match starts {
                1 => PROGRAM.into(),
                _ => format!("{PROGRAM}-{starts}"),
            },
            command: vec![self.program.clone(), self.seat.config.display().to_string()],
            ready: READY.into(),
            ready_within_ms: STARTED_WITHIN_MS,
            ..ServerCommand::default()
        });
        let server = server.await.map_err(|error| self.explain(error))?;
        self.life().server = Some(Arc::from(server));
        Ok(())
    }

    /// An error of the host's, with what it means where that is known.
    fn explain(&self, error: StartError) -> StartError {
        let StartError::NotStarted { why, hint, .. } = error else {
            return error;
        };
        // The host names the program that it could not start.
        let hint = match why.starts_with(&format!("{}: ", self.program)) {
            true => GET_IT.into(),
            false => hint,
        };
        StartError::NotStarted {
            system: KIND,
            why,
            hint,
        }
    }

    fn not_served(&self, error: &Trouble) -> StartError {
        StartError::NotStarted {
            system: KIND,
            why: self.fallen().unwrap_or_else(|| error.to_string()),
            hint: "see its output in the run's folder".into(),
        }
    }

    /// How it ended, if it did so by itself.
    fn fallen(&self) -> Option<String> {
        let server = self.server()?;
        let how = server.exited()?;
        Some(format!(
            "it has ended by itself ({how}){}",
            tail(server.output())
        ))
    }

    fn life(&self) -> MutexGuard<'_, Life> {
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn server(&self) -> Option<Arc<dyn Server>> {
        self.life().server.clone()
    }

    fn at_node(&self, node: u32) -> Option<Arc<dyn Server>> {
        self.server().filter(|_| node == NODE)
    }

    fn take(&self, node: u32) -> Option<Arc<dyn Server>> {
        let mut life = self.life();
        life.server.take_if(|_| node == NODE)
    }
}

#[async_trait]
impl Control for Local {
    fn nodes(&self) -> Vec<u32> {
        vec![NODE]
    }

    fn at(&self, host: &str, port: u16) -> Option<u32> {
        (port == self.seat.port && [HOST, "localhost"].contains(&host)).then_some(NODE)
    }

    /// One that is just being started is killed once it has been.
    async fn kill(&self, node: u32) {
        let _turn = self.turn.lock().await;
        if let Some(server) = self.take(node) {
            server.kill().await;
        }
    }

    /// SIGTERM: it saves what it has, and ends.
    async fn stop(&self, node: u32) {
        let _turn = self.turn.lock().await;
        if let Some(server) = self.take(node) {
            server.stop().await;
        }
    }

    async fn start(&self, node: u32) -> Result<(), StartError> {
        match node {
            NODE => self.begin().await,
            _ => Ok(()),
        }
    }

    async fn pause(&self, node: u32) {
        if let Some(server) = self.at_node(node) {
            server.pause();
        }
    }

    async fn resume(&self, node: u32) {
        if let Some(server) = self.at_node(node) {
            server.resume();
        }
    }

    /// It answers, and has loaded its data set.
    async fn healed(&self) -> Result<(), StartError> {
        let late = Instant::now() + HEALED_WITHIN;
        loop {
            let error = match reach::loaded(&self.link).await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            if self.fallen().is_some() || Instant::now() >= late {
                return Err(self.not_served(&error));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
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
