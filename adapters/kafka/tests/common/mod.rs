//! An embedded broker in this process, and a boundary that only records.

#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "each test binary uses a part"
)]

use bytes::BytesMut;
use exactly_adapter::testing::{TestHost, on_a_thread};
use exactly_adapter::{
    Adapter, Addresses, Delivered, Direction, Head, Instance, Outgoing, Reply, Scope, StartError,
    TrialNames, Unit,
};
use exactly_model::{MessageId, Setup, SystemPlace, Topic};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Run number of this test process: a real broker keeps names between them.
pub fn run() -> u32 {
    std::process::id() % exactly_model::RUN_MAX
}

/// Where the tests run: the embedded broker, or the broker at the address in
/// `EXACTLY_TEST_KAFKA`.
pub async fn kafka() -> Arc<dyn Instance> {
    let place = match std::env::var("EXACTLY_TEST_KAFKA") {
        Ok(address) => SystemPlace::At(address),
        Err(_) => SystemPlace::Embedded,
    };
    start(place).await.unwrap()
}

pub async fn start(place: SystemPlace) -> Result<Arc<dyn Instance>, StartError> {
    let host = TestHost::new(&[]).embedding(start_broker);
    exactly_kafka::Kafka.start(&place, Arc::new(host)).await
}

/// Runs the embedded broker on a thread of its own, as its process would, and answers
/// the line that says it is ready.
pub fn start_broker() -> String {
    on_a_thread(|ready| exactly_kafka::serve_embedded(0, ready))
}

static TRIAL: AtomicU32 = AtomicU32::new(1);

/// A trial of its own with these topics.
pub async fn open(instance: &dyn Instance, topics: &[(&str, u32)]) -> (u32, Arc<dyn Scope>) {
    let trial = TRIAL.fetch_add(1, Ordering::Relaxed);
    let topic = |(name, partitions): &(&str, u32)| Topic {
        name: (*name).into(),
        partitions: *partitions,
        replicas: None,
    };
    let setup = Setup {
        topics: topics.iter().map(topic).collect(),
        ..Setup::default()
    };
    let names = TrialNames { run: run(), trial };
    (trial, instance.open(names, &setup).await.unwrap())
}

pub fn id(trial: u32, sequence: u32) -> MessageId {
    MessageId::new(run(), trial, sequence).unwrap()
}

pub fn messages(trial: u32, count: u32, keys: u32) -> Vec<Outgoing> {
    let message = |sequence: u32| Outgoing {
        id: id(trial, sequence),
        key: format!("k{}", sequence % keys),
        payload: format!(
            r#"{{"id":"{}","n":{},"sum":"0000beef"}}"#,
            id(trial, sequence),
            sequence / keys
        ),
        fields: Vec::new(),
    };
    (0..count).map(message).collect()
}

/// What a boundary saw.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    pub heads: Vec<Head>,
    /// Replies with the head that they answer.
    pub replies: Vec<(Head, Reply)>,
    pub delivers: Vec<Delivered>,
    pub errors: Vec<String>,
}

impl Seen {
    /// Whether a request has no reply yet.
    pub fn is_awaited(&self, operation: &str) -> bool {
        let asked = self.heads.iter().filter(|head| head.operation == operation);
        asked.count() > self.of(operation).len()
    }

    pub fn of(&self, operation: &str) -> Vec<&(Head, Reply)> {
        let matching = |(head, _): &&(Head, Reply)| head.operation == operation;
        self.replies.iter().filter(matching).collect()
    }
}

/// Boundaries for any number of brokers; they pass on and record.
#[derive(Clone)]
pub struct Boundary {
    scope: Arc<dyn Scope>,
    seen: Arc<Mutex<Seen>>,
    ports: Arc<Mutex<BTreeMap<(String, u16), u16>>>,
    runtime: tokio::runtime::Handle,
}

