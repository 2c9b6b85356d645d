//! What the engine lends adapters: server processes and folders.

use super::output::tail;
use super::process::LAST_WORDS;
use super::{Executable, Launch, Process, Supervisor};
use async_trait::async_trait;
use exactly_adapter::{Host, Server, ServerCommand, StartError, StopSignal};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Server output kept, in bytes.
const SERVER_OUTPUT_BYTES: u64 = 8 << 20;

/// Time between the stop signal and SIGKILL.
const SERVER_GRACE: Duration = Duration::from_secs(5);

/// Runs servers on this machine.
#[derive(Debug)]
pub struct LocalHost {
    supervisor: Supervisor,
    executable: Executable,
    scratch: PathBuf,
    cache: PathBuf,
    output: PathBuf,
    settings: BTreeMap<String, String>,
    port: Option<u16>,
}

impl LocalHost {
    /// `executable` is the harness's own binary, `output` the folder for what
    /// servers print.
    pub fn new(
        supervisor: Supervisor,
        executable: impl Into<Executable>,
        scratch: PathBuf,
        cache: PathBuf,
        output: PathBuf,
    ) -> Self {
        Self {
            supervisor,
            executable: executable.into(),
            scratch,
            cache,
            output,
            settings: BTreeMap::new(),
            port: None,
        }
    }

    /// Lends adapters settings of the user's environment too (`KAFKA_HOME`).
    #[must_use]
    pub fn with_settings(self, settings: BTreeMap<String, String>) -> Self {
        Self { settings, ..self }
    }

    /// Asks the system that it starts to serve on `port`.
    #[must_use]
    pub fn with_port(self, port: Option<u16>) -> Self {
        Self { port, ..self }
    }

    fn spawn(&self, command: &ServerCommand) -> Result<Process, StartError> {
        let launch = Launch {
            command: command.command.clone(),
            env: command.env.clone(),
            user: command.user,
            dir: None,
            stop: exactly_model::Signal::Term,
            output: self.output.join(format!("{}.log", command.name)),
            output_bytes: SERVER_OUTPUT_BYTES,
            ready: (!command.ready.is_empty()).then(|| command.ready.clone()),
            gentle: match command.stop_signal {
                StopSignal::Term => None,
                StopSignal::Int | StopSignal::Quit => Some(number(command.stop_signal)),
            },
        };
        self.supervisor
            .spawn(&launch)
            .map_err(|error| StartError::NotStarted {
                system: "server process",
                why: format!(
                    "{}: {error}",
                    command.command.first().map_or("", String::as_str)
                ),
                hint: "check that the program is there and may be executed".into(),
            })
    }
}

fn number(signal: StopSignal) -> i32 {
    use rustix::process::Signal;
    match signal {
        StopSignal::Term => Signal::TERM,
        StopSignal::Int => Signal::INT,
        StopSignal::Quit => Signal::QUIT,
    }
    .as_raw()
}

fn not_started(command: &ServerCommand, process: &Process, what: &str) -> StartError {
    StartError::NotStarted {
        system: "server process",
        why: format!("{} {what}{}", command.name, tail(process.output())),
        hint: format!("its whole output is in {}", process.output().display()),
    }
}

#[async_trait]
impl Host for LocalHost {
    async fn serve(&self, command: ServerCommand) -> Result<Box<dyn Server>, StartError> {
        let process = self.spawn(&command)?;
        let within = Duration::from_millis(command.ready_within_ms);
        let line = tokio::select! {
            line = process.wait_ready_line() => line,
            _ = process.wait() => {
                // What it said last may still be on its way (`postgres --version`).
                process.drained(LAST_WORDS).await;
                process.ready_line()
            }
            () = tokio::time::sleep(within) => {
                return Err(not_started(&command, &process, &format!("was not ready within {within:?}")));
            }
        };
        let Some(ready_line) = line else {
            let status = process.wait_at_most(LAST_WORDS).await.unwrap_or_default();
            process.drained(LAST_WORDS).await;
            return Err(not_started(
                &command,
                &process,
                &format!("ended at once ({status})"),
            ));
        };
        let signal = number(command.stop_signal);
        Ok(Box::new(LocalServer {
            process,
            ready_line,
            signal,
        }))
    }

    async fn run(&self, command: ServerCommand) -> Result<(), StartError> {
        let process = self.spawn(&command)?;
        let within = Duration::from_millis(command.ready_within_ms);
        match process.wait_at_most(within).await {
            Some(status) if status == "exit code 0" => Ok(()),
            Some(status) => {
                process.drained(LAST_WORDS).await;
                Err(not_started(
                    &command,
                    &process,
                    &format!("failed ({status})"),
                ))
            }
            None => Err(not_started(
                &command,
                &process,
                &format!("took longer than {within:?}"),
            )),
        }
    }

    fn embedded(&self, name: &str) -> ServerCommand {
        let role = format!("embedded-{name}");
        let port = self.port.map(|port| port.to_string());
        let words = [Some(role.as_str()), port.as_deref()];
        let words: Vec<&str> = words.into_iter().flatten().collect();
        let again = self.executable.again(&words);
        ServerCommand {
            name: role,
            command: again.command,
            env: again.env,
            ..ServerCommand::default()
        }
    }

    fn setting(&self, name: &str) -> Option<String> {
        self.settings.get(name).cloned()
    }

    fn port(&self) -> Option<u16> {
        self.port
    }

    fn scratch(&self) -> &Path {
        &self.scratch
    }

    fn cache(&self) -> PathBuf {
        self.cache.clone()
    }
}

struct LocalServer {
    process: Process,
    ready_line: String,
    signal: i32,
}

#[async_trait]
impl Server for LocalServer {
    fn ready_line(&self) -> &str {
        &self.ready_line
    }

    fn pid(&self) -> u32 {
        self.process.pid()
    }

    fn output(&self) -> &Path {
        self.process.output()
    }

    async fn kill(&self) {
        self.process.kill();
        self.process.wait_at_most(SERVER_GRACE).await;
    }

    fn pause(&self) {
        self.process.freeze();
    }

    fn resume(&self) {
        self.process.thaw();
    }

    fn exited(&self) -> Option<String> {
        self.process.exited()
    }

    async fn stop(&self) {
        self.process.signal(self.signal);
        if self.process.wait_at_most(SERVER_GRACE).await.is_none() {
            self.process.kill();
            self.process.wait_at_most(SERVER_GRACE).await;
        }
    }
}
