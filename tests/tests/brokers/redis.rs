//! Redis and PostgreSQL of this machine beside the embedded ones. Need `redis-server`
//! (REDIS_SERVER) and PostgreSQL (POSTGRES_HOME); CI has them, elsewhere these tests say
//! that they did not run.
//!
//! CI runs [`CELLS`]. `EXACTLY_TEST_REAL=all` runs every variant of the two claims, and
//! those of Redis's streams.

use crate::alone;
use crate::real::{assert_agree, evaluate_with};
use crate::support::{Home, report, stderr, there_is};
use exactly_claims::Source;
use exactly_model::{Event, Record, Verdict};
use std::collections::BTreeSet;

/// What CI compares: a foil and its cure on a stream, a channel, and mails beside rows.
const CELLS: &[&str] = &[
    "redis-pubsub/nobody-there",
    "redis-pubsub/stream-new-entries-only",
    "db-transaction-with-smtp/reply-lost",
];

fn cells() -> Vec<String> {
    if std::env::var("EXACTLY_TEST_REAL").as_deref() != Ok("all") {
        return CELLS.iter().map(|cell| cell.to_string()).collect();
    }
    let claims = exactly_claims::catalogue();
    let of_both = claims.iter().flat_map(|claim| {
        let all = ["redis-pubsub", "db-transaction-with-smtp"].contains(&claim.id);
        let variants = claim.variants.iter();
        let variants = variants.filter(move |v| all || v.pipeline.source == Source::Stream);
        variants.map(move |v| format!("{}/{}", claim.id, v.id))
    });
    of_both.collect()
}

fn are_there(test: &str) -> bool {
    there_is("REDIS_SERVER", "redis-server", test) && there_is("POSTGRES_HOME", "PostgreSQL", test)
}

const LOCAL: [&str; 4] = ["--on", "redis=local", "--on", "postgres=local"];

#[test]
fn redis_and_postgres_of_this_machine_agree_with_the_embedded_ones() {
    if !are_there("redis_and_postgres_of_this_machine_agree_with_the_embedded_ones") {
        return;
    }
    let _alone = alone();
    let cells = cells();
    let (embedded, _home) = evaluate_with("redis=embedded", &cells, &[]);
    let (real, home) = evaluate_with("redis=local", &cells, &LOCAL);
    assert_agree("redis=local", &embedded, &real, &home);
}

/// Each of the five ways in which a subscriber is not there loses messages, and the
/// sender of some lost one was told how many had received it.
#[test]
fn a_channel_loses_in_five_ways_and_its_sender_is_told_of_the_receivers() {
    if !are_there("a_channel_loses_in_five_ways_and_its_sender_is_told_of_the_receivers") {
        return;
    }
    let _alone = alone();
    let ways = [
        "subscriber-killed",
        "connection-cut",
        "slow-subscriber",
        "nobody-there",
        "redis-restarted",
    ];
    let cells = ways.map(|way| format!("redis-pubsub/{way}"));
    let cells = cells.each_ref().map(String::as_str);
    let home = Home::new("five-ways");
    let arguments = [
        &cells[..],
        &["--format", "json", "--seed", "7"],
        &LOCAL[..2],
    ]
    .concat();
    let output = home.evaluate(&arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    for (_, cell) in report(&output).variants() {
        assert_eq!(
            cell.verdict,
            Verdict::Refuted,
            "{}: {}",
            cell.id,
            cell.bounds
        );
        let lost = cell
            .counterexamples
            .iter()
            .find(|c| c.code.to_string() == "L1");
        let evidence = &lost
            .unwrap_or_else(|| panic!("{}: nothing lost", cell.id))
            .evidence;
        let told = evidence
            .iter()
            .find(|step| step.what.contains("is published"));
        let told = told.unwrap_or_else(|| panic!("{}: {evidence:?}", cell.id));
        assert!(told.what.contains("receiver"), "{}", told.what);
    }
    // PUBLISH said 0 of somebody, and 1 of somebody who is lost all the same.
    let text = std::fs::read_to_string(home.run().join("events.ndjson")).unwrap();
    let attempts = text.lines().filter(|line| line.contains("\"receivers\""));
    let said: BTreeSet<u64> = attempts
        .filter_map(
            |line| match serde_json::from_str::<Record>(line).unwrap().event {
                Event::Attempt(attempt) => attempt.receivers,
                _ => None,
            },
        )
        .collect();
    assert_eq!(said, BTreeSet::from([0, 1]));
}
