//! What trials, verdicts and a long feed cost. Writes
//! `docs/performance/{trials,verdict,feed,judge}.json`.
//!
//! `cargo bench -p exactly-bench --bench trials [-- trials verdict feed judge]`;
//! `judge` only keeps what `cargo bench -p exactly-check` has measured.

use anyhow::Context;
use exactly_bench::figures::{Figures, executable, rounded, spread};
use exactly_bench::profile;
use exactly_bench::run::{Counter, Run, peak_mb, wait_until};
use serde_json::json;
use std::time::Duration;

const CELL: &str = "ack-after-process/effect-then-ack";
const FED: u64 = 1_000_000;

fn main() -> anyhow::Result<()> {
    let asked: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    for (name, measure) in [
        ("trials", trials as fn(&mut Figures) -> anyhow::Result<()>),
        ("verdict", verdict),
        ("feed", feed),
        ("judge", judge),
    ] {
        if asked.is_empty() || asked.iter().any(|a| a == name) {
            let mut figures = Figures::new(name);
            measure(&mut figures)?;
            figures.write()?;
        }
    }
    Ok(())
}

/// One cell with one worker three times, and with more once each.
fn trials(figures: &mut Figures) -> anyhow::Result<()> {
    for (jobs, seeds) in [("1", 1..4), ("2", 1..2), ("4", 1..2)] {
        let (mut kills, mut all) = (Vec::new(), Vec::new());
        for seed in seeds {
            let seed = seed.to_string();
            let mut run = Run::evaluate(&[CELL, "--jobs", jobs, "--seed", &seed])?;
            let ended = run.wait()?;
            anyhow::ensure!(ended.code == Some(0), "the run ended with {:?}", ended.code);
            let profile = profile::read(&run.events()?)?;
            let kill = profile.kinds.get("kill").context("no trial was killed")?;
            let total: usize = profile.kinds.values().map(|t| t.marks.len()).sum();
            all.push(60_000.0 * total as f64 / profile.span_ms);
            kills.push(kill.per_minute());
            if jobs != "1" {
                continue;
            }
            for (kind, trials) in &profile.kinds {
                figures.add(json!({
                    "figure": "one trial, by kind of its fault", "kind": kind, "seed": seed,
                    "trials": trials.marks.len(), "ms": spread(&trials.millis()),
                    "median_ms_at": trials.profile(),
                }));
            }
        }
        if jobs == "1" {
            figures.add(json!({
                "figure": "crash trials (kill) per minute, one worker",
                "per_minute": spread(&kills), "target": ">= 300",
            }));
        }
        figures.add(json!({
            "figure": "trials of every kind per minute", "jobs": jobs, "per_minute": spread(&all),
        }));
    }
    Ok(())
}

/// `exactly evaluate` as it stands.
fn verdict(figures: &mut Figures) -> anyhow::Result<()> {
    let ended = Run::evaluate(&[])?.wait()?;
    anyhow::ensure!(ended.code == Some(0), "the run ended with {:?}", ended.code);
    let first = ended.first_verdict_s.context("no verdict was told")?;
    figures.add(json!({
        "figure": "evaluate, first verdict", "seconds": rounded(first), "target": "<= 15",
    }));
    figures.add(json!({
        "figure": "evaluate, every variant", "seconds": rounded(ended.total_s),
    }));
    Ok(())
}

/// A million messages to the embedded broker.
fn feed(figures: &mut Figures) -> anyhow::Result<()> {
    let messages = FED.to_string();
    let cell = "ack-after-process/batch-commit";
    let run = Run::evaluate(&[cell, "--messages", &messages, "--jobs", "1"])?;
    wait_until(Duration::from_secs(30), || {
        Ok(run.events().is_ok_and(|events| events.is_file()))
    })?;
    let mut attempts = Counter::new(&run.events()?, r#""ev":"attempt""#)?;
    let mut begun = None;
    wait_until(Duration::from_secs(500), || {
        attempts.advance()?;
        if attempts.count > 0 {
            begun = begun.or(Some((run.seconds(), attempts.count)));
        }
        Ok(attempts.count >= FED)
    })?;
    let (harness, broker) = run.pids();
    let (since, before) = begun.context("nothing was fed")?;
    let rate = (attempts.count - before) as f64 / (run.seconds() - since).max(0.001);
    figures.add(json!({
        "figure": "feed of a million messages", "messages": attempts.count,
        "harness_peak_mb": peak_mb(harness).map(rounded), "target": "< 300",
        "broker_peak_mb": broker.and_then(peak_mb).map(rounded),
        "messages_per_s": rounded(rate),
    }));
    run.interrupt()?;
    std::thread::sleep(Duration::from_secs(2));
    Ok(())
}

/// Seconds for ten million effects, from criterion's samples.
fn judge(figures: &mut Figures) -> anyhow::Result<()> {
    let target = executable()?.with_file_name("").join("../criterion/judge");
    let measured =
        std::fs::read_dir(&target).context("run `cargo bench -p exactly-check` first")?;
    let mut cases: Vec<_> = measured.flatten().map(|case| case.path()).collect();
    cases.sort();
    for case in cases {
        let Ok(text) = std::fs::read_to_string(case.join("new/sample.json")) else {
            continue; // criterion's own report
        };
        let samples: serde_json::Value = serde_json::from_str(&text)?;
        let list = |name: &str| samples[name].as_array().cloned().unwrap_or_default();
        let pairs = list("times").into_iter().zip(list("iters"));
        let seconds: Vec<f64> = pairs
            .filter_map(|(time, runs)| Some(time.as_f64()? / runs.as_f64()? / 1e9))
            .collect();
        figures.add(json!({
            "figure": "judge, ten million effects", "seconds": spread(&seconds), "target": "< 2",
            "history": case.file_name().map(|name| name.to_string_lossy()),
        }));
    }
    Ok(())
}
