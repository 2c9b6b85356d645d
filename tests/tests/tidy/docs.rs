//! Documents that repeat what the code says.

use exactly_model::{Code, FaultKind, Record};
use std::path::Path;

/// What the documents and the code say differently.
pub fn violations(root: &Path) -> Vec<String> {
    let read = |name: &str| std::fs::read_to_string(root.join(name)).unwrap_or_default();
    let mut violations = anomalies(&read("docs/anomalies.md"));
    violations.extend(exit_codes(&read("docs/exit-codes.md")));
    violations.extend(history(&read("docs/history.md")));
    violations.extend(faults(&read("docs/replay.md")));
    violations.extend(commands(&read("README.md"), &read(".ci/run")));
    violations
}

/// Each code has its section, with the sentence of `exactly explain`.
fn anomalies(page: &str) -> Vec<String> {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let page = words(page);
    let mut violations = Vec::new();
    for code in Code::ALL {
        let parts = [
            format!("## {code} {}", code.name()),
            words(code.explanation()),
            format!("Needs: {}.", code.needs()),
        ];
        for part in parts.iter().filter(|part| !page.contains(*part)) {
            violations.push(format!("docs/anomalies.md lacks {part:?}"));
        }
    }
    violations
}

/// Each exit code has its row.
fn exit_codes(page: &str) -> Vec<String> {
    exactly_cli::exit_codes()
        .iter()
        .map(|row| format!("| {} | {} |", row.code, row.when))
        .filter(|row| !page.lines().any(|line| line.starts_with(row.as_str())))
        .map(|row| format!("docs/exit-codes.md lacks the row {row:?}"))
        .collect()
}

/// Each kind of fault stands in the table of those that a schedule may hold.
fn faults(page: &str) -> Vec<String> {
    let rows: Vec<&str> = page.lines().filter(|l| l.starts_with("| `")).collect();
    FaultKind::ALL
        .iter()
        .map(|kind| format!("`{kind}`"))
        .filter(|kind| !rows.iter().any(|row| row.contains(kind.as_str())))
        .map(|kind| format!("docs/replay.md lacks the kind {kind}"))
        .collect()
}

/// The example lines are records, and no event is forgotten.
fn history(page: &str) -> Vec<String> {
    const EVENTS: &[&str] = &[
        "run",
        "cell",
        "plan",
        "trial",
        "attempt",
        "exchange",
        "fault",
        "incarnation",
        "delivery",
        "effect",
        "audit",
        "position",
        "settle",
        "horizon",
        "put_aside",
        "assist",
        "note",
        "trial_end",
        "cell_end",
    ];
    let mut violations = Vec::new();
    for event in EVENTS {
        if !page.contains(&format!("| `{event}` |")) {
            violations.push(format!("docs/history.md lacks the event {event}"));
        }
    }
    let lines: Vec<&str> = page.lines().filter(|line| line.starts_with('{')).collect();
    if lines.is_empty() {
        violations.push("docs/history.md has no example".into());
    }
    for line in lines {
        match serde_json::from_str::<Record>(line) {
            // A field that is not there any more would be skipped in silence.
            Ok(record) if serde_json::to_value(&record).ok() == serde_json::from_str(line).ok() => {
            }
            Ok(record) => {
                violations.push(format!("docs/history.md line {}: other fields", record.n))
            }
            Err(error) => violations.push(format!("docs/history.md: {error}: {line}")),
        }
    }
    violations
}

/// The two commands of the README, and that `.ci/run` runs the second as it
/// stands there.
fn commands(readme: &str, ci: &str) -> Vec<String> {
    const EVALUATE: &str = "cargo run --release -- evaluate";
    const TEST: &str = "cargo test --workspace";
    let has = |text: &str, line: &str| text.lines().any(|l| l.trim() == line);
    let mut violations = Vec::new();
    for command in [EVALUATE, TEST] {
        if !has(readme, command) {
            violations.push(format!("README.md lacks the line {command:?}"));
        }
    }
    if !ci.lines().any(|line| line.trim().ends_with(TEST)) {
        violations.push(format!(".ci/run does not run {TEST:?}"));
    }
    violations
}

#[test]
fn planted_differences_are_found() {
    assert_eq!(anomalies("").len(), 3 * Code::ALL.len());
    assert_eq!(exit_codes("").len(), exactly_cli::exit_codes().len());
    assert_eq!(history("").len(), 20);
    assert_eq!(faults("`kill` is no row").len(), FaultKind::ALL.len());
    let line = r#"{"v":1,"n":7,"trial":0,"mono_ns":0,"wall_ns":0,"ev":"trial_end","x":1}"#;
    assert!(history(line).contains(&"docs/history.md line 7: other fields".to_string()));
    assert_eq!(commands("", "").len(), 3);
    assert_eq!(
        commands("cargo test --workspace --all", "cargo test").len(),
        3
    );
}
