//! The toy system as an instance, and a pipeline on it: whole trials.

use super::{Nodes, PATIENCE, Rig, Server, protocol};
use async_trait::async_trait;
use exactly_adapter::{
    Assisting, Backlog, Control, Decoder, Fed, FeedError, Feeder, Horizon, Instance, Lack, Left,
    ObserveError, Observing, Outgoing, Passed, Positions, Scope, Seen, StartError, TrialNames,
};
use exactly_engine::EngineError;
use exactly_engine::store::Recorder;
use exactly_engine::supervisor::Supervisor;
use exactly_engine::trial::{Finished, Ordered, Stage};
use exactly_model::{
    Feed, IdForm, Limits, MessageId, Need, Observer, Outcome, Pipeline, Position, PositionQuery,
    Process, Ready, ReadyWhen, Restart, Setup, Signal, SinkKind, Stop, SystemInfo, SystemUse, View,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Asks where the log stands, makes the next record's effect, acknowledges it,
/// and begins anew when its connection breaks.
pub const WORKER: &str = r#"
trap 'exit 0' TERM
echo ready
while :; do
  exec 3<>/dev/tcp/127.0.0.1/$PORT
  while echo P >&3 && read -r _ _ at length <&3; do
    echo "E $at" >&3; read -r said <&3 || break
    [ "$said" = "ok E $at" ] || continue
    echo "A $((at + 1))" >&3; read -r said <&3 || break
  done 2>/dev/null
  exec 3>&-
  sleep 0.02
done
"#;

/// Makes the effect of each message that is pushed to it. It takes its time to start,
/// so that a message is published meanwhile.
pub const SUBSCRIBER: &str = r#"
trap 'exit 0' TERM
sleep 0.15
while :; do
  exec 3<>/dev/tcp/127.0.0.1/$PORT
  echo S >&3; read -r said <&3 && echo ready
  while read -r what seq <&3; do
    [ "$what" = push ] && echo "E $seq" >&3
  done 2>/dev/null
  exec 3>&-
  sleep 0.02
done
"#;

/// The toy system, with what a test wants of it.
pub struct Toy {
    pub nodes: Arc<Nodes>,
    /// The pipeline.
    pub pipeline: Pipeline,
    /// Whether it keeps to leases.
    pub leases: bool,
    /// Looks that fail although every node is up, once this was done to one.
    pub failing_looks: AtomicU32,
    pub failing_after: Option<&'static str>,
    pub assist: bool,
    /// How long its window is, which no clock shortens.
    pub window: Duration,
    pub allow_wait: bool,
    /// Whether what is fed is published, and kept for nobody.
    pub publishes: bool,
    /// Sinks that are watched, in order.
    pub watched: std::sync::Mutex<Vec<String>>,
}

impl Toy {
    pub async fn new(script: &str) -> Self {
        Self {
            nodes: Arc::new(Nodes::start(1).await),
            pipeline: pipeline(script),
            leases: true,
            failing_looks: AtomicU32::new(0),
            failing_after: None,
            assist: false,
            window: Duration::ZERO,
            allow_wait: false,
            publishes: false,
            watched: std::sync::Mutex::default(),
        }
    }

    pub fn server(&self) -> Arc<Server> {
        self.nodes.server(1)
    }
}

fn pipeline(script: &str) -> Pipeline {
    Pipeline {
        systems: vec![SystemUse {
            name: "s".into(),
            kind: "toy".into(),
            client_timeout_ms: None,
            lease_ms: None,
            setup: Setup::default(),
        }],
        processes: vec![Process {
            name: "w".into(),
            command: ["bash", "-c", script].map(String::from).into(),
            env: BTreeMap::from([("PORT".into(), "{s.port}".into())]),
            ready: Ready {
                when: ReadyWhen::Log("ready".into()),
                within_ms: PATIENCE.as_millis() as u64,
            },
            stop: Stop {
                signal: Signal::Term,
                grace_ms: 200,
            },
            dir: None,
            local_state: Vec::new(),
            restart: Restart {
                max: 3,
                delay_ms: 10,
            },
        }],
        feed: Feed {
            system: "s".into(),
            to: "log".into(),
            messages: 4,
            concurrency: 1,
            id: IdForm::Int,
            keys: 1,
            payload: "{id}".into(),
            before_start: true,
            every_ms: None,
            pad_bytes: 0,
            by: None,
            dropped_keys: Vec::new(),
        },
        observers: vec![Observer {
            name: "effects".into(),
            system: "s".into(),
            kind: SinkKind::Row,
            query: String::new(),
            effects_per_message: 1,
            view: View::default(),
            by: None,
        }],
        kinds: Vec::new(),
        timers: Vec::new(),
        limits: Limits::default(),
        positions: None,
        hooks: Default::default(),
    }
}

/// Runs one trial on `toy`; what it left is in the rig's history.
pub async fn run_toy(rig: &Rig, toy: Arc<Toy>, ordered: Ordered) -> Result<Finished, EngineError> {
    let recorder: Arc<Recorder> = rig.recorder.clone();
    std::fs::create_dir_all(recorder.run().folder.join("output")).unwrap();
    let (_keep, cancelled) = tokio::sync::watch::channel(false);
    let stage = Stage {
        cell: 0,
        pipeline: toy.pipeline.clone(),
        instances: BTreeMap::from([(
            "s".to_string(),
            Arc::new(ToyInstance(toy.clone())) as Arc<dyn Instance>,
        )]),
        supervisor: Supervisor::new(&recorder.run().id),
        recorder,
        seed: 1,
        assist: toy.assist,
        allow_wait: toy.allow_wait,
        cancelled,
    };
    stage.run_trial(super::rig::TRIAL, ordered).await
}

struct ToyInstance(Arc<Toy>);

#[async_trait]
impl Instance for ToyInstance {
    fn info(&self, name: &str) -> SystemInfo {
        SystemInfo {
            name: name.into(),
            kind: "toy".into(),
            place: "embedded".into(),
            version: "1".into(),
            emulated: true,
        }
    }

    fn addresses(&self) -> Vec<(String, u16)> {
        vec![("127.0.0.1".into(), self.0.server().port())]
    }

    fn lacks(&self, need: Need) -> Option<Lack> {
        (need == Need::Leases && !self.0.leases)
            .then(|| Lack::NotHosted("a toy has no clock".into()))
    }

    fn control(&self) -> Option<Arc<dyn Control>> {
        Some(self.0.nodes.clone())
    }

    async fn open(&self, names: TrialNames, _setup: &Setup) -> Result<Arc<dyn Scope>, StartError> {
        Ok(Arc::new(ToyCorner {
            toy: self.0.clone(),
            names,
        }))
    }

    async fn stop(&self) {}
}

struct ToyCorner {
    toy: Arc<Toy>,
    names: TrialNames,
}

impl ToyCorner {
    fn unavailable(&self) -> Result<(), ObserveError> {
        let done = self.toy.nodes.done();
        let after = self.toy.failing_after;
        let due = after.is_none_or(|what| done.iter().any(|done| done == what));
        let one_less = |n: u32| n.checked_sub(u32::from(due));
        let failing = &self.toy.failing_looks;
        let fails = failing.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less);
        if !(due && fails.is_ok()) && self.toy.server().is_up() {
            return Ok(());
        }
        Err(ObserveError::Unavailable {
            observer: "toy".into(),
            system: "toy",
            why: "nobody is there".into(),
        })
    }

    fn effects(&self) -> Vec<u32> {
        let applied = self.toy.server().applied();
        let effects = applied
            .iter()
            .filter_map(|request| request.strip_prefix("E "));
        effects.filter_map(|seq| seq.parse().ok()).collect()
    }
}

