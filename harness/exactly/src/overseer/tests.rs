use super::*;
use exactly_model::{
    AttemptRecord, AuditRecord, CellEnd, CellStart, EffectRecord, Fault, FaultKind, FaultRecord,
    MessageId, Outcome, Phase, Plan, RunStart, Schedule, Selector, Settle, SettleHow, TrialEnd,
    TrialStart,
};

const RUN: u32 = 3;

/// A run of one cell, record by record.
struct Run {
    live: Live,
    lines: u64,
    told: Arc<Mutex<Vec<Progress>>>,
}

impl Run {
    fn new() -> Self {
        let told: Arc<Mutex<Vec<Progress>>> = Arc::default();
        let page = told.clone();
        let live = Live::new(1, Box::new(move |p| page.lock().unwrap().push(p.clone())));
        let mut run = Self {
            live,
            lines: 0,
            told,
        };
        let start = RunStart {
            id: "r".into(),
            tool: "t".into(),
            number: RUN,
            seed: 1,
            plan: "every-boundary".into(),
            exhaustive: false,
            command: Vec::new(),
            shard: None,
        };
        run.record(0, Event::Run(start));
        let cell = crate::testing::cell("variant");
        let cell = CellStart {
            cell: 0,
            info: cell.cell,
            pipeline: cell.pipeline,
            systems: Vec::new(),
        };
        run.record(0, Event::Cell(cell));
        run
    }

    fn record(&mut self, trial: u32, event: Event) {
        self.lines += 1;
        self.live.push(&Record {
            v: exactly_model::HISTORY_VERSION,
            n: self.lines,
            trial,
            mono_ns: self.lines,
            wall_ns: self.lines,
            event,
        });
    }

    /// A trial with one acknowledged message that has `effects` at the sink; its
    /// fault fires when `fires`.
    fn trial(&mut self, number: u32, kind: TrialKind, effects: u64, fires: bool) {
        let faulty = kind != TrialKind::Calibration;
        let schedule = match faulty {
            true => schedule(),
            false => Schedule::default(),
        };
        let start = TrialStart {
            cell: 0,
            kind,
            schedule,
            messages: 1,
            of: kind.looks_closer().then_some(1),
        };
        self.record(number, Event::Trial(start));
        let attempt = AttemptRecord {
            receivers: None,
            seq: 0,
            key: "k0".into(),
            key_seq: 0,
            checksum: 0,
            outcome: Outcome::Ok,
            position: None,
            error: None,
        };
        self.record(number, Event::Attempt(attempt));
        let states = [FaultState::Armed, FaultState::Fired];
        for state in states
            .into_iter()
            .take(usize::from(faulty) + usize::from(fires))
        {
            self.record(number, Event::Fault(fault(state)));
        }
        for _ in 0..effects {
            self.record(number, Event::Effect(effect(number)));
        }
        let audit = AuditRecord {
            observer: "orders".into(),
            audit: 1,
            effects,
            sweep: false,
        };
        self.record(number, Event::Audit(audit));
        let settle = Settle {
            how: SettleHow::Quiescent,
            backlog: 0,
            waited_ms: 1,
            detail: String::new(),
        };
        self.record(number, Event::Settle(settle));
        self.record(number, Event::TrialEnd(TrialEnd { error: None }));
    }

    fn plan(&mut self, calibrations: u32, trials: u32) {
        let plan = Plan {
            calibrations,
            trials,
            ..Plan::default()
        };
        self.record(0, Event::Plan(plan));
    }

    /// Trials done, trials in all, and anomalies, as they were told.
    fn counts(&self) -> Vec<(u32, u32, u64)> {
        let told = self.told.lock().unwrap();
        let count = |progress: &Progress| match progress {
            Progress::TrialDone {
                done,
                planned,
                anomalies,
                ..
            } => Some((*done, *planned, *anomalies)),
            _ => None,
        };
        told.iter().filter_map(count).collect()
    }
}

fn schedule() -> Schedule {
    let point = Selector::new("postgres", "INSERT");
    Schedule::single(Fault::new(FaultKind::Kill, Phase::After, point))
}

