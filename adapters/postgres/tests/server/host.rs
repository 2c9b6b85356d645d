//! Runs servers with tokio and kills them when dropped.

use async_trait::async_trait;
use exactly_adapter::{Host, Server, ServerCommand, StartError, StopSignal};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::Mutex;

pub struct TestHost {
    scratch: tempfile::TempDir,
    cache: PathBuf,
}

impl TestHost {
    pub fn new() -> Self {
        let scratch = tempfile::tempdir().unwrap();
        std::fs::set_permissions(scratch.path(), Permissions::from_mode(0o755)).unwrap();
        Self {
            scratch,
            cache: cache(),
        }
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
        .stdout(Stdio::null())
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
        let _ = self.child.lock().await.kill().await;
    }

    fn pause(&self) {
        self.signal(rustix::process::Signal::STOP);
    }

    fn resume(&self) {
        self.signal(rustix::process::Signal::CONT);
    }

    fn exited(&self) -> Option<String> {
        let mut child = self.child.try_lock().ok()?;
        let status = child.try_wait().ok().flatten()?;
        Some(status.to_string())
    }
}

impl Running {
    fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_raw(self.pid as i32).unwrap();
        let _ = rustix::process::kill_process(pid, signal);
    }
}

#[async_trait]
impl Host for TestHost {
    async fn serve(&self, given: ServerCommand) -> Result<Box<dyn Server>, StartError> {
        let mut child = command(&given).spawn().map_err(|e| failed(e.to_string()))?;
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
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
        let line = line.ok_or_else(|| failed(output))?;
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
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
        panic!("postgres looks at no setting, least of all {name}")
    }

    fn cache(&self) -> PathBuf {
        self.cache.clone()
    }
}
