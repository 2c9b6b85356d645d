//! One run from its record to its end: what `evaluate` and `replay` share.

use crate::overseer::Live;
use crate::systems::Systems;
use crate::{Error, Options};
use exactly_engine::cell::{self, Course, Kept, Planning, Turns};
use exactly_engine::store::{Recorder, RunId};
use exactly_engine::supervisor::guardian::Guardian;
use exactly_engine::supervisor::{LocalHost, Supervisor};
use exactly_engine::trial::Stage;
use exactly_model::{Event, Pipeline, RunStart, TRIAL_MAX};
use futures::StreamExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use tokio::sync::watch;

/// Cells that run beside each other. Trials take turns over all of them.
const CELLS_AT_ONCE: usize = 3;

/// What is run of each selected cell.
pub(crate) struct Session<'a> {
    /// On what, and how.
    pub options: &'a Options,
    /// Name of the plan in the record.
    pub plan: &'static str,
    /// Which faults are put where, in every cell.
    pub planning: Planning,
    /// Failures of earlier runs, by cell.
    pub known: Vec<Vec<Kept>>,
}

/// How a run ended.
pub(crate) struct Ended {
    /// The run.
    pub run: RunId,
    /// What ended it early.
    pub error: Option<Error>,
}

impl Session<'_> {
    /// Runs the selected cells and tells `live`. What was
    /// recorded is kept even when an error ends the run; only a run that could not
    /// begin is an `Err`.
    pub async fn run(self, live: &Live) -> Result<Ended, Error> {
        let options = self.options;
        let tap = live.clone();
        let recorder = Recorder::create(&options.store, Box::new(move |record| tap.push(record)))?;
        let run = recorder.run().clone();
        recorder.record(0, Event::Run(self.start(&run)));
        // A run that is killed between two cells must not look complete.
        let cells = options.cells.iter();
        let cells = cells.map(|cell| cell.cell.clone()).collect();
        recorder.record(0, Event::Selected(exactly_model::Selected { cells }));
        recorder.flush()?;
        let scratch = scratch(&options.temporary, &run)?;
        let guardian = Guardian::start(&options.executable, &run.id, &scratch)
            .map_err(|error| Error::Harness(format!("cannot start the guardian: {error}")))?;
        let error = self.cells(&recorder, live, &scratch).await.err();
        // Ends what is left, servers included, and removes the scratch folder.
        let waited = tokio::task::spawn_blocking(move || guardian.finish()).await;
        let error = error
            .or_else(|| recorder.flush().err())
            .or_else(|| waited.err().map(|error| Error::Harness(error.to_string())));
        Ok(Ended { run, error })
    }

    fn start(&self, run: &RunId) -> RunStart {
        RunStart {
            id: run.id.clone(),
            tool: format!("exactly {}", env!("CARGO_PKG_VERSION")),
            number: run.number,
            seed: self.options.seed,
            plan: self.plan.into(),
            exhaustive: self.options.exhaustive,
            command: self.options.command.clone(),
            shard: self.options.shard,
        }
    }

    async fn cells(
        &self,
        recorder: &Arc<Recorder>,
        live: &Live,
        scratch: &Path,
    ) -> Result<(), Error> {
        let options = self.options;
        let run = recorder.run();
        let supervisor = Supervisor::new(&run.id);
        let host = LocalHost::new(
            supervisor.clone(),
            options.executable.clone(),
            scratch.into(),
            options.cache.clone(),
            run.folder.join("output"),
        );
        let host = Arc::new(host.with_settings(options.settings.clone()));
        let pipelines: Vec<Pipeline> = options.pipelines().collect();
        let mut systems = Systems::new(host, options.places.clone(), options.sharing());
        let mut cancelled = options.cancelled.clone();
        let started = tokio::select! {
            started = systems.start(pipelines.iter(), live) => started,
            true = is_cancelled(&mut cancelled) => Err(Error::Interrupted),
        };
        let result = match started {
            Ok(()) => {
                self.each(recorder, live, &systems, pipelines, supervisor)
                    .await
            }
            Err(error) => Err(error),
        };
        systems.stop().await;
        result
    }

    /// Runs the cells, several beside each other: while the trials of one are few,
    /// because it is looked at closer or waits for its sweep, those of the next
    /// take their turns.
    async fn each(
        &self,
        recorder: &Arc<Recorder>,
        live: &Live,
        systems: &Systems,
        pipelines: Vec<Pipeline>,
        supervisor: Supervisor,
    ) -> Result<(), Error> {
        let options = self.options;
        // Shards number their trials apart, so that a merge can tell them apart.
        let first = options
            .shard
            .map_or(0, |shard| (shard.index - 1) * (TRIAL_MAX / shard.of));
        let trials = Arc::new(AtomicU32::new(first));
        let turns = options.turns.clone();
        let turns = turns.unwrap_or_else(|| Arc::new(Turns::new(options.jobs)));
        let failed = AtomicBool::new(false);
        let mut running = futures::stream::iter(pipelines.into_iter().enumerate())
            .take_while(|_| std::future::ready(!failed.load(Ordering::SeqCst)))
            .map(|(number, pipeline)| {
                let stage = Stage {
                    cell: u32::try_from(number).unwrap_or(u32::MAX),
                    instances: systems.of(&pipeline),
                    pipeline,
                    recorder: recorder.clone(),
                    supervisor: supervisor.clone(),
                    seed: options.seed,
                    assist: options.assist,
                    allow_wait: options.allow_wait,
                    cancelled: options.cancelled.clone(),
                };
                let course = self.course(number, &turns, &trials);
                async move { cell::run(&stage, &course, live).await }
            })
            .buffer_unordered(self.cells_at_once());
        let mut result = Ok(());
        // Those that have begun are ended in order, whatever became of another.
        while let Some(ended) = running.next().await {
            if ended.is_err() {
                failed.store(true, Ordering::SeqCst);
            }
            result = result.and(ended);
        }
        result
    }

    fn cells_at_once(&self) -> usize {
        // Each has its time for itself; and who asks for one trial at a time wants to
        // read one cell at a time.
        match self.options.max_time.is_some() || self.options.jobs == 1 {
            true => 1,
            false => CELLS_AT_ONCE,
        }
    }

    fn course(&self, number: usize, turns: &Arc<Turns>, trials: &Arc<AtomicU32>) -> Course {
        let options = self.options;
        Course {
            info: options.cells[number].cell.clone(),
            planning: self.planning.clone(),
            exhaustive: options.exhaustive,
            jobs: options.jobs,
            turns: turns.clone(),
            trials: trials.clone(),
            max_time: options.max_time,
            replays: options.replays,
            shard: options.shard,
            fail_fast: options.fail_fast,
            known: self.known.get(number).cloned().unwrap_or_default(),
        }
    }
}

/// A folder that any user may enter: some servers refuse to run as root.
fn scratch(temporary: &Path, run: &RunId) -> Result<PathBuf, Error> {
    use std::os::unix::fs::PermissionsExt;
    let failed = |path: &Path, error| Error::Store {
        path: path.into(),
        error,
    };
    let folder = tempfile::Builder::new()
        .prefix(&format!("exactly-{}-", run.id))
        .tempdir_in(temporary)
        .map_err(|error| failed(temporary, error))?
        .keep();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755))
        .map_err(|error| failed(&folder, error))?;
    Ok(folder)
}

/// Waits for the signal to end; for ever when no one can give it any more.
async fn is_cancelled(cancelled: &mut watch::Receiver<bool>) -> bool {
    if cancelled.wait_for(|c| *c).await.is_err() {
        std::future::pending::<()>().await;
    }
    true
}
