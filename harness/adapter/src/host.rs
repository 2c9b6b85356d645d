//! What the engine lends an adapter: processes and folders.

use crate::StartError;
use async_trait::async_trait;
use std::path::{Path, PathBuf};

/// A server process that an adapter asks for.
#[derive(Clone, Debug, Default)]
pub struct ServerCommand {
    /// Name in error messages and of its output file.
    pub name: String,
    /// Program and arguments.
    pub command: Vec<String>,
    /// Environment on top of the harness's own.
    pub env: Vec<(String, String)>,
    /// User and group to run as (Postgres refuses root).
    pub user: Option<(u32, u32)>,
    /// Signal that stops it cleanly.
    pub stop_signal: StopSignal,
    /// A line of its output that contains this text means ready; the line is
    /// returned.
    pub ready: String,
    /// How long to wait for it, in milliseconds.
    pub ready_within_ms: u64,
}

/// Signal that stops a server cleanly.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum StopSignal {
    /// SIGTERM.
    #[default]
    Term,
    /// SIGINT (Postgres: fast shutdown).
    Int,
    /// SIGQUIT (Postgres: immediate shutdown).
    Quit,
}

/// A running server process. Dropping it kills the process.
#[async_trait]
pub trait Server: Send + Sync {
    /// The line that said it was ready.
    fn ready_line(&self) -> &str;
    /// Process id.
    fn pid(&self) -> u32;
    /// Where its output is kept.
    fn output(&self) -> &Path;
    /// Stops it: signal, then SIGKILL.
    async fn stop(&self);
    /// SIGKILL. Returns when it is gone.
    async fn kill(&self);
    /// SIGSTOP.
    fn pause(&self);
    /// SIGCONT.
    fn resume(&self);
    /// How it ended, once it has.
    fn exited(&self) -> Option<String>;
}

/// What the engine lends. Only the engine's supervisor starts processes; the
/// guardian ends them if the harness dies.
#[async_trait]
pub trait Host: Send + Sync {
    /// Starts a server and waits until it is ready.
    async fn serve(&self, command: ServerCommand) -> Result<Box<dyn Server>, StartError>;
    /// Runs a command to its end (initdb). An exit code other than 0 is an error
    /// that carries the end of its output.
    async fn run(&self, command: ServerCommand) -> Result<(), StartError>;
    /// What runs the harness's own embedded server `name`: name, command and
    /// environment. When it is ready is the adapter's to say.
    fn embedded(&self, name: &str) -> ServerCommand;
    /// The port on which the system is to serve clients, where the user asked for
    /// one. [`embedded`](Self::embedded) tells it to the harness's own servers.
    fn port(&self) -> Option<u16> {
        None
    }
    /// A folder of the run, removed at its end (by the guardian if need be).
    /// Readable by any user: servers that refuse root live in it.
    fn scratch(&self) -> &Path;
    /// A setting of the user's environment (`KAFKA_HOME`, `JAVA_HOME`), where it is
    /// set and not empty.
    fn setting(&self, name: &str) -> Option<String>;
    /// A folder kept between runs, for downloads. Readable by any user.
    fn cache(&self) -> PathBuf;
}
