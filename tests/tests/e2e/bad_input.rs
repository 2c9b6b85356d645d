//! What goes wrong around the harness: a clear error, the documented exit code,
//! nothing left running, what was recorded kept.

use crate::broker::Broker;
use crate::support::{Home, fails, nothing_left, stderr, there_is_a_kafka};
use exactly_model::{Verdict, exit};
use std::process::Output;

const CELL: &str = "ack-after-process/effect-then-ack";

fn evaluate(test: &str, arguments: &[&str], env: &[(&str, &str)]) -> (Output, Home) {
    let home = Home::new(test);
    let all = [&[CELL], arguments].concat();
    let output = home
        .evaluate(&all)
        .envs(env.iter().copied())
        .output()
        .unwrap();
    for run in home.runs() {
        nothing_left(&run);
    }
    (output, home)
}

#[test]
fn a_broker_that_is_not_there() {
    let reports = Home::new("no-broker-reports");
    let junit = reports.path().join("report.xml");
    let junit = ["--junit", junit.to_str().unwrap(), "--github"];
    let all = [&["--kafka", "127.0.0.1:1"][..], &junit].concat();
    let (output, _home) = evaluate("no-broker", &all, &[]);
    let title = "::warning title=exactly::";
    let parts = ["127.0.0.1:1", "kafka", title];
    fails(&output, exit::SYSTEM_UNAVAILABLE, &parts);
    // Whoever collects results is told why there are none.
    let report = std::fs::read_to_string(junit[1]).unwrap();
    assert!(report.contains("<error message=") && report.contains("127.0.0.1:1"));
}

#[test]
fn a_database_that_is_not_there_and_its_password() {
    let url = "postgres://someone:hunter2@127.0.0.1:1/db";
    let (output, home) = evaluate("no-database", &["--postgres", url], &[]);
    fails(
        &output,
        exit::SYSTEM_UNAVAILABLE,
        &["127.0.0.1:1", "postgres"],
    );
    assert!(!stderr(&output).contains("hunter2"));
    for run in home.runs() {
        let text = std::fs::read_to_string(run.join("events.ndjson")).unwrap();
        assert!(!text.contains("hunter2"), "the password is in the history");
    }
}

#[test]
fn no_kafka_where_the_local_one_should_be() {
    let empty = Home::new("empty-kafka-home");
    let empty = empty.path().to_str().unwrap();
    for (test, home, part) in [
        ("no-kafka-home", "", "KAFKA_HOME"),
        (
            "wrong-kafka-home",
            "/nonexistent/kafka",
            "/nonexistent/kafka",
        ),
        ("empty-kafka-home-run", empty, empty),
    ] {
        let (output, _home) = evaluate(test, &["--on", "kafka=local"], &[("KAFKA_HOME", home)]);
        // The hint says how to go on, one way or the other.
        fails(
            &output,
            exit::SYSTEM_UNAVAILABLE,
            &["kafka", part, "KAFKA_HOME"],
        );
    }
}

#[test]
fn no_java_for_the_local_kafka() {
    if !there_is_a_kafka("no_java_for_the_local_kafka") {
        return;
    }
    let env = [("JAVA_HOME", "/nonexistent/java")];
    let (output, _home) = evaluate("no-java", &["--on", "kafka=local"], &env);
    fails(
        &output,
        exit::SYSTEM_UNAVAILABLE,
        &["/nonexistent/java", "JAVA_HOME"],
    );
}

/// Kafka's number for EndTxn.
const END_TXN: i16 = 26;

#[test]
fn a_broker_without_transactions_leaves_only_what_needs_them_open() {
    let broker = Broker::start();
    let servers = broker.without(END_TXN).to_string();
    let home = Home::new("no-transactions");
    let output = home
        .evaluate(&[
            "kafka-eos-scope/read-committed",
            CELL,
            "--kafka",
            &servers,
            "--messages",
            "2",
            "--format",
            "json",
        ])
        .output()
        .unwrap();
    fails(&output, exit::INCONCLUSIVE, &[]);
    let report = crate::support::report(&output);
    let cells: Vec<_> = report.variants().map(|(_, cell)| cell).collect();
    let (plain, transactional) = (cells[0], cells[1]);
    assert_eq!(plain.verdict, Verdict::Refuted, "{}", plain.bounds);
    assert_eq!(transactional.verdict, Verdict::Inconclusive);
    // It names the API, and says what was needed.
    let said = format!("{} {:?}", transactional.bounds, transactional.notes);
    assert!(said.contains("EndTxn"), "{said}");
    nothing_left(&home.run());
}

