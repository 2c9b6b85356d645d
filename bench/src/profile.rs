//! Where the time of a trial goes, read off its history.

use crate::figures::{quantile, rounded};
use anyhow::Context;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// Marks in the order in which a killed trial passes them.
pub const MARKS: [&str; 8] = [
    "fed",
    "process started",
    "first exchange",
    "fault fired",
    "successor started",
    "last exchange",
    "at rest",
    "end",
];

/// The trials of one kind.
#[derive(Default)]
pub struct Trials {
    /// Milliseconds of each mark after the trial's first line.
    pub marks: Vec<[f64; MARKS.len()]>,
}

impl Trials {
    /// How long each took.
    pub fn millis(&self) -> Vec<f64> {
        self.marks
            .iter()
            .map(|marks| marks[MARKS.len() - 1])
            .collect()
    }

    /// Trials per minute with one worker.
    pub fn per_minute(&self) -> f64 {
        60_000.0 * self.marks.len() as f64 / self.millis().iter().sum::<f64>()
    }

    /// The median time at which each mark was passed.
    pub fn profile(&self) -> Value {
        let median = |at: usize| {
            let times: Vec<f64> = self.marks.iter().map(|marks| marks[at]).collect();
            json!(rounded(quantile(&times, 0.5)))
        };
        let marks = MARKS.iter().enumerate();
        marks
            .map(|(at, mark)| (mark.to_string(), median(at)))
            .collect()
    }
}

/// A run's trials by the kind of their first fault, and the run's span.
pub struct Profile {
    /// Trials by kind; `none` for those without a fault.
    pub kinds: BTreeMap<String, Trials>,
    /// From the first trial's first line to the last one's last, in milliseconds.
    pub span_ms: f64,
}

/// Reads `events.ndjson`.
pub fn read(events: &Path) -> anyhow::Result<Profile> {
    let text = std::fs::read_to_string(events)?;
    let mut by_trial: BTreeMap<u64, Vec<Value>> = BTreeMap::new();
    for line in text.lines() {
        let record: Value = serde_json::from_str(line).context("a line of the history")?;
        let trial = record["trial"].as_u64().unwrap_or_default();
        by_trial.entry(trial).or_default().push(record);
    }
    by_trial.remove(&0);
    let (mut kinds, mut first, mut last) = (BTreeMap::new(), f64::MAX, 0_f64);
    for records in by_trial.values() {
        let Some(marks) = marks(records) else {
            continue;
        };
        let begun = millis(&records[0]);
        first = first.min(begun);
        last = last.max(begun + marks[MARKS.len() - 1]);
        let fault = &records[0]["schedule"]["faults"][0]["kind"];
        let kind = fault.as_str().unwrap_or("none").to_string();
        let trials: &mut Trials = kinds.entry(kind).or_default();
        trials.marks.push(marks);
    }
    let span_ms = last - first;
    Ok(Profile { kinds, span_ms })
}

/// The marks of a trial that came to its end.
fn marks(records: &[Value]) -> Option<[f64; MARKS.len()]> {
    let begun = millis(records.first()?);
    let since = |record: &Value| millis(record) - begun;
    let event = |name: &'static str| records.iter().filter(move |record| record["ev"] == name);
    let started = |number: u64| {
        let mut lives = event("incarnation");
        lives.find(|r| r["state"] == "started" && r["incarnation"] == number)
    };
    let fired = event("fault").find(|record| record["state"] == "fired");
    let end = event("trial_end").next()?;
    let passed = [
        event("attempt").next_back(),
        started(1),
        // The request, not the answer: the record is written at the answer.
        None,
        fired,
        started(2),
        event("exchange").next_back(),
        event("settle").next(),
        Some(end),
    ];
    let mut marks = passed.map(|record| record.map_or(f64::NAN, since));
    let requests = event("exchange").filter_map(|record| record["request_ns"].as_f64());
    marks[2] = requests.fold(f64::NAN, f64::min) / 1e6 - begun;
    Some(marks)
}

fn millis(record: &Value) -> f64 {
    record["mono_ns"].as_f64().unwrap_or(f64::NAN) / 1e6
}
