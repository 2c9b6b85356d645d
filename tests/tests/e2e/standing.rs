//! `exactly up`, `exactly clock` and `exactly doctor`: systems without a run.

use crate::support::{Home, fails, marked, nothing_left, stderr};
use crate::up::{SOON, Up, exactly};
use exactly_model::exit;
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Instant;

/// An operation of the JSON protocol, answered with success.
fn sqs(endpoint: &str, operation: &str, fields: &Value) -> Value {
    let (status, body) = http(
        endpoint,
        &format!("POST / HTTP/1.1\r\nX-Amz-Target: AmazonSQS.{operation}"),
        &fields.to_string(),
    );
    assert_eq!(status, 200, "{operation}: {body}");
    serde_json::from_str(&body).unwrap()
}

/// A request on a connection of its own: status and body.
fn http(endpoint: &str, head: &str, body: &str) -> (u16, String) {
    let address = endpoint.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    write!(
        stream,
        "{head}\r\nHost: {address}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    let body = answer.split_once("\r\n\r\n").unwrap().1;
    (status, body.into())
}

#[test]
fn every_system_is_up_until_a_signal_comes() {
    let home = Home::new("up-all");
    let mut up = Up::start(&home, &["postgres", "sqs", "kafka", "http"], 4);
    let order: Vec<&str> = up
        .lines
        .iter()
        .map(|l| l.split(' ').next().unwrap())
        .collect();
    assert_eq!(order, ["postgres", "sqs", "kafka", "http"]);
    let created = sqs(up.address("sqs"), "CreateQueue", &json!({"QueueName": "q"}));
    let url = created["QueueUrl"].as_str().unwrap();
    assert!(url.starts_with(up.address("sqs")), "{url}");
    let account = "PUT /_exactly/accounts/shop HTTP/1.1\r\nContent-Type: application/json";
    assert_eq!(http(up.address("http"), account, "{}").0, 201);
    let client: rdkafka::consumer::BaseConsumer = rdkafka::ClientConfig::new()
        .set("bootstrap.servers", up.address("kafka"))
        .create()
        .unwrap();
    let metadata = rdkafka::consumer::Consumer::fetch_metadata(&client, None, SOON).unwrap();
    assert_eq!(metadata.brokers().len(), 1);
    // `N` is all that a server says to a request for TLS before anybody logs in.
    let postgres = up.address("postgres");
    let rest = postgres.strip_prefix("postgres://postgres@").unwrap();
    let mut stream = TcpStream::connect(rest.split('/').next().unwrap()).unwrap();
    stream.write_all(&[0, 0, 0, 8, 4, 210, 22, 47]).unwrap();
    let mut said = [0];
    stream.read_exact(&mut said).unwrap();
    assert_eq!(said, *b"N");
    drop(stream);
    up.signal("-TERM");
    assert_eq!(up.code(), Some(0));
    nothing_left(&up.mark());
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
}

#[test]
fn nothing_is_left_of_one_that_was_killed() {
    let home = Home::new("up-killed");
    let mut up = Up::start(&home, &["sqs"], 1);
    up.signal("-KILL");
    assert_eq!(up.code(), None);
    nothing_left(&up.mark());
    // What it has written down stands there still, and nobody believes it.
    let output = exactly(&home, &["clock", "show"]).output().unwrap();
    fails(&output, exit::USAGE, &["nothing with a clock is up"]);
}

#[test]
fn a_server_that_dies_ends_the_command() {
    let home = Home::new("up-dies");
    let mut up = Up::start(&home, &["sqs"], 1);
    let processes = marked(&up.mark());
    let server = processes.iter().find(|(_, c)| c.contains("embedded-sqs"));
    let pid = server.unwrap().0.to_string();
    let killed = Command::new("kill").args(["-KILL", &pid]).status().unwrap();
    assert!(killed.success());
    assert_eq!(up.code(), Some(i32::from(exit::SYSTEM_UNAVAILABLE)));
    nothing_left(&up.mark());
}

#[test]
fn past_the_window_the_same_message_is_a_new_one() {
    let home = Home::new("clock");
    let up = Up::start(&home, &["sqs"], 1);
    let at = up.address("sqs");
    let attributes = json!({"FifoQueue": "true"});
    let fields = json!({"QueueName": "orders.fifo", "Attributes": attributes});
    let queue = sqs(at, "CreateQueue", &fields)["QueueUrl"].clone();
    let send = || {
        let message = json!({
            "QueueUrl": queue, "MessageBody": "one", "MessageGroupId": "g",
            "MessageDeduplicationId": "d",
        });
        sqs(at, "SendMessage", &message)["MessageId"].clone()
    };
    let first = send();
    let clock = |arguments: &[&str]| {
        let output = exactly(&home, &[&["clock"], arguments].concat())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    // A minute before its end it is still the same message.
    assert_eq!(clock(&["advance", "4m"]), "+4m\n");
    assert_eq!(send(), first);
    assert_eq!(
        clock(&["advance", "61s", "--at", queue.as_str().unwrap()]),
        "+5m 1s\n"
    );
    assert_ne!(send(), first);
    assert_eq!(clock(&["show"]), "+5m 1s\n");
}

#[test]
fn a_clock_that_is_not_there() {
    let home = Home::new("no-clock");
    let clock = |arguments: &[&str]| {
        let all = [&["clock", "advance", "5m"], arguments].concat();
        exactly(&home, &all).output().unwrap()
    };
    fails(&clock(&[]), exit::USAGE, &["exactly up sqs", "--at"]);
    let nobody = clock(&["--at", "http://127.0.0.1:1"]);
    fails(
        &nobody,
        exit::SYSTEM_UNAVAILABLE,
        &["127.0.0.1:1", "still up"],
    );
    fails(
        &clock(&["--at", "nonsense"]),
        exit::USAGE,
        &["nonsense", "http://"],
    );
    let payments = Up::start(&home, &["http"], 1);
    let output = clock(&["--at", payments.address("http")]);
    fails(
        &output,
        exit::SYSTEM_UNAVAILABLE,
        &["no clock that can be moved"],
    );
    // It is up and has none: there is still nothing to choose.
    fails(&clock(&[]), exit::USAGE, &["nothing with a clock is up"]);
    let (one, other) = (Up::start(&home, &["sqs"], 1), Up::start(&home, &["sqs"], 1));
    let both = clock(&[]);
    fails(
        &both,
        exit::USAGE,
        &[one.address("sqs"), other.address("sqs")],
    );
}

#[test]
fn a_port_is_the_one_that_was_asked_for_or_an_error() {
    let home = Home::new("up-port");
    for system in ["sqs", "kafka", "postgres", "http"] {
        let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = taken.local_addr().unwrap().port().to_string();
        let output = exactly(&home, &["up", system, "--port", &port])
            .output()
            .unwrap();
        fails(
            &output,
            exit::SYSTEM_UNAVAILABLE,
            &[&port, "another --port"],
        );
        assert!(output.stdout.is_empty());
        drop(taken);
        let up = Up::start(&home, &[system, "--port", &port], 1);
        let address = up.address(system);
        assert!(address.contains(&format!("127.0.0.1:{port}")), "{address}");
    }
}

#[test]
fn a_system_that_does_not_exist_is_answered_with_the_nearest() {
    let home = Home::new("up-unknown");
    for (system, nearest) in [
        ("sq", "sqs"),
        ("postgresql", "postgres"),
        ("kafak", "kafka"),
    ] {
        let output = exactly(&home, &["up", system]).output().unwrap();
        fails(
            &output,
            exit::USAGE,
            &[&format!("did you mean `{nearest}`?")],
        );
    }
}

/// `exactly doctor`: what it said, and that it has left nothing.
fn doctor(home: &Home, arguments: &[&str], env: &[(&str, &Path)]) -> (Output, Value) {
    let mut command = exactly(home, &[&["doctor", "--format", "json"], arguments].concat());
    for setting in ["KAFKA_HOME", "ELASTICMQ_HOME"] {
        command.env_remove(setting);
    }
    command.envs(env.iter().copied());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let mark = PathBuf::from(format!("doctor-{}", child.id()));
    let output = child.wait_with_output().unwrap();
    nothing_left(&mark);
    let said = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", stderr(&output)));
    (output, said)
}

fn row<'a>(said: &'a Value, system: &str, place: &str) -> &'a Value {
    let rows = said["systems"].as_array().unwrap();
    let found = rows
        .iter()
        .find(|r| r["system"] == system && r["place"] == place);
    found.unwrap_or_else(|| panic!("no {system} {place}: {said}"))
}

