//! The systems and their places, and what is fed and read there.

use exactly_adapter::conformance::Subject;
use exactly_adapter::{Adapter, Instance};
use exactly_engine::supervisor::{LocalHost, Supervisor};
use exactly_http::Http;
use exactly_kafka::Kafka;
use exactly_model::{Observer, Queue, Setup, SinkKind, Stream, SystemPlace, Topic, View};
use exactly_postgres::Postgres;
use exactly_redis::RedisSystem;
use exactly_sqs::SqsSystem;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;

const PAYLOAD: &str = r#"{"id":"{id}","key":"{key}","n":{seq},"sum":"{checksum}"}"#;
const CHARGE: &str = r#"{"order":"{id}","customer":"{key}","amount":100,"checksum":"{checksum}"}"#;
const TABLE: &str = "create table orders (id text, key text, n bigint, checksum text)";
const INSERT: &str = "insert into orders values ({id}, {key}, {seq}, {checksum})";
const SELECT: &str = "select id, key, n as seq, checksum from orders";

/// A system at a place.
pub struct Arm {
    /// As the table has it.
    pub name: &'static str,
    adapter: Box<dyn Adapter>,
    place: SystemPlace,
    /// A variable without which it can't run.
    wants: Option<&'static str>,
    setup: Setup,
    to: &'static str,
    payload: &'static str,
    kind: SinkKind,
    query: &'static str,
}

impl Arm {
    /// Why it can't run here.
    pub fn lacks(&self) -> Option<String> {
        let wants = self.wants?;
        let there = std::env::var_os(wants).is_some_and(|value| !value.is_empty());
        (!there).then(|| format!("{wants} is not set"))
    }

    pub fn subject(&self, instance: Arc<dyn Instance>) -> Subject<'_> {
        Subject {
            adapter: self.adapter.as_ref(),
            instance,
            setup: self.setup.clone(),
            to: self.to.into(),
            payload: self.payload.into(),
            observer: Observer {
                name: "sink".into(),
                system: self.adapter.kind().into(),
                kind: self.kind,
                query: self.query.into(),
                effects_per_message: 1,
                view: View::default(),
                by: None,
            },
            // Names outlive a run at a place that does.
            run: std::process::id() % 100_000,
        }
    }
}

fn kafka(name: &'static str, place: SystemPlace) -> Arm {
    let topic = Topic {
        name: "orders".into(),
        partitions: 2,
        replicas: None,
    };
    Arm {
        name,
        adapter: Box::new(Kafka),
        wants: (place != SystemPlace::Embedded).then_some("KAFKA_HOME"),
        place,
        setup: Setup {
            topics: vec![topic],
            ..Setup::default()
        },
        to: "orders",
        payload: PAYLOAD,
        kind: SinkKind::Record,
        query: "orders",
    }
}

fn postgres(name: &'static str, place: SystemPlace) -> Arm {
    Arm {
        name,
        adapter: Box::new(Postgres),
        wants: (place != SystemPlace::Embedded).then_some("POSTGRES_HOME"),
        place,
        setup: Setup {
            sql: TABLE.into(),
            ..Setup::default()
        },
        to: INSERT,
        payload: PAYLOAD,
        kind: SinkKind::Row,
        query: SELECT,
    }
}

fn sqs(name: &'static str, place: SystemPlace) -> Arm {
    let queue = Queue {
        name: "orders".into(),
        fifo: true,
        visibility_s: 2,
        ..Queue::default()
    };
    Arm {
        name,
        adapter: Box::new(SqsSystem),
        wants: (place != SystemPlace::Embedded).then_some("ELASTICMQ_HOME"),
        place,
        setup: Setup {
            queues: vec![queue],
            ..Setup::default()
        },
        to: "orders",
        payload: PAYLOAD,
        kind: SinkKind::Message,
        query: "orders",
    }
}

fn http() -> Arm {
    Arm {
        name: "HTTP, embedded",
        adapter: Box::new(Http),
        place: SystemPlace::Embedded,
        wants: None,
        setup: Setup::default(),
        to: "/charges",
        payload: CHARGE,
        kind: SinkKind::Charge,
        query: "charges",
    }
}

fn redis(name: &'static str, place: SystemPlace) -> Arm {
    let stream = Stream {
        name: "orders".into(),
        max_len: None,
    };
    Arm {
        name,
        adapter: Box::new(RedisSystem),
        wants: (place != SystemPlace::Embedded).then_some("REDIS_SERVER"),
        place,
        setup: Setup {
            streams: vec![stream],
            ..Setup::default()
        },
        to: "stream.orders",
        payload: PAYLOAD,
        kind: SinkKind::Record,
        query: "stream.orders",
    }
}

/// All of them but the mail server, which is fed by nobody but the pipeline, in the order of the table.
pub fn arms() -> Vec<Arm> {
    vec![
        kafka("Kafka, embedded", SystemPlace::Embedded),
        kafka("Kafka, local", SystemPlace::Local { nodes: 1 }),
        postgres("PostgreSQL, embedded", SystemPlace::Embedded),
        postgres("PostgreSQL, local", SystemPlace::Local { nodes: 1 }),
        sqs("SQS, embedded", SystemPlace::Embedded),
        sqs("SQS, local (ElasticMQ)", SystemPlace::Local { nodes: 1 }),
        http(),
        redis("Redis, embedded", SystemPlace::Embedded),
        redis("Redis, local", SystemPlace::Local { nodes: 1 }),
    ]
}

/// What starts them.
pub struct Servers {
    host: Arc<LocalHost>,
    _folder: tempfile::TempDir,
}

impl Servers {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let scratch = folder.path().join("scratch");
        let output = folder.path().join("output");
        for folder in [folder.path(), &scratch, &output] {
            std::fs::create_dir_all(folder).unwrap();
            // Servers that refuse root run as another user.
            std::fs::set_permissions(folder, PermissionsExt::from_mode(0o755)).unwrap();
        }
        let settings = [
            "PATH",
            "KAFKA_HOME",
            "ELASTICMQ_HOME",
            "JAVA_HOME",
            "POSTGRES_HOME",
            "REDIS_SERVER",
        ];
        let settings = settings
            .into_iter()
            .filter_map(|name| Some((name.to_string(), std::env::var(name).ok()?)));
        let host = LocalHost::new(
            Supervisor::new(&format!("conformance-{}", std::process::id())),
            env!("CARGO_BIN_EXE_exactly-under-test").to_string(),
            scratch,
            cache(),
            output,
        );
        Self {
            host: Arc::new(host.with_settings(settings.collect())),
            _folder: folder,
        }
    }

    pub async fn start(&self, arm: &Arm) -> Arc<dyn Instance> {
        let started = arm.adapter.start(&arm.place, self.host.clone()).await;
        started.unwrap_or_else(|error| panic!("{}: {error}", arm.name))
    }
}

/// Where the command keeps what it has downloaded.
fn cache() -> PathBuf {
    let given = std::env::var_os("EXACTLY_CACHE").map(PathBuf::from);
    let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache/exactly"));
    let root = rustix::process::geteuid().is_root();
    let shared = root.then(|| PathBuf::from("/var/cache/exactly"));
    given.or(shared).or(home).expect("HOME is set")
}

/// Past the test's capture: nobody sees what a test prints that passes.
pub fn say(line: &str) {
    let line = format!("{line}\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}