#[async_trait]
impl Scope for ToyCorner {
    fn placeholders(&self, addresses: &[(String, u16)]) -> BTreeMap<String, String> {
        BTreeMap::from([("port".into(), addresses[0].1.to_string())])
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        Box::new(protocol::decoder(self.names.run, self.names.trial))
    }

    fn feeder(&self) -> Option<&dyn Feeder> {
        Some(self)
    }

    fn observing(&self) -> Option<&dyn Observing> {
        Some(self)
    }

    fn backlog(&self) -> Option<&dyn Backlog> {
        Some(self)
    }

    fn positions(&self) -> Option<&dyn Positions> {
        Some(self)
    }

    fn assist(&self) -> Option<&dyn Assisting> {
        Some(self)
    }

    fn horizon(&self) -> Option<&dyn Horizon> {
        Some(self)
    }

    async fn close(&self) {}
}

#[async_trait]
impl Horizon for ToyCorner {
    fn waits(&self) -> Option<Duration> {
        Some(self.toy.window)
    }

    async fn expire(&self) -> Result<Passed, ObserveError> {
        tokio::time::sleep(self.toy.window).await;
        Ok(Passed {
            what: "the window".into(),
            seconds: 0,
        })
    }
}

#[async_trait]
impl Assisting for ToyCorner {
    async fn release_dead(&self, _: bool) -> Vec<String> {
        vec!["forgot everybody".into()]
    }
}