#[test]
fn the_doctor_says_what_is_there() {
    let home = Home::new("doctor");
    let began = Instant::now();
    let (output, said) = doctor(&home, &[], &[]);
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    assert_eq!(output.status.code(), Some(0), "{said}");
    for system in ["kafka", "postgres", "sqs", "http"] {
        let row = row(&said, system, "embedded");
        assert_eq!(
            (&row["there"], &row["needed"]),
            (&json!(true), &json!(true))
        );
        assert!(
            row["version"].as_str().is_some_and(|v| !v.is_empty()),
            "{row}"
        );
    }
    for (system, setting, hint) in [
        ("kafka", "KAFKA_HOME", "kafka.apache.org"),
        ("sqs", "ELASTICMQ_HOME", "mvn"),
    ] {
        let local = row(&said, system, "local");
        assert_eq!(
            (&local["there"], &local["needed"]),
            (&json!(false), &json!(false))
        );
        let text = |key: &str| local[key].as_str().unwrap().to_string();
        assert!(
            text("why").contains(&format!("{setting} is not set")),
            "{local}"
        );
        assert!(text("hint").contains(hint), "{local}");
    }
}

#[test]
fn the_doctor_says_what_is_missing_and_gets_nothing() {
    let home = Home::new("doctor-missing");
    let cache = Home::new("doctor-empty-cache");
    let (output, said) = doctor(&home, &[], &[("EXACTLY_CACHE", cache.path())]);
    let code = Some(i32::from(exit::SYSTEM_UNAVAILABLE));
    assert_eq!(output.status.code(), code, "{said}");
    let row = row(&said, "postgres", "embedded");
    assert_eq!(row["there"], false);
    assert!(
        row["hint"]
            .as_str()
            .unwrap()
            .contains("exactly up postgres")
    );
    assert_eq!(std::fs::read_dir(cache.path()).unwrap().count(), 0);
    // A place that was asked for is needed as much as the embedded ones.
    let arguments = ["--kafka", "127.0.0.1:1"];
    let (output, said) = doctor(&home, &arguments, &[]);
    assert_eq!(output.status.code(), code, "{said}");
    let at = self::row(&said, "kafka", "at 127.0.0.1:1");
    assert_eq!((&at["there"], &at["needed"]), (&json!(false), &json!(true)));
}

