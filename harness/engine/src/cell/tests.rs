//! What becomes of a cell before its first trial is over.

use super::*;
use crate::store::{EVENTS, Recorder, read};
use crate::supervisor::Supervisor;
use async_trait::async_trait;
use exactly_adapter::{Instance, Scope, StartError, TrialNames};
use exactly_model::{
    Cell, Feed, Guarantee, IdForm, Limits, Need, Pipeline, Schedule, Setup, SystemUse,
};
use std::collections::BTreeMap;

/// A system that opens no corner.
struct Closed {
    lack: fn(Need) -> Option<Lack>,
    emulated: bool,
}

#[async_trait]
impl Instance for Closed {
    fn info(&self, name: &str) -> SystemInfo {
        SystemInfo {
            name: name.into(),
            kind: "toy".into(),
            place: "somewhere".into(),
            version: "1".into(),
            emulated: self.emulated,
        }
    }

    fn addresses(&self) -> Vec<(String, u16)> {
        Vec::new()
    }

    fn lacks(&self, need: Need) -> Option<Lack> {
        (self.lack)(need)
    }

    async fn open(&self, _names: TrialNames, _setup: &Setup) -> Result<Arc<dyn Scope>, StartError> {
        Err(StartError::NotStarted {
            system: "toy",
            why: "it is closed".into(),
            hint: "come back tomorrow".into(),
        })
    }

    async fn stop(&self) {}
}

/// Finds nothing.
struct Content;

impl Overseer for Content {
    fn found(&self, _: u32) -> bool {
        false
    }
    fn calibrated(&self, _cell: u32) -> Result<(), String> {
        Ok(())
    }

    fn findings(&self, _cell: u32) -> Vec<Finding> {
        Vec::new()
    }

    fn shown(&self, _trial: u32) -> Vec<Code> {
        Vec::new()
    }

    fn next_shrink(&self, _: &Candidate, _: &[(Candidate, bool)]) -> Option<Candidate> {
        None
    }
}

