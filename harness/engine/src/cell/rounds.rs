//! The trials of a cell, as they are run.

use super::{Course, Overseer};
use crate::EngineError;
use crate::clock::Clock;
use crate::trial::{Finished, Ordered, Stage};
use exactly_model::{Candidate, TrialKind};
use futures::StreamExt;
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Scopes closed at once.
const CLOSING: usize = 8;
/// Trials whose corners of the systems stay open at most; beyond it the older
/// half is swept and closed.
const OPEN_MAX: usize = 2048;

/// See the module.
pub(super) struct Rounds<'a> {
    pub stage: &'a Stage,
    pub course: &'a Course,
    pub overseer: &'a dyn Overseer,
    /// Trials that are over and wait for their sweep, by number.
    pub all: Vec<Finished>,
    /// What was run to look closer at a trial, and the trial that did.
    pub looks: BTreeMap<u32, Vec<(Candidate, u32)>>,
    /// What was run again to look closer at a trial, and the trials that did.
    pub replayed: BTreeMap<(u32, Candidate), Vec<u32>>,
    clock: Clock,
}

impl<'a> Rounds<'a> {
    pub fn new(stage: &'a Stage, course: &'a Course, overseer: &'a dyn Overseer) -> Self {
        Self {
            stage,
            course,
            overseer,
            all: Vec::new(),
            looks: BTreeMap::new(),
            replayed: BTreeMap::new(),
            clock: Clock::new(),
        }
    }

    /// A trial of a candidate.
    pub fn of_candidate(kind: TrialKind, candidate: &Candidate, of: Option<u32>) -> Ordered {
        Ordered {
            messages: Some(candidate.messages),
            of,
            ..Ordered::new(kind, candidate.schedule.clone())
        }
    }

    /// Whether nothing more of the plan is to be begun, because of what was seen.
    pub fn is_enough(&self) -> bool {
        self.course.fail_fast && self.overseer.found(self.stage.cell)
    }

    /// What of `queue` is this run's to do.
    pub fn own(&self, queue: Vec<Ordered>) -> Vec<Ordered> {
        let Some(shard) = self.course.shard else {
            return queue;
        };
        let own = |ordered: &Ordered| shard.owns(ordered.schedule.checksum());
        queue.into_iter().filter(own).collect()
    }

    /// Runs all of `queue`, those that strike the systems alone and last. Answers
    /// the numbers of the trials in the order of the queue.
    pub async fn run(&mut self, queue: Vec<Ordered>) -> Result<Vec<u32>, EngineError> {
        let ran = self.run_until(queue, None, false).await?;
        Ok(ran.into_iter().flatten().collect())
    }

    /// The same while there is time; `None` for those that were not begun.
    pub async fn run_in_time(
        &mut self,
        queue: Vec<Ordered>,
    ) -> Result<Vec<Option<u32>>, EngineError> {
        self.run_until(queue, self.course.max_time, true).await
    }

    async fn run_until(
        &mut self,
        queue: Vec<Ordered>,
        limit: Option<Duration>,
        limited: bool,
    ) -> Result<Vec<Option<u32>>, EngineError> {
        let limit = (limit, limited);
        let mut ran = vec![None; queue.len()];
        let queue = queue.into_iter().enumerate();
        let (alone, together): (Vec<_>, Vec<_>) = queue.partition(|(_, ordered)| {
            let mut faults = ordered.schedule.faults.iter();
            faults.any(|fault| fault.kind.strikes_system())
        });
        self.run_some(together, false, limit, &mut ran).await?;
        self.run_some(alone, true, limit, &mut ran).await?;
        self.all.sort_by_key(|finished| finished.number);
        Ok(ran)
    }

    async fn run_some(
        &mut self,
        queue: Vec<(usize, Ordered)>,
        alone: bool,
        (limit, limited): (Option<Duration>, bool),
        ran: &mut [Option<u32>],
    ) -> Result<(), EngineError> {
        let (stage, course, clock) = (self.stage, self.course, self.clock);
        let overseer = self.overseer;
        let jobs = if alone { 1 } else { course.jobs.max(1) };
        let in_time = || {
            let enough = limited && course.fail_fast && overseer.found(stage.cell);
            !enough && limit.is_none_or(|limit| clock.elapsed() < limit)
        };
        // Asked, and numbered, when its turn comes.
        let mut running = futures::stream::iter(queue)
            .take_while(|_| std::future::ready(in_time()))
            .map(|(place, ordered)| {
                let number = course.trials.fetch_add(1, Ordering::SeqCst) + 1;
                async move {
                    let _turn = match alone {
                        true => course.turns.all().await,
                        false => course.turns.one().await,
                    };
                    let finished = stage.run_trial(number, ordered).await?;
                    Ok::<_, EngineError>((place, finished))
                }
            })
            .buffer_unordered(jobs);
        while let Some(finished) = running.next().await {
            let (place, finished) = finished?;
            ran[place] = Some(finished.number);
            self.all.push(shortened(finished));
        }
        Ok(())
    }

    /// Reads every sink of every trial once more, after the longest declared
    /// timeout: what a client may still have had in hand is there by then.
    pub async fn sweep(&self) -> Result<(), EngineError> {
        self.sweep_some(&self.all).await
    }

    async fn sweep_some(&self, some: &[Finished]) -> Result<(), EngineError> {
        let stage = self.stage;
        let systems = stage.pipeline.systems.iter();
        let longest = systems.filter_map(|s| s.client_timeout_ms).max();
        tokio::time::sleep(Duration::from_millis(longest.unwrap_or(0))).await;
        let mut sweeping = futures::stream::iter(some)
            .map(async |finished| {
                let _turn = self.course.turns.one().await;
                stage.sweep(finished).await
            })
            .buffer_unordered(self.course.jobs.max(1));
        while let Some(swept) = sweeping.next().await {
            swept?;
            stage.check_cancelled()?;
        }
        Ok(())
    }

    /// Sweeps and closes the older half of the trials once there are too many to
    /// be kept open until the end.
    pub async fn sweep_older(&mut self) -> Result<(), EngineError> {
        if self.all.len() <= OPEN_MAX {
            return Ok(());
        }
        let older: Vec<Finished> = self.all.drain(..OPEN_MAX / 2).collect();
        let swept = self.sweep_some(&older).await;
        self.close_some(&older).await;
        swept
    }

    /// Removes the names of all trials from the systems.
    pub async fn close(&self) {
        self.close_some(&self.all).await;
    }

    async fn close_some(&self, some: &[Finished]) {
        let _turn = self.course.turns.one().await;
        let scopes = some.iter().flat_map(|finished| finished.scopes.values());
        futures::stream::iter(scopes)
            .for_each_concurrent(CLOSING, |scope| scope.close())
            .await;
    }
}

/// Only the classes that a trial with faults showed are of interest once it is
/// over.
fn shortened(mut finished: Finished) -> Finished {
    if finished.kind != TrialKind::Calibration {
        finished.observed.sort_by(|a, b| a.point.cmp(&b.point));
        finished.observed.dedup_by(|a, b| {
            a.incarnation == b.incarnation
                && a.point.operation == b.point.operation
                && a.point.target == b.point.target
                && a.point.system == b.point.system
        });
    }
    finished
}
