//! A host for tests: the embedded broker runs on a thread, everything else as
//! processes, which end with their handles.

use async_trait::async_trait;
use exactly_adapter::{Host, Server, ServerCommand, StartError, StopSignal};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};
use tokio::sync::Mutex;

/// Runs the embedded broker on a thread of its own, as its process would.
pub fn start_broker() -> String {
    let (send, receive) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(exactly_kafka::serve_embedded(0, |line| {
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

/// What `Host` is in a run, without its guardian.
pub struct TestHost {
    scratch: PathBuf,
    settings: BTreeMap<String, String>,
}

impl TestHost {
    /// A host with these settings, and a folder that goes when it is dropped.
    pub fn new(settings: &[(&str, &str)]) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let own = format!(
            "host-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let scratch = Path::new(env!("CARGO_TARGET_TMPDIR")).join(own);
        std::fs::create_dir_all(&scratch).unwrap();
        let settings = settings.iter().map(|(k, v)| ((*k).into(), (*v).into()));
        Self {
            scratch,
            settings: settings.collect(),
        }
    }

    fn spawn(&self, given: &ServerCommand) -> Result<(Child, PathBuf), StartError> {
        let output = self.scratch.join(format!("{}.log", given.name));
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

impl Drop for TestHost {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.scratch);
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
    stop_signal: StopSignal,
}

impl Running {
    fn signal(&self, name: &str) {
        let pid = self.pid.to_string();
        let sent = std::process::Command::new("kill")
            .args(["-s", name, &pid])
            .status();
        assert!(sent.unwrap().success(), "{name} to {pid}");
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
            self.signal(match self.stop_signal {
                StopSignal::Term => "TERM",
                StopSignal::Int => "INT",
                StopSignal::Quit => "QUIT",
            });
        }
        let mut child = self.child.lock().await;
        let ended = tokio::time::timeout(Duration::from_secs(5), child.wait()).await;
        if ended.is_err() {
            let _ = child.kill().await;
        }
    }
    async fn kill(&self) {
        let _ = self.child.lock().await.kill().await;
    }
    fn pause(&self) {
        self.signal("STOP");
    }
    fn resume(&self) {
        self.signal("CONT");
    }
    fn exited(&self) -> Option<String> {
        let mut child = self.child.try_lock().ok()?;
        let status = child.try_wait().ok().flatten()?;
        Some(status.to_string())
    }
}

#[async_trait]
impl Host for TestHost {
    async fn serve(&self, given: ServerCommand) -> Result<Box<dyn Server>, StartError> {
        if given.command == ["exactly", "embedded", "kafka"] {
            let line = start_broker();
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
            stop_signal: given.stop_signal,
        }))
    }

    async fn run(&self, given: ServerCommand) -> Result<(), StartError> {
        let (mut child, output) = self.spawn(&given)?;
        match child.wait().await {
            Ok(status) if status.success() => Ok(()),
            status => Err(failed(format!(
                "{}: {status:?}: {}",
                given.name,
                read(&output)
            ))),
        }
    }

    fn embedded(&self, name: &str) -> ServerCommand {
        ServerCommand {
            command: vec!["exactly".into(), "embedded".into(), name.into()],
            ..ServerCommand::default()
        }
    }
    fn scratch(&self) -> &Path {
        &self.scratch
    }
    fn setting(&self, name: &str) -> Option<String> {
        self.settings.get(name).cloned()
    }
    fn cache(&self) -> PathBuf {
        PathBuf::new()
    }
}
