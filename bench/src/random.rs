//! How many trials find a bug: killed at random moments, and at the boundaries.
//!
//! *Random*: the process gets a SIGKILL at a moment that is uniform over the time
//! in which it is at work (from its first exchange to its last) in a trial without
//! faults, and is started again, until a trial shows a code that the cell forbids. There is nothing clever in it,
//! and nothing unfair: it does not kill while the process is idle, as a chaos
//! tool in a cluster mostly does.
//!
//! *Every boundary*: the planned trials of a run, in the order that a seed gives
//! them; the catalogue's witnesses, which know where to look, do not count.

use crate::rig::Rig;
use anyhow::Context;
use exactly_check::Fold;
use exactly_claims::{Claim, Variant};
use exactly_engine::store::Recorder;
use exactly_engine::supervisor::{Supervisor, TRIAL, marked};
use exactly_engine::trial::{Ordered, Stage};
use exactly_kafka::Kafka;
use exactly_model::{
    CellStart, Code, Event, IncarnationState, Record, RunStart, Schedule, SystemPlace, TrialKind,
};
use exactly_postgres::Postgres;
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A hunt that has found nothing by then is given up.
pub const TRIALS_MAX: u32 = 300;
const MESSAGES: u32 = 6;

/// What the records of a hunt have told so far.
#[derive(Default)]
struct Seen {
    fold: Fold,
    forbidden: Vec<Code>,
    /// When the process of the current trial was ready, and when its last exchange
    /// ended.
    started_ns: u64,
    ended_ns: u64,
    shows: bool,
}

impl Seen {
    fn push(&mut self, record: &Record) {
        match &record.event {
            Event::Trial(_) => (self.started_ns, self.ended_ns, self.shows) = (0, 0, false),
            Event::Incarnation(life)
                if life.state == IncarnationState::Ready && self.started_ns == 0 =>
            {
                self.started_ns = record.mono_ns;
            }
            Event::Exchange(exchange) => self.ended_ns = self.ended_ns.max(exchange.ended_ns),
            _ => {}
        }
        if let Some(finished) = self.fold.push(record) {
            let codes = finished.judgement.codes();
            self.shows = codes.iter().any(|code| self.forbidden.contains(code));
        }
    }
}

/// A pipeline on embedded systems, ready for trials.
pub struct Hunt {
    stage: Stage,
    seen: Arc<Mutex<Seen>>,
    next: u32,
    /// How long the process is at work in a trial without faults.
    busy: Duration,
}

impl Hunt {
    /// Runs one trial without faults to learn how long the process is at work.
    pub async fn begin(
        rig: &Rig,
        store: &Path,
        claim: &Claim,
        variant: &Variant,
    ) -> anyhow::Result<Self> {
        let info = variant.cell(claim);
        let seen = Arc::new(Mutex::new(Seen {
            forbidden: info.forbidden.clone(),
            ..Seen::default()
        }));
        let tap = seen.clone();
        let recorder = Recorder::create(
            store,
            Box::new(move |record| tap.lock().expect("the fold does not panic").push(record)),
        )?;
        let run = recorder.run().clone();
        let executable = crate::figures::executable()?;
        let pipeline = variant.pipeline_spec(MESSAGES, &executable.to_string_lossy());
        let mut instances = BTreeMap::new();
        for system in &pipeline.systems {
            let instance = match system.kind.as_str() {
                "kafka" => rig.start_at(&Kafka, &SystemPlace::Embedded).await?,
                _ => rig.start_at(&Postgres, &SystemPlace::Embedded).await?,
            };
            instances.insert(system.name.clone(), instance);
        }
        recorder.record(
            0,
            Event::Run(RunStart {
                id: run.id.clone(),
                tool: "exactly-bench".into(),
                number: run.number,
                seed: 1,
                plan: "random SIGKILL".into(),
                exhaustive: false,
                command: Vec::new(),
                shard: None,
            }),
        );
        recorder.record(
            0,
            Event::Cell(CellStart {
                cell: 0,
                info,
                pipeline: pipeline.clone(),
                systems: Vec::new(),
            }),
        );
        let (_, cancelled) = tokio::sync::watch::channel(false);
        let stage = Stage {
            cell: 0,
            pipeline,
            instances,
            supervisor: Supervisor::new(&run.id),
            recorder,
            seed: 1,
            assist: true,
            allow_wait: false,
            cancelled,
        };
        let mut hunt = Self {
            stage,
            seen,
            next: 1,
            busy: Duration::ZERO,
        };
        hunt.trial(None).await?;
        let seen = hunt.seen.lock().expect("the fold does not panic");
        let busy = Duration::from_nanos(seen.ended_ns.saturating_sub(seen.started_ns));
        anyhow::ensure!(!seen.shows, "it is wrong without a fault");
        drop(seen);
        hunt.busy = busy;
        Ok(hunt)
    }