fn pipeline() -> Pipeline {
    Pipeline {
        systems: vec![SystemUse {
            name: "s".into(),
            kind: "toy".into(),
            client_timeout_ms: None,
            lease_ms: None,
            setup: Setup::default(),
        }],
        processes: Vec::new(),
        feed: Feed {
            system: "s".into(),
            to: "log".into(),
            messages: 1,
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
        observers: Vec::new(),
        kinds: Vec::new(),
        timers: Vec::new(),
        limits: Limits::default(),
        positions: None,
        hooks: Default::default(),
    }
}

fn course() -> Course {
    Course {
        info: Cell {
            claim: "c".into(),
            variant: "v".into(),
            sentence: String::new(),
            asserted: Guarantee::ExactlyOnce,
            forbidden: Vec::new(),
            expected: Guarantee::ExactlyOnce,
            observers: Vec::new(),
            expected_at: BTreeMap::new(),
            witnesses: vec![Schedule::default()],
            needs: vec![Need::Leases, Need::Transactions],
            units: Vec::new(),
            asserted_at: BTreeMap::new(),
            forbidden_at: BTreeMap::new(),
            allowed: Vec::new(),
        },
        planning: Planning::EveryBoundary,
        exhaustive: false,
        jobs: 2,
        turns: Arc::new(Turns::new(2)),
        trials: Arc::default(),
        max_time: None,
        replays: 3,
        known: Vec::new(),
        shard: None,
        fail_fast: false,
    }
}

/// Runs a cell on `system`: how it ended on record, how many trials began, and
/// what `run` answered.
async fn run_on(system: Closed) -> (CellEnd, usize, Result<(), EngineError>) {
    run_where(system, false).await
}

/// The same, where waiting is allowed or is not.
async fn run_where(system: Closed, allow_wait: bool) -> (CellEnd, usize, Result<(), EngineError>) {
    let root = tempfile::tempdir().unwrap();
    let recorder = Recorder::create(root.path(), Box::new(|_| {})).unwrap();
    let (_keep, cancelled) = tokio::sync::watch::channel(false);
    let instance: Arc<dyn Instance> = Arc::new(system);
    let stage = Stage {
        cell: 0,
        pipeline: pipeline(),
        instances: BTreeMap::from([("s".to_string(), instance)]),
        supervisor: Supervisor::new(&recorder.run().id),
        recorder: recorder.clone(),
        seed: 1,
        assist: false,
        allow_wait,
        cancelled,
    };
    let result = run(&stage, &course(), &Content).await;
    let path = recorder.run().folder.join(EVENTS);
    let records = read(&path).unwrap();
    let events: Vec<Event> = records.map(|record| record.unwrap().event).collect();
    assert!(matches!(events[0], Event::Cell(_)));
    let trials = events
        .iter()
        .filter(|e| matches!(e, Event::Trial(_)))
        .count();
    match events.last() {
        Some(Event::CellEnd(end)) => (end.clone(), trials, result),
        other => panic!("no end: {other:?}"),
    }
}

#[tokio::test]
async fn what_a_place_cannot_host_is_not_run_there() {
    let (end, trials, result) = run_on(Closed {
        lack: |need| (need == Need::Leases).then(|| Lack::NotHosted("it has no clock".into())),
        emulated: true,
    })
    .await;
    let why = "needs session and transaction timeouts: it has no clock; run it with --on toy=local";
    assert_eq!((end.not_hosted.as_deref(), end.error), (Some(why), None));
    assert!(trials == 0 && result.is_ok());
}

#[tokio::test]
async fn what_a_place_refuses_is_said_and_nothing_hangs() {
    let refuses = |need| match need {
        Need::Transactions => Some(Lack::Refused("EndTxn 4 to 5, and 3 is needed".into())),
        _ => None,
    };
    let (end, trials, result) = run_on(Closed {
        lack: refuses,
        emulated: false,
    })
    .await;
    let why = "EndTxn 4 to 5, and 3 is needed";
    assert_eq!((end.error.as_deref(), end.not_hosted), (Some(why), None));
    assert!(trials == 0 && result.is_ok());
}

#[tokio::test]
async fn a_window_that_no_clock_shortens_is_hosted_where_waiting_is_allowed() {
    let waits = |need| {
        let why = "its clock cannot be moved".into();
        (need == Need::Leases).then_some(Lack::Waits { why, seconds: 300 })
    };
    let system = || Closed {
        lack: waits,
        emulated: true,
    };
    let (end, trials, result) = run_on(system()).await;
    let why = "needs session and transaction timeouts: its clock cannot be moved; --allow-wait \
               waits 300 s for it";
    assert_eq!((end.not_hosted.as_deref(), end.error), (Some(why), None));
    assert!(trials == 0 && result.is_ok());
    let (end, trials, _) = run_where(system(), true).await;
    assert!(end.not_hosted.is_none() && trials > 0, "{end:?}");
}

#[test]
fn a_window_is_planned_where_it_passes_in_a_trial() {
    type Lacks = fn(Need) -> Option<Lack>;
    let by_clock: Lacks = |_| None;
    let by_waiting: Lacks = |need| {
        let why = "its clock cannot be moved".into();
        (need == Need::Horizon).then_some(Lack::Waits { why, seconds: 300 })
    };
    let never: Lacks = |_| Some(Lack::NotHosted("it forgets nothing".into()));
    for (lack, allow_wait, planned) in [
        (by_clock, false, true),
        (by_waiting, false, false),
        (by_waiting, true, true),
        (never, true, false),
    ] {
        let system = Closed {
            lack,
            emulated: true,
        };
        assert_eq!(hosted::forgets(&system, allow_wait), planned);
    }
}

#[tokio::test]
async fn a_place_that_is_not_made_for_it_outweighs_one_that_refuses() {
    let both = |need| match need {
        Need::Transactions => Some(Lack::NotHosted("no".into())),
        _ => Some(Lack::Refused("never".into())),
    };
    let (end, ..) = run_on(Closed {
        lack: both,
        emulated: false,
    })
    .await;
    // Nobody is sent elsewhere from a real system.
    assert_eq!(end.not_hosted.as_deref(), Some("needs transactions: no"));
}

#[tokio::test]
async fn what_has_everything_is_run_and_its_error_ends_the_run() {
    let (end, trials, result) = run_on(Closed {
        lack: |_| None,
        emulated: false,
    })
    .await;
    assert!(end.error.is_some_and(|why| why.contains("it is closed")));
    assert!(trials > 0 && end.not_hosted.is_none());
    assert!(matches!(result, Err(EngineError::Start(_))));
}
