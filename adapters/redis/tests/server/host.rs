//! Runs servers with tokio and kills them when dropped: what `Host` is in a run, without
//! its guardian.

use async_trait::async_trait;
use exactly_adapter::{Host, Server, ServerCommand, StartError, StopSignal};
use rustix::process::{Pid, Signal, kill_process};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};
use tokio::sync::Mutex;

pub struct TestHost {
    scratch: tempfile::TempDir,
    program: Option<String>,
}

impl TestHost {
    /// With the `redis-server` of this machine.
    pub fn new() -> Self {
        Self::with(
            std::env::var("REDIS_SERVER")
                .ok()
                .filter(|name| !name.is_empty()),
        )
    }

    /// With another one.
    pub fn with(program: Option<String>) -> Self {
        Self {
            scratch: tempfile::tempdir().unwrap(),
            program,
        }
    }

    /// Starts a server of the test's own.
    pub fn spawn(&self, given: &ServerCommand) -> Result<(Child, PathBuf), StartError> {
        let output = self.scratch.path().join(format!("{}.log", given.name));
        let file = std::fs::File::create(&output).unwrap();
        let child = Command::new(&given.command[0])
            .args(&given.command[1..])
            .envs(given.env.iter().cloned())
            .stdin(Stdio::null())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .kill_on_drop(true)
            .spawn();
        let child = child.map_err(|e| failed(format!("{}: {e}", given.command[0])))?;
        Ok((child, output))
    }
}

fn failed(why: String) -> StartError {
    StartError::NotStarted {
        system: "server process",
        why,
        hint: "look at the test".into(),
    }
}

fn read(output: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(output).unwrap_or_default()).into_owned()
}

struct Running {
    child: Mutex<Child>,
    pid: u32,
    line: String,
    output: PathBuf,
}

impl Running {
    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.pid).unwrap()).unwrap();
        let _ = kill_process(pid, signal);
    }
}

#[async_trait]
impl Server for Running {
    fn ready_line(&self) -> &str {
        &self.line
    }
    fn pid(&self) -> u32 {
        self.pid
    }
    fn output(&self) -> &Path {
        &self.output
    }
    async fn stop(&self) {
        if self.exited().is_none() {
            self.signal(Signal::TERM);
        }
        let mut child = self.child.lock().await;
        let ended = tokio::time::timeout(Duration::from_secs(10), child.wait()).await;
        ended.expect("SIGTERM ends it").unwrap();
    }
    async fn kill(&self) {
        let _ = self.child.lock().await.kill().await;
    }
    fn pause(&self) {
        self.signal(Signal::STOP);
    }
    fn resume(&self) {
        self.signal(Signal::CONT);
    }
    fn exited(&self) -> Option<String> {
        let mut child = self.child.try_lock().ok()?;
        let status = child.try_wait().ok().flatten()?;
        Some(status.to_string())
    }
}

const EMBEDDED: [&str; 2] = ["exactly", "embedded-redis"];

/// Serves in a thread for as long as the tests run, and answers the line that says it is
/// ready.
fn start_embedded() -> String {
    let (send, receive) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(exactly_redis::serve_embedded(0, |line| {
            send.send(line.to_string()).unwrap();
        }))
    });
    receive.recv().unwrap()
}

/// A "server process" that is a thread.
struct ThreadServer(String);

#[async_trait]
impl Server for ThreadServer {
    fn ready_line(&self) -> &str {
        &self.0
    }
    fn pid(&self) -> u32 {
        std::process::id()
    }
    fn output(&self) -> &Path {
        Path::new("nowhere")
    }
    async fn stop(&self) {}
    async fn kill(&self) {}
    fn pause(&self) {}
    fn resume(&self) {}
    fn exited(&self) -> Option<String> {
        None
    }
}

#[async_trait]
impl Host for TestHost {
    async fn serve(&self, given: ServerCommand) -> Result<Box<dyn Server>, StartError> {
        assert_eq!(given.stop_signal, StopSignal::Term);
        if given.command == EMBEDDED {
            let line = start_embedded();
            assert!(line.contains(&given.ready), "{line}");
            return Ok(Box::new(ThreadServer(line)));
        }
        let (mut child, output) = self.spawn(&given)?;
        let pid = child.id().unwrap();
        let deadline = Instant::now() + Duration::from_millis(given.ready_within_ms);
        let line = loop {
            let ended = child.try_wait().unwrap();
            let text = read(&output);
            // A line that is still being written is not there yet.
            let complete = text.rsplit_once('\n').map_or("", |(complete, _)| complete);
            if let Some(line) = complete.lines().find(|line| line.contains(&given.ready)) {
                break line.to_string();
            }
            if ended.is_some() || Instant::now() > deadline {
                return Err(failed(format!("{} is not ready: {text}", given.name)));
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        Ok(Box::new(Running {
            pid,
            child: Mutex::new(child),
            line,
            output,
        }))
    }

    async fn run(&self, given: ServerCommand) -> Result<(), StartError> {
        panic!("nothing is to be run, least of all {}", given.name)
    }

    fn embedded(&self, name: &str) -> ServerCommand {
        assert_eq!(name, "redis");
        ServerCommand {
            command: EMBEDDED.map(String::from).to_vec(),
            ..ServerCommand::default()
        }
    }

    fn scratch(&self) -> &Path {
        self.scratch.path()
    }

    fn setting(&self, name: &str) -> Option<String> {
        assert_eq!(name, "REDIS_SERVER", "no other setting is looked at");
        self.program.clone()
    }

    fn cache(&self) -> PathBuf {
        PathBuf::new()
    }
}
