//! A host for an adapter's own tests: processes that end with their handles, and
//! embedded servers on threads. In a run the engine is the host, with a guardian.

use crate::{Host, Server, ServerCommand, StartError, StopSignal};
use async_trait::async_trait;
use rustix::process::{Pid, Signal, geteuid, kill_process};
use std::collections::BTreeMap;
use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::sync::Mutex;

/// How long a server may take to end when it is asked to.
const STOPPED_WITHIN: Duration = Duration::from_secs(10);

/// How often output is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// What `Host` is in a run, without its guardian.
pub struct TestHost {
    scratch: TempDir,
    settings: BTreeMap<String, String>,
    embedded: Option<fn() -> String>,
}

impl TestHost {
    /// A host that has these settings of the environment, where they are set and not
    /// empty, and a folder that goes when it is dropped.
    pub fn new(settings: &[&str]) -> Self {
        let scratch = tempfile::tempdir().unwrap();
        std::fs::set_permissions(scratch.path(), Permissions::from_mode(0o755)).unwrap();
        let set = settings
            .iter()
            .filter_map(|name| Some(((*name).into(), std::env::var(name).ok()?)));
        Self {
            scratch,
            settings: set.filter(|(_, value)| !value.is_empty()).collect(),
            embedded: None,
        }
    }

    /// One on which the user has set `name`.
    #[must_use]
    pub fn with_setting(mut self, name: &str, value: &str) -> Self {
        self.settings.insert(name.into(), value.into());
        self
    }

    /// One whose embedded server is started by this, which answers the line that says
    /// it is ready: see [`on_a_thread`].
    #[must_use]
    pub fn embedding(mut self, start: fn() -> String) -> Self {
        self.embedded = Some(start);
        self
    }

    /// Starts a process, which ends with its handle. Its output is added to the file.
    pub fn spawn(&self, given: &ServerCommand) -> Result<(Child, PathBuf), StartError> {
        let output = self.output_of(&given.name);
        let file = File::options().append(true).create(true).open(&output);
        let file = file.unwrap();
        let mut command = Command::new(&given.command[0]);
        command
            .args(&given.command[1..])
            .envs(given.env.iter().cloned())
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .kill_on_drop(true);
        if let Some((uid, gid)) = given.user {
            command.uid(uid).gid(gid);
        }
        let child = command.spawn();
        let child = child.map_err(|e| failed(format!("{}: {e}", given.command[0])))?;
        Ok((child, output))
    }

    fn output_of(&self, name: &str) -> PathBuf {
        self.scratch.path().join(format!("{name}.log"))
    }

    /// How often its servers have said `text`.
    pub fn said(&self, text: &str) -> usize {
        let files = std::fs::read_dir(self.scratch.path()).unwrap();
        let paths = files.map(|file| file.unwrap().path());
        let logs = paths.filter(|path| path.extension().is_some_and(|e| e == "log"));
        logs.map(|log| read(&log).matches(text).count()).sum()
    }

    /// Waits until they have said `text` so often.
    pub async fn says(&self, text: &str, times: usize) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while self.said(text) != times {
            assert!(
                Instant::now() < deadline,
                "{text}: {} times",
                self.said(text)
            );
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

/// Serves on a thread for as long as the tests run. `serve` announces the line that is
/// answered.
pub fn on_a_thread<S, F>(serve: S) -> String
where
    S: FnOnce(Box<dyn FnOnce(&str) + Send>) -> F + Send + 'static,
    F: Future<Output = std::io::Result<()>>,
{
    let (send, receive) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let announce = move |line: &str| send.send(line.to_string()).unwrap();
        runtime.block_on(serve(Box::new(announce)))
    });
    receive.recv().unwrap()
}

/// The children of a process that it has not left to others.
pub fn children(pid: u32) -> Vec<u32> {
    let path = format!("/proc/{pid}/task/{pid}/children");
    let children = std::fs::read_to_string(path).unwrap_or_default();
    let children = children.split_ascii_whitespace();
    children.map(|child| child.parse().unwrap()).collect()
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

fn send(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    let _ = kill_process(pid, signal);
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

struct Running {
    child: Mutex<Child>,
    pid: u32,
    line: String,
    output: PathBuf,
    stop_signal: StopSignal,
}

impl Running {
    /// To its children too, each of which may lead a group of its own.
    fn signal_all(&self, signal: Signal) {
        if self.exited().is_some() {
            return;
        }
        let children = children(self.pid);
        send(self.pid, signal);
        children.into_iter().for_each(|pid| send(pid, signal));
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
            let signal = match self.stop_signal {
                StopSignal::Term => Signal::TERM,
                StopSignal::Int => Signal::INT,
                StopSignal::Quit => Signal::QUIT,
            };
            send(self.pid, signal);
        }
        let mut child = self.child.lock().await;
        let ended = tokio::time::timeout(STOPPED_WITHIN, child.wait()).await;
        if ended.is_err() {
            let _ = child.kill().await;
        }
    }
    async fn kill(&self) {
        self.signal_all(Signal::KILL);
        let _ = self.child.lock().await.kill().await;
    }
    fn pause(&self) {
        self.signal_all(Signal::STOP);
    }
    fn resume(&self) {
        self.signal_all(Signal::CONT);
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
        if given.command.is_empty() {
            let start = self.embedded.expect("a host that embeds a server");
            let line = start();
            assert!(line.contains(&given.ready), "{line}");
            return Ok(Box::new(ThreadServer(line)));
        }
        let said_before = read(&self.output_of(&given.name)).len();
        let (mut child, output) = self.spawn(&given)?;
        let pid = child.id().unwrap();
        let deadline = Instant::now() + Duration::from_millis(given.ready_within_ms);
        let line = loop {
            let ended = child.try_wait().unwrap();
            let text = read(&output).split_off(said_before);
            // A line that is still being written is not there yet.
            let complete = text.rsplit_once('\n').map_or("", |(complete, _)| complete);
            if let Some(line) = complete.lines().find(|line| line.contains(&given.ready)) {
                break line.to_string();
            }
            if ended.is_some() || Instant::now() > deadline {
                return Err(failed(format!("{} is not ready: {text}", given.name)));
            }
            tokio::time::sleep(LOOK_EVERY).await;
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

    /// Without a command: it is a thread.
    fn embedded(&self, name: &str) -> ServerCommand {
        ServerCommand {
            name: name.into(),
            ..ServerCommand::default()
        }
    }

    fn scratch(&self) -> &Path {
        self.scratch.path()
    }

    fn setting(&self, name: &str) -> Option<String> {
        self.settings.get(name).cloned()
    }

    /// Root's servers run as another user, who may not be able to enter the folder that
    /// the project is built in.
    fn cache(&self) -> PathBuf {
        if geteuid().is_root() {
            PathBuf::from("/var/cache/exactly")
        } else {
            std::env::temp_dir().join("exactly-tests-cache")
        }
    }
}
