//! All trials of one pipeline: calibration, what is planned, what only recovery
//! shows, faults of the systems, a closer look at what was found, the final
//! sweep.

mod again;
mod calibrate;
mod closer;
mod hosted;
mod outlook;
mod random;
mod recovery;
mod rounds;
mod turns;

use crate::EngineError;
use crate::trial::Stage;
use exactly_adapter::Lack;
use exactly_model::{
    Candidate, Cell, CellEnd, CellStart, Code, Event, NoteKind, Shard, SystemInfo, TrialKind,
};
use outlook::Outlook;
use rounds::Rounds;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;
pub use turns::Turns;

/// Judges for the engine, which does not: whoever composes it does.
pub trait Overseer: Send + Sync {
    /// `Err` says in words why a plan made from these trials would prove nothing.
    fn calibrated(&self, cell: u32) -> Result<(), String>;
    /// For each forbidden code that trials of the cell have shown, the trial that
    /// shows it in the simplest way.
    fn findings(&self, cell: u32) -> Vec<Finding>;
    /// The forbidden codes that a trial showed.
    fn shown(&self, trial: u32) -> Vec<Code>;
    /// Whether any trial of the cell has shown a forbidden code.
    fn found(&self, cell: u32) -> bool;
    /// Whether it showed this one.
    fn shows(&self, trial: u32, code: Code) -> bool {
        self.shown(trial).contains(&code)
    }
    /// The next candidate on the way to a simpler one than `found`; `None` when
    /// nothing is left to try. See [`exactly_model::Judge::next_shrink`].
    fn next_shrink(&self, found: &Candidate, tried: &[(Candidate, bool)]) -> Option<Candidate>;
}

/// A trial that showed a forbidden code.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// Trial.
    pub trial: u32,
    /// Code.
    pub code: Code,
    /// What was run.
    pub candidate: Candidate,
}

/// Which faults are put where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Planning {
    /// Each class of points with each kind that applies, one fault a trial.
    EveryBoundary,
    /// That, and a second crash during recovery from each.
    Pairs {
        /// Pairs planned at most.
        most: usize,
    },
    /// Several faults at once, drawn with the seed.
    Random {
        /// Trials drawn; as many as the time allows where absent.
        trials: Option<u32>,
        /// Faults in one trial at most.
        faults_max: u32,
    },
    /// One schedule again and again. Nothing is learnt, so nothing is proven but
    /// how often it shows what it shows.
    Schedule {
        /// What is run.
        candidate: Candidate,
        /// How often.
        repeat: u32,
    },
}

/// A failure of an earlier run: it is run before anything is planned.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kept {
    /// Its id.
    pub id: String,
    /// The code that it showed.
    pub code: Option<Code>,
    /// What is run.
    pub candidate: Candidate,
}

/// How a cell is run.
#[derive(Clone)]
pub struct Course {
    /// The claim side.
    pub info: Cell,
    /// Which faults are put where.
    pub planning: Planning,
    /// All points instead of representatives.
    pub exhaustive: bool,
    /// Trials at once.
    pub jobs: usize,
    /// Trials at once in all cells that share this, which run beside each other.
    pub turns: Arc<Turns>,
    /// Trial numbers are unique in the run.
    pub trials: Arc<AtomicU32>,
    /// No planned trial begins later than this after the cell began.
    pub max_time: Option<Duration>,
    /// How often a finding is run again.
    pub replays: u32,
    /// Failures of earlier runs.
    pub known: Vec<Kept>,
    /// The part of the plan that is run; all of it where absent.
    pub shard: Option<Shard>,
    /// Whether nothing more of the plan is begun once something forbidden was seen.
    pub fail_fast: bool,
}

/// Why a cell ends before its plan does.
enum Ended {
    /// In words: the pipeline is wrong without any fault, or never came to rest,
    /// or the time was up.
    Short(String),
    Error(EngineError),
}

impl From<EngineError> for Ended {
    fn from(error: EngineError) -> Self {
        Self::Error(error)
    }
}

