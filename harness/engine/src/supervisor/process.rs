//! One process and the supervisor that starts it.

use super::output::{pipe, pump};
use super::proc::{descendants, dies_of, is_running, signal, signal_group};
use super::{MARK, STOP, marked};
use rustix::process::Signal;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;
use tokio::sync::watch;

/// Looks for marked processes, at most.
const LOOKS_MAX: u32 = 8;
/// How long the output of a process that has ended may take to arrive.
pub(super) const LAST_WORDS: Duration = Duration::from_secs(1);

/// What to start.
#[derive(Clone, Debug, Default)]
pub struct Launch {
    /// Program and arguments.
    pub command: Vec<String>,
    /// Environment on top of the harness's own.
    pub env: Vec<(String, String)>,
    /// Folder that it runs in.
    pub dir: Option<String>,
    /// User and group.
    pub user: Option<(u32, u32)>,
    /// What asks it to end.
    pub stop: exactly_model::Signal,
    /// Where its output is kept.
    pub output: PathBuf,
    /// How much of it, in bytes.
    pub output_bytes: u64,
    /// A line with this text is announced by [`Process::ready_line`].
    pub ready: Option<String>,
    /// Number of the signal that the guardian tries before SIGKILL.
    pub gentle: Option<i32>,
}

/// Starts processes that carry the mark of one run.
#[derive(Clone, Debug)]
pub struct Supervisor {
    mark: String,
}

impl Supervisor {
    /// A supervisor for the run with mark `mark`.
    pub fn new(mark: &str) -> Self {
        Self { mark: mark.into() }
    }

    /// The mark.
    pub(super) fn mark(&self) -> &str {
        &self.mark
    }

    /// Starts a process in a group of its own.
    pub fn spawn(&self, launch: &Launch) -> io::Result<Process> {
        let (program, arguments) = launch
            .command
            .split_first()
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the command is empty"))?;
        let (receiver, writer) = pipe()?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .envs(launch.env.iter().map(|(name, value)| (name, value)))
            .env(MARK, &self.mark)
            .stdin(Stdio::null())
            .stdout(writer.try_clone()?)
            .stderr(writer)
            .process_group(0)
            .kill_on_drop(true);
        if let Some(signal) = launch.gentle {
            command.env(STOP, signal.to_string());
        }
        if let Some(dir) = &launch.dir {
            command.current_dir(dir);
        }
        if let Some((user, group)) = launch.user {
            command.uid(user).gid(group);
        }
        let mut child = command.spawn()?;
        // The parent's copies of the pipe's write end go with the command.
        drop(command);
        let pid = child
            .id()
            .expect("a child that was not waited for has a pid");
        let (exit_sender, exit) = watch::channel(None);
        let (ready_sender, ready) = watch::channel(None);
        let (output, limit) = (launch.output.clone(), launch.output_bytes);
        let ready_text = launch.ready.clone();
        let pump = pump(receiver, output, limit, ready_text, ready_sender);
        let ended = exit.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = pump => {}
                // A stray that still holds the pipe must not keep the task.
                () = long_gone(ended) => {}
            }
        });
        tokio::spawn(async move {
            let status = match child.wait().await {
                Ok(status) => describe(status),
                Err(error) => format!("cannot be waited for: {error}"),
            };
            // The group ends with its leader: what it left behind must not meet its
            // successor. Later its number may be another's.
            signal_group(pid, Signal::KILL);
            exit_sender.send_replace(Some(status));
        });
        Ok(Process {
            pid,
            exit,
            ready,
            output: launch.output.clone(),
            stop: stop_signal(launch.stop),
        })
    }

    /// Ends every process that carries `name=value` besides the mark, and answers
    /// how many there were.
    pub fn end_marked(&self, name: &str, value: &str) -> usize {
        let mut ended = BTreeSet::new();
        // While there are any, another may just be becoming another program, and
        // carries nothing at that moment.
        for _ in 0..LOOKS_MAX {
            let found = marked(name, value);
            if found.is_empty() {
                break;
            }
            for pid in found {
                signal(pid, Signal::KILL);
                ended.insert(pid);
            }
        }
        ended.len()
    }
}

/// Comes some time after a process has ended: its last words are in by then.
async fn long_gone(mut exit: watch::Receiver<Option<String>>) {
    let _ = exit.wait_for(Option::is_some).await;
    tokio::time::sleep(LAST_WORDS).await;
}

