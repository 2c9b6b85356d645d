//! Running claims.

use crate::overseer::Live;
use crate::systems::Systems;
use crate::{Error, Progress};
use exactly_claims::{Claim, Variant};
use exactly_engine::cell::{self, Course};
use exactly_engine::store::{Recorder, RunId};
use exactly_engine::supervisor::guardian::Guardian;
use exactly_engine::supervisor::{LocalHost, Supervisor};
use exactly_engine::trial::Stage;
use exactly_model::{Event, Pipeline, Report, RunStart, SystemPlace};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use tokio::sync::watch;

/// A cell to run.
#[derive(Clone, Debug)]
pub struct Selected {
    /// The claim.
    pub claim: Claim,
    /// Its variant.
    pub variant: Variant,
}

/// What to run, on what, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// Cells, in order.
    pub cells: Vec<Selected>,
    /// Places by kind of system; embedded where nothing is said.
    pub places: BTreeMap<String, SystemPlace>,
    /// Messages fed in each trial.
    pub messages: u32,
    /// Seed.
    pub seed: u64,
    /// Trials at once.
    pub jobs: usize,
    /// All points instead of representatives.
    pub exhaustive: bool,
    /// Whether waits may be shortened for a dead client.
    pub assist: bool,
    /// Folder of the run store.
    pub store: PathBuf,
    /// The harness's own binary: it runs the pipelines, the embedded servers and
    /// the guardian as children.
    pub executable: String,
    /// Folder for temporary files of the run.
    pub temporary: PathBuf,
    /// Folder for downloads, kept between runs.
    pub cache: PathBuf,
    /// The command line, without secrets.
    pub command: Vec<String>,
    /// Becomes true when the run is to end.
    pub cancelled: watch::Receiver<bool>,
}

impl Options {
    /// Every claim on embedded systems, with default settings. `executable` is a
    /// binary that has the `exactly` command's hidden subcommands.
    pub fn new(executable: String) -> Self {
        let cells = exactly_claims::catalogue()
            .into_iter()
            .flat_map(|claim| {
                let variants = claim.variants.clone();
                variants.into_iter().map(move |variant| Selected {
                    claim: claim.clone(),
                    variant,
                })
            })
            .collect();
        // Never cancelled: the receiver outlives its sender.
        let (_, cancelled) = watch::channel(false);
        Self {
            cells,
            places: BTreeMap::new(),
            messages: 6,
            seed: 1,
            jobs: default_jobs(),
            exhaustive: false,
            assist: true,
            store: PathBuf::from(".exactly"),
            executable,
            temporary: std::env::temp_dir(),
            cache: std::env::temp_dir().join("exactly-cache"),
            command: Vec::new(),
            cancelled,
        }
    }
}

/// Trials spend most of their time waiting: two for each processor.
fn default_jobs() -> usize {
    2 * std::thread::available_parallelism().map_or(1, usize::from)
}

/// How a run ended.
#[derive(Debug)]
pub struct Outcome {
    /// The report, also of a run that ended early.
    pub report: Report,
    /// Folder of the run.
    pub folder: PathBuf,
    /// What ended it early.
    pub error: Option<Error>,
}

/// Runs the selected cells one after the other. What was recorded is kept and
/// reported even when an error ends the run; only a run that could not begin is
/// an `Err`.
pub async fn evaluate(
    options: Options,
    tell: impl FnMut(&Progress) + Send + 'static,
) -> Result<Outcome, Error> {
    let cells = u32::try_from(options.cells.len()).unwrap_or(u32::MAX);
    let live = Live::new(cells, Box::new(tell));
    let tap = live.clone();
    let recorder = Recorder::create(&options.store, Box::new(move |record| tap.push(record)))?;
    let run = recorder.run().clone();
    recorder.record(0, Event::Run(start_of(&options, &run)));
    // A run that is killed between two cells must not look complete.
    let cells = options
        .cells
        .iter()
        .map(|cell| cell.variant.cell(&cell.claim))
        .collect();
    recorder.record(0, Event::Selected(exactly_model::Selected { cells }));
    recorder.flush()?;
    let scratch = scratch(&options.temporary, &run)?;
    let guardian = Guardian::start(&options.executable, &run.id, &scratch)
        .map_err(|error| Error::Harness(format!("cannot start the guardian: {error}")))?;
    let error = run_cells(&options, &recorder, &live, &scratch).await.err();
    // Ends what is left, servers included, and removes the scratch folder.
    let waited = tokio::task::spawn_blocking(move || guardian.finish()).await;
    let error = error
        .or_else(|| recorder.flush().err())
        .or_else(|| waited.err().map(|error| Error::Harness(error.to_string())));
    Ok(Outcome {
        report: live.report(),
        folder: run.folder,
        error,
    })
}

fn start_of(options: &Options, run: &RunId) -> RunStart {
    RunStart {
        id: run.id.clone(),
        tool: format!("exactly {}", env!("CARGO_PKG_VERSION")),
        number: run.number,
        seed: options.seed,
        plan: "every-boundary".into(),
        exhaustive: options.exhaustive,
        command: options.command.clone(),
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

async fn run_cells(
    options: &Options,
    recorder: &Arc<Recorder>,
    live: &Live,
    scratch: &Path,
) -> Result<(), Error> {
    let run = recorder.run();
    let supervisor = Supervisor::new(&run.id);
    let host = Arc::new(LocalHost::new(
        supervisor.clone(),
        options.executable.clone(),
        scratch.into(),
        options.cache.clone(),
        run.folder.join("output"),
    ));
    let pipelines: Vec<Pipeline> = options
        .cells
        .iter()
        .map(|cell| {
            cell.variant
                .pipeline_spec(options.messages, &options.executable)
        })
        .collect();
    let mut systems = Systems::new(host, options.places.clone());
    let mut cancelled = options.cancelled.clone();
    let started = tokio::select! {
        started = systems.start(pipelines.iter(), live) => started,
        true = is_cancelled(&mut cancelled) => Err(Error::Interrupted),
    };
    let result = match started {
        Ok(()) => run_each(options, recorder, live, &systems, pipelines, supervisor).await,
        Err(error) => Err(error),
    };
    systems.stop().await;
    result
}

/// Waits for the signal to end; for ever when no one can give it any more.
async fn is_cancelled(cancelled: &mut watch::Receiver<bool>) -> bool {
    if cancelled.wait_for(|c| *c).await.is_err() {
        std::future::pending::<()>().await;
    }
    true
}

async fn run_each(
    options: &Options,
    recorder: &Arc<Recorder>,
    live: &Live,
    systems: &Systems,
    pipelines: Vec<Pipeline>,
    supervisor: Supervisor,
) -> Result<(), Error> {
    let trials = Arc::new(AtomicU32::new(0));
    for (number, (cell, pipeline)) in options.cells.iter().zip(pipelines).enumerate() {
        let instances = systems.of(&pipeline);
        let stage = Stage {
            cell: u32::try_from(number).unwrap_or(u32::MAX),
            pipeline,
            instances,
            recorder: recorder.clone(),
            supervisor: supervisor.clone(),
            seed: options.seed,
            assist: options.assist,
            cancelled: options.cancelled.clone(),
        };
        let course = Course {
            info: cell.variant.cell(&cell.claim),
            exhaustive: options.exhaustive,
            jobs: options.jobs,
            trials: trials.clone(),
        };
        cell::run(&stage, &course, live).await?;
    }
    Ok(())
}