/// Runs one cell to its end. Trials are on record even when an error ends it
/// early. One that its systems cannot hold, or refuse, is on record as that.
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
    note_local_state(stage);
    let mut end = CellEnd {
        cell: stage.cell,
        error: None,
        not_hosted: None,
    };
    let mut result = Ok(());
    let needs = &course.info.needs;
    match hosted::lack(&stage.instances, needs, stage.allow_wait) {
        Some(Lack::NotHosted(why)) => end.not_hosted = Some(why),
        Some(Lack::Refused(why) | Lack::Waits { why, .. }) => end.error = Some(why),
        None => match all_trials(stage, course, overseer).await {
            Ok(()) => {}
            Err(Ended::Short(why)) => end.error = Some(why),
            Err(Ended::Error(error)) => {
                end.error = Some(error.to_string());
                result = Err(error);
            }
        },
    }
    // A cell that was interrupted has no end.
    if !matches!(result, Err(EngineError::Interrupted)) {
        stage.recorder.record(0, Event::CellEnd(end));
    }
    stage.recorder.flush()?;
    result
}

/// What the pipeline declares to keep on disk caps the verdict.
fn note_local_state(stage: &Stage) {
    for process in &stage.pipeline.processes {
        if !process.local_state.is_empty() {
            let text = format!(
                "process {} keeps state in {}: a crash between a write there and an exchange is \
                 on no list",
                process.name,
                process.local_state.join(", ")
            );
            stage.remark(NoteKind::LocalState, text);
        }
    }
}

async fn all_trials(stage: &Stage, course: &Course, overseer: &dyn Overseer) -> Result<(), Ended> {
    let mut rounds = Rounds::new(stage, course, overseer);
    let ended = in_turn(&mut rounds).await;
    let swept = match &ended {
        // What calibration found wrong is read once more too.
        Ok(()) | Err(Ended::Short(_)) => rounds.sweep().await,
        Err(Ended::Error(_)) => Ok(()),
    };
    rounds.close().await;
    match (ended, swept) {
        (Err(Ended::Error(error)), _) | (_, Err(error @ EngineError::Interrupted)) => {
            Err(Ended::Error(error))
        }
        // The run goes on with the next cell.
        (_, Err(error)) => Err(Ended::Short(error.to_string())),
        (ended, Ok(())) => ended,
    }
}

/// Everything up to the final sweep.
async fn in_turn(rounds: &mut Rounds<'_>) -> Result<(), Ended> {
    if let Planning::Schedule { candidate, repeat } = &rounds.course.planning {
        let again = Rounds::of_candidate(TrialKind::Known, candidate, None);
        rounds.record_repeats(*repeat);
        rounds.run(vec![again; *repeat as usize]).await?;
        return Ok(());
    }
    let calibrated = rounds.calibrate().await;
    if let Err(error @ Ended::Error(_)) = calibrated {
        return Err(error);
    }
    let cell = rounds.stage.cell;
    if let Err(why) = rounds.overseer.calibrated(cell) {
        // A verdict has its own reason; this one says what to do.
        rounds.stage.remark(NoteKind::Remark, why.clone());
        return Err(Ended::Short(why));
    }
    let mut knowledge = calibrated?;
    let ground = rounds.ground();
    let outlook = Outlook::of(rounds, &knowledge, &ground);
    rounds.record_plan(&outlook, &knowledge);
    let first = rounds.all.len();
    let ran = rounds.run_in_time(outlook.directed).await?;
    let mut left = rounds.note_kept(&ran);
    match &outlook.draws {
        Some(draws) => rounds.draw(draws).await?,
        None => {
            left += rounds.strike_again(first).await?;
            let recovery = rounds.recovery(&mut knowledge, &ground, outlook.left_out, first);
            let shown = rounds.all.len();
            left += not_run(&rounds.run_in_time(recovery).await?);
            rounds.record_fleeting(shown);
            // These have the systems to themselves.
            left += not_run(&rounds.run_in_time(outlook.outages).await?);
        }
    }
    if left > 0 && rounds.is_enough() {
        rounds.look_closer().await?;
        return Err(Ended::Short(format!(
            "enough was seen (--fail-fast): {left} planned trials were not run"
        )));
    }
    if left > 0 {
        return Err(Ended::Short(format!(
            "the time was up: {left} planned trials were not run"
        )));
    }
    rounds.look_closer().await?;
    Ok(())
}

fn not_run(ran: &[Option<u32>]) -> usize {
    ran.iter().filter(|trial| trial.is_none()).count()
}

#[cfg(test)]
mod tests;
