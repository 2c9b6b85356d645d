//! One trial: arm, feed, fire, recover, settle, audit.
//!
//! Each trial has names of its own in every system. Its scopes stay open until
//! the final sweep has read the sinks once more.

mod audit;
mod feed;
mod lives;
mod outside;
mod placeholders;
mod ready;

use crate::EngineError;
use crate::boundary::Life;
use crate::clock::Clock;
use crate::director::{Director, Observed, Terms};
use crate::settle;
use crate::store::Recorder;
use crate::supervisor::{Supervisor, TRIAL};
pub use audit::Snapshot;
use exactly_adapter::{Instance, Scope, TrialNames};
use exactly_model::{
    Event, IncarnationState, Need, Note, NoteKind, Observer, Pipeline, Schedule, Settle, SettleHow,
    TrialEnd, TrialKind, TrialStart,
};
use lives::Slot;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How long a hold lasts at most, where no lease is longer.
const HOLD_MAX: Duration = Duration::from_secs(5);

/// What all trials of a cell share.
pub struct Stage {
    /// Number of the cell.
    pub cell: u32,
    /// The pipeline.
    pub pipeline: Pipeline,
    /// Running systems, by the pipeline's name.
    pub instances: BTreeMap<String, Arc<dyn Instance>>,
    /// The history.
    pub recorder: Arc<Recorder>,
    /// Starts processes.
    pub supervisor: Supervisor,
    /// Seed.
    pub seed: u64,
    /// Whether waits may be shortened.
    pub assist: bool,
    /// Whether a window that no clock shortens is waited for.
    pub allow_wait: bool,
    /// Becomes true when the run is to end.
    pub cancelled: watch::Receiver<bool>,
}

impl Stage {
    /// Records a remark about the cell.
    pub(crate) fn remark(&self, kind: NoteKind, text: String) {
        let note = Note::of_cell(self.cell, kind, text);
        self.recorder.record(0, Event::Note(note));
    }
}

/// What a trial is to be.
#[derive(Clone, PartialEq, Debug)]
pub struct Ordered {
    /// Why it runs.
    pub kind: TrialKind,
    /// Its faults.
    pub schedule: Schedule,
    /// Messages fed; as many as the pipeline says where absent.
    pub messages: Option<u32>,
    /// For shrinking and replaying: the trial whose finding is looked at.
    pub of: Option<u32>,
}

impl Ordered {
    /// A trial of its own, with the pipeline's batch.
    pub fn new(kind: TrialKind, schedule: Schedule) -> Self {
        Self {
            kind,
            schedule,
            messages: None,
            of: None,
        }
    }
}

/// What is left of a trial once it has been judged.
pub struct Finished {
    /// Trial.
    pub number: u32,
    /// Why it ran.
    pub kind: TrialKind,
    /// Its faults.
    pub schedule: Schedule,
    /// Messages fed.
    pub messages: u32,
    /// Point-making exchanges, in order.
    pub observed: Vec<Observed>,
    /// Whether all of its faults fired.
    pub all_fired: bool,
    /// How it came to rest.
    pub how: SettleHow,
    /// Its corners of the systems.
    pub scopes: BTreeMap<String, Arc<dyn Scope>>,
    /// What the last audit saw.
    pub snapshots: BTreeMap<String, Snapshot>,
}

/// A trial under way.
pub(crate) struct Trial<'a> {
    pub stage: &'a Stage,
    pub number: u32,
    /// Messages to feed.
    pub messages: u32,
    pub clock: Clock,
    pub scopes: BTreeMap<String, Arc<dyn Scope>>,
    pub director: Arc<Director>,
    pub slots: Vec<Slot>,
    /// Lives that have ended; their boundaries may still deliver late.
    pub ended: Vec<Arc<Life>>,
    /// Sequences acknowledged to the feeder.
    pub acknowledged: Vec<u32>,
    /// What is fed while the pipeline runs, and has not been yet.
    pub to_feed: Option<feed::ToFeed>,
}

impl Stage {
    fn terms(&self, number: u32) -> Terms {
        let systems = &self.pipeline.systems;
        let leases = self.leases();
        let longest = leases.values().max().copied().unwrap_or_default();
        let controls = self.instances.iter();
        Terms {
            run: self.recorder.run().number,
            trial: number,
            client_timeouts: systems
                .iter()
                .filter_map(|s| Some((s.name.clone(), Duration::from_millis(s.client_timeout_ms?))))
                .collect(),
            graces: self
                .pipeline
                .processes
                .iter()
                .map(|p| (p.name.clone(), Duration::from_millis(p.stop.grace_ms)))
                .collect(),
            allow_wait: self.allow_wait,
            hold_max: HOLD_MAX.max(longest * 2),
            leases,
            controls: controls
                .filter_map(|(name, instance)| Some((name.clone(), instance.control()?)))
                .collect(),
        }
    }

    /// Leases by system, of the systems that keep to them.
    pub(crate) fn leases(&self) -> BTreeMap<String, Duration> {
        let keeps = |name: &str| {
            let instance = self.instances.get(name);
            instance.is_some_and(|instance| instance.lacks(Need::Leases).is_none())
        };
        let systems = self.pipeline.systems.iter();
        systems
            .filter(|system| keeps(&system.name))
            .filter_map(|s| Some((s.name.clone(), Duration::from_millis(s.lease_ms?))))
            .collect()
    }

    /// Value of the environment variable that marks a trial's processes.
    pub(crate) fn trial_mark(&self, number: u32) -> String {
        format!("{}/{number}", self.recorder.run().id)
    }

