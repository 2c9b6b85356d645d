//! A broker that does not let the harness or the pipeline do what they want:
//! rights that are missing, names that somebody else uses. Nothing of it is a
//! verdict on the pipeline.

use crate::alone;
use crate::standing::Standing;
use crate::support::{Home, nothing_left, report, stderr, there_is_a_kafka};
use exactly_model::{Event, Inconclusive, Record, Verdict, exit};
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

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

#[test]
fn a_transactional_id_that_somebody_else_uses_is_no_finding() {
    if !there_is_a_kafka("a_transactional_id_that_somebody_else_uses_is_no_finding") {
        return;
    }
    let _alone = alone();
    let kafka = Standing::start("thief", "");
    let home = Home::new("thief-run");
    let over = AtomicBool::new(false);
    let output = std::thread::scope(|scope| {
        let thief = scope.spawn(|| steal(&kafka.address, home.path(), &over));
        let output = evaluate(&home, TRANSACTIONAL, &kafka);
        over.store(true, Ordering::SeqCst);
        assert!(thief.join().unwrap() > 0, "nothing was stolen");
        output
    });
    let (reason, why) = why_inconclusive(&output);
    assert_eq!(reason, Some(Inconclusive::NotExercised), "{why}");
    assert!(
        why.contains("cannot work here, even without a fault"),
        "{why}"
    );
    assert!(why.contains("none of this run's has fenced it"), "{why}");
}

/// Takes the transactional id of every trial of the run below `home` over, again
/// and again, as another instance with the same configuration would. Answers how
/// often it was given one.
fn steal(address: &str, home: &Path, over: &AtomicBool) -> usize {
    let mut broker = TcpStream::connect(address).unwrap();
    let mut stolen = 0;
    while !over.load(Ordering::SeqCst) {
        let runs = std::fs::read_dir(home.join("runs"));
        let runs = runs.into_iter().flatten().flatten().map(|run| run.path());
        for id in runs.flat_map(transactional_ids) {
            stolen += usize::from(init_producer_id(&mut broker, &id) == 0);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    stolen
}

/// Those of the trials that are under way.
fn transactional_ids(run: PathBuf) -> Vec<String> {
    let text = std::fs::read_to_string(run.join("events.ndjson")).unwrap_or_default();
    let records = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Record>(line).ok());
    let (mut number, mut trials) = (0, BTreeSet::new());
    for record in records {
        match record.event {
            Event::Run(run) => number = run.number,
            Event::Trial(_) => drop(trials.insert(record.trial)),
            Event::TrialEnd(_) => drop(trials.remove(&record.trial)),
            _ => {}
        }
    }
    trials
        .iter()
        .map(|trial| format!("tx-r{number}-t{trial}"))
        .collect()
}

/// Asks for `id` (InitProducerId, version 1). Answers the broker's error code.
fn init_producer_id(broker: &mut TcpStream, id: &str) -> i16 {
    const INIT_PRODUCER_ID: i16 = 22;
    const TIMEOUT_MS: i32 = 60_000;
    let text = |text: &str| {
        let length = i16::try_from(text.len()).unwrap();
        [&length.to_be_bytes(), text.as_bytes()].concat()
    };
    let request = [
        &INIT_PRODUCER_ID.to_be_bytes()[..],
        &1_i16.to_be_bytes(),
        &1_i32.to_be_bytes(),
        &text("thief"),
        &text(id),
        &TIMEOUT_MS.to_be_bytes(),
    ]
    .concat();
    let length = i32::try_from(request.len()).unwrap();
    broker.write_all(&length.to_be_bytes()).unwrap();
    broker.write_all(&request).unwrap();
    // Length, correlation, throttle time, error code, producer id, epoch.
    let mut reply = [0; 4 + 4 + 4 + 2 + 8 + 2];
    broker.read_exact(&mut reply).unwrap();
    i16::from_be_bytes([reply[12], reply[13]])
}
