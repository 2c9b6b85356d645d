//! Ends what the harness started when the harness is gone.
//!
//! The guardian is a small process that holds the read end of a pipe. While the
//! harness lives it waits; when the pipe closes, for whatever reason, it ends
//! every process that carries the run's mark (and their descendants: Postgres
//! backends overwrite their environment), then removes the scratch folder.
//! `PR_SET_PDEATHSIG` would not do: it follows the thread that spawned, is
//! cleared by a change of user and is not inherited.

use super::proc::{descendants, has_variable, marked, signal};
use super::{Executable, MARK, STOP};
use rustix::process::Signal;
use std::collections::BTreeSet;
use std::io::{self, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

/// How often the guardian looks before it gives up: 10 s in all.
const SWEEPS_MAX: u32 = 200;
const SWEEP_EVERY: Duration = Duration::from_millis(50);
/// Sweeps that find nothing before it believes that nothing is left: a child
/// between fork and exec does not carry the mark yet.
const SWEEPS_EMPTY: u32 = 3;
/// Sweeps that a server gets to end by its own signal.
const SWEEPS_GENTLE: u32 = 20;

/// The harness's end: dropping it lets the guardian do its work.
#[derive(Debug)]
pub struct Guardian {
    child: Child,
}

impl Guardian {
    /// Starts the guardian: `guardian <mark> <scratch>`.
    pub fn start(executable: &Executable, mark: &str, scratch: &Path) -> io::Result<Self> {
        use std::os::unix::process::CommandExt;
        let again = executable.again(&["guardian", mark, &scratch.to_string_lossy()]);
        let (program, arguments) = again.command.split_first().ok_or(io::ErrorKind::NotFound)?;
        let child = Command::new(program)
            .args(arguments)
            .envs(again.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Ctrl-C goes to the foreground group: the guardian outlives it.
            .process_group(0)
            .spawn()?;
        Ok(Self { child })
    }

    /// Lets it do its work and waits for its end.
    pub fn finish(mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// What the guardian process runs. Returns when nothing is left, or when it has
/// looked often enough.
pub fn watch(mark: &str, scratch: &Path) {
    let mut end = [0; 64];
    let mut stdin = io::stdin();
    // Whatever ends the pipe, an error included, means that the harness is gone.
    while matches!(stdin.read(&mut end), Ok(n) if n > 0) {}
    sweep(mark);
    // Only ever a folder that the harness made for this run.
    if scratch
        .file_name()
        .is_some_and(|name| name.to_string_lossy().contains(mark))
    {
        let _ = std::fs::remove_dir_all(scratch);
    }
}

/// Ends everything that carries `mark`.
pub fn sweep(mark: &str) {
    let mut empty = 0;
    let mut family = BTreeSet::new();
    for round in 0..SWEEPS_MAX {
        let found = marked(MARK, mark);
        family.extend(found.iter().flat_map(|pid| descendants(*pid)));
        family.retain(|pid| Path::new("/proc").join(pid.to_string()).exists() && !zombie(*pid));
        if found.is_empty() && family.is_empty() {
            empty += 1;
            if empty == SWEEPS_EMPTY {
                return;
            }
        } else {
            empty = 0;
        }
        for pid in &found {
            end(*pid, round);
        }
        if found.is_empty() {
            // The parent is gone; its backends should follow by themselves.
            for pid in family.iter().filter(|_| round >= SWEEPS_GENTLE) {
                signal(*pid, Signal::KILL);
            }
        }
        sleep(SWEEP_EVERY);
    }
}

fn end(pid: u32, round: u32) {
    let gentle = [Signal::INT, Signal::QUIT]
        .into_iter()
        .find(|wanted| has_variable(pid, format!("{STOP}={}", wanted.as_raw()).as_bytes()));
    match gentle {
        // A clean stop frees what outlives a process (SysV shared memory).
        Some(wanted) if round == 0 => signal(pid, wanted),
        Some(_) if round < SWEEPS_GENTLE => {}
        _ => signal(pid, Signal::KILL),
    }
}

fn zombie(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .ok()
        .and_then(|stat| {
            stat.rsplit_once(") ")
                .map(|(_, rest)| rest.starts_with('Z'))
        })
        .unwrap_or(true)
}
