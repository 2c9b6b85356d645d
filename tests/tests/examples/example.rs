//! One example, and what is asked of it.

use exactly_model::{Code, FaultKind, Report, VariantReport, Verdict};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Examples with tests of their own.
pub const TESTED_ELSEWHERE: &[&str] = &["rust-orders"];

/// Trials at a time: each starts a process of its own, a JVM at worst.
const JOBS: &str = "3";

/// Where Kafka runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    Embedded,
    Real,
}

/// A folder under `examples`.
pub struct Example {
    pub name: &'static str,
    /// What is there once its libraries are.
    pub built: &'static str,
    /// What each of `kinds` has to strike in `right`.
    pub operations: &'static [&'static str],
    /// The kinds of fault that do.
    pub kinds: &'static [FaultKind],
    /// Systems that are not the real ones.
    pub emulated: &'static [&'static str],
    /// Whether it is judged on a real broker too.
    pub real: bool,
}

impl Example {
    /// The predicted code, by one message and one fault.
    pub fn wrong(&self, place: Place) {
        let Some((output, report)) = self.check("wrong", place) else {
            return;
        };
        let cell = the_cell(&report);
        let said = said(&output);
        assert_eq!(output.status.code(), Some(100), "{said}");
        assert_eq!(cell.verdict, Verdict::Refuted, "{said}");
        let doubled = cell.counterexamples.iter().find(|c| c.code == Code::D3);
        let doubled = doubled.unwrap_or_else(|| panic!("no D3: {said}"));
        assert_eq!(doubled.messages, 1, "{doubled:?}");
        assert_eq!(doubled.schedule.faults.len(), 1, "{doubled:?}");
        let forbidden = cell.anomalies.iter().filter(|a| a.forbidden);
        let codes: BTreeSet<Code> = forbidden.map(|a| a.code).collect();
        let predicted = [Code::D3, Code::T3];
        assert!(
            codes.iter().all(|code| predicted.contains(code)),
            "{codes:?}: {said}"
        );
        assert!(codes.contains(&Code::D3), "{codes:?}");
    }

    /// Nothing forbidden, and everything that applies has fired.
    pub fn right(&self, place: Place) {
        let Some((output, report)) = self.check("right", place) else {
            return;
        };
        let cell = the_cell(&report);
        let said = said(&output);
        assert_eq!(output.status.code(), Some(0), "{said}");
        assert_eq!(cell.verdict, Verdict::Upheld, "{said}");
        for operation in self.operations {
            let fired = fired(cell, operation);
            for kind in self.kinds {
                assert!(
                    fired.contains(kind),
                    "{kind} at {operation} never fired: {fired:?}"
                );
            }
        }
    }

    /// Runs the check; `None` where the example's libraries are not here.
    fn check(&self, variant: &str, place: Place) -> Option<(Output, Report)> {
        let folder = root().join("examples").join(self.name);
        let lacks = match place {
            _ if !folder.join(self.built).exists() => Some("its libraries (examples/install.sh)"),
            Place::Real if std::env::var_os("KAFKA_HOME").is_none() => {
                Some("a Kafka (its folder in KAFKA_HOME)")
            }
            _ => None,
        };
        if let Some(lacks) = lacks {
            let asked = std::env::var("EXACTLY_TEST_EXAMPLES").unwrap_or_default();
            let asked = asked.split(',').any(|name| name == self.name);
            assert!(!asked, "{} lacks {lacks}", self.name);
            println!(
                "not run: {}/{variant} {place:?}: {lacks} is not here",
                self.name
            );
            return None;
        }
        let _alone = alone();
        let store = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_exactly-under-test"));
        command
            .arg("check")
            .arg(folder.join(variant).join("exactly.toml"))
            .args(["--format", "json", "--jobs", JOBS, "--out"])
            .arg(store.path())
            .env("PATH", path(&folder));
        if variant == "wrong" {
            command.arg("--fail-fast");
        }
        if place == Place::Real {
            command.args(["--on", "kafka=local"]);
        }
        let output = command.output().unwrap();
        let report: Report = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", said(&output)));
        let systems = report.systems.iter();
        let emulated: BTreeSet<&str> = systems
            .filter(|system| system.emulated)
            .map(|system| system.kind.as_str())
            .collect();
        let expected: BTreeSet<&str> = match place {
            Place::Embedded => self.emulated.iter().copied().collect(),
            Place::Real => BTreeSet::new(),
        };
        assert_eq!(emulated, expected, "{}", said(&output));
        Some((output, report))
    }
}

/// One check at a time: two would starve each other's clients.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn the_cell(report: &Report) -> &VariantReport {
    report.variants().next().unwrap().1
}

/// The kinds that fired at points of an operation, whatever its target.
fn fired(cell: &VariantReport, operation: &str) -> BTreeSet<FaultKind> {
    let classes = cell.points.by_class.iter();
    let of = classes.filter(|class| class.class.to_string().starts_with(operation));
    of.flat_map(|class| class.kinds.keys().copied()).collect()
}

/// What its user has on the path: the example's own Python first.
fn path(folder: &Path) -> std::ffi::OsString {
    let own = folder.join(".venv/bin");
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let all = std::iter::once(own).chain(std::env::split_paths(&inherited));
    std::env::join_paths(all).unwrap()
}

fn said(output: &Output) -> String {
    let of = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{}\n{}", of(&output.stderr), of(&output.stdout))
}

/// The names of the folders under `examples`.
pub fn folders() -> Vec<String> {
    let entries = std::fs::read_dir(root().join("examples")).unwrap();
    let folders = entries.map(Result::unwrap).filter(|e| e.path().is_dir());
    let mut names: Vec<String> = folders
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .into()
}
