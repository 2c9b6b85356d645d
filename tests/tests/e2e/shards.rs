//! Parts of a plan that are run apart, and a plan that ends with what it finds.

use crate::support::{Home, report, stderr};
use exactly_model::{Code, Report, Tally, VariantReport, Verdict};

const FOIL: &str = "ack-after-process/effect-then-ack";
const CURE: &str = "ack-after-process/inbox-then-ack";
const SHARDS: u32 = 4;

fn evaluate(home: &Home, cell: &str, more: &[&str]) -> Report {
    let arguments = [
        &[cell, "--messages", "3", "--no-known", "--format", "json"],
        more,
    ]
    .concat();
    let output = home.evaluate(&arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    report(&output)
}

/// Verdict, codes and counts: everything that must not depend on who ran what.
#[derive(Debug, PartialEq)]
struct Essence {
    verdict: Verdict,
    trials: (u64, u64),
    codes: Vec<(Code, u64, u64)>,
    tallies: Vec<Tally>,
    faults: (u32, u32),
    points: (u32, u32),
    classes: (u32, u32),
    witnesses: (u32, u32),
}

fn essence(report: &Report) -> Essence {
    let cell: &VariantReport = report.variants().next().unwrap().1;
    Essence {
        verdict: cell.verdict,
        trials: cell.trials,
        codes: cell
            .anomalies
            .iter()
            .map(|a| (a.code, a.count, a.trials))
            .collect(),
        tallies: cell.sinks.iter().map(|sink| sink.tally).collect(),
        faults: cell.points.faults,
        points: (cell.points.fired, cell.points.found),
        classes: (cell.points.classes_fired, cell.points.classes),
        witnesses: cell.points.witnesses,
    }
}

fn four_shards_equal_one_run(cell: &str, test: &str) {
    let whole = Home::new(&format!("{test}-whole"));
    let whole = evaluate(&whole, cell, &[]);
    let parts = Home::new(&format!("{test}-parts"));
    for index in 1..=SHARDS {
        let shard = format!("{index}/{SHARDS}");
        evaluate(&parts, cell, &["--shard", &shard]);
    }
    let mut runs: Vec<String> = parts
        .runs()
        .iter()
        .map(|run| run.display().to_string())
        .collect();
    runs.sort();
    let runs: Vec<&str> = runs.iter().map(String::as_str).collect();
    let merged = parts.command(&[&["merge", "--format", "json"], &runs[..]].concat());
    let merged = { merged }.output().unwrap();
    assert_eq!(merged.status.code(), Some(0), "{}", stderr(&merged));
    assert_eq!(essence(&report(&merged)), essence(&whole));
    // Three of four are no verdict on a cure, and the same one twice is refused.
    let three = parts.command(&[&["merge", "--format", "json"], &runs[1..]].concat());
    let three = report(&{ three }.output().unwrap());
    let upheld = three
        .variants()
        .any(|(_, cell)| cell.verdict == Verdict::Upheld);
    assert!(!upheld);
    let twice = parts
        .command(&["merge", runs[0], runs[0]])
        .output()
        .unwrap();
    assert_eq!(twice.status.code(), Some(2));
    assert!(
        stderr(&twice).contains("is there twice"),
        "{}",
        stderr(&twice)
    );
}

#[test]
fn four_shards_of_a_foil_equal_one_run() {
    four_shards_equal_one_run(FOIL, "shards-foil");
}

#[test]
fn four_shards_of_a_cure_equal_one_run() {
    four_shards_equal_one_run(CURE, "shards-cure");
}

#[test]
fn what_is_found_ends_a_plan_that_is_to_fail_fast() {
    let home = Home::new("fail-fast");
    let whole = evaluate(&home, FOIL, &["--jobs", "1"]);
    let home = Home::new("fail-fast-on");
    let fast = evaluate(&home, FOIL, &["--jobs", "1", "--fail-fast"]);
    let (whole, fast) = (essence(&whole), essence(&fast));
    assert_eq!(fast.verdict, Verdict::Refuted);
    assert!(
        fast.trials.0 < whole.trials.0,
        "{} of {}",
        fast.trials.0,
        whole.trials.0
    );
    assert!(fast.trials.1 >= 1);
}

#[test]
fn an_expectation_is_about_the_whole_plan() {
    let home = Home::new("shard-expect");
    let file = home.path().join("expect.json");
    let text =
        format!(r#"{{"schema":"exactly.expect/1","cells":{{"{FOIL}":{{"verdict":"refuted"}}}}}}"#);
    std::fs::write(&file, text).unwrap();
    let arguments = [FOIL, "--shard", "1/2", "--expect", file.to_str().unwrap()];
    let output = home.evaluate(&arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("exactly merge"),
        "{}",
        stderr(&output)
    );
}
