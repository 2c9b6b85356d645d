//! The run store: `<root>/runs/<id>/events.ndjson` and the output of each
//! incarnation beside it.
//!
//! A line is handed to the kernel before anything acts on it where that matters
//! ([`Recorder::record_durably`], used for a fault before its signal). It then
//! survives a SIGKILL of the harness; it does not claim to survive a power cut.

use crate::EngineError;
use crate::clock::{Clock, stamp};
use exactly_model::{Event, HISTORY_VERSION, RUN_MAX, Record};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// How far apart the numbers of runs are that a process begins at the same moment: a
/// prime, so that a quarter of an hour of milliseconds leads to no other one soon.
const RUNS_APART: u64 = 49_999;

/// Name of the history file in a run's folder.
pub const EVENTS: &str = "events.ndjson";

/// A history larger than this ends the run: files are bounded too.
const EVENTS_BYTES_MAX: u64 = 8 << 30;

/// A line longer than this is not ours.
const LINE_BYTES_MAX: u64 = 64 << 20;

/// Sees each record as it is written, in the order of the file.
pub type Tap = Box<dyn FnMut(&Record) + Send>;

/// Writes the history of one run.
pub struct Recorder {
    clock: Clock,
    run: RunId,
    inner: Mutex<Inner>,
}

/// What tells a run from others.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RunId {
    /// Folder name.
    pub id: String,
    /// Number in message ids.
    pub number: u32,
    /// Folder.
    pub folder: PathBuf,
}

struct Inner {
    out: BufWriter<File>,
    lines: u64,
    bytes: u64,
    failed: Option<io::Error>,
    tap: Tap,
}

impl Recorder {
    /// Creates the folder of a new run under `root`.
    pub fn create(root: &Path, tap: Tap) -> Result<Arc<Self>, EngineError> {
        let clock = Clock::new();
        let (run, file) = new_run(root, clock.wall_ns())?;
        let inner = Inner {
            out: BufWriter::with_capacity(1 << 16, file),
            lines: 0,
            bytes: 0,
            failed: None,
            tap,
        };
        Ok(Arc::new(Self {
            clock,
            run,
            inner: Mutex::new(inner),
        }))
    }

    /// The run.
    pub fn run(&self) -> &RunId {
        &self.run
    }

    /// The run's clock.
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// Writes one record. Buffered: a crash of the harness may lose the last
    /// ones, which costs evidence and never makes any. An error is kept for
    /// [`Recorder::flush`].
    pub fn record(&self, trial: u32, event: Event) {
        let mut inner = self
            .inner
            .lock()
            .expect("the recorder's lock is never poisoned");
        let record = Record {
            v: HISTORY_VERSION,
            n: inner.lines + 1,
            trial,
            mono_ns: self.clock.mono_ns(),
            wall_ns: self.clock.wall_ns(),
            event,
        };
        inner.write(&record);
    }

    /// Writes one record and hands everything so far to the kernel. What comes
    /// after this call may rely on the record being found by whoever judges the
    /// run later, even if the harness is killed.
    pub fn record_durably(&self, trial: u32, event: Event) {
        self.record(trial, event);
        // A failure is kept and reported at the next `flush`.
        let _ = self.flush();
    }

    /// Hands everything so far to the kernel; the first error of any write.
    pub fn flush(&self) -> Result<(), EngineError> {
        let mut inner = self
            .inner
            .lock()
            .expect("the recorder's lock is never poisoned");
        if inner.failed.is_none()
            && let Err(error) = inner.out.flush()
        {
            inner.failed = Some(error);
        }
        match &inner.failed {
            None => Ok(()),
            Some(error) => Err(EngineError::Store {
                path: self.run.folder.join(EVENTS),
                error: io::Error::new(error.kind(), error.to_string()),
            }),
        }
    }
}

/// Makes the folder of a new run and its history, with a number that no other run
/// under `root` has.
fn new_run(root: &Path, wall_ns: u64) -> Result<(RunId, File), EngineError> {
    // Two runs that share a broker must not share names: the number mixes time,
    // process id, and how many runs this process has begun.
    static BEGUN: AtomicU64 = AtomicU64::new(0);
    let begun = BEGUN.fetch_add(1, Ordering::Relaxed);
    let mixed = (wall_ns / 1_000_000) ^ (u64::from(std::process::id()) << 7);
    let mixed = mixed.wrapping_add(begun.wrapping_mul(RUNS_APART));
    let runs = root.join("runs");
    for attempt in 0..=u64::from(RUN_MAX) {
        let number = (mixed.wrapping_add(attempt) % u64::from(RUN_MAX)) as u32 + 1;
        if is_taken(&runs, number) {
            continue;
        }
        let id = format!("{}-{number:05x}", stamp(wall_ns));
        let folder = runs.join(&id);
        let path = folder.join(EVENTS);
        let made = fs::create_dir_all(folder.join("output"))
            .and_then(|()| File::options().create_new(true).append(true).open(&path));
        match made {
            Ok(file) => return Ok((RunId { id, number, folder }, file)),
            // Another run began at the same moment.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => {}
            Err(error) => return Err(EngineError::Store { path, error }),
        }
    }
    let error = io::Error::other("every run number is taken");
    Err(EngineError::Store { path: runs, error })
}