impl Addresses for Boundary {
    fn boundary_for(&self, host: &str, port: u16) -> std::io::Result<(String, u16)> {
        let mut ports = self.ports.lock().unwrap();
        let key = (host.to_string(), port);
        if let Some(port) = ports.get(&key) {
            return Ok(("127.0.0.1".into(), *port));
        }
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let own = listener.local_addr()?.port();
        ports.insert(key.clone(), own);
        let boundary = self.clone();
        self.runtime.spawn(async move {
            let listener = TcpListener::from_std(listener).unwrap();
            while let Ok((client, _)) = listener.accept().await {
                let boundary = boundary.clone();
                let key = key.clone();
                tokio::spawn(async move { boundary.pass(client, key).await });
            }
        });
        Ok(("127.0.0.1".into(), own))
    }
}

impl Boundary {
    /// The boundary, and the address that the pipeline shall dial.
    pub fn start(
        instance: &dyn Instance,
        scope: &Arc<dyn Scope>,
    ) -> (Self, BTreeMap<String, String>) {
        let boundary = Self {
            scope: Arc::clone(scope),
            seen: Arc::default(),
            ports: Arc::default(),
            runtime: tokio::runtime::Handle::current(),
        };
        let addresses = instance.addresses().into_iter();
        let dialled = addresses.map(|(host, port)| boundary.boundary_for(&host, port).unwrap());
        let names = scope.placeholders(&dialled.collect::<Vec<_>>());
        (boundary, names)
    }

    pub fn seen(&self) -> Seen {
        self.seen.lock().unwrap().clone()
    }

    fn record(&self, unit: Unit, heads: &mut BTreeMap<u64, Head>) {
        let mut seen = self.seen.lock().unwrap();
        if let Some(head) = unit.opens {
            seen.heads.push(head.clone());
            if head.expects_reply {
                assert!(heads.insert(head.key, head).is_none(), "a key used twice");
            }
        }
        if let Some(reply) = unit.closes {
            let head = heads.remove(&reply.key).expect("a reply to a request");
            seen.replies.push((head, reply));
        }
        seen.delivers.extend(unit.delivers);
    }

    async fn pass(&self, mut client: TcpStream, to: (String, u16)) {
        let mut system = TcpStream::connect(to).await.unwrap();
        client.set_nodelay(true).unwrap();
        system.set_nodelay(true).unwrap();
        let mut decoder = self.scope.decoder();
        let mut heads: BTreeMap<u64, Head> = BTreeMap::new();
        let (mut requests, mut replies) = (BytesMut::new(), BytesMut::new());
        loop {
            let (dir, read) = tokio::select! {
                read = client.read_buf(&mut requests) => (Direction::ToSystem, read),
                read = system.read_buf(&mut replies) => (Direction::ToClient, read),
            };
            if !matches!(read, Ok(1..)) {
                return;
            }
            let input = match dir {
                Direction::ToSystem => &mut requests,
                Direction::ToClient => &mut replies,
            };
            loop {
                let unit = match decoder.next(dir, input, self) {
                    Ok(Some(unit)) => unit,
                    Ok(None) => break,
                    Err(error) => {
                        self.seen.lock().unwrap().errors.push(error.to_string());
                        return;
                    }
                };
                let (forward, answer) = (unit.forward.clone(), unit.answer.clone());
                self.record(unit, &mut heads);
                let out = match dir {
                    Direction::ToSystem => &mut system,
                    Direction::ToClient => &mut client,
                };
                if out.write_all(&forward).await.is_err()
                    || client.write_all(&answer).await.is_err()
                {
                    return;
                }
            }
        }
    }
}

/// A consumer's settings, as pipelines have them.
pub fn consumer(names: &BTreeMap<String, String>) -> rdkafka::ClientConfig {
    let mut config = rdkafka::ClientConfig::new();
    config
        .set("bootstrap.servers", &names["address"])
        .set("group.id", &names["group"])
        .set("enable.auto.commit", "false")
        .set("auto.offset.reset", "earliest")
        .set("reconnect.backoff.ms", "20")
        .set("fetch.wait.max.ms", "20");
    config
}
