//! A broker that does not let the harness or the pipeline do what they want:
//! rights that are missing, names that somebody else uses. Nothing of it is a
//! verdict on the pipeline.

use crate::alone;
use crate::standing::Standing;
use crate::support::{Home, nothing_left, report, stderr, there_is_a_kafka};
use exactly_model::{Inconclusive, Verdict, exit};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Output;
use std::sync::atomic::{AtomicBool, Ordering};

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
        let thief = scope.spawn(|| steal(&kafka.address, &over));
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

/// Takes over every transactional id that the broker knows, again and again, as
/// another instance with the same configuration would. Answers how often it was
/// given one.
fn steal(address: &str, over: &AtomicBool) -> usize {
    let mut broker = TcpStream::connect(address).unwrap();
    let mut stolen = 0;
    while !over.load(Ordering::SeqCst) {
        for id in transactional_ids(&mut broker) {
            stolen += usize::from(init_producer_id(&mut broker, &id) == 0);
        }
    }
    stolen
}

/// Asks for all transactional ids (ListTransactions, version 0). None while the
/// broker is loading them.
fn transactional_ids(broker: &mut TcpStream) -> Vec<String> {
    const LIST_TRANSACTIONS: i16 = 66;
    // No tags; no filter on states, none on producers, no tags.
    let reply = ask(broker, LIST_TRANSACTIONS, 0, &[0, 1, 1, 0]);
    // Correlation, no tags, throttle time, error code.
    let mut rest = &reply[4 + 1 + 4 + 2..];
    let unknown_filters = compact(&mut rest);
    assert_eq!(unknown_filters, 0, "it was asked for no state");
    let ids = (0..compact(&mut rest)).map(|_| {
        let length = compact(&mut rest);
        let (id, after) = rest.split_at(length);
        rest = &after[8..];
        let state = compact(&mut rest);
        rest = &rest[state + 1..];
        String::from_utf8(id.to_vec()).unwrap()
    });
    ids.collect()
}

/// A length as Kafka's compact types have it: one more, as a varint.
fn compact(rest: &mut &[u8]) -> usize {
    let (mut value, mut shift) = (0, 0);
    loop {
        let byte = rest[0];
        *rest = &rest[1..];
        value |= usize::from(byte & 0x7f) << shift;
        shift += 7;
        if byte < 0x80 {
            return value - 1;
        }
    }
}

/// Asks for `id` (InitProducerId, version 1). Answers the broker's error code.
fn init_producer_id(broker: &mut TcpStream, id: &str) -> i16 {
    const INIT_PRODUCER_ID: i16 = 22;
    const TIMEOUT_MS: i32 = 60_000;
    let body = [&text(id)[..], &TIMEOUT_MS.to_be_bytes()].concat();
    let reply = ask(broker, INIT_PRODUCER_ID, 1, &body);
    // Behind the correlation and the throttle time.
    i16::from_be_bytes([reply[8], reply[9]])
}

fn text(text: &str) -> Vec<u8> {
    let length = i16::try_from(text.len()).unwrap();
    [&length.to_be_bytes(), text.as_bytes()].concat()
}

/// One request and its reply, the correlation first.
fn ask(broker: &mut TcpStream, api: i16, version: i16, body: &[u8]) -> Vec<u8> {
    const CORRELATION: i32 = 1;
    let request = [
        &api.to_be_bytes()[..],
        &version.to_be_bytes(),
        &CORRELATION.to_be_bytes(),
        &text("thief"),
        body,
    ]
    .concat();
    let length = i32::try_from(request.len()).unwrap();
    broker.write_all(&length.to_be_bytes()).unwrap();
    broker.write_all(&request).unwrap();
    let mut length = [0; 4];
    broker.read_exact(&mut length).unwrap();
    let mut reply = vec![0; usize::try_from(i32::from_be_bytes(length)).unwrap()];
    broker.read_exact(&mut reply).unwrap();
    reply
}
