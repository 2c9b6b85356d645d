//! Running the command and looking at what it leaves behind.

use exactly_model::Report;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A store of its own for one test.
pub struct Home {
    folder: PathBuf,
}

impl Home {
    pub fn new(test: &str) -> Self {
        let folder =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{test}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        Self { folder }
    }

    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// The command under test with its store here.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_exactly-under-test"));
        command
            .args(arguments)
            .arg("--out")
            .arg(&self.folder)
            .stdin(Stdio::null());
        command
    }

    pub fn evaluate(&self, arguments: &[&str]) -> Command {
        self.command(&[&["evaluate"], arguments].concat())
    }

    /// The only run there is, once it is there.
    pub fn run(&self) -> PathBuf {
        eventually("a run begins", Duration::from_secs(30), || {
            self.runs().into_iter().next()
        })
    }

    pub fn runs(&self) -> Vec<PathBuf> {
        let folder = std::fs::read_dir(self.folder.join("runs"));
        folder
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .collect()
    }

    /// `exactly judge` on a run: exit code and report.
    pub fn judge(&self, run: &Path) -> (i32, Report) {
        let output = self
            .command(&["judge", run.to_str().unwrap(), "--format", "json"])
            .output()
            .unwrap();
        let code = output.status.code().unwrap();
        (code, report(&output))
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

pub fn report(output: &Output) -> Report {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!(
            "no report ({error}): {}",
            String::from_utf8_lossy(&output.stderr)
        )
    })
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Whether it ended with this code, and said all of `parts`.
#[track_caller]
pub fn fails(output: &Output, code: u8, parts: &[&str]) {
    let text = stderr(output);
    assert_eq!(output.status.code(), Some(i32::from(code)), "{text}");
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }
}

/// Waits for a condition, and says which one did not come.
pub fn eventually<T>(what: &str, within: Duration, mut condition: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(start.elapsed() < within, "within {within:?}: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Whether there is a Kafka to run on; says so where there is none.
pub fn there_is_a_kafka(test: &str) -> bool {
    there_is("KAFKA_HOME", "Kafka", test)
}

/// Whether `setting` names a place with `what` to run on; says so where it does not.
pub fn there_is(setting: &str, what: &str, test: &str) -> bool {
    let there = std::env::var_os(setting).is_some_and(|home| !home.is_empty());
    if !there {
        // Not by `eprintln!`, which nobody sees of a test that passes.
        let line = format!("not run: {test}: {setting} names no {what}\n");
        std::io::stderr().write_all(line.as_bytes()).unwrap();
    }
    there
}

/// Processes that carry the mark of a run, with their command lines.
pub fn marked(run: &Path) -> Vec<(u32, String)> {
    let mark = format!("EXACTLY_RUN={}", run.file_name().unwrap().to_str().unwrap());
    let pids = std::fs::read_dir("/proc").unwrap().flatten();
    pids.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter(|pid| {
            let environ = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environ
                .split(|b| *b == 0)
                .any(|entry| entry == mark.as_bytes())
        })
        .map(|pid| {
            let command = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            (pid, String::from_utf8_lossy(&command).replace('\0', " "))
        })
        .collect()
}

/// Waits until nothing of a run is left: no process, no scratch folder.
pub fn nothing_left(run: &Path) {
    eventually(
        "nothing of the run is left",
        Duration::from_secs(20),
        || marked(run).is_empty().then_some(()),
    );
    let id = run.file_name().unwrap().to_str().unwrap().to_string();
    eventually(
        "the scratch folder is gone",
        Duration::from_secs(10),
        || {
            let there = std::fs::read_dir(std::env::temp_dir())
                .unwrap()
                .flatten()
                .any(|entry| entry.file_name().to_string_lossy().contains(&id));
            (!there).then_some(())
        },
    );
    // Backends hide their environment; their command line names their folder.
    let needle = format!("exactly-{id}-");
    let strays: Vec<String> = std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok())
        .map(|command| String::from_utf8_lossy(&command).into_owned())
        .filter(|command| command.contains(&needle) && !command.contains("guardian"))
        .collect();
    assert!(strays.is_empty(), "still there: {strays:?}");
}

/// A child that is killed when the test ends early.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Lines of a run's history that say `what`.
pub fn events(run: &Path, what: &str) -> usize {
    let text = std::fs::read_to_string(run.join("events.ndjson")).unwrap_or_default();
    text.lines().filter(|line| line.contains(what)).count()
}
