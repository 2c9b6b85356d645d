//! Systems that `exactly up` holds.

use crate::support::{Home, Running, eventually};
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

/// How long anything of them may take.
pub const SOON: Duration = Duration::from_secs(60);

/// The command, with what it writes down for others here.
pub fn exactly(home: &Home, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_exactly-under-test"));
    command
        .args(arguments)
        .env("XDG_RUNTIME_DIR", home.path())
        .stdin(Stdio::null());
    command
}

/// Systems that are up.
pub struct Up {
    pub running: Running,
    /// `SYSTEM ADDRESS`, as printed.
    pub lines: Vec<String>,
}

impl Up {
    pub fn start(home: &Home, arguments: &[&str], systems: usize) -> Self {
        let mut command = exactly(home, &[&["up"], arguments].concat());
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut running = Running(command.spawn().unwrap());
        let stdout = running.0.stdout.take().unwrap();
        let lines = BufReader::new(stdout).lines().take(systems);
        let lines: Vec<String> = lines.map(Result::unwrap).collect();
        assert_eq!(lines.len(), systems, "{arguments:?} ended early: {lines:?}");
        Self { running, lines }
    }

    pub fn address(&self, system: &str) -> &str {
        let mut pairs = self.lines.iter().filter_map(|line| line.split_once(' '));
        pairs.find(|(name, _)| *name == system).unwrap().1
    }

    /// What its processes carry: stands for a run's folder.
    pub fn mark(&self) -> PathBuf {
        PathBuf::from(format!("up-{}", self.running.0.id()))
    }

    pub fn signal(&self, name: &str) {
        let pid = self.running.0.id().to_string();
        let sent = Command::new("kill").args([name, &pid]).status().unwrap();
        assert!(sent.success());
    }

    pub fn code(&mut self) -> Option<i32> {
        let ended = eventually("it ends", SOON, || self.running.0.try_wait().unwrap());
        ended.code()
    }
}
