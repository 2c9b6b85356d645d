//! Place `at URL`: a server that is nobody's but its own. Ours stands in for it, and
//! nothing of it is used that another server has not.

#[path = "http/client.rs"]
#[expect(dead_code, reason = "shared with the tests of the server")]
mod client;

use client::{Client, serve};
use exactly_adapter::testing::TestHost;
use exactly_adapter::{
    Adapter, Instance, Lack, ObserveError, Outgoing, Scope, Seen, StartError, TrialNames,
};
use exactly_model::{MessageId, Need, Observer, Queue, Setup, SinkKind, SystemPlace, View};
use exactly_sqs::SqsSystem;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

const TRIAL: TrialNames = TrialNames { run: 7, trial: 3 };

async fn start(
    place: SystemPlace,
    settings: &[(&'static str, &'static str)],
) -> Result<Arc<dyn Instance>, StartError> {
    let with = |host: TestHost, (name, value): &(&str, &str)| host.with_setting(name, value);
    let host = settings.iter().fold(TestHost::new(&[]), with);
    SqsSystem.start(&place, Arc::new(host)).await
}

async fn at(address: SocketAddr) -> Arc<dyn Instance> {
    let place = SystemPlace::At(format!("http://{address}"));
    start(place, &[]).await.expect("it is there")
}

fn setup() -> Setup {
    let queue = |name: &str| Queue {
        name: name.into(),
        fifo: true,
        visibility_s: 1,
        ..Queue::default()
    };
    let orders = Queue {
        max_receives: Some(1),
        dead_letters: Some("dead".into()),
        ..queue("orders")
    };
    Setup {
        queues: vec![orders, queue("dead"), queue("out")],
        ..Setup::default()
    }
}

fn sink(queue: &str) -> Observer {
    Observer {
        name: "sink".into(),
        system: "sqs".into(),
        kind: SinkKind::Message,
        query: queue.into(),
        effects_per_message: 1,
        view: View::ReadCommitted,
        by: None,
    }
}

fn message(sequence: u32) -> Outgoing {
    let id = MessageId::new(TRIAL.run, TRIAL.trial, sequence).expect("small numbers");
    Outgoing {
        id,
        key: format!("k{}", sequence % 2),
        payload: json!({"id": id.to_text(), "n": sequence / 2}).to_string(),
        fields: Vec::new(),
    }
}

/// What the sink shows, in its order.
async fn observe(scope: &dyn Scope, queue: &str) -> Result<Vec<Seen>, ObserveError> {
    let mut all = Vec::new();
    let observing = scope.observing().expect("it can be observed");
    observing
        .observe(&sink(queue), &mut |seen| all.push(seen))
        .await?;
    Ok(all)
}

/// A client of a queue of the trial.
struct User {
    client: Client,
    url: String,
}

impl User {
    async fn of(address: SocketAddr, scope: &dyn Scope, queue: &str) -> Self {
        let addresses = [(address.ip().to_string(), address.port())];
        let placeholders = scope.placeholders(&addresses);
        Self {
            client: Client::connect(address).await,
            url: placeholders[&format!("queue_url.{queue}")].clone(),
        }
    }

    async fn send(&mut self, message: &Outgoing, dedup: &str) {
        let fields = json!({
            "QueueUrl": self.url, "MessageBody": message.payload,
            "MessageGroupId": message.key, "MessageDeduplicationId": dedup,
        });
        self.client.done("SendMessage", fields).await;
    }

    async fn receive(&mut self) -> Vec<Value> {
        let fields = json!({"QueueUrl": self.url, "MaxNumberOfMessages": 10});
        let received = self.client.done("ReceiveMessage", fields).await;
        received["Messages"].as_array().cloned().unwrap_or_default()
    }
}

async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..400 {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("within 10 s: {what}")
}