#[async_trait]
impl Feeder for ToyCorner {
    async fn feed(
        &self,
        _to: &str,
        messages: &[Outgoing],
        _concurrency: u32,
    ) -> Result<Vec<Fed>, FeedError> {
        if self.toy.publishes {
            let published = messages.iter().map(|message| Fed {
                receivers: Some(self.toy.server().publish(message.id.sequence())),
                outcome: Outcome::Ok,
                position: None,
                error: None,
            });
            return Ok(published.collect());
        }
        let fed = messages.iter().map(|_| Fed {
            receivers: None,
            outcome: Outcome::Ok,
            position: Some(Position {
                target: "log".into(),
                partition: 0,
                offset: self.toy.server().append() as i64,
            }),
            error: None,
        });
        Ok(fed.collect())
    }
}

#[async_trait]
impl Observing for ToyCorner {
    async fn observe(
        &self,
        _observer: &Observer,
        each: &mut (dyn FnMut(Seen) + Send),
    ) -> Result<(), ObserveError> {
        self.unavailable()?;
        for seq in self.effects() {
            each(Seen {
                id: MessageId::new(self.names.run, self.names.trial, seq).unwrap(),
                key: None,
                key_seq: None,
                partition: None,
                position: None,
                unit: None,
                checksum: None,
                view: View::default(),
            });
        }
        Ok(())
    }

    async fn watch(&self, observer: &Observer) -> Result<(), ObserveError> {
        let nothing_yet = self.toy.server().applied().is_empty();
        assert!(nothing_yet, "it is watched before the pipeline runs");
        self.toy.watched.lock().unwrap().push(observer.name.clone());
        Ok(())
    }

    async fn count(&self, _observer: &Observer) -> Result<u64, ObserveError> {
        self.unavailable()?;
        Ok(self.effects().len() as u64)
    }
}

#[async_trait]
impl Backlog for ToyCorner {
    async fn left(
        &self,
        _dead_ports: &[u16],
        kept: Option<&[Position]>,
    ) -> Result<Left, ObserveError> {
        self.unavailable()?;
        let (length, committed) = self.toy.server().log();
        let committed = Position {
            target: "log".into(),
            partition: 0,
            offset: committed as i64,
        };
        let at = kept.and_then(|kept| kept.first()).unwrap_or(&committed);
        let items = length.saturating_sub(at.offset as u64);
        Ok(Left {
            items,
            detail: format!("{items} records past the position"),
            committed: vec![committed],
            put_aside: Vec::new(),
        })
    }
}

#[async_trait]
impl Positions for ToyCorner {
    /// The pipeline keeps its position in its effects: one past the last.
    async fn positions(&self, query: &str, target: &str) -> Result<Vec<Position>, ObserveError> {
        assert_eq!(query, "one past the last effect");
        let next = self.effects().into_iter().max().map_or(0, |last| last + 1);
        Ok(vec![Position {
            target: target.into(),
            partition: 0,
            offset: i64::from(next),
        }])
    }
}

impl Toy {
    /// The pipeline keeps its positions in its effects and acknowledges nothing.
    pub fn keeps_positions(&mut self) {
        self.pipeline.positions = Some(PositionQuery {
            system: "s".into(),
            query: "one past the last effect".into(),
        });
    }
}
