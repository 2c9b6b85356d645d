//! What is not there, and what is not Kafka.

mod common;

use common::start_broker;
use common::{messages, open, start};
use exactly_adapter::{ObserveError, StartError, TrialNames};
use exactly_model::{Observer, Outcome, Setup, SinkKind, SystemPlace, Topic, View};
use std::io::{Read, Write};
use std::time::{Duration, Instant};

async fn refused(place: &str) -> StartError {
    let begin = Instant::now();
    let started = start(SystemPlace::At(place.into())).await;
    assert!(begin.elapsed() < Duration::from_secs(9), "{place}");
    match started {
        Ok(_) => panic!("{place} started"),
        Err(error) => error,
    }
}

#[tokio::test]
async fn addresses_that_lead_nowhere() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let error = refused(&format!("127.0.0.1:{port}")).await;
    assert!(matches!(error, StartError::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains(&port.to_string()), "{error}");
    let error = refused("kafka://user:secret@127.0.0.1:9092").await;
    assert!(matches!(error, StartError::Config { .. }), "{error}");
    assert!(!error.to_string().contains("secret"), "{error}");
    let error = refused("nothing").await;
    assert!(error.to_string().contains("host:port"), "{error}");
}

#[tokio::test]
async fn a_listener_that_is_not_kafka() {
    for answer in [&b"SSH-2.0-x\r\n"[..], &[0x7f, 0xff, 0xff, 0xff], &[]] {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        std::thread::spawn(move || {
            if let Ok((mut stream, _)) = listener.accept() {
                let _ = stream.write_all(answer);
                let _ = stream.read(&mut [0; 64]);
            }
        });
        let error = refused(&address).await;
        assert!(matches!(error, StartError::Unreachable { .. }), "{error}");
    }
}

#[tokio::test]
async fn the_second_bootstrap_server_will_do() {
    let line = start_broker();
    let address = line.rsplit(' ').next().unwrap();
    let kafka = start(SystemPlace::At(format!("127.0.0.1:1,{address}")))
        .await
        .unwrap();
    let info = kafka.info("k");
    assert!(
        info.version.starts_with("Kafka-compatible, Produce v3-12"),
        "{info:?}"
    );
    assert!(!info.emulated);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn topics_that_cannot_be_or_are_not() {
    let kafka = start(SystemPlace::Embedded).await.unwrap();
    let bad = Setup {
        topics: vec![Topic {
            name: "no spaces".into(),
            partitions: 1,
            replicas: None,
        }],
        ..Setup::default()
    };
    let names = TrialNames { run: 1, trial: 1 };
    let error = kafka.open(names, &bad).await.err().expect("refused");
    assert!(matches!(error, StartError::Config { .. }), "{error}");
    let (trial, scope) = open(&*kafka, &[]).await;
    let feeder = scope.feeder().unwrap();
    let error = feeder.feed("absent", &messages(trial, 1, 1), 1).await;
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("topic.absent") && error.contains("setup"),
        "{error}"
    );
    let mut observer = Observer {
        name: "o".into(),
        system: "k".into(),
        kind: SinkKind::Record,
        query: "absent".into(),
        effects_per_message: 1,
        view: View::default(),
        by: None,
    };
    let error = scope
        .observing()
        .unwrap()
        .count(&observer)
        .await
        .unwrap_err();
    assert!(matches!(error, ObserveError::Config { .. }), "{error}");
    // The view is a setting of its own.
    observer.query = "absent@read_uncommitted".into();
    let error = scope
        .observing()
        .unwrap()
        .count(&observer)
        .await
        .unwrap_err();
    assert!(matches!(error, ObserveError::Config { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_without_an_id_is_named() {
    let kafka = start(SystemPlace::Embedded).await.unwrap();
    let (trial, scope) = open(&*kafka, &[("out", 1)]).await;
    let mut sent = messages(trial, 2, 1);
    sent[1].payload = "no id in here".into();
    scope.feeder().unwrap().feed("out", &sent, 1).await.unwrap();
    let observer = Observer {
        name: "o".into(),
        system: "k".into(),
        kind: SinkKind::Record,
        query: "out".into(),
        effects_per_message: 1,
        view: View::default(),
        by: None,
    };
    let result = scope
        .observing()
        .unwrap()
        .observe(&observer, &mut |_| {})
        .await;
    let error = result.unwrap_err().to_string();
    assert!(error.contains("record 1 of partition 0"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_clients_do_not_end_the_embedded_broker() {
    let kafka = start(SystemPlace::Embedded).await.unwrap();
    let (host, port) = kafka.addresses().remove(0);
    let (trial, scope) = open(&*kafka, &[("orders", 1)]).await;
    let hostile: &[&[u8]] = &[
        b"GET / HTTP/1.1\r\n\r\n",
        &[0x7f, 0xff, 0xff, 0xff],
        &[0, 0, 0, 2, 0, 0],
        // A Produce that promises two thousand million topics, an EndTxn with
        // a string beyond its frame, a Fetch that ends in its middle.
        &[
            0, 0, 0, 20, 0, 0, 0, 9, 0, 0, 0, 1, 0xff, 0xff, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0x7f,
            0xff,
        ],
        &[
            0, 0, 0, 16, 0, 26, 0, 1, 0, 0, 0, 1, 0xff, 0xff, 0x7f, 0xff, 0, 0, 0, 0,
        ],
        &[0, 0, 0, 14, 0, 1, 0, 11, 0, 0, 0, 1, 0xff, 0xff, 0, 0, 0, 0],
    ];
    for bytes in hostile {
        let mut stream = std::net::TcpStream::connect((host.as_str(), port)).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(5)))
            .unwrap();
        stream.write_all(bytes).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
        assert!(rest.is_empty(), "{bytes:?} was answered");
    }
    let feeder = scope.feeder().unwrap();
    let fed = feeder
        .feed("orders", &messages(trial, 3, 1), 1)
        .await
        .unwrap();
    assert!(fed.iter().all(|fed| fed.outcome == Outcome::Ok));
}