    pub(crate) fn output_folder(&self) -> PathBuf {
        self.recorder.run().folder.join("output")
    }

    pub(crate) fn check_cancelled(&self) -> Result<(), EngineError> {
        if *self.cancelled.borrow() {
            Err(EngineError::Interrupted)
        } else {
            Ok(())
        }
    }

    /// Runs one trial to its end. An error is one of the run: the trial has no
    /// end in the history and is no evidence.
    pub async fn run_trial(&self, number: u32, ordered: Ordered) -> Result<Finished, EngineError> {
        self.check_cancelled()?;
        let messages = ordered.messages.unwrap_or(self.pipeline.feed.messages);
        self.recorder.record(
            number,
            Event::Trial(TrialStart {
                cell: self.cell,
                kind: ordered.kind,
                schedule: ordered.schedule.clone(),
                messages,
                of: ordered.of,
            }),
        );
        let director = Director::new(self.terms(number), &ordered.schedule, self.recorder.clone());
        let mut cancelled = self.cancelled.clone();
        let result = tokio::select! {
            result = self.stages(number, messages, ordered, director.clone()) => result,
            Ok(_) = cancelled.wait_for(|c| *c) => Err(EngineError::Interrupted),
        };
        // Whatever the trial's processes left behind goes with it.
        self.supervisor.end_marked(TRIAL, &self.trial_mark(number));
        let mended = match result {
            Err(EngineError::Interrupted) => {
                director.stop_mending();
                Ok(())
            }
            _ => director.mended().await,
        };
        let finished = result?;
        mended?;
        self.recorder
            .record(number, Event::TrialEnd(TrialEnd { error: None }));
        self.recorder.flush()?;
        Ok(finished)
    }

    async fn stages(
        &self,
        number: u32,
        messages: u32,
        ordered: Ordered,
        director: Arc<Director>,
    ) -> Result<Finished, EngineError> {
        let Ordered { kind, schedule, .. } = ordered;
        let scopes = self.open_scopes(number).await?;
        director.reaches(scopes.clone());
        let mut trial = Trial {
            stage: self,
            number,
            messages,
            clock: Clock::new(),
            scopes,
            director,
            slots: Vec::new(),
            ended: Vec::new(),
            acknowledged: Vec::new(),
            to_feed: None,
        };
        trial.watch_sinks().await?;
        let hooks = &self.pipeline.hooks;
        trial
            .hook("before_trial", hooks.before_trial.as_ref())
            .await?;
        if self.pipeline.feed.before_start && self.pipeline.feed.every_ms.is_none() {
            trial.feed().await?;
        }
        // The limit is one of running, not of feeding.
        trial.clock = Clock::new();
        trial.start_processes(kind).await?;
        match self.pipeline.feed.every_ms {
            Some(every) => trial.feed_every(Duration::from_millis(every)),
            None if !self.pipeline.feed.before_start => trial.feed().await?,
            None => {}
        }
        let settled = trial.come_to_rest().await?;
        let (settled, snapshots) = trial.audit(settled).await?;
        let how = settled.how;
        self.recorder.record(number, Event::Settle(settled));
        trial.end_lives(IncarnationState::Stopped);
        trial.director.finish();
        trial
            .hook("after_trial", hooks.after_trial.as_ref())
            .await?;
        Ok(Finished {
            number,
            kind,
            schedule,
            messages,
            observed: trial.director.observed(),
            all_fired: trial.director.all_fired(),
            how,
            scopes: std::mem::take(&mut trial.scopes),
            snapshots,
        })
    }

    async fn open_scopes(
        &self,
        number: u32,
    ) -> Result<BTreeMap<String, Arc<dyn Scope>>, EngineError> {
        let names = TrialNames {
            run: self.recorder.run().number,
            trial: number,
        };
        let opening = self.pipeline.systems.iter().map(async |system| {
            let instance = self
                .instances
                .get(&system.name)
                .ok_or_else(|| EngineError::Config {
                    what: format!("system {} is not running", system.name),
                    hint: "start it before the first trial".into(),
                })?;
            let scope = instance.open(names, &system.setup).await?;
            Ok::<_, EngineError>((system.name.clone(), scope))
        });
        futures::future::try_join_all(opening)
            .await
            .map(|scopes| scopes.into_iter().collect())
    }
}

impl Trial<'_> {
    /// Waits until the trial is at rest; what the schedule feeds once more then is
    /// fed, and waited for again.
    async fn come_to_rest(&mut self) -> Result<Settle, EngineError> {
        let mut settled = settle::settle(self).await?;
        for index in self.director.replays() {
            if settled.how == SettleHow::Quiescent && self.director.replay(index).await {
                settled = settle::settle(self).await?;
            }
        }
        Ok(settled)
    }

    pub(crate) fn record(&self, event: Event) {
        self.stage.recorder.record(self.number, event);
    }

    pub(crate) fn observers(&self) -> &[Observer] {
        &self.stage.pipeline.observers
    }

    /// Elapsed time of the trial.
    pub(crate) fn elapsed(&self) -> Duration {
        self.clock.elapsed()
    }
}

impl Drop for Trial<'_> {
    fn drop(&mut self) {
        // An error or a signal ends the trial's processes too, and their
        // boundaries: a listener keeps its life, and the life its listener.
        for alive in self.alive() {
            alive.kill();
            alive.life.end_tasks();
        }
        for life in &self.ended {
            life.end_tasks();
        }
    }
}
