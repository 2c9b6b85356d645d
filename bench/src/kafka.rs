//! Batched messages of 1 KiB from librdkafka to the embedded broker.

use crate::figures::{Figures, cpu_seconds, rounded, spread};
use crate::plain::PlainScope;
use crate::rig::{Rig, first_address};
use exactly_adapter::TrialNames;
use exactly_engine::boundary::Mode;
use exactly_kafka::Kafka;
use exactly_model::{MessageId, Setup, Topic};
use rdkafka::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseRecord, Producer, ProducerContext, ThreadedProducer};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Messages of one round.
const MESSAGES: u32 = 40_000;
const ROUNDS: usize = 15;
const ROUTES: [&str; 3] = ["direct", "plain", "decoded"];
const PAYLOAD_BYTES: usize = 1024;

/// MB/s by route, and the ratios. The processor time of producer and boundary
/// stands beside: it suffers less from what else the machine does.
pub async fn measure(rig: &Rig, figures: &mut Figures) -> anyhow::Result<()> {
    let mut rates: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    let mut cpu: BTreeMap<&str, f64> = BTreeMap::new();
    for round in 0..ROUNDS {
        // A fresh broker each time: it keeps every message it was ever sent.
        let instance = rig.start(&Kafka).await?;
        for turn in 0..ROUTES.len() {
            let route = ROUTES[(round + turn) % ROUTES.len()];
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
            let copied = Arc::new(AtomicU64::new(0));
            let boundary = match route {
                "direct" => None,
                "plain" => {
                    let (scope, copied) = (scope.clone(), copied.clone());
                    let plain = Arc::new(PlainScope { scope, copied });
                    Some(rig.boundary(instance.as_ref(), names, Mode::Decoded(plain))?)
                }
                _ => {
                    let mode = Mode::Decoded(scope.clone());
                    Some(rig.boundary(instance.as_ref(), names, mode)?)
                }
            };
            let direct = first_address(instance.as_ref())?.1;
            let port = boundary.as_ref().map_or(direct, |b| b.port);
            let words = scope.placeholders(&[("127.0.0.1".into(), port)]);
            let cpu_before = cpu_seconds();
            let rate = tokio::task::spawn_blocking(move || produce(&words, names)).await??;
            *cpu.entry(route).or_default() += cpu_seconds() - cpu_before;
            let bytes = u64::from(MESSAGES) * PAYLOAD_BYTES as u64;
            anyhow::ensure!(
                route != "plain" || copied.load(Ordering::Relaxed) > bytes,
                "the producer went past the copying boundary"
            );
            println!(
                "{}",
                json!({"round": round, "route": route, "mb_per_s": rounded(rate)})
            );
            rates.entry(route).or_default().push(rate);
            scope.close().await;
        }
        instance.stop().await;
    }
    for (route, rates) in &rates {
        figures.add(json!({
            "figure": "kafka produce, 1 KiB batched", "route": route, "mb_per_s": spread(rates),
            "cpu_ms_per_mb": rounded(cpu[route] * 1e9 / (ROUNDS * MESSAGES as usize * PAYLOAD_BYTES) as f64),
        }));
    }
    for over in ["direct", "plain"] {
        let pairs = rates["decoded"].iter().zip(&rates[over]);
        let ratios: Vec<f64> = pairs.map(|(decoded, other)| decoded / other).collect();
        figures.add(json!({
            "figure": format!("kafka produce, decoded / {over}"), "ratio": spread(&ratios),
            "target": (over == "direct").then_some(">= 0.9"),
        }));
    }
    Ok(())
}

/// Counts what was not delivered.
#[derive(Clone, Default)]
struct Failures(Arc<AtomicU64>);

impl rdkafka::ClientContext for Failures {}

impl ProducerContext for Failures {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if result.is_err() {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// MB/s from the first message to the last acknowledgement.
fn produce(words: &BTreeMap<String, String>, names: TrialNames) -> anyhow::Result<f64> {
    let failures = Failures::default();
    let producer: ThreadedProducer<Failures> = ClientConfig::new()
        .set("bootstrap.servers", &words["address"])
        .set("linger.ms", "5")
        .set("batch.size", "131072")
        .set("queue.buffering.max.messages", "20000")
        .set("topic.metadata.refresh.interval.ms", "-1")
        .create_with_context(failures.clone())?;
    let topic = &words["topic.load"];
    // Connections, metadata and the first allocation are not what is measured.
    send(&producer, topic, names, 0)?;
    producer.flush(Duration::from_secs(10))?;
    let start = Instant::now();
    for sequence in 1..=MESSAGES {
        send(&producer, topic, names, sequence)?;
    }
    producer.flush(Duration::from_secs(60))?;
    let seconds = start.elapsed().as_secs_f64();
    let failed = failures.0.load(Ordering::Relaxed);
    anyhow::ensure!(failed == 0, "{failed} messages were not delivered");
    Ok(f64::from(MESSAGES) * PAYLOAD_BYTES as f64 / 1e6 / seconds)
}

/// Each message carries an id, as a pipeline's do: the boundary reads them.
fn send(
    producer: &ThreadedProducer<Failures>,
    topic: &str,
    names: TrialNames,
    sequence: u32,
) -> anyhow::Result<()> {
    let id = MessageId::new(names.run, names.trial, sequence)
        .ok_or_else(|| anyhow::anyhow!("{sequence} is no sequence number"))?
        .to_text();
    let mut payload = format!(r#"{{"id":"{id}","text":""#);
    while payload.len() < PAYLOAD_BYTES - 2 {
        payload.push_str("The quick brown fox jumps over the lazy dog 0123456789. ");
    }
    payload.truncate(PAYLOAD_BYTES - 2);
    payload.push_str("\"}");
    let mut record = BaseRecord::to(topic).key(&id).payload(&payload);
    loop {
        match producer.send(record) {
            Ok(()) => return Ok(()),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), again)) => {
                record = again;
                std::thread::sleep(Duration::from_millis(1));
            }
            Err((error, _)) => return Err(error.into()),
        }
    }
}