#[test]
fn the_doctor_tries_the_java_that_runs_kafka() {
    tries_java("kafka", "KAFKA_HOME", "Apache Kafka 4");
}

#[test]
fn the_doctor_tries_the_java_that_runs_elasticmq() {
    tries_java("sqs", "ELASTICMQ_HOME", "ElasticMQ 1");
}

fn tries_java(system: &str, setting: &str, version: &str) {
    let Some(jars) = std::env::var_os(setting).filter(|home| !home.is_empty()) else {
        let line = format!("not run: the doctor's look at {system} local: no {setting}\n");
        std::io::stderr().write_all(line.as_bytes()).unwrap();
        return;
    };
    let jars = PathBuf::from(jars);
    let home = Home::new(&format!("doctor-{system}"));
    let (_, said) = doctor(&home, &[], &[(setting, &jars)]);
    let local = row(&said, system, "local");
    let found = local["version"].as_str();
    assert!(found.is_some_and(|v| v.starts_with(version)), "{local}");
    let nowhere = Path::new("/nonexistent/java");
    let env = [(setting, jars.as_path()), ("JAVA_HOME", nowhere)];
    let (_, said) = doctor(&home, &[], &env);
    let local = row(&said, system, "local");
    assert!(
        local["why"].as_str().unwrap().contains("/nonexistent/java"),
        "{local}"
    );
}
