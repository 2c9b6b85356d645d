//! Runs servers with tokio and kills them when dropped.

use async_trait::async_trait;
use exactly_adapter::{Host, Server, ServerCommand, StartError, StopSignal};
use std::collections::BTreeMap;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::Mutex;

pub struct TestHost {
    scratch: tempfile::TempDir,
    cache: PathBuf,
    settings: BTreeMap<String, String>,
    said: Arc<std::sync::Mutex<String>>,
}

impl TestHost {
    /// One on which the user has set `name`.
    pub fn with(name: &str, value: &str) -> Self {
        let mut host = Self::new();
        host.settings.insert(name.into(), value.into());
        host
    }

    pub fn new() -> Self {
        let settings = ["PATH", "POSTGRES_HOME"];
        let settings = settings
            .into_iter()
            .filter_map(|name| Some((name.to_string(), std::env::var(name).ok()?)));
        let scratch = tempfile::tempdir().unwrap();
        std::fs::set_permissions(scratch.path(), Permissions::from_mode(0o755)).unwrap();
        Self {
            scratch,
            cache: cache(),
            settings: settings.collect(),
            said: Arc::default(),
        }
    }

    /// How often a server of this host has said `text`.
    pub fn said(&self, text: &str) -> usize {
        self.said.lock().unwrap().matches(text).count()
    }

    /// Waits until a server has said `text` so often: what it says arrives late.
    pub async fn says(&self, text: &str, times: usize) {
        let saying = async {
            while self.said(text) != times {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let said = tokio::time::timeout(Duration::from_secs(30), saying).await;
        assert!(said.is_ok(), "{text}: {} times", self.said(text));
    }
}

/// Root's servers run as another user, who may not be able to enter the folder
/// that the project is built in.
fn cache() -> PathBuf {
    if rustix::process::geteuid().is_root() {
        PathBuf::from("/var/cache/exactly")
    } else {
        Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache")
    }
}

fn command(given: &ServerCommand) -> Command {
    let mut command = Command::new(&given.command[0]);
    command
        .args(&given.command[1..])
        .envs(given.env.iter().cloned())
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    if let Some((uid, gid)) = given.user {
        command.uid(uid).gid(gid);
    }
    command
}

fn failed(why: String) -> StartError {
    StartError::NotStarted {
        system: "postgres",
        why,
        hint: "look at the test".into(),
    }
}

struct Running {
    child: Mutex<Child>,
    line: String,
    pid: u32,
    stop_signal: StopSignal,
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
        Path::new("/dev/null")
    }

    async fn stop(&self) {
        let signal = match self.stop_signal {
            StopSignal::Term => rustix::process::Signal::TERM,
            StopSignal::Int => rustix::process::Signal::INT,
            StopSignal::Quit => rustix::process::Signal::QUIT,
        };
        self.signal(signal);
        let mut child = self.child.lock().await;
        if tokio::time::timeout(Duration::from_secs(10), child.wait())
            .await
            .is_err()
        {
            let _ = child.kill().await;
        }
    }

    async fn kill(&self) {
        self.signal_all(rustix::process::Signal::KILL);
        let _ = self.child.lock().await.kill().await;
    }

    fn pause(&self) {
        self.signal_all(rustix::process::Signal::STOP);
    }

    fn resume(&self) {
        self.signal_all(rustix::process::Signal::CONT);
    }

    fn exited(&self) -> Option<String> {
        let mut child = self.child.try_lock().ok()?;
        let status = child.try_wait().ok().flatten()?;
        Some(status.to_string())
    }
}

impl Running {
    fn signal(&self, signal: rustix::process::Signal) {
        send(self.pid, signal);
    }

    /// To its children too, each of which leads a group of its own.
    fn signal_all(&self, signal: rustix::process::Signal) {
        if self.exited().is_some() {
            return;
        }
        let children = children(self.pid);
        self.signal(signal);
        children.into_iter().for_each(|pid| send(pid, signal));
    }
}

fn send(pid: u32, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_raw(pid as i32).unwrap();
    let _ = rustix::process::kill_process(pid, signal);
}

/// The processes of a server, without the postmaster.
pub fn children(pid: u32) -> Vec<u32> {
    let path = format!("/proc/{pid}/task/{pid}/children");
    let children = std::fs::read_to_string(path).unwrap_or_default();
    let children = children.split_ascii_whitespace();
    children.map(|child| child.parse().unwrap()).collect()
}

#[async_trait]
impl Host for TestHost {
    async fn serve(&self, given: ServerCommand) -> Result<Box<dyn Server>, StartError> {
        let mut child = command(&given).spawn().map_err(|e| failed(e.to_string()))?;
        // What says its version says it on stdout, and a server nothing.
        let (stderr, stdout) = (child.stderr.take().unwrap(), child.stdout.take().unwrap());
        let mut lines = BufReader::new(stderr.chain(stdout)).lines();
        let mut output = String::new();
        let ready = async {
            while let Ok(Some(line)) = lines.next_line().await {
                if line.contains(&given.ready) {
                    return Some(line);
                }
                output.push_str(&line);
                output.push('\n');
            }
            None
        };
        let within = Duration::from_millis(given.ready_within_ms);
        let line = tokio::time::timeout(within, ready).await.ok().flatten();
        let line = line.ok_or_else(|| failed(output.clone()))?;
        let said = self.said.clone();
        said.lock().unwrap().push_str(&output);
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                said.lock().unwrap().push_str(&line);
            }
        });
        Ok(Box::new(Running {
            pid: child.id().unwrap(),
            child: Mutex::new(child),
            line,
            stop_signal: given.stop_signal,
        }))
    }

    async fn run(&self, given: ServerCommand) -> Result<(), StartError> {
        let output = command(&given)
            .output()
            .await
            .map_err(|e| failed(format!("{}: {e}", given.command[0])))?;
        if output.status.success() {
            return Ok(());
        }
        Err(failed(String::from_utf8_lossy(&output.stderr).into_owned()))
    }

    fn embedded(&self, name: &str) -> ServerCommand {
        panic!("postgres needs no embedded program of the harness, least of all {name}")
    }

    fn scratch(&self) -> &Path {
        self.scratch.path()
    }

    fn setting(&self, name: &str) -> Option<String> {
        self.settings.get(name).cloned()
    }

    fn cache(&self) -> PathBuf {
        self.cache.clone()
    }
}