#[tokio::test]
async fn a_sink_is_consumed_while_the_pipeline_is_at_work_and_shows_each_message_once() {
    let address = serve().await;
    let instance = at(address).await;
    let scope = instance.open(TRIAL, &setup()).await.expect("opened");
    let observing = scope.observing().expect("it can be observed");
    observing.watch(&sink("out")).await.expect("watched");
    let mut pipeline = User::of(address, &*scope, "out").await;
    pipeline.send(&message(0), "0").await;
    let mut outsider = User::of(address, &*scope, "out").await;
    eventually("the queue is empty", async || {
        let asked = json!({
            "QueueUrl": outsider.url,
            "AttributeNames": ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
        });
        let answer = outsider.client.done("GetQueueAttributes", asked).await;
        let attributes = answer["Attributes"].as_object().expect("attributes");
        let counts: Vec<_> = attributes.values().collect();
        counts.iter().all(|count| **count == "0").then_some(())
    })
    .await;
    // A repetition of what was deleted, and more of its group than one receive takes.
    pipeline.send(&message(0), "0").await;
    for sequence in 1..=24 {
        pipeline
            .send(&message(sequence), &sequence.to_string())
            .await;
    }
    eventually("all are counted", async || {
        let count = observing.count(&sink("out")).await.expect("counted");
        assert!(count <= 25, "{count}");
        (count == 25).then_some(())
    })
    .await;
    for _ in 0..2 {
        let seen = observe(&*scope, "out").await.expect("observed");
        assert_eq!(seen.len(), 25);
        for key in ["k0", "k1"] {
            let of_key = seen.iter().filter(|s| s.key.as_deref() == Some(key));
            let order: Vec<_> = of_key.map(|s| (s.position, s.key_seq)).collect();
            assert!(order.is_sorted(), "{order:?}");
        }
    }
    // What comes after an audit is in the next one.
    pipeline.send(&message(25), "25").await;
    assert_eq!(observe(&*scope, "out").await.expect("observed").len(), 26);
    scope.close().await;
}

#[tokio::test]
async fn a_queue_that_the_pipeline_consumes_is_not_taken_from_it() {
    let address = serve().await;
    let instance = at(address).await;
    let scope = instance.open(TRIAL, &setup()).await.expect("opened");
    // As its boundary sees it.
    let mut decoder = scope.decoder();
    let addresses = [(address.ip().to_string(), address.port())];
    let url = scope.placeholders(&addresses)["queue_url.orders"].clone();
    let body = json!({ "QueueUrl": url }).to_string();
    let request = format!(
        "POST / HTTP/1.1\r\nHost: h\r\nX-Amz-Target: AmazonSQS.ReceiveMessage\r\nContent-Length: \
         {}\r\n\r\n{body}",
        body.len()
    );
    let mut bytes = bytes::BytesMut::from(request.as_bytes());
    let direction = exactly_adapter::Direction::ToSystem;
    decoder
        .next(direction, &mut bytes, &Nowhere)
        .expect("a request")
        .expect("a whole one");
    let error = observe(&*scope, "orders").await.unwrap_err().to_string();
    assert!(error.contains("is consumed by the pipeline"), "{error}");
}

struct Nowhere;

impl exactly_adapter::Addresses for Nowhere {
    fn boundary_for(&self, host: &str, port: u16) -> std::io::Result<(String, u16)> {
        Ok((host.into(), port))
    }
}

#[tokio::test]
async fn what_was_given_up_is_told_left_where_it_is_and_redriven() {
    let address = serve().await;
    let instance = at(address).await;
    let scope = instance.open(TRIAL, &setup()).await.expect("opened");
    let feeder = scope.feeder().expect("it can be fed");
    let fed = [message(0), message(2)];
    feeder.feed("orders", &fed, 1).await.expect("fed");
    let mut consumer = User::of(address, &*scope, "orders").await;
    assert_eq!(consumer.receive().await.len(), 2);
    let backlog = scope.backlog().expect("it has a backlog");
    let left = backlog.left(&[], None).await.expect("counted");
    assert_eq!((left.items, left.put_aside.len()), (2, 0), "{left:?}");
    // Once was too often.
    eventually("the queue gives them up", async || {
        assert_eq!(consumer.receive().await.len(), 0);
        let left = backlog.left(&[], None).await.expect("counted");
        (left.items == 0).then_some(())
    })
    .await;
    for _ in 0..2 {
        let left = backlog.left(&[], None).await.expect("counted");
        let ids: Vec<_> = left.put_aside.iter().map(|aside| aside.id).collect();
        assert_eq!(ids, [fed[0].id, fed[1].id]);
        assert!(left.put_aside[0].how.contains("received once"), "{left:?}");
    }
    let replaying = scope.replaying().expect("it can be redriven");
    let replayed = replaying.replay().await.expect("redriven");
    assert_eq!((replayed.messages, replayed.instead), (2, None));
    let again = eventually("they come again", async || {
        let again = consumer.receive().await;
        (!again.is_empty()).then_some(again)
    })
    .await;
    let bodies: Vec<_> = again.iter().map(|m| m["Body"].as_str()).collect();
    assert_eq!(bodies, [Some(&*fed[0].payload), Some(&*fed[1].payload)]);
    // They had been given up all the same.
    let left = backlog.left(&[], None).await.expect("counted");
    assert_eq!((left.items, left.put_aside.len()), (2, 2), "{left:?}");
}