fn fault(state: FaultState) -> FaultRecord {
    FaultRecord {
        index: 0,
        kind: FaultKind::Kill,
        phase: Phase::After,
        state,
        point: None,
        incarnation: None,
        collateral: Vec::new(),
    }
}

fn effect(trial: u32) -> EffectRecord {
    EffectRecord {
        observer: "orders".into(),
        audit: 1,
        id: MessageId::new(RUN, trial, 0).unwrap(),
        key: None,
        key_seq: None,
        partition: None,
        position: None,
        unit: None,
        checksum: None,
        view: exactly_model::View::default(),
    }
}

#[test]
fn planned_and_done_add_up_whatever_is_run() {
    let mut run = Run::new();
    run.trial(1, TrialKind::Calibration, 1, false);
    run.plan(1, 2);
    run.trial(2, TrialKind::Planned, 2, true);
    run.trial(3, TrialKind::System, 1, true);
    // Nobody planned these; what they show was shown before.
    run.trial(4, TrialKind::Shrink, 2, true);
    run.trial(5, TrialKind::Replay, 2, true);
    run.trial(6, TrialKind::Random, 2, true);
    let counts = [
        (1, 1, 0),
        (2, 3, 1),
        (3, 3, 0),
        (4, 4, 0),
        (5, 5, 0),
        (6, 6, 1),
    ];
    assert_eq!(run.counts(), counts);
    let planned = run.told.lock().unwrap().iter().find_map(|p| match p {
        Progress::Planned { trials, .. } => Some(*trials),
        _ => None,
    });
    assert_eq!(planned, Some(3));
}

#[test]
fn a_finding_is_the_simplest_trial_of_each_code() {
    let mut run = Run::new();
    run.trial(1, TrialKind::Calibration, 1, false);
    run.plan(1, 3);
    assert_eq!(run.live.findings(0), []);
    run.trial(2, TrialKind::Planned, 1, true);
    run.trial(3, TrialKind::Planned, 2, true);
    run.trial(4, TrialKind::Planned, 2, true);
    run.trial(5, TrialKind::Planned, 0, true);
    let found = |trial, code| Finding {
        trial,
        code,
        candidate: Candidate {
            schedule: schedule(),
            messages: 1,
        },
    };
    assert_eq!(
        run.live.findings(0),
        [found(5, Code::L1), found(3, Code::D3)]
    );
    assert_eq!(run.live.findings(1), []);
    assert!(run.live.shows(4, Code::D3) && !run.live.shows(4, Code::L1));
    assert_eq!(run.live.shown(2), []);
    assert_eq!(run.live.shown(99), []);
    // The judge knows the way on: without the fault.
    let next = run.live.next_shrink(&found(3, Code::D3).candidate, &[]);
    assert_eq!(next.map(|next| next.schedule.faults.len()), Some(0));
}

#[test]
fn a_fault_that_missed_after_all_has_not_fired() {
    let mut run = Run::new();
    run.trial(1, TrialKind::Known, 2, true);
    run.trial(2, TrialKind::Known, 2, false);
    run.record(
        3,
        Event::Trial(TrialStart {
            cell: 0,
            kind: TrialKind::Known,
            schedule: schedule(),
            messages: 1,
            of: None,
        }),
    );
    for state in [FaultState::Armed, FaultState::Fired, FaultState::Missed] {
        run.record(3, Event::Fault(fault(state)));
    }
    run.record(3, Event::TrialEnd(TrialEnd { error: None }));
    let fired: Vec<bool> = run.live.trials().iter().map(|shown| shown.fired).collect();
    assert_eq!(fired, [true, false, false]);
    // What is no evidence has shown nothing.
    assert_eq!(run.live.shown(3), []);
}

#[test]
fn a_cell_that_is_not_hosted_is_told_as_done() {
    let mut run = Run::new();
    let end = CellEnd {
        cell: 0,
        error: None,
        not_hosted: Some("needs a clock".into()),
    };
    run.record(0, Event::CellEnd(end));
    let told = run.told.lock().unwrap();
    let Some(Progress::CellDone { report }) = told.last() else {
        panic!("{told:?}")
    };
    assert_eq!(report.verdict, exactly_model::Verdict::NotHosted);
    assert_eq!(run.live.cut_short(0).as_deref(), Some("needs a clock"));
}
