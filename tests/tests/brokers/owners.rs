//! Two owners of one identity, on a broker that has leases and fences.

use crate::alone;
use crate::support::{Home, stderr, there_is_a_kafka};
use exactly_model::{Counterexample, exit};

/// The first owner is frozen with its record acknowledged and its row not yet
/// made, for longer than its transaction may last; the successor does the work;
/// the first one wakes up.
const FROZEN: &str = r#"{
  "schema": "exactly.schedule/1",
  "messages": 2,
  "faults": [{
    "kind": "second-owner",
    "phase": "after",
    "point": { "system": "kafka", "operation": "Produce", "target": "topic.out", "covers": 1, "incarnation": 1 }
  }],
  "cell": "kafka-eos-scope/frozen-owner",
  "places": { "kafka": "local" }
}"#;

/// A commit that arrives when the next transaction has begun, and a crash within
/// that one.
const LATE: &str = include_str!("../../../docs/findings/kafka-late-end-txn.json");

#[test]
fn a_late_commit_ends_the_transaction_after_its_own() {
    // A schedule of several runs: with the whole catalogue only.
    let all = std::env::var("EXACTLY_TEST_REAL").as_deref() == Ok("all");
    if !all || !there_is_a_kafka("a_late_commit_ends_the_transaction_after_its_own") {
        return;
    }
    let _alone = alone();
    let home = Home::new("late-commit");
    let file = home.path().join("late.json");
    std::fs::write(&file, LATE).unwrap();
    let file = file.to_str().unwrap();
    let arguments = ["replay", file, "--on", "kafka=local", "--format", "json"];
    let output = home.command(&arguments).output().unwrap();
    let code = i32::from(exit::REFUTED);
    assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let shown: Counterexample = serde_json::from_value(answer["counterexample"].clone()).unwrap();
    let mut said = shown.evidence.iter().map(|step| step.what.as_str());
    let mut comes = |part: &str| said.any(|what| what.contains(part));
    // In this order.
    for part in [
        "EndTxn commit {1}: held back",
        "Produce topic.out {2}",
        "EndTxn commit {1}: arrives only now",
        "EndTxn commit {2}: never arrived",
        "sink out: 2 effects for message 2",
    ] {
        assert!(comes(part), "{part:?} is not in its place in {shown:#?}");
    }
}

#[test]
fn a_frozen_owner_is_fenced_and_its_row_is_there_twice() {
    if !there_is_a_kafka("a_frozen_owner_is_fenced_and_its_row_is_there_twice") {
        return;
    }
    let _alone = alone();
    let home = Home::new("frozen-owner");
    let file = home.path().join("frozen.json");
    std::fs::write(&file, FROZEN).unwrap();
    let arguments = ["replay", file.to_str().unwrap(), "--format", "json"];
    let output = home.command(&arguments).output().unwrap();
    let code = i32::from(exit::REFUTED);
    assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["repeated"], 10, "{answer:#}");
    assert!(answer["reproduced"].as_u64() >= Some(9), "{answer:#}");
    // All of it in one counterexample.
    let shown: Counterexample = serde_json::from_value(answer["counterexample"].clone()).unwrap();
    let said = |incarnation: u32, part: &str| {
        let mut steps = shown.evidence.iter();
        steps.any(|step| step.incarnation == incarnation && step.what.contains(part))
    };
    for (incarnation, part) in [
        (1, "wakes up"),
        (1, "postgres INSERT orders {1}"),
        (1, "fenced"),
        (2, "postgres INSERT orders {1}"),
        (2, "kafka EndTxn commit {1}"),
        (0, "sink out: 1 effect for message 1"),
        (0, "sink orders: 2 effects for message 1"),
    ] {
        assert!(said(incarnation, part), "{part:?} is not in {shown:#?}");
    }
}
