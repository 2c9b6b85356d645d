//! How long a librdkafka consumer takes from its creation to its first message,
//! on a fresh topic and group with six messages in the log, and again where the
//! group has committed.
//!
//! ```text
//! cargo run -p exactly-kafka --example first_message [ROUNDS] [KEY=VALUE]...
//! ```
//!
//! `KEY=VALUE` are settings of the consumer. The broker runs in this process, but
//! for `bootstrap.servers=host:port`.

use exactly_adapter::{Adapter, Host, Outgoing, Server, ServerCommand, StartError, TrialNames};
use exactly_model::{MessageId, Setup, SystemPlace, Topic};
use rdkafka::ClientConfig;
use rdkafka::consumer::{CommitMode, Consumer, StreamConsumer};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

struct NoHost;

#[async_trait::async_trait]
impl Host for NoHost {
    async fn serve(&self, _: ServerCommand) -> Result<Box<dyn Server>, StartError> {
        unreachable!("only places with an address are used")
    }
    async fn run(&self, _: ServerCommand) -> Result<(), StartError> {
        unreachable!("only places with an address are used")
    }
    fn embedded(&self, _: &str) -> ServerCommand {
        ServerCommand::default()
    }
    fn scratch(&self) -> &Path {
        Path::new("")
    }
    fn setting(&self, _: &str) -> Option<String> {
        None
    }
    fn cache(&self) -> PathBuf {
        PathBuf::new()
    }
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

async fn address(settings: &[(String, String)]) -> String {
    if let Some((_, given)) = settings.iter().find(|(k, _)| k == "bootstrap.servers") {
        return given.clone();
    }
    let (send, receive) = tokio::sync::oneshot::channel();
    tokio::spawn(exactly_kafka::serve_embedded(0, |line| {
        let address = line.rsplit(' ').next().unwrap_or_default().to_string();
        let _ = send.send(address);
    }));
    receive.await.unwrap_or_default()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut out = std::io::stdout().lock();
    let mut args = std::env::args().skip(1).peekable();
    let rounds: u32 = match args.next_if(|arg| !arg.contains('=')) {
        Some(rounds) => rounds.parse()?,
        None => 10,
    };
    let settings: Vec<(String, String)> = args
        .filter_map(|arg| arg.split_once('=').map(|(k, v)| (k.into(), v.into())))
        .collect();
    let address = address(&settings).await;
    let instance = exactly_kafka::Kafka
        .start(&SystemPlace::At(address.clone()), Arc::new(NoHost))
        .await?;
    let setup = Setup {
        topics: vec![Topic {
            name: "in".into(),
            partitions: 1,
            replicas: None,
        }],
        ..Setup::default()
    };
    let run = std::process::id() % 1_000_000;
    let mut firsts = Vec::new();
    let mut seconds = Vec::new();
    for trial in 1..=rounds {
        let begin = Instant::now();
        let scope = instance.open(TrialNames { run, trial }, &setup).await?;
        let opened = begin.elapsed();
        let messages: Vec<_> = (0..6)
            .map(|seq| Outgoing {
                id: MessageId::new(run, trial, seq)
                    .ok_or("an id out of range")
                    .unwrap(),
                key: "k".into(),
                payload: format!("{{\"id\":\"x{run}-{trial}-{seq}\"}}"),
                fields: Vec::new(),
            })
            .collect();
        let feeder = scope.feeder().ok_or("no feeder")?;
        let begin = Instant::now();
        let fed = feeder.feed("in", &messages, 1).await?;
        let feeding = begin.elapsed();
        assert!(fed.iter().all(|fed| fed.position.is_some()), "{fed:?}");
        let names = scope.placeholders(&instance.addresses());
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &address)
            .set("group.id", &names["group"])
            .set("enable.auto.commit", "false")
            .set("auto.offset.reset", "earliest")
            .set("fetch.wait.max.ms", "20");
        for (key, value) in &settings {
            config.set(key, value);
        }
        let topic = names["topic.in"].as_str();
        let begin = Instant::now();
        let consumer: StreamConsumer = config.create()?;
        consumer.subscribe(&[topic])?;
        consumer.recv().await?;
        let received = begin.elapsed();
        for _ in 1..5 {
            consumer.recv().await?;
        }
        let message = consumer.recv().await?;
        let begin = Instant::now();
        consumer.commit_message(&message, CommitMode::Sync)?;
        let committing = begin.elapsed();
        drop(message);
        let begin = Instant::now();
        let left = scope.backlog().ok_or("no backlog")?.left(&[], None).await?;
        let polling = begin.elapsed();
        assert_eq!(left.items, 0, "{left:?}");
        drop(consumer);
        feeder.feed("in", &messages[..1], 1).await?;
        let begin = Instant::now();
        let consumer: StreamConsumer = config.create()?;
        consumer.subscribe(&[topic])?;
        consumer.recv().await?;
        let again = begin.elapsed();
        drop(consumer);
        let begin = Instant::now();
        scope.close().await;
        writeln!(
            out,
            "open {:.1} ms, feed {:.1} ms, first message {:.1} ms (again {:.1} ms), commit {:.1} ms, backlog {:.2} ms, close {:.1} ms",
            millis(opened),
            millis(feeding),
            millis(received),
            millis(again),
            millis(committing),
            millis(polling),
            millis(begin.elapsed()),
        )?;
        firsts.push(received);
        seconds.push(again);
    }
    for (what, mut times) in [("fresh group", firsts), ("group with an offset", seconds)] {
        times.sort();
        writeln!(
            out,
            "first message, {what}: median {:.1} ms, worst {:.1} ms of {rounds}",
            millis(times[times.len() / 2]),
            millis(times[times.len() - 1]),
        )?;
    }
    Ok(())
}
