//! ElasticMQ beside the embedded SQS. Needs ElasticMQ's jars in ELASTICMQ_HOME; CI has
//! them, elsewhere these tests say that they did not run.
//!
//! CI runs [`CELLS`], what ElasticMQ does otherwise, and the window of five minutes.
//! `EXACTLY_TEST_REAL=all` runs every cell of SQS.

use crate::alone;
use crate::real::{Essences, assert_agree, evaluate_cells};
use crate::support::{Home, there_is};
use exactly_model::{Verdict, exit};

const PLACE: &str = "sqs=local";

/// What CI runs: appends and effects, what holds and what does not, and each way of
/// reading that no other place has.
const CELLS: &[&str] = &[
    "sqs-fifo/resend-within-window",
    "ack-after-process/sqs-delete-then-effect",
];

/// A promise of SQS that ElasticMQ 1.7.1 does not keep: it takes
/// `DeduplicationScope=messageGroup` and deduplicates over the whole queue. There is
/// nothing to compare, and a test of its own sees that it is found out.
const NOT_KEPT: &str = "sqs-fifo/dedup-by-group";

fn all_is_asked_for() -> bool {
    std::env::var("EXACTLY_TEST_REAL").as_deref() == Ok("all")
}

fn cells() -> Vec<String> {
    if !all_is_asked_for() {
        return CELLS.iter().map(|cell| cell.to_string()).collect();
    }
    let claims = exactly_claims::catalogue();
    let of_sqs = claims.iter().flat_map(|claim| {
        let variants = claim.variants.iter();
        let variants = variants.filter(|v| v.pipeline.source == exactly_claims::Source::Sqs);
        variants.map(move |v| format!("{}/{}", claim.id, v.id))
    });
    of_sqs.filter(|id| id != NOT_KEPT).collect()
}

fn evaluate(place: &str) -> (Essences, Home) {
    evaluate_cells(place, &cells(), &[])
}

#[test]
fn elasticmq_agrees_with_the_embedded_server() {
    let test = "elasticmq_agrees_with_the_embedded_server";
    if !there_is("ELASTICMQ_HOME", "ElasticMQ", test) {
        return;
    }
    let _alone = alone();
    let (embedded, _home) = evaluate("sqs=embedded");
    let (real, home) = evaluate(PLACE);
    assert_agree(PLACE, &embedded, &real, &home);
}

#[test]
fn a_scope_that_elasticmq_does_not_keep_is_found_out() {
    let test = "a_scope_that_elasticmq_does_not_keep_is_found_out";
    if !there_is("ELASTICMQ_HOME", "ElasticMQ", test) {
        return;
    }
    let _alone = alone();
    let (real, _home) = evaluate_cells(PLACE, &[NOT_KEPT.to_string()], &[]);
    let essence = &real[NOT_KEPT];
    assert_eq!(essence.verdict, Verdict::Refuted, "{essence:?}");
    for code in ["D6 at out", "L1 at out"] {
        assert!(essence.codes.contains(code), "{essence:?}");
    }
}

#[test]
fn a_window_that_is_really_waited_for_is_as_long_as_the_clock_says() {
    let test = "a_window_that_is_really_waited_for_is_as_long_as_the_clock_says";
    if !there_is("ELASTICMQ_HOME", "ElasticMQ", test) {
        return;
    }
    // Five minutes, of which nearly all is waiting: beside the others.
    let cell = ["sqs-fifo/resend-after-window".to_string()];
    let (real, _home) = evaluate_cells(PLACE, &cell, &["--allow-wait"]);
    let essence = &real[&cell[0]];
    assert_eq!(essence.verdict, Verdict::Refuted, "{essence:?}");
    assert!(essence.codes.contains("D4 at out"), "{essence:?}");
}

#[test]
fn what_is_missing_for_a_local_sqs_is_named_with_the_command_that_gets_it() {
    let home = Home::new("no-elasticmq");
    let nothing = home.path().join("nothing");
    for (elasticmq, java, parts) in [
        (
            None,
            None,
            ["ELASTICMQ_HOME is not set", "mvn -f .ci/elasticmq/pom.xml"],
        ),
        (
            Some(&nothing),
            None,
            ["no elasticmq-server_2.13-*.jar", "mvn -f"],
        ),
        (
            Some(home.path().to_path_buf()).as_ref(),
            Some(&nothing),
            ["JAVA_HOME is set", "Java 17"],
        ),
    ] {
        std::fs::write(home.path().join("elasticmq-server_2.13-1.7.1.jar"), "").unwrap();
        let mut command = home.evaluate(&["sqs-fifo/delete-lost", "--on", PLACE]);
        command.env_remove("ELASTICMQ_HOME").env_remove("JAVA_HOME");
        command.envs(elasticmq.map(|folder| ("ELASTICMQ_HOME", folder)));
        command.envs(java.map(|folder| ("JAVA_HOME", folder)));
        let output = command.output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(
            output.status.code(),
            Some(i32::from(exit::SYSTEM_UNAVAILABLE)),
            "{text}"
        );
        for part in parts {
            assert!(text.contains(part), "{part:?} is not in {text}");
        }
    }
}