#[test]
fn a_pipeline_that_dies_at_once() {
    let (output, home) = evaluate("dies", &[], &[("EXACTLY_TEST_PIPELINE", "dies")]);
    // What it printed last is what its author needs to see.
    fails(
        &output,
        exit::PIPELINE_NOT_READY,
        &["exit code 3", "cannot find my configuration"],
    );
    let (code, _) = home.judge(&home.run());
    assert_eq!(code, i32::from(exit::INCONCLUSIVE));
}

#[test]
fn a_pipeline_that_never_becomes_ready() {
    let (output, _home) = evaluate("silent", &[], &[("EXACTLY_TEST_PIPELINE", "silent")]);
    fails(
        &output,
        exit::PIPELINE_NOT_READY,
        &["did not become ready", "no sign of it within"],
    );
}

#[test]
fn a_pipeline_that_prints_for_ever_is_judged_all_the_same() {
    let home = Home::new("noisy");
    let output = home
        .evaluate(&["ack-after-process/inbox-then-ack", "--messages", "2"])
        .env("EXACTLY_TEST_PIPELINE", "noisy")
        .output()
        .unwrap();
    fails(&output, exit::DONE, &[]);
    let run = home.run();
    nothing_left(&run);
    for entry in std::fs::read_dir(run.join("output")).unwrap().flatten() {
        let bytes = entry.metadata().unwrap().len();
        assert!(bytes < 9 << 20, "{:?} holds {bytes} bytes", entry.path());
    }
}

#[test]
fn a_pipeline_that_ignores_sigterm_is_ended_all_the_same() {
    let (output, _home) = evaluate(
        "stubborn",
        &["--messages", "2"],
        &[("EXACTLY_TEST_PIPELINE", "stubborn")],
    );
    fails(&output, exit::DONE, &[]);
}

#[test]
fn a_pipeline_that_goes_around_the_boundary() {
    let home = Home::new("bypasses");
    let output = home
        .evaluate(&[
            "ack-after-process/inbox-then-ack",
            "--messages",
            "2",
            "--format",
            "json",
        ])
        .env("EXACTLY_TEST_PIPELINE", "bypasses")
        .output()
        .unwrap();
    // Nothing it did was wrong, and nothing of it was put to the test.
    fails(&output, exit::INCONCLUSIVE, &[]);
    let report = crate::support::report(&output);
    let (_, cell) = report.variants().next().unwrap();
    assert_eq!(cell.verdict, Verdict::Inconclusive);
    assert!(
        cell.notes
            .iter()
            .any(|note| note.contains("goes around the boundary")),
        "{:?}",
        cell.notes
    );
}

#[test]
fn no_network_for_the_first_download() {
    let cache = Home::new("no-network-cache");
    let dead = "http://127.0.0.1:1";
    let (output, _home) = evaluate(
        "no-network",
        &[],
        &[
            ("XDG_CACHE_HOME", cache.path().to_str().unwrap()),
            ("EXACTLY_CACHE", cache.path().to_str().unwrap()),
            ("HTTPS_PROXY", dead),
            ("https_proxy", dead),
            ("NO_PROXY", ""),
        ],
    );
    fails(
        &output,
        exit::SYSTEM_UNAVAILABLE,
        &["postgres", "--postgres"],
    );
}

#[test]
fn a_store_that_cannot_be_written() {
    let home = Home::new("no-store");
    let file = home.path().join("file");
    std::fs::write(&file, "in the way").unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_exactly-under-test"));
    let output = command
        .args(["evaluate", CELL, "--out"])
        .arg(&file)
        .output()
        .unwrap();
    fails(&output, exit::STORE, &["cannot write", "--out"]);
}

#[test]
fn a_store_on_a_full_disk() {
    let home = Home::new("full-disk");
    let disk = home.path().join("disk");
    std::fs::create_dir(&disk).unwrap();
    let mount = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=256k", "exactly-test"])
        .arg(&disk)
        .status();
    if !mount.is_ok_and(|status| status.success()) {
        eprintln!("not run: mounting a small disk needs root");
        return;
    }
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_exactly-under-test"));
    let output = command
        .args(["evaluate", CELL, "--out"])
        .arg(&disk)
        .output()
        .unwrap();
    let run = std::fs::read_dir(disk.join("runs"))
        .unwrap()
        .flatten()
        .next()
        .unwrap()
        .path();
    nothing_left(&run);
    let kept = std::fs::metadata(run.join("events.ndjson")).unwrap().len();
    let unmounted = std::process::Command::new("umount")
        .arg(&disk)
        .status()
        .unwrap();
    assert!(unmounted.success());
    fails(
        &output,
        exit::STORE,
        &["cannot write", "events.ndjson", "free some space"],
    );
    assert!(kept > 10_000, "what was recorded is kept: {kept} bytes");
}
