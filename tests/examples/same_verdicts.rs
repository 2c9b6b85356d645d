//! Runs `exactly evaluate` several times with one seed and compares what it
//! says: guarantees, verdicts, codes, classes.
//!
//! ```sh
//! cargo build --release
//! cargo run --release -p exactly-tests --example same_verdicts -- target/release/exactly 10
//! ```
//!
//! The last run has a busy thread on every core beside it. Ends with exit code 1
//! where two runs differ.

use exactly_model::Report;
use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What must not differ, one line for each cell.
fn essence(report: &Report) -> BTreeMap<String, String> {
    report
        .variants()
        .map(|(claim, variant)| {
            let codes: BTreeSet<&str> = variant.anomalies.iter().map(|a| a.code.as_str()).collect();
            let guarantees: Vec<&str> = variant.sinks.iter().map(|s| s.guarantee.name()).collect();
            let points = &variant.points;
            let line = format!(
                "{} {} codes {:?} classes {}/{} witnesses {}/{}",
                guarantees.join(","),
                variant.verdict,
                codes,
                points.classes_fired,
                points.classes,
                points.witnesses.1,
                points.witnesses.0,
            );
            (format!("{}/{}", claim.id, variant.id), line)
        })
        .collect()
}

fn run(exactly: &str, store: &std::path::Path) -> BTreeMap<String, String> {
    let output = Command::new(exactly)
        .args(["evaluate", "--format", "json", "--seed", "1", "--out"])
        .arg(store)
        .stderr(Stdio::null())
        .output()
        .expect("the command runs");
    let report: Report = serde_json::from_slice(&output.stdout).expect("it prints a report");
    essence(&report)
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (Some(exactly), Some(runs)) = (
        arguments.next(),
        arguments.next().and_then(|n| n.parse().ok()),
    ) else {
        eprintln!("usage: same_verdicts PATH-TO-EXACTLY RUNS");
        return ExitCode::from(2);
    };
    let store = tempfile::tempdir().expect("a folder for the runs");
    let mut first: Option<BTreeMap<String, String>> = None;
    let mut differences = 0;
    for number in 1..=runs {
        let loaded: bool = number == runs;
        let stop = Arc::new(AtomicBool::new(false));
        let threads: Vec<_> = (0..std::thread::available_parallelism().map_or(1, usize::from))
            .filter(|_| loaded)
            .map(|_| {
                let stop = stop.clone();
                std::thread::spawn(move || while !stop.load(Ordering::Relaxed) {})
            })
            .collect();
        let seen = run(&exactly, store.path());
        stop.store(true, Ordering::Relaxed);
        for thread in threads {
            thread.join().expect("a busy thread ends");
        }
        println!(
            "run {number}{}",
            if loaded { " (under full load)" } else { "" }
        );
        let reference = first.get_or_insert_with(|| seen.clone());
        for (cell, line) in &seen {
            let same = reference.get(cell) == Some(line);
            if number == 1 {
                println!("  {cell}: {line}");
            } else if !same {
                differences += 1;
                println!("  {cell} differs: {line}");
            }
        }
    }
    println!("{runs} runs, {differences} differences");
    ExitCode::from(u8::from(differences > 0))
}
