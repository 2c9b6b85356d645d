//! A running server and a trial's corner of it.

use exactly_adapter::testing::{TestHost, on_a_thread};
use exactly_adapter::{Adapter, Control, Fed, Instance, Left, Outgoing, Scope, Seen, TrialNames};
use exactly_model::{
    MessageId, Observer, Outcome, Setup, SinkKind, Stream, SystemPlace, View, checksum,
};
use exactly_redis::RedisSystem;
use redis::{FromRedisValue, Value};
use std::sync::Arc;

pub const NAMES: TrialNames = TrialNames { run: 7, trial: 12 };

/// A server with the host that its data folder belongs to.
pub struct Running {
    pub instance: Arc<dyn Instance>,
    pub host: Arc<TestHost>,
}

/// With the `redis-server` of this machine.
pub fn host() -> TestHost {
    TestHost::new(&["REDIS_SERVER"])
}

/// The `redis-server` of this machine; `None`, and said so, where there is none.
pub async fn local() -> Option<Running> {
    let host = Arc::new(host());
    let place = SystemPlace::Local { nodes: 1 };
    match RedisSystem.start(&place, host.clone()).await {
        Ok(instance) => Some(Running { instance, host }),
        Err(error) if error.to_string().contains("apt-get install redis-server") => {
            println!("not run: {error}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// The embedded server, in a thread of the test's.
pub async fn embedded() -> Running {
    let start = || on_a_thread(|ready| exactly_redis::serve_embedded(0, ready));
    let host = Arc::new(host().embedding(start));
    let started = RedisSystem.start(&SystemPlace::Embedded, host.clone());
    Running {
        instance: started.await.expect("it starts"),
        host,
    }
}

/// Makes a test of each name at both places, of a function that takes what runs there.
macro_rules! everywhere {
    ($($name:ident),* $(,)?) => {
        mod local {
            $(#[tokio::test]
            async fn $name() {
                if let Some(running) = crate::running::local().await {
                    super::$name(running).await;
                }
            })*
        }
        mod embedded {
            $(#[tokio::test]
            async fn $name() {
                super::$name(crate::running::embedded().await).await;
            })*
        }
    };
}
pub(crate) use everywhere;

pub fn setup() -> Setup {
    let stream = |name: &str, max_len| Stream {
        name: name.into(),
        max_len,
    };
    Setup {
        streams: vec![
            stream("orders", None),
            stream("short", Some(4)),
            stream("out", None),
        ],
        channels: vec!["news".into()],
        ..Setup::default()
    }
}

pub async fn open(instance: &Arc<dyn Instance>) -> Arc<dyn Scope> {
    instance.open(NAMES, &setup()).await.expect("its streams")
}

impl Running {
    pub fn port(&self) -> u16 {
        let addresses = self.instance.addresses();
        assert_eq!(addresses.len(), 1, "one server, one address");
        addresses[0].1
    }

    pub fn control(&self) -> Arc<dyn Control> {
        self.instance
            .control()
            .expect("a local server is breakable")
    }

    /// A client of the user's.
    pub async fn client(&self) -> User {
        User::connect(&format!("redis://127.0.0.1:{}/0", self.port())).await
    }
}

/// A client as a pipeline has one.
pub struct User(pub redis::aio::MultiplexedConnection);

impl User {
    pub async fn connect(url: &str) -> Self {
        let client = redis::Client::open(url).unwrap();
        Self(client.get_multiplexed_async_connection().await.unwrap())
    }

    /// Words of a command.
    pub async fn run<T: FromRedisValue>(&mut self, words: &[&str]) -> T {
        let mut command = redis::cmd(words[0]);
        command.arg(&words[1..]);
        let answered: Value = command.query_async(&mut self.0).await.unwrap();
        redis::from_redis_value(answered).unwrap()
    }
}

/// The name of something of the trial's.
pub fn name(scope: &Arc<dyn Scope>, placeholder: &str) -> String {
    scope.placeholders(&[("127.0.0.1".into(), 1)])[placeholder].clone()
}

pub fn id(sequence: u32) -> MessageId {
    MessageId::new(NAMES.run, NAMES.trial, sequence).unwrap()
}

pub fn message(sequence: u32) -> Outgoing {
    let (id, key, n) = (id(sequence), format!("k{}", sequence % 2), sequence / 2);
    let sum = checksum(id, &key, n);
    Outgoing {
        payload: format!(
            r#"{{"id":"{}","key":"{key}","n":{n},"sum":"{sum:08x}"}}"#,
            id.to_text()
        ),
        id,
        key,
        fields: Vec::new(),
    }
}

pub async fn feed(scope: &Arc<dyn Scope>, to: &str, sequences: std::ops::Range<u32>) -> Vec<Fed> {
    let messages: Vec<Outgoing> = sequences.map(message).collect();
    let feeder = scope.feeder().expect("it can be fed");
    let fed = feeder.feed(to, &messages, 4).await.expect("outcomes");
    assert_eq!(fed.len(), messages.len());
    fed
}

pub fn outcomes(fed: &[Fed]) -> Vec<Outcome> {
    fed.iter().map(|fed| fed.outcome).collect()
}

pub fn observer(query: &str) -> Observer {
    Observer {
        name: "sink".into(),
        system: "redis".into(),
        kind: SinkKind::Record,
        query: query.into(),
        effects_per_message: 1,
        view: View::ReadCommitted,
        by: None,
    }
}

pub async fn observe(scope: &Arc<dyn Scope>, query: &str) -> Vec<Seen> {
    let mut all = Vec::new();
    let observing = scope.observing().expect("it can be observed");
    observing
        .observe(&observer(query), &mut |seen| all.push(seen))
        .await
        .expect("effects");
    assert_eq!(count(scope, query).await, all.len() as u64, "{query}");
    all
}

pub async fn count(scope: &Arc<dyn Scope>, query: &str) -> u64 {
    let observing = scope.observing().expect("it can be observed");
    observing.count(&observer(query)).await.expect("a count")
}

pub fn sequences(seen: &[Seen]) -> Vec<u32> {
    seen.iter().map(|seen| seen.id.sequence()).collect()
}

pub async fn left(scope: &Arc<dyn Scope>) -> Left {
    let backlog = scope.backlog().expect("it has a backlog");
    backlog.left(&[], None).await.expect("what is left")
}
