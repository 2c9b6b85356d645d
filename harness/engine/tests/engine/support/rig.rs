//! A server, a recorder, a director, and lives with a boundary each.

use super::{Client, Nodes, Server, ToyScope, eventually};
use exactly_adapter::Control;
use exactly_engine::boundary::{Boundaries, Life, Mode};
use exactly_engine::director::{Director, Terms};
use exactly_engine::store::{EVENTS, Recorder, read};
use exactly_engine::supervisor::{Launch, Process, Supervisor};
use exactly_model::{
    Event, ExchangeRecord, Fate, Fault, FaultKind, FaultRecord, FaultState, Note, Phase, Position,
    Record, Schedule, Selector,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// Number of the trial in every test.
pub const TRIAL: u32 = 7;

/// What differs between tests.
pub struct Setup {
    pub faults: Vec<Fault>,
    pub client_timeout: Option<Duration>,
    pub grace: Duration,
    pub hold_max: Duration,
    pub lease: Option<Duration>,
    /// Nodes of the system besides the one that the rig has.
    pub more_nodes: usize,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            faults: Vec::new(),
            client_timeout: None,
            grace: Duration::from_millis(100),
            hold_max: Duration::from_secs(60),
            lease: None,
            more_nodes: 0,
        }
    }
}

impl Setup {
    pub fn with(faults: impl Into<Vec<Fault>>) -> Self {
        Self {
            faults: faults.into(),
            ..Self::default()
        }
    }
}

/// The exchange `E <seq>`.
pub fn effect(seq: u32) -> Selector {
    Selector::new("s", "E").covering(seq)
}

/// A fault of `kind` at `E <seq>`.
pub fn at(kind: FaultKind, phase: Phase, seq: u32) -> Fault {
    Fault::new(kind, phase, effect(seq))
}

pub struct Rig {
    /// Node 1 of the system.
    pub server: Arc<Server>,
    pub control: Arc<Nodes>,
    pub recorder: Arc<Recorder>,
    pub director: Arc<Director>,
    pub supervisor: Supervisor,
    pub folder: TempDir,
    lives: std::sync::Mutex<Vec<Arc<Life>>>,
}