fn is_taken(runs: &Path, number: u32) -> bool {
    let suffix = format!("-{number:05x}");
    fs::read_dir(runs)
        .into_iter()
        .flatten()
        .flatten()
        .any(|entry| entry.file_name().to_string_lossy().ends_with(&suffix))
}

impl Inner {
    fn write(&mut self, record: &Record) {
        if self.failed.is_some() {
            return;
        }
        match self.append(record) {
            Ok(()) => (self.tap)(record),
            Err(error) => self.failed = Some(error),
        }
    }

    fn append(&mut self, record: &Record) -> io::Result<()> {
        let mut line = serde_json::to_vec(record).map_err(io::Error::other)?;
        line.push(b'\n');
        self.bytes += line.len() as u64;
        if self.bytes > EVENTS_BYTES_MAX {
            return Err(io::Error::other(
                "the history would pass its limit of 8 GiB",
            ));
        }
        self.out.write_all(&line)?;
        self.lines += 1;
        Ok(())
    }
}

/// Reads the records of a history back. A torn last line is ignored; a torn
/// line elsewhere, or a newer version, is an error.
pub fn read(path: &Path) -> io::Result<impl Iterator<Item = io::Result<Record>>> {
    use std::io::{BufRead, Read};
    let mut reader = io::BufReader::with_capacity(1 << 16, File::open(path)?);
    let mut line = Vec::new();
    let mut number = 0_u64;
    Ok(std::iter::from_fn(move || {
        line.clear();
        number += 1;
        match reader
            .by_ref()
            .take(LINE_BYTES_MAX)
            .read_until(b'\n', &mut line)
        {
            Ok(n) if n as u64 == LINE_BYTES_MAX => {
                Some(Err(bad(format!("line {number} is longer than 64 MiB"))))
            }
            Err(error) => Some(Err(error)),
            Ok(0) => None,
            // Torn: the harness died while it wrote this line.
            Ok(_) if line.last() != Some(&b'\n') => None,
            Ok(_) => Some(parse(&line, number)),
        }
    }))
}

fn bad(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

fn parse(line: &[u8], number: u64) -> io::Result<Record> {
    #[derive(serde::Deserialize)]
    struct Version {
        v: u32,
    }
    let version: Version =
        serde_json::from_slice(line).map_err(|error| bad(format!("line {number}: {error}")))?;
    if version.v > HISTORY_VERSION {
        return Err(bad(format!(
            "line {number}: history version {} is newer than this tool, which reads up to {HISTORY_VERSION}",
            version.v
        )));
    }
    serde_json::from_slice(line).map_err(|error| bad(format!("line {number}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use exactly_model::{Note, NoteKind};

    fn note(text: &str) -> Event {
        Event::Note(Note::new(NoteKind::Remark, text))
    }

    #[test]
    fn what_was_recorded_is_read_back_without_the_torn_end() {
        let root = tempfile::tempdir().unwrap();
        let recorder = Recorder::create(root.path(), Box::new(|_| {})).unwrap();
        for i in 0..3 {
            recorder.record(i, note(&format!("n{i}")));
        }
        recorder.flush().unwrap();
        let path = recorder.run().folder.join(EVENTS);
        let whole = fs::read(&path).unwrap();
        // Whatever the point at which the harness was killed, the whole lines
        // before it are there.
        for cut in 0..=whole.len() {
            fs::write(&path, &whole[..cut]).unwrap();
            let records: Vec<Record> = read(&path).unwrap().map(Result::unwrap).collect();
            let lines = whole[..cut].iter().filter(|b| **b == b'\n').count();
            assert_eq!(records.len(), lines);
            assert!(records.iter().enumerate().all(|(i, r)| r.trial == i as u32));
        }
    }

    #[test]
    fn runs_of_one_moment_have_numbers_of_their_own() {
        // Each in a store of its own: no folder tells them apart.
        let number = |_| {
            let root = tempfile::tempdir().unwrap();
            let recorder = Recorder::create(root.path(), Box::new(|_| {})).unwrap();
            recorder.run().number
        };
        let numbers: Vec<u32> = (0..20).map(number).collect();
        let distinct: std::collections::BTreeSet<_> = numbers.iter().collect();
        assert_eq!(distinct.len(), numbers.len(), "{numbers:?}");
    }

    #[test]
    fn a_newer_history_is_refused_with_a_sentence() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("h");
        fs::write(&path, "{\"v\":2,\"anything\":1}\n").unwrap();
        let error = read(&path).unwrap().next().unwrap().unwrap_err();
        assert!(error.to_string().contains("version 2 is newer"), "{error}");
    }
}
