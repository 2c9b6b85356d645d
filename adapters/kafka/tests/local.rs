//! Apache Kafka from jars on this machine. What needs them runs where
//! `KAFKA_HOME` is set, as users set it.

mod common;

use common::{Boundary, consumer, messages, open};
use exactly_adapter::testing::TestHost;
use exactly_adapter::{Adapter, Control, Fed, Instance, Outgoing, Scope, StartError, TrialNames};
use exactly_model::{Need, Observer, Outcome, Setup, SinkKind, SystemPlace, Topic, View};
use futures::future::join_all;
use rdkafka::Message;
use rdkafka::consumer::{CommitMode, Consumer, StreamConsumer};
use rdkafka::message::OwnedMessage;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

const WITHIN: Duration = Duration::from_secs(20);

/// A cluster of `nodes` nodes, or `None` where there are no jars.
async fn start_local(nodes: u32) -> Option<Arc<dyn Instance>> {
    if std::env::var_os("KAFKA_HOME").is_none() {
        println!("not run: KAFKA_HOME is not set");
        return None;
    }
    let host = Arc::new(TestHost::new(&["KAFKA_HOME", "JAVA_HOME"]));
    let place = SystemPlace::Local { nodes };
    Some(exactly_kafka::Kafka.start(&place, host).await.unwrap())
}

async fn feed(scope: &dyn Scope, messages: &[Outgoing], concurrency: u32) -> Vec<Fed> {
    let feeder = scope.feeder().unwrap();
    feeder.feed("orders", messages, concurrency).await.unwrap()
}

/// How often each message is in the topic `orders`.
async fn observe(scope: &dyn Scope) -> BTreeMap<String, u32> {
    let observer = Observer {
        name: "o".into(),
        system: "k".into(),
        kind: SinkKind::Record,
        query: "orders".into(),
        effects_per_message: 1,
        view: View::ReadCommitted,
        by: None,
    };
    let mut all = BTreeMap::new();
    let mut each = |seen: exactly_adapter::Seen| *all.entry(seen.id.to_string()).or_default() += 1;
    let observing = scope.observing().unwrap();
    observing.observe(&observer, &mut each).await.unwrap();
    all
}

/// Acknowledged records are there once, refused ones are not, and nothing is
/// there twice.
fn assert_honest(sent: &[Outgoing], fed: &[Fed], seen: &BTreeMap<String, u32>) {
    for (message, fed) in sent.iter().zip(fed) {
        let times = seen.get(&message.id.to_string()).copied().unwrap_or(0);
        match fed.outcome {
            Outcome::Ok => assert_eq!(times, 1, "{message:?} {fed:?}"),
            Outcome::Fail => assert_eq!(times, 0, "{message:?} {fed:?}"),
            Outcome::Unknown => assert!(times <= 1, "{message:?} {fed:?}"),
        }
    }
}

fn assert_all_ok(fed: &[Fed]) {
    let failed: Vec<_> = fed.iter().filter(|f| f.outcome != Outcome::Ok).collect();
    assert!(failed.is_empty(), "{failed:?}");
}

async fn receive(consumer: &StreamConsumer) -> OwnedMessage {
    let message = tokio::time::timeout(WITHIN, consumer.recv()).await;
    message.expect("a message in time").unwrap().detach()
}