    /// Kills at random until a trial shows something; how many trials it took,
    /// `None` when it was given up.
    pub async fn hunt(&mut self, random: &mut Random) -> anyhow::Result<Option<u32>> {
        for trials in 1..=TRIALS_MAX {
            let after = self.busy.mul_f64(random.unit());
            if self.trial(Some(after)).await? {
                return Ok(Some(trials));
            }
        }
        Ok(None)
    }

    /// Runs a trial whose process is killed some time after its start.
    async fn trial(&mut self, kill_after: Option<Duration>) -> anyhow::Result<bool> {
        let number = self.next;
        self.next += 1;
        let mark = format!("{}/{number}", self.stage.recorder.run().id);
        let seen = self.seen.clone();
        let killer = tokio::spawn(async move {
            let Some(after) = kill_after else { return };
            let is_ready = || seen.lock().expect("the fold does not panic").started_ns > 0;
            let pid = loop {
                match marked(TRIAL, &mark).first().filter(|_| is_ready()) {
                    Some(pid) => break *pid,
                    None => tokio::time::sleep(Duration::from_millis(1)).await,
                }
            };
            tokio::time::sleep(after).await;
            let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
            // It may have ended by itself.
            let _ = pid.map(|pid| kill_process(pid, Signal::KILL));
        });
        let ordered = Ordered::new(TrialKind::Random, Schedule::default());
        let finished = self.stage.run_trial(number, ordered).await?;
        killer.abort();
        for scope in finished.scopes.values() {
            scope.close().await;
        }
        Ok(self.seen.lock().expect("the fold does not panic").shows)
    }

    /// Stops its systems.
    pub async fn end(self) {
        for instance in self.stage.instances.values() {
            instance.stop().await;
        }
    }
}

/// The planned trials of a recorded run: in how many orders of ten (by seed) the
/// first finding came after how many trials.
pub fn at_boundaries(events: &Path) -> anyhow::Result<Vec<f64>> {
    let mut fold = Fold::new();
    let mut forbidden = Vec::new();
    let mut planned: Vec<(Schedule, bool)> = Vec::new();
    for record in exactly_engine::store::read(events)? {
        let record = record?;
        if let Event::Cell(start) = &record.event {
            forbidden.clone_from(&start.info.forbidden);
        }
        if let Some(finished) = fold.push(&record)
            && finished.kind == TrialKind::Planned
        {
            let codes = finished.judgement.codes();
            let shows = codes.iter().any(|code| forbidden.contains(code));
            planned.push((finished.history.schedule, shows));
        }
    }
    anyhow::ensure!(!planned.is_empty(), "the run planned nothing");
    // The order of the run's own seed is one of many: sorted first, so that a
    // seed gives the same order whichever trial ended first.
    planned.sort();
    let orders = (1..=10_u64).map(|seed| {
        let mut order = planned.clone();
        exactly_engine::plan::shuffle(&mut order, seed);
        let found = order.iter().position(|(_, shows)| *shows);
        found.map(|at| at as f64 + 1.0)
    });
    orders
        .collect::<Option<Vec<f64>>>()
        .context("no planned trial shows anything")
}

/// SplitMix64.
pub struct Random(pub u64);

impl Random {
    /// Uniform in [0, 1).
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        (z >> 11) as f64 / (1_u64 << 53) as f64
    }
}
