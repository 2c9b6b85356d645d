//! What the harness relies on, asked of every system at every place: one body
//! (`exactly_adapter::conformance`), and a table of what it said in
//! `docs/conformance.md`. `UPDATE_GOLDEN=1` writes the table anew.

mod flaws;
mod places;
mod table;

use exactly_adapter::conformance::{Answer, Line, examine};
use places::{Arm, Servers};
use std::path::Path;

/// A rule that a place is known to break, and why that is no harm.
struct Difference {
    arm: &'static str,
    rule: &'static str,
    why: &'static str,
}

const DIFFERENCES: &[Difference] = &[];

fn explained(arm: &str, line: &Line) -> Option<&'static str> {
    let row = DIFFERENCES
        .iter()
        .find(|row| row.arm == arm && row.rule == line.rule);
    row.map(|row| row.why)
}

/// Examines one arm, and answers what its column is to say.
async fn column(servers: &Servers, arm: &Arm) -> table::Column {
    let instance = servers.start(arm).await;
    let lines = examine(&arm.subject(instance.clone())).await;
    instance.stop().await;
    let lines = lines.unwrap_or_else(|error| panic!("{}: {error}", arm.name));
    assert!(lines.len() > 3, "{}: {lines:?}", arm.name);
    let unexplained: Vec<String> = lines
        .iter()
        .filter(|line| matches!(line.answer, Answer::Broken(_)))
        .filter(|line| explained(arm.name, line).is_none())
        .map(ToString::to_string)
        .collect();
    assert!(
        unexplained.is_empty(),
        "{}: mend it, or explain it in DIFFERENCES:\n  {}",
        arm.name,
        unexplained.join("\n  ")
    );
    table::Column::new(arm.name, &lines)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_system_keeps_the_rules_at_every_place() {
    let servers = Servers::new();
    let mut columns = Vec::new();
    for arm in places::arms() {
        match arm.lacks() {
            Some(lack) => places::say(&format!("not run: {}: {lack}", arm.name)),
            None => columns.push(column(&servers, &arm).await),
        }
    }
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/conformance.md");
    let there = std::fs::read_to_string(&page).unwrap();
    let now = table::renewed(&there, &columns);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&page, &now).unwrap();
    }
    assert!(
        now == there || std::env::var_os("UPDATE_GOLDEN").is_some(),
        "docs/conformance.md says something else; UPDATE_GOLDEN=1 writes:\n{now}"
    );
}

#[test]
fn a_difference_is_explained_for_its_own_arm_and_rule() {
    for row in DIFFERENCES {
        assert!(!row.why.is_empty(), "{} {}", row.arm, row.rule);
        assert!(places::arms().iter().any(|arm| arm.name == row.arm));
    }
}