async fn restart(control: &dyn Control, nodes: &[u32]) {
    for started in join_all(nodes.iter().map(|node| control.start(*node))).await {
        started.unwrap();
    }
    control.healed().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_node() {
    let Some(kafka) = start_local(1).await else {
        return;
    };
    let info = kafka.info("k");
    assert_eq!((info.place.as_str(), info.emulated), ("local", false));
    assert!(info.version.starts_with("Apache Kafka 4."), "{info:?}");
    for need in [Need::Leases, Need::Members, Need::Transactions] {
        assert_eq!(kafka.lacks(need), None);
    }
    let control = kafka.control().expect("its nodes are ours");
    let (host, port) = kafka.addresses().remove(0);
    assert_eq!(
        (control.nodes(), control.at(&host, port)),
        (vec![1], Some(1))
    );
    assert_eq!(control.at(&host, port.wrapping_add(1)), None);
    too_many_replicas(&*kafka).await;
    a_policy_is_violated(&*kafka).await;

    let (trial, scope) = open(&*kafka, &[("orders", 1)]).await;
    let sent = messages(trial, 6, 2);
    assert_all_ok(&feed(&*scope, &sent[..4], 1).await);
    a_dead_member_is_let_go(&*kafka, &scope).await;

    control.stop(1).await;
    restart(&*control, &[1]).await;
    assert_all_ok(&feed(&*scope, &sent[4..], 1).await);
    control.kill(1).await;
    restart(&*control, &[1]).await;
    let seen = observe(&*scope).await;
    assert_eq!((seen.len(), seen.values().sum::<u32>()), (6, 6), "{seen:?}");
    // What a group committed outlives both.
    let left = scope.backlog().unwrap().left(&[], None).await.unwrap();
    assert_eq!((left.items, left.committed[0].offset), (4, 2), "{left:?}");
    scope.close().await;
    kafka.stop().await;
}

/// Why a trial with `topics` is refused.
async fn refused_trial(kafka: &dyn Instance, topics: Vec<Topic>) -> String {
    let setup = Setup {
        topics,
        ..Setup::default()
    };
    let names = TrialNames { run: 1, trial: 999 };
    let error = kafka.open(names, &setup).await.err().expect("refused");
    assert!(matches!(error, StartError::Config { .. }), "{error}");
    error.to_string()
}

async fn too_many_replicas(kafka: &dyn Instance) {
    let topic = Topic {
        name: "orders".into(),
        partitions: 1,
        replicas: Some(3),
    };
    let text = refused_trial(kafka, vec![topic]).await;
    assert!(text.contains("INVALID_REPLICATION_FACTOR"), "{text}");
    assert!(
        text.contains("1 broker") && text.contains("local:3"),
        "{text}"
    );
}

/// A broker's policy, the one that every broker has: 10 000 partitions in one
/// request at most.
async fn a_policy_is_violated(kafka: &dyn Instance) {
    let topic = |name: &str| Topic {
        name: name.into(),
        partitions: 10_000,
        replicas: None,
    };
    let text = refused_trial(kafka, vec![topic("orders"), topic("out")]).await;
    assert!(text.contains("POLICY_VIOLATION"), "{text}");
    assert!(text.contains("number of partitions"), "{text}");
}

/// The successor of a member that died without a word is served at once, though
/// the session lasts 45 s.
async fn a_dead_member_is_let_go(kafka: &dyn Instance, scope: &Arc<dyn Scope>) {
    let cord = tokio::runtime::Runtime::new().unwrap();
    let (boundary, names) = {
        let _on = cord.enter();
        Boundary::start(kafka, scope)
    };
    let dead: StreamConsumer = consumer(&names).create().unwrap();
    dead.subscribe(&[&names["topic.orders"]]).unwrap();
    for offset in 0..2 {
        let message = receive(&dead).await;
        assert_eq!(message.offset(), offset);
    }
    dead.commit_consumer_state(CommitMode::Sync).unwrap();
    // Its connections are cut, and there is no way back for it.
    cord.shutdown_background();
    assert_eq!(boundary.seen().errors, [""; 0]);
    let released = scope.assist().unwrap().release_dead(true).await;
    assert_eq!(released.len(), 1, "{released:?}");
    assert!(released[0].starts_with("LeaveGroup for "), "{released:?}");
    let direct = scope.placeholders(&kafka.addresses());
    let successor: StreamConsumer = consumer(&direct).create().unwrap();
    successor.subscribe(&[&direct["topic.orders"]]).unwrap();
    assert_eq!(receive(&successor).await.offset(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_nodes() {
    let Some(kafka) = start_local(3).await else {
        return;
    };
    assert_eq!(kafka.info("k").place, "local:3");
    let control = kafka.control().expect("its nodes are ours");
    let at: Vec<_> = kafka
        .addresses()
        .iter()
        .map(|(h, p)| control.at(h, *p))
        .collect();
    assert_eq!(at, [Some(1), Some(2), Some(3)]);
    let (trial, scope) = open(&*kafka, &[("orders", 3)]).await;
    let sent = messages(trial, 900, 7);
    let (before, rest) = sent.split_at(300);
    let (during, after) = rest.split_at(300);

    // Each partition has its leader: one of them dies while records are sent.
    let mut fed = feed(&*scope, before, 20).await;
    assert_all_ok(&fed);
    let (struck, ()) = tokio::join!(feed(&*scope, during, 20), control.kill(2));
    fed.extend(struck);
    // The first node answers no more: others tell who leads now.
    restart(&*control, &[2]).await;
    control.kill(1).await;
    let last = feed(&*scope, after, 20).await;
    assert_all_ok(&last);
    fed.extend(last);
    // Reading needs no node in particular either.
    assert_honest(&sent, &fed, &observe(&*scope).await);
    let left = scope.backlog().unwrap().left(&[], None).await.unwrap();
    assert!(left.items >= 600, "{left:?}");
    restart(&*control, &[1]).await;
    assert_honest(&sent, &fed, &observe(&*scope).await);

    control.pause(3).await;
    let healed = tokio::time::timeout(Duration::from_secs(1), control.healed()).await;
    assert!(healed.is_err(), "a node sleeps: {healed:?}");
    control.resume(3).await;
    control.healed().await.unwrap();

    join_all(control.nodes().into_iter().map(|node| control.kill(node))).await;
    restart(&*control, &control.nodes()).await;
    assert_honest(&sent, &fed, &observe(&*scope).await);
    scope.close().await;
    kafka.stop().await;
}

/// A folder that goes when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let own = format!("{name}-{}", std::process::id());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(own);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// Puts a file there that can be run. Another process writes it: a child that
    /// one of the other tests starts at that moment would inherit our descriptor,
    /// and what is open for writing cannot be run.
    fn with(self, file: &str, content: &str) -> Self {
        let source = self.0.join("source");
        std::fs::write(&source, content).unwrap();
        let path = self.0.join(file);
        let mut install = std::process::Command::new("install");
        install.args(["-D", "-m", "755"]).arg(&source).arg(&path);
        assert!(install.status().unwrap().success());
        std::fs::remove_file(source).unwrap();
        self
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// How a start with these settings is refused.
async fn refused(nodes: u32, settings: &[(&str, &Path)]) -> String {
    let with = |host: TestHost, (name, path): &(&str, &Path)| {
        host.with_setting(name, path.to_str().unwrap())
    };
    let host = Arc::new(settings.iter().fold(TestHost::new(&[]), with));
    let place = SystemPlace::Local { nodes };
    match exactly_kafka::Kafka.start(&place, host).await {
        Ok(_) => panic!("it started"),
        Err(error) => {
            let config = matches!(error, StartError::Config { .. });
            assert_eq!(config, nodes == 2, "{error}");
            error.to_string()
        }
    }
}

#[track_caller]
fn says(error: &str, all: &[&str]) {
    for text in all {
        assert!(error.contains(text), "{text:?} is not in: {error}");
    }
}

#[tokio::test]
async fn what_is_missing_is_named_with_where_to_get_it() {
    const JARS: &str = "https://kafka.apache.org/downloads";
    const JAVA: &str = "install Java 17 or newer";
    says(&refused(1, &[]).await, &["KAFKA_HOME is not set", JARS]);
    let empty = Folder::new("empty");
    let looked = format!("KAFKA_HOME={}", empty.0.display());
    let error = refused(1, &[("KAFKA_HOME", &empty.0)]).await;
    says(&error, &["kafka_2.13-*.jar in libs", &looked, JARS]);
    let old = Folder::new("old").with("libs/kafka_2.13-3.9.1.jar", "");
    let error = refused(1, &[("KAFKA_HOME", &old.0)]).await;
    says(&error, &["Kafka 3.9.1", "4.0 or newer", JARS]);
    let silent = Folder::new("silent").with("kafka_2.13-4.1.0.jar", "");
    let error = refused(1, &[("KAFKA_HOME", &silent.0)]).await;
    says(&error, &["no log4j-slf4j*.jar beside Kafka 4.1.0", JARS]);

    let jars = Folder::new("jars")
        .with("libs-4.0.0/kafka_2.13-4.0.0.jar", "")
        .with("libs-4.10.0/kafka_2.13-4.10.0.jar", "")
        .with("libs-4.10.0/log4j-slf4j-impl-2.25.4.jar", "");
    let kafka_home = ("KAFKA_HOME", jars.0.as_path());
    let error = refused(1, &[kafka_home, ("JAVA_HOME", &empty.0)]).await;
    says(
        &error,
        &["there is no", "bin/java (JAVA_HOME is set)", JAVA],
    );
    let java_11 = Folder::new("java-11").with(
        "bin/java",
        "#!/bin/sh\necho 'Exception in thread \"main\" java.lang.UnsupportedClassVersionError: \
         kafka/tools/StorageTool has been compiled by a more recent version of the Java Runtime \
         (class file version 61.0), this version of the Java Runtime only recognizes class file \
         versions up to 55.0' >&2\nexit 1\n",
    );
    let error = refused(1, &[kafka_home, ("JAVA_HOME", &java_11.0)]).await;
    says(&error, &["is Java 11, and Kafka 4.10.0 needs 17", JAVA]);
    let error = refused(2, &[kafka_home]).await;
    says(&error, &["cluster of 2 nodes", "1, 3 or 5"]);
}

#[tokio::test]
async fn a_node_that_dies_at_its_start_tells_its_last_words() {
    let jars = Folder::new("dying")
        .with("libs/kafka_2.13-4.3.1.jar", "")
        .with("libs/log4j-slf4j-impl-2.25.4.jar", "");
    for (last_words, expect) in [
        ("echo 'FATAL: the disk is full'", "kafka-node"),
        (
            "echo 'Kafka Server started'; echo 'FATAL: the disk is full'",
            "has ended by itself",
        ),
    ] {
        let java = Folder::new("dying-java").with(
            "bin/java",
            &format!(
                "#!/bin/sh\ncase \"$*\" in *StorageTool*) exit 0;; esac\n{last_words}\nexit 3\n"
            ),
        );
        let settings = [("KAFKA_HOME", jars.0.as_path()), ("JAVA_HOME", &java.0)];
        let error = refused(3, &settings).await;
        says(&error, &[expect, "FATAL: the disk is full"]);
    }
}
