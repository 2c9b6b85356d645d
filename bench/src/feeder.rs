//! Our feeder beside Kafka's own load generator, on the same real broker.

use crate::figures::{Figures, rounded, spread};
use crate::rig::{Rig, first_address};
use anyhow::Context;
use exactly_adapter::{Outgoing, Scope, TrialNames};
use exactly_kafka::Kafka;
use exactly_model::{MessageId, Outcome, Setup, SystemPlace, Topic};
use serde_json::json;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

/// Messages of one turn. Enough for the peer's JVM to be warm for most of it.
const MESSAGES: u32 = 300_000;
/// What the engine hands to the feeder at once.
const SLICE: u32 = 1000;
const PAYLOAD_BYTES: usize = 1024;
const ROUNDS: usize = 5;

/// Messages per second of both, in turns, and the ratio.
pub async fn measure(rig: &Rig, figures: &mut Figures) -> anyhow::Result<()> {
    let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let instance = rig
        .start_at(&Kafka, &SystemPlace::Local { nodes: 1 })
        .await?;
    let (host, port) = first_address(instance.as_ref())?;
    let bootstrap = format!("{host}:{port}");
    for round in 0..ROUNDS {
        let topic = Topic {
            name: "load".into(),
            partitions: 4,
            replicas: None,
        };
        let setup = Setup {
            topics: vec![topic],
            ..Setup::default()
        };
        let (names, scope) = rig.scope(instance.as_ref(), &setup).await?;
        let (_, peer_scope) = rig.scope(instance.as_ref(), &setup).await?;
        let words = peer_scope.placeholders(&[(host.clone(), port)]);
        let peer = || perf_test(&bootstrap, &words["topic.load"]);
        let (own_rate, peer_rate) = if round % 2 == 0 {
            let own = feed(scope.as_ref(), names).await?;
            (own, peer()?)
        } else {
            let peer = peer()?;
            (feed(scope.as_ref(), names).await?, peer)
        };
        println!(
            "{}",
            json!({"round": round, "feeder": rounded(own_rate), "producer_performance": rounded(peer_rate)})
        );
        ours.push(own_rate);
        theirs.push(peer_rate);
        ratios.push(own_rate / peer_rate);
        scope.close().await;
        peer_scope.close().await;
    }
    figures.add(json!({
        "figure": "feeder, 1 KiB messages per second", "messages_per_s": spread(&ours),
    }));
    figures.add(json!({
        "figure": "ProducerPerformance, 1 KiB messages per second", "messages_per_s": spread(&theirs),
    }));
    figures.add(json!({
        "figure": "feeder / ProducerPerformance", "ratio": spread(&ratios), "target": ">= 0.9",
    }));
    instance.stop().await;
    Ok(())
}

/// Feeds as a trial does: slice by slice, each message with its identity.
async fn feed(scope: &dyn Scope, names: TrialNames) -> anyhow::Result<f64> {
    let feeder = scope.feeder().context("Kafka can be fed")?;
    let padding = "x".repeat(PAYLOAD_BYTES);
    let begun = Instant::now();
    for first in (0..MESSAGES).step_by(SLICE as usize) {
        let messages: Vec<Outgoing> = (first..MESSAGES.min(first + SLICE))
            .map(|seq| {
                let id = MessageId::new(names.run, names.trial, seq).context("an id")?;
                let mut payload = format!("{{\"id\":\"{}\",\"pad\":\"", id.to_text());
                payload.push_str(&padding[payload.len() + 2..]);
                payload.push_str("\"}");
                let key = format!("k{}", seq % 64);
                Ok(Outgoing {
                    id,
                    key,
                    payload,
                    fields: Vec::new(),
                })
            })
            .collect::<anyhow::Result<_>>()?;
        let fed = feeder.feed("load", &messages, SLICE).await?;
        anyhow::ensure!(
            fed.iter().all(|fed| fed.outcome == Outcome::Ok),
            "a message was not acknowledged"
        );
    }
    Ok(f64::from(MESSAGES) / begun.elapsed().as_secs_f64())
}

/// `kafka-producer-perf-test` with the same acknowledgement; its rate as it says
/// it itself, without the start of its JVM.
fn perf_test(bootstrap: &str, topic: &str) -> anyhow::Result<f64> {
    let output = Command::new("java")
        .args(["-Xmx512m", "-cp", &class_path()?])
        .arg("org.apache.kafka.tools.ProducerPerformance")
        .args(["--topic", topic, "--throughput", "-1"])
        .args(["--num-records", &MESSAGES.to_string()])
        .args(["--record-size", &PAYLOAD_BYTES.to_string()])
        .args(["--producer-props", "acks=all"])
        .arg(format!("bootstrap.servers={bootstrap}"))
        .output()
        .context("cannot run java")?;
    let text = String::from_utf8_lossy(&output.stdout);
    // "300000 records sent, 61274.5 records/sec (59.84 MB/sec), ...": the last
    // such line is the total.
    text.lines()
        .rev()
        .find_map(|line| {
            let rest = line.split_once(" records sent, ")?.1;
            rest.split(' ').next()?.parse().ok()
        })
        .with_context(|| format!("ProducerPerformance said {text:?}"))
}

fn class_path() -> anyhow::Result<String> {
    let home = PathBuf::from(std::env::var("KAFKA_HOME").context("KAFKA_HOME is not set")?);
    let folders = std::fs::read_dir(&home)?
        .flatten()
        .map(|entry| entry.path());
    let mut libs = folders.filter(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        path.is_dir() && name.starts_with("libs")
    });
    let libs = libs.next().unwrap_or(home);
    Ok(libs.join("*").to_string_lossy().into_owned())
}
