//! Requests to the embedded SQS: how many it takes, and what a boundary before it costs
//! beside a plain proxy.

use crate::figures::{Figures, cpu_seconds_of, rounded, spread};
use crate::hyper_proxy::HyperProxy;
use crate::rig::{Rig, first_address};
use anyhow::Context as _;
use exactly_adapter::{Instance, Scope};
use exactly_engine::boundary::Mode;
use exactly_model::{MessageId, Queue, Setup};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const ROUNDS: usize = 9;
const TURN: Duration = Duration::from_secs(2);
const CONNECTIONS: usize = 8;
/// What a connection does again and again.
const LOADS: [(&str, &[&str]); 3] = [
    ("look up a queue", &["GetQueueUrl"]),
    ("send", &["SendMessage"]),
    (
        "send, receive, delete",
        &["SendMessage", "ReceiveMessage", "DeleteMessage"],
    ),
];

/// Requests per second by load and route, and the ratios.
pub async fn measure(
    rig: &Rig,
    instance: &dyn Instance,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let server = rig.child("embedded-sqs").context("no process serves it")?;
    for (load, operations) in LOADS {
        let mut rates: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        let mut per_core = Vec::new();
        for round in 0..ROUNDS {
            let setup = Setup {
                queues: (0..CONNECTIONS).map(queue).collect(),
                ..Setup::default()
            };
            let (names, scope) = rig.scope(instance, &setup).await?;
            let plain = rig.boundary(instance, names, Mode::Plain)?;
            let decoded = rig.boundary(instance, names, Mode::Decoded(scope.clone()))?;
            let direct = first_address(instance)?.1;
            let hyper = HyperProxy::start(direct).await?;
            let routes = [
                ("direct", direct),
                ("plain", plain.port),
                ("decoded", decoded.port),
                ("hyper", hyper.port),
            ];
            let id = MessageId::new(names.run, names.trial, 1).context("a message id")?;
            for turn in 0..routes.len() {
                let (route, port) = routes[(round + turn) % routes.len()];
                let clients = clients(scope.as_ref(), port, operations, &id.to_text())?;
                let before = cpu_seconds_of(server);
                let start = Instant::now();
                // A runtime of their own, as another process would have.
                let requests = tokio::task::spawn_blocking(|| all(clients)).await??;
                let rate = requests as f64 / start.elapsed().as_secs_f64();
                let busy = cpu_seconds_of(server) - before;
                println!(
                    "{}",
                    json!({"round": round, "load": load, "route": route,
                        "requests_per_s": rounded(rate)})
                );
                rates.entry(route).or_default().push(rate);
                if route == "direct" {
                    per_core.push(requests as f64 / busy);
                }
            }
            scope.close().await;
        }
        figures.add(json!({
            "figure": "embedded SQS, requests a second of one core", "load": load,
            "requests_per_s": spread(&per_core), "target": ">= 5000",
        }));
        report(load, &rates, figures);
    }
    Ok(())
}

fn report(load: &str, rates: &BTreeMap<&str, Vec<f64>>, figures: &mut Figures) {
    for (route, rates) in rates {
        figures.add(json!({
            "figure": "SQS requests", "load": load, "route": route,
            "requests_per_s": spread(rates),
        }));
    }
    for over in rates.keys().filter(|route| **route != "decoded") {
        let pairs = rates["decoded"].iter().zip(&rates[over]);
        let ratios: Vec<f64> = pairs.map(|(decoded, other)| decoded / other).collect();
        figures.add(json!({
            "figure": format!("SQS requests, decoded / {over}"), "load": load,
            "ratio": spread(&ratios), "target": (*over == "hyper").then_some(">= 0.8"),
        }));
    }
}

fn queue(number: usize) -> Queue {
    Queue {
        name: format!("q{number}"),
        fifo: true,
        content_based: false,
        visibility_s: 30,
        ..Queue::default()
    }
}

/// One connection's work.
struct Client {
    port: u16,
    operations: &'static [&'static str],
    queue: String,
    url: String,
    /// What its messages say.
    id: String,
}

fn clients(
    scope: &dyn Scope,
    port: u16,
    operations: &'static [&'static str],
    id: &str,
) -> anyhow::Result<Vec<Client>> {
    let values = scope.placeholders(&[("127.0.0.1".into(), port)]);
    let value = |name: String| values.get(&name).cloned().context(name);
    (0..CONNECTIONS)
        .map(|number| {
            Ok(Client {
                port,
                operations,
                queue: value(format!("queue.q{number}"))?,
                url: value(format!("queue_url.q{number}"))?,
                id: id.into(),
            })
        })
        .collect()
}

/// Requests that all clients got through in their time.
fn all(clients: Vec<Client>) -> anyhow::Result<u64> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut running = tokio::task::JoinSet::new();
        for client in clients {
            running.spawn(client.run());
        }
        let mut requests = 0;
        while let Some(done) = running.join_next().await {
            requests += done??;
        }
        Ok(requests)
    })
}

impl Client {
    async fn run(self) -> anyhow::Result<u64> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await?;
        stream.set_nodelay(true)?;
        let (start, mut requests, mut handle) = (Instant::now(), 0_u64, String::new());
        let mut buf = Vec::new();
        while start.elapsed() < TURN {
            for operation in self.operations {
                let fields = self.fields(operation, requests, &handle);
                let answer = call(&mut stream, &mut buf, operation, &fields).await?;
                if *operation == "ReceiveMessage" {
                    let received = answer.pointer("/Messages/0/ReceiptHandle");
                    let received = received.and_then(Value::as_str);
                    handle = received.context("nothing was received")?.into();
                }
                requests += 1;
            }
        }
        Ok(requests)
    }

    fn fields(&self, operation: &str, number: u64, handle: &str) -> Value {
        match operation {
            "GetQueueUrl" => json!({"QueueName": self.queue}),
            "SendMessage" => json!({
                "QueueUrl": self.url, "MessageBody": format!("order {}", self.id),
                // The routes share a queue, and a queue remembers what it was sent.
                "MessageGroupId": "g", "MessageDeduplicationId": format!("{}-{number}", self.port),
            }),
            "DeleteMessage" => json!({"QueueUrl": self.url, "ReceiptHandle": handle}),
            _ => json!({"QueueUrl": self.url}),
        }
    }
}

async fn call(
    stream: &mut TcpStream,
    buf: &mut Vec<u8>,
    operation: &str,
    fields: &Value,
) -> anyhow::Result<Value> {
    let body = fields.to_string();
    let request = format!(
        "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-amz-json-1.0\r\n\
         X-Amz-Target: AmazonSQS.{operation}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await?;
    buf.clear();
    loop {
        if let Some(body) = whole(buf)? {
            return Ok(serde_json::from_slice(body).unwrap_or(Value::Null));
        }
        let read = stream.read_buf(buf).await?;
        anyhow::ensure!(read > 0, "the connection ended");
    }
}

/// The body of an answer that is there as a whole.
fn whole(answer: &[u8]) -> anyhow::Result<Option<&[u8]>> {
    let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = std::str::from_utf8(&answer[..end])?.to_ascii_lowercase();
    anyhow::ensure!(head.starts_with("http/1.1 200"), "{head}");
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"));
    let length: usize = length.context("no content-length")?.trim().parse()?;
    Ok(answer.get(end + 4..end + 4 + length))
}