fn describe(status: std::process::ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "unknown status".into(),
    }
}

/// A running process. Dropping it kills its group.
#[derive(Debug)]
pub struct Process {
    pid: u32,
    exit: watch::Receiver<Option<String>>,
    ready: watch::Receiver<Option<String>>,
    output: PathBuf,
    stop: Signal,
}

fn stop_signal(signal: exactly_model::Signal) -> Signal {
    match signal {
        exactly_model::Signal::Term => Signal::TERM,
        exactly_model::Signal::Int => Signal::INT,
        exactly_model::Signal::Quit => Signal::QUIT,
        exactly_model::Signal::Hup => Signal::HUP,
    }
}

impl Process {
    /// Process id.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Where its output is.
    pub fn output(&self) -> &Path {
        &self.output
    }

    /// How it ended, once it has.
    pub fn exited(&self) -> Option<String> {
        self.exit.borrow().clone()
    }

    /// Waits for its end.
    pub async fn wait(&self) -> String {
        let mut exit = self.exit.clone();
        match exit.wait_for(Option::is_some).await {
            Ok(status) => status.clone().unwrap_or_default(),
            Err(_) => "unknown status".into(),
        }
    }

    /// Waits for its end, at most `limit`.
    pub async fn wait_at_most(&self, limit: Duration) -> Option<String> {
        tokio::time::timeout(limit, self.wait()).await.ok()
    }

    /// The line that said it was ready, once it has been printed.
    pub fn ready_line(&self) -> Option<String> {
        self.ready.borrow().clone()
    }

    /// Waits for the line that says it is ready. `None` when its output ended
    /// first.
    pub async fn wait_ready_line(&self) -> Option<String> {
        let mut ready = self.ready.clone();
        ready
            .wait_for(Option::is_some)
            .await
            .ok()
            .and_then(|line| line.clone())
    }

    /// Whether any of its threads runs, or waits for a processor or a disk.
    pub fn is_running(&self) -> bool {
        is_running(self.pid)
    }

    /// Waits until all of its output is kept, at most `limit`: a child of its may
    /// hold the other end open.
    pub async fn drained(&self, limit: Duration) {
        let mut ready = self.ready.clone();
        let ended = async { while ready.changed().await.is_ok() {} };
        let _ = tokio::time::timeout(limit, ended).await;
    }

    /// Whether its stop signal is sure to end it: it neither handles nor ignores
    /// nor blocks it.
    pub fn dies_of_stop_signal(&self) -> bool {
        dies_of(self.pid, self.stop)
    }

    /// SIGKILL to the group and to descendants that have left it.
    pub fn kill(&self) {
        if self.exited().is_some() {
            return;
        }
        let strays = descendants(self.pid);
        signal_group(self.pid, Signal::KILL);
        for pid in strays {
            signal(pid, Signal::KILL);
        }
    }

    /// Its stop signal to the group.
    pub fn terminate(&self) {
        self.signal_group(self.stop);
    }

    /// Sends a signal, by number, to the process alone.
    pub fn signal(&self, number: i32) {
        let wanted = Signal::from_named_raw(number).filter(|_| self.exited().is_none());
        if let Some(wanted) = wanted {
            signal(self.pid, wanted);
        }
    }

    /// SIGSTOP to the group and to descendants that have left it: each backend of
    /// PostgreSQL leads a group of its own.
    pub fn freeze(&self) {
        if self.exited().is_some() {
            return;
        }
        signal_group(self.pid, Signal::STOP);
        let mut frozen = BTreeSet::new();
        // One that was just being started is found by the next look.
        for _ in 0..LOOKS_MAX {
            let found = descendants(self.pid);
            let fresh: Vec<u32> = found.difference(&frozen).copied().collect();
            if fresh.is_empty() {
                break;
            }
            for pid in fresh {
                signal(pid, Signal::STOP);
                frozen.insert(pid);
            }
        }
    }

    /// SIGCONT to all that [`freeze`](Self::freeze) has stopped.
    pub fn thaw(&self) {
        if self.exited().is_some() {
            return;
        }
        for pid in descendants(self.pid) {
            signal(pid, Signal::CONT);
        }
        signal_group(self.pid, Signal::CONT);
    }

    fn signal_group(&self, signal: Signal) {
        // Once it is gone its number may be another's.
        if self.exited().is_none() {
            signal_group(self.pid, signal);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