impl Rig {
    pub async fn new(setup: Setup) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let recorder = Recorder::create(folder.path(), Box::new(|_| {})).unwrap();
        let control = Arc::new(Nodes::start(1 + setup.more_nodes).await);
        let terms = Terms {
            run: recorder.run().number,
            trial: TRIAL,
            client_timeouts: setup
                .client_timeout
                .map(|t| ("s".to_string(), t))
                .into_iter()
                .collect(),
            graces: BTreeMap::from([("w".to_string(), setup.grace)]),
            hold_max: setup.hold_max,
            leases: setup
                .lease
                .map(|lease| ("s".to_string(), lease))
                .into_iter()
                .collect(),
            allow_wait: false,
            controls: BTreeMap::from([("s".to_string(), control.clone() as Arc<dyn Control>)]),
        };
        let schedule = Schedule {
            faults: setup.faults,
        };
        let director = Director::new(terms, &schedule, recorder.clone());
        let supervisor = Supervisor::new(&recorder.run().id);
        Self {
            server: control.server(1),
            control,
            recorder,
            director,
            supervisor,
            folder,
            lives: std::sync::Mutex::default(),
        }
    }

    pub async fn with(faults: impl Into<Vec<Fault>>) -> Self {
        Self::new(Setup::with(faults)).await
    }

    /// Starts a process of the run.
    pub fn spawn(&self, name: &str, command: &[&str]) -> Arc<Process> {
        let launch = Launch {
            command: command.iter().map(ToString::to_string).collect(),
            output: self.folder.path().join(format!("{name}.log")),
            output_bytes: 1 << 16,
            ready: Some("ready".into()),
            ..Launch::default()
        };
        Arc::new(self.supervisor.spawn(&launch).unwrap())
    }

    /// Incarnation `number` of process `w`, with a process that sleeps, and the
    /// port of its boundary.
    pub fn life(&self, number: u32) -> (Arc<Life>, u16) {
        let process = self.spawn(&format!("sleep-{number}"), &["sleep", "600"]);
        self.life_of("w", number, process)
    }

    pub fn life_of(&self, name: &str, number: u32, process: Arc<Process>) -> (Arc<Life>, u16) {
        let life = Life::new(name, number);
        life.begin(process);
        let port = self.boundary(&life);
        self.lives.lock().unwrap().push(life.clone());
        (life, port)
    }

    /// A boundary of `life` to the server.
    pub fn boundary(&self, life: &Arc<Life>) -> u16 {
        self.boundary_to(life, self.server.port())
    }

    /// A boundary of `life` to another server.
    pub fn boundary_to(&self, life: &Arc<Life>, port: u16) -> u16 {
        self.boundary_of(life, "s", port)
    }

    /// A boundary of `life` to the server as another system.
    pub fn boundary_named(&self, life: &Arc<Life>, system: &str) -> u16 {
        self.boundary_of(life, system, self.server.port())
    }

    fn boundary_of(&self, life: &Arc<Life>, system: &str, port: u16) -> u16 {
        self.boundary_with(life, system, port, None)
    }

    /// The same, which may hold so many bytes in each of its sockets.
    pub fn boundary_with(
        &self,
        life: &Arc<Life>,
        system: &str,
        port: u16,
        socket_buffer: Option<u32>,
    ) -> u16 {
        let scope = Arc::new(ToyScope {
            run: self.recorder.run().number,
            trial: TRIAL,
            socket_buffer,
        });
        let mode = Mode::Decoded(scope);
        let boundaries = Boundaries::new(life.clone(), self.director.clone(), system, mode);
        boundaries.open("127.0.0.1", port).unwrap()
    }

    /// A connection of a process that went on after its first exchange.
    pub async fn client(&self, port: u16) -> Client {
        let before = self.server.connections_ever();
        let client = Client::connect(port).await;
        eventually("a connection passed on", || {
            self.server.connections_ever() > before
        })
        .await;
        client
    }

    /// Says that message `seq` is record `seq` of the log.
    pub fn feed(&self, sequences: std::ops::Range<u32>) {
        for seq in sequences {
            let position = Position {
                target: "log".into(),
                partition: 0,
                offset: i64::from(seq),
            };
            self.director.fed(seq, &position);
        }
    }

    /// Ends the trial; nothing can happen any more afterwards.
    pub async fn end(&self) {
        for life in self.lives.lock().unwrap().iter() {
            if let Some(process) = life.handle() {
                process.kill();
            }
            life.end_tasks();
        }
        self.server.is_alone().await;
        self.director.finish();
        self.recorder.flush().unwrap();
    }

    /// What stands on disk now.
    pub fn records(&self) -> Vec<Record> {
        let path = self.recorder.run().folder.join(EVENTS);
        read(&path).unwrap().map(Result::unwrap).collect()
    }

    pub fn faults(&self) -> Vec<FaultRecord> {
        let fault = |record: Record| match record.event {
            Event::Fault(fault) => Some(fault),
            _ => None,
        };
        self.records().into_iter().filter_map(fault).collect()
    }

    /// The states that fault `index` went through.
    pub fn states(&self, index: u32) -> Vec<FaultState> {
        self.faults()
            .iter()
            .filter(|f| f.index == index)
            .map(|f| f.state)
            .collect()
    }

    pub fn exchanges(&self) -> Vec<ExchangeRecord> {
        let exchange = |record: Record| match record.event {
            Event::Exchange(exchange) => Some(exchange),
            _ => None,
        };
        self.records().into_iter().filter_map(exchange).collect()
    }

    /// The fate of each exchange, by its point's name.
    pub fn fates(&self) -> BTreeMap<String, Fate> {
        self.exchanges()
            .into_iter()
            .map(|e| (e.point.to_string(), e.fate))
            .collect()
    }

    pub fn fate(&self, point: &str) -> Option<Fate> {
        self.fates().get(point).copied()
    }

    pub fn notes(&self) -> Vec<Note> {
        let note = |record: Record| match record.event {
            Event::Note(note) => Some(note),
            _ => None,
        };
        self.records().into_iter().filter_map(note).collect()
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        // A failed test leaves nothing behind either.
        for life in self.lives.lock().unwrap().iter() {
            if let Some(process) = life.handle() {
                process.kill();
            }
            life.end_tasks();
        }
    }
}
