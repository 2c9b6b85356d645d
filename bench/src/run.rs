//! A run of the `exactly` command, watched from outside.

use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A run under way. Dropping it ends it.
pub struct Run {
    child: Child,
    started: Instant,
    store: tempfile::TempDir,
}

/// How a run went.
pub struct Ended {
    /// Seconds from the start to the first line that tells a verdict.
    pub first_verdict_s: Option<f64>,
    /// Seconds from the start to the end.
    pub total_s: f64,
    /// Its exit code.
    pub code: Option<i32>,
}

impl Run {
    /// Starts `exactly evaluate ...` with a store of its own.
    pub fn evaluate(arguments: &[&str]) -> anyhow::Result<Self> {
        let store = tempfile::tempdir()?;
        let started = Instant::now();
        let child = Command::new(crate::figures::executable()?)
            .arg("evaluate")
            .args(arguments)
            .arg("--out")
            .arg(store.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        Ok(Self {
            child,
            started,
            store,
        })
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> anyhow::Result<Ended> {
        let stderr = self.child.stderr.take().context("a run is awaited once")?;
        let mut first_verdict_s = None;
        for line in BufReader::new(stderr).lines() {
            // "claim/variant: refuted (...), measured at ..." is a verdict.
            if line?.contains(", measured at ") && first_verdict_s.is_none() {
                first_verdict_s = Some(self.started.elapsed().as_secs_f64());
            }
        }
        let status = self.child.wait()?;
        Ok(Ended {
            first_verdict_s,
            total_s: self.started.elapsed().as_secs_f64(),
            code: status.code(),
        })
    }

    /// Its history.
    pub fn events(&self) -> anyhow::Result<PathBuf> {
        let runs = std::fs::read_dir(self.store.path().join("runs"))?;
        let run = runs.flatten().next().context("the run has no folder")?;
        Ok(run.path().join("events.ndjson"))
    }

    /// Seconds since its start.
    pub fn seconds(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }

    /// Its own process, and the embedded broker that it started.
    pub fn pids(&self) -> (u32, Option<u32>) {
        let own = self.child.id();
        let children = std::fs::read_to_string(format!("/proc/{own}/task/{own}/children"));
        let threads = std::fs::read_dir(format!("/proc/{own}/task"));
        // Any thread of the runtime may have started the broker.
        let of_threads = threads
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
        let all: Vec<String> = children.into_iter().chain(of_threads).collect();
        let broker = all
            .iter()
            .flat_map(|text| text.split_whitespace())
            .filter_map(|pid| pid.parse().ok())
            .find(|pid: &u32| {
                std::fs::read(format!("/proc/{pid}/cmdline"))
                    .is_ok_and(|line| String::from_utf8_lossy(&line).contains("embedded-kafka"))
            });
        (own, broker)
    }

    /// Ctrl-C.
    pub fn interrupt(&self) -> anyhow::Result<()> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        Ok(kill_process(pid.context("no pid")?, Signal::INT)?)
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        // The guardian ends whatever the run has started.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Highest resident memory of a process so far, in MB.
pub fn peak_mb(pid: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024.0 / 1e6)
}

/// Counts the lines of a growing file that hold a text.
pub struct Counter {
    file: File,
    rest: Vec<u8>,
    mark: &'static [u8],
    /// Lines seen so far.
    pub count: u64,
}

impl Counter {
    /// Counts lines of `path` with `mark`.
    pub fn new(path: &Path, mark: &'static str) -> anyhow::Result<Self> {
        Ok(Self {
            file: File::open(path)?,
            rest: Vec::new(),
            mark: mark.as_bytes(),
            count: 0,
        })
    }

    /// Takes what has been written since.
    pub fn advance(&mut self) -> anyhow::Result<()> {
        self.file.read_to_end(&mut self.rest)?;
        let whole = self
            .rest
            .iter()
            .rposition(|b| *b == b'\n')
            .map_or(0, |at| at + 1);
        let lines = self.rest[..whole].split(|b| *b == b'\n');
        let holds = |line: &&[u8]| line.windows(self.mark.len()).any(|part| part == self.mark);
        self.count += lines.filter(holds).count() as u64;
        self.rest.drain(..whole);
        Ok(())
    }
}

/// Waits until `condition` holds, for at most `within`.
pub fn wait_until(
    within: Duration,
    mut condition: impl FnMut() -> anyhow::Result<bool>,
) -> anyhow::Result<()> {
    let start = Instant::now();
    while !condition()? {
        anyhow::ensure!(start.elapsed() < within, "not within {within:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}
