//! All trials of one pipeline: calibration, witnesses, the plan, what only
//! recovery shows, the final sweep.

use crate::EngineError;
use crate::plan::{self, Knowledge, Known};
use crate::trial::{Finished, Ordered, Stage};
use exactly_model::{
    Cell, CellEnd, CellStart, Event, Place, Plan, Schedule, SettleHow, SystemInfo, TrialKind,
};
use futures::StreamExt;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Fault-free runs at least.
const CALIBRATIONS_MIN: usize = 3;
/// Fault-free runs at most: what still differs then is called unstable.
const CALIBRATIONS_MAX: usize = 6;
/// Classes that only recovery shows, at most.
const RECOVERY_CLASSES_MAX: usize = 6;
/// Scopes closed at once.
const CLOSING: usize = 8;

/// Says whether calibration was clean. The engine does not judge: whoever
/// composes it does.
pub trait Overseer: Send + Sync {
    /// `Err` says in words why a plan made from these trials would prove nothing.
    fn calibrated(&self, cell: u32) -> Result<(), String>;
}

/// How a cell is run.
#[derive(Clone)]
pub struct Course {
    /// The claim side.
    pub info: Cell,
    /// All points instead of representatives.
    pub exhaustive: bool,
    /// Trials at once.
    pub jobs: usize,
    /// Trial numbers are unique in the run.
    pub trials: Arc<AtomicU32>,
}

/// Runs one cell to its end. Trials are on record even when an error ends it
/// early.
pub async fn run(
    stage: &Stage,
    course: &Course,
    overseer: &dyn Overseer,
) -> Result<(), EngineError> {
    let systems: Vec<SystemInfo> = stage
        .instances
        .iter()
        .map(|(name, instance)| instance.info(name))
        .collect();
    stage.recorder.record(
        0,
        Event::Cell(CellStart {
            cell: stage.cell,
            info: course.info.clone(),
            pipeline: stage.pipeline.clone(),
            systems,
        }),
    );
    let mut all = Vec::new();
    let ended = trials(stage, course, overseer, &mut all).await;
    let error = match &ended {
        Ok(()) => sweep(stage, &all, course.jobs)
            .await
            .err()
            .map(|error| error.to_string()),
        // What calibration found wrong is read once more too.
        Err(Ended::Calibration(why)) => {
            let swept = sweep(stage, &all, course.jobs).await;
            Some(swept.err().map_or(why.clone(), |error| error.to_string()))
        }
        Err(Ended::Error(error)) => Some(error.to_string()),
    };
    close(&all).await;
    let interrupted = matches!(ended, Err(Ended::Error(EngineError::Interrupted)));
    if !interrupted {
        stage.recorder.record(
            0,
            Event::CellEnd(CellEnd {
                cell: stage.cell,
                error,
                not_hosted: None,
            }),
        );
    }
    stage.recorder.flush()?;
    match ended {
        Ok(()) | Err(Ended::Calibration(_)) => Ok(()),
        Err(Ended::Error(error)) => Err(error),
    }
}

enum Ended {
    /// The pipeline is wrong without any fault, or never came to rest.
    Calibration(String),
    Error(EngineError),
}

impl From<EngineError> for Ended {
    fn from(error: EngineError) -> Self {
        Self::Error(error)
    }
}

async fn trials(
    stage: &Stage,
    course: &Course,
    overseer: &dyn Overseer,
    all: &mut Vec<Finished>,
) -> Result<(), Ended> {
    let mut knowledge = calibrate(stage, course, all).await?;
    overseer
        .calibrated(stage.cell)
        .map_err(Ended::Calibration)?;
    let with_timeout: BTreeSet<String> = stage
        .pipeline
        .systems
        .iter()
        .filter(|system| system.client_timeout_ms.is_some())
        .map(|system| system.name.clone())
        .collect();
    let mut planned = plan::every_boundary(
        &knowledge,
        &stage.pipeline.kinds,
        course.exhaustive,
        &with_timeout,
    );
    plan::shuffle(&mut planned.schedules, stage.seed);
    let witnesses = course
        .info
        .witnesses
        .iter()
        .cloned()
        .map(|s| (TrialKind::Witness, s));
    let queue: Vec<(TrialKind, Schedule)> = witnesses
        .chain(
            planned
                .schedules
                .into_iter()
                .map(|s| (TrialKind::Planned, s)),
        )
        .collect();
    stage.recorder.record(
        0,
        Event::Plan(Plan {
            cell: stage.cell,
            calibrations: u32::try_from(all.len()).unwrap_or(u32::MAX),
            classes: knowledge.classes.clone(),
            points: knowledge
                .points
                .iter()
                .map(|known| known.planned.clone())
                .collect(),
            unstable: knowledge.unstable.iter().cloned().collect(),
            not_applicable: planned.not_applicable.iter().cloned().collect(),
            max_in_flight: knowledge.max_in_flight,
            trials: u32::try_from(queue.len()).unwrap_or(u32::MAX),
            cuts: planned.cuts,
            pairs: (0, 0),
        }),
    );
    let first = all.len();
    run_all(stage, course, queue, all).await?;
    let recovery = recovery(stage, &mut knowledge, &all[first..], &with_timeout);
    run_all(stage, course, recovery, all).await?;
    Ok(())
}