#[tokio::test]
async fn runs_that_share_a_server_share_no_queue_and_leave_none() {
    let address = serve().await;
    let mut scopes = Vec::new();
    for _ in 0..2 {
        let instance = at(address).await;
        scopes.push(instance.open(TRIAL, &setup()).await.expect("opened"));
    }
    let addresses = [("127.0.0.1".to_string(), 1)];
    let url = |scope: &dyn Scope| scope.placeholders(&addresses)["queue_url.out"].clone();
    assert_ne!(url(&*scopes[0]), url(&*scopes[1]));
    let mut client = Client::connect(address).await;
    let there = client.done("ListQueues", json!({})).await;
    assert_eq!(there["QueueUrls"].as_array().map(Vec::len), Some(6));
    for scope in scopes {
        scope.close().await;
    }
    let left = client.done("ListQueues", json!({})).await;
    assert_eq!(left["QueueUrls"].as_array().map_or(0, Vec::len), 0);
}

#[tokio::test]
async fn credentials_stay_here_and_the_region_does_not() {
    let address = serve().await;
    let place = || SystemPlace::At(format!("http://{address}/"));
    let keys = [
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "s3cret"),
        ("AWS_REGION", "eu-west-1"),
    ];
    // The boundary signs: who dials it needs none that are good for anything.
    for (settings, region) in [(&keys[..], "eu-west-1"), (&keys[..1], "us-east-1")] {
        let instance = start(place(), settings).await.expect("it is there");
        let info = format!("{:?}", instance.info("sqs"));
        assert!(
            !info.contains("s3cret") && info.contains("emulated: true"),
            "{info}"
        );
        let scope = instance.open(TRIAL, &setup()).await.expect("opened");
        let values = scope.placeholders(&[("h".into(), 1)]);
        let names = ["access_key_id", "secret_access_key", "region"];
        let expected = ["exactly", "exactly", region];
        assert_eq!(names.map(|name| values[name].as_str()), expected);
        assert_eq!(values["url"], "http://h:1");
    }
}

#[tokio::test]
async fn a_window_is_waited_for_and_nothing_else_is_lacking() {
    let instance = at(serve().await).await;
    let lack = instance.lacks(Need::Horizon);
    assert!(
        matches!(lack, Some(Lack::Waits { seconds: 300, .. })),
        "{lack:?}"
    );
    assert_eq!(instance.lacks(Need::Leases), None);
    assert_eq!(instance.lacks(Need::Members), None);
    let scope = instance.open(TRIAL, &setup()).await.expect("opened");
    let waits = scope.horizon().and_then(|horizon| horizon.waits());
    assert!(waits > Some(Duration::from_secs(300)), "{waits:?}");
}

#[tokio::test]
async fn what_is_no_sqs_is_said_to_be_none() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let nobody = listener.local_addr().expect("bound");
    drop(listener);
    for (place, part) in [
        (
            SystemPlace::At(format!("http://{nobody}")),
            "see whether it is up",
        ),
        (
            SystemPlace::At(format!("https://{}", serve().await)),
            "see whether it speaks TLS",
        ),
        (SystemPlace::Local { nodes: 3 }, "one process"),
        (SystemPlace::Local { nodes: 1 }, "ELASTICMQ_HOME is not set"),
    ] {
        let error = start(place, &[]).await.err().expect("it is not there");
        assert!(error.to_string().contains(part), "{error}");
    }
    let empty = std::env::temp_dir().join("exactly-no-jars-here");
    let home: &'static str = Box::leak(empty.display().to_string().into_boxed_str());
    let error = start(SystemPlace::Local { nodes: 1 }, &[("ELASTICMQ_HOME", home)]).await;
    let error = error.err().expect("there are no jars").to_string();
    assert!(error.contains("mvn -f .ci/elasticmq/pom.xml"), "{error}");
}
