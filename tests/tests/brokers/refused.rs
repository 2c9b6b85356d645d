//! A broker that does not let the harness or the pipeline do what they want:
//! rights that are missing. Nothing of it is a verdict on the pipeline.

use crate::alone;
use crate::standing::Standing;
use crate::support::{Home, nothing_left, report, stderr, there_is_a_kafka};
use exactly_model::{Inconclusive, Verdict, exit};
use std::process::Output;

const PLAIN: &str = "ack-after-process/effect-then-ack";
const TRANSACTIONAL: &str = "kafka-eos-scope/read-committed";

/// Whoever comes is `User:ANONYMOUS`, and may do what no rule forbids.
const RULES: &str = "\
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=true
";

fn deny<'a>(operation: &'a str, resource: &[&'a str]) -> Vec<&'a str> {
    let rule = [
        "--add",
        "--deny-principal",
        "User:ANONYMOUS",
        "--operation",
        operation,
    ];
    [&rule, resource].concat()
}

fn evaluate(home: &Home, cell: &str, kafka: &Standing) -> Output {
    let arguments = [
        cell,
        "--kafka",
        &kafka.address,
        "--messages",
        "2",
        "--format",
        "json",
    ];
    let output = home.evaluate(&arguments).output().unwrap();
    for run in home.runs() {
        nothing_left(&run);
    }
    output
}

/// Why the cell of the report says nothing.
fn why_inconclusive(output: &Output) -> (Option<Inconclusive>, String) {
    let code = i32::from(exit::INCONCLUSIVE);
    assert_eq!(output.status.code(), Some(code), "{}", stderr(output));
    let report = report(output);
    let (_, cell) = report.variants().next().unwrap();
    assert_eq!(cell.verdict, Verdict::Inconclusive, "{}", cell.bounds);
    assert!(!cell.matches);
    (cell.reason, cell.bounds.clone())
}

#[test]
fn rights_that_are_missing_are_named() {
    if !there_is_a_kafka("rights_that_are_missing_are_named") {
        return;
    }
    let _alone = alone();
    let kafka = Standing::start("rights", RULES);

    // The pipeline's own: it says so itself, and its last words are shown.
    let ids = [
        "--transactional-id",
        "tx-",
        "--resource-pattern-type",
        "prefixed",
    ];
    kafka.rule(&deny("Write", &ids));
    let output = evaluate(&Home::new("rights-id"), TRANSACTIONAL, &kafka);
    let (reason, why) = why_inconclusive(&output);
    assert_eq!(reason, Some(Inconclusive::NotExercised), "{why}");
    assert!(
        why.contains("cannot work here, even without a fault"),
        "{why}"
    );
    assert!(
        why.contains("Transactional Id authorization failed"),
        "{why}"
    );

    // The harness's: the run ends, and says what it needs.
    let groups = ["--group", "g-", "--resource-pattern-type", "prefixed"];
    let topics = ["--topic", "orders-", "--resource-pattern-type", "prefixed"];
    for (test, operation, resource, parts) in [
        (
            "rights-group",
            "Read",
            &groups[..],
            ["GROUP_AUTHORIZATION_FAILED", "groups g-rN-tN"],
        ),
        (
            "rights-topic",
            "Write",
            &topics[..],
            [
                "TOPIC_AUTHORIZATION_FAILED",
                "topics whose names end in -rN-tN",
            ],
        ),
    ] {
        kafka.rule(&deny(operation, resource));
        let output = evaluate(&Home::new(test), PLAIN, &kafka);
        let (code, text) = (i32::from(exit::CONFIG), stderr(&output));
        assert_eq!(output.status.code(), Some(code), "{text}");
        for part in parts {
            assert!(text.contains(part), "{part:?} is not in {text}");
        }
        kafka.rule(&[&["--remove"], &deny(operation, resource)[1..]].concat());
    }
}