/// Runs without faults until a run adds nothing.
async fn calibrate(
    stage: &Stage,
    course: &Course,
    all: &mut Vec<Finished>,
) -> Result<Knowledge, Ended> {
    let fault_free = |n: usize| vec![(TrialKind::Calibration, Schedule::default()); n];
    run_all(stage, course, fault_free(CALIBRATIONS_MIN), all).await?;
    let learn = |all: &[Finished]| {
        let runs: Vec<_> = all
            .iter()
            .map(|finished| finished.observed.clone())
            .collect();
        plan::learn(&runs, &stage.pipeline.timers)
    };
    let mut knowledge = learn(all);
    while all.len() < CALIBRATIONS_MAX
        && !knowledge
            .unstable
            .iter()
            .all(|u| u.ends_with("(by a timer)"))
    {
        run_all(stage, course, fault_free(1), all).await?;
        let next = learn(all);
        let adds_nothing = next.unstable == knowledge.unstable;
        knowledge = next;
        if adds_nothing {
            break;
        }
    }
    match all
        .iter()
        .find(|finished| finished.how != SettleHow::Quiescent)
    {
        None => Ok(knowledge),
        Some(finished) => Err(Ended::Calibration(format!(
            "trial {} had no fault and did not come to rest ({:?})",
            finished.number, finished.how
        ))),
    }
}

/// Faults at points of classes that only recovery showed: the fault that led
/// there, then each kind that applies at the new point.
fn recovery(
    stage: &Stage,
    knowledge: &mut Knowledge,
    trials: &[Finished],
    with_timeout: &BTreeSet<String>,
) -> Vec<(TrialKind, Schedule)> {
    let mut by_class: BTreeMap<String, (Known, Schedule)> = BTreeMap::new();
    let mut ordered: Vec<&Finished> = trials.iter().filter(|t| t.all_fired).collect();
    // The schedule decides which trial stands for a class, not who came first.
    ordered.sort_by_cached_key(|t| (t.schedule.faults.len(), format!("{}", t.schedule)));
    for trial in ordered {
        for known in plan::novel(knowledge, &stage.pipeline.timers, &trial.observed) {
            by_class
                .entry(known.planned.class().to_string())
                .or_insert((known, trial.schedule.clone()));
        }
    }
    let mut queue = Vec::new();
    let mut added = Plan {
        cell: stage.cell,
        ..Plan::default()
    };
    let mut not_applicable = BTreeSet::new();
    let mut by_class = by_class.into_iter();
    for (_, (known, leading)) in by_class.by_ref().take(RECOVERY_CLASSES_MAX) {
        for fault in plan::faults_at(
            &known,
            &stage.pipeline.kinds,
            with_timeout,
            &mut not_applicable,
        ) {
            let mut schedule = leading.clone();
            schedule.faults.push(fault);
            queue.push((TrialKind::Recovery, schedule));
        }
        debug_assert_eq!(known.planned.place, Place::Cycle);
        knowledge.classes.push(known.planned.class());
        added.classes.push(known.planned.class());
        added.points.push(known.planned);
    }
    // One that is left out is said to be.
    not_applicable.extend(by_class.map(|(class, _)| {
        format!("{class}: shown by recovery, after the first {RECOVERY_CLASSES_MAX} such classes")
    }));
    if !queue.is_empty() {
        added.not_applicable = not_applicable.into_iter().collect();
        added.trials = u32::try_from(queue.len()).unwrap_or(u32::MAX);
        stage.recorder.record(0, Event::Plan(added));
    }
    queue
}

async fn run_all(
    stage: &Stage,
    course: &Course,
    queue: Vec<(TrialKind, Schedule)>,
    all: &mut Vec<Finished>,
) -> Result<(), EngineError> {
    let mut running = futures::stream::iter(queue)
        .map(async |(kind, schedule)| {
            let number = course.trials.fetch_add(1, Ordering::SeqCst) + 1;
            stage.run_trial(number, Ordered::new(kind, schedule)).await
        })
        .buffer_unordered(course.jobs.max(1));
    while let Some(finished) = running.next().await {
        let mut finished = finished?;
        if finished.kind != TrialKind::Calibration {
            // Only the classes it showed are of interest from here on.
            finished.observed.sort_by(|a, b| a.point.cmp(&b.point));
            finished.observed.dedup_by(|a, b| {
                a.incarnation == b.incarnation
                    && a.point.operation == b.point.operation
                    && a.point.target == b.point.target
                    && a.point.system == b.point.system
            });
        }
        all.push(finished);
    }
    all.sort_by_key(|finished| finished.number);
    Ok(())
}

/// Reads every sink of every trial once more, after the longest declared
/// timeout: what a client may still have had in hand is there by then.
async fn sweep(stage: &Stage, all: &[Finished], jobs: usize) -> Result<(), EngineError> {
    let longest = stage
        .pipeline
        .systems
        .iter()
        .filter_map(|s| s.client_timeout_ms)
        .max();
    tokio::time::sleep(Duration::from_millis(longest.unwrap_or(0))).await;
    let mut sweeping = futures::stream::iter(all)
        .map(|finished| stage.sweep(finished))
        .buffer_unordered(jobs.max(1));
    while let Some(swept) = sweeping.next().await {
        swept?;
        stage.check_cancelled()?;
    }
    Ok(())
}

async fn close(all: &[Finished]) {
    let scopes = all.iter().flat_map(|finished| finished.scopes.values());
    futures::stream::iter(scopes)
        .for_each_concurrent(CLOSING, |scope| scope.close())
        .await;
}
