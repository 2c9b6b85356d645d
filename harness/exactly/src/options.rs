//! What to run, on what, and how.

use crate::keeper::Sharing;
use exactly_engine::cell::{Planning, Turns};
use exactly_engine::supervisor::Executable;
use exactly_model::{Cell, Pipeline, Shard, SystemPlace};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Pairs run for each cell at most, where nothing else is said.
const PAIRS_MAX: u32 = 400;
/// Faults in one drawn trial at most, where nothing else is said.
const FAULTS_MAX: u32 = 3;
/// How often a finding is run again, where nothing else is said.
const REPLAYS: u32 = 3;

/// A cell to run: what is claimed, and the pipeline that it is claimed of.
#[derive(Clone, PartialEq, Debug)]
pub struct Selected {
    /// The claim's side.
    pub cell: Cell,
    /// The pipeline's side.
    pub pipeline: Pipeline,
}

impl Selected {
    /// `claim/variant`.
    pub fn id(&self) -> String {
        self.cell.id()
    }
}

/// Which faults are put where.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum PlanChoice {
    /// Every kind of fault at every class of points, one at a time.
    #[default]
    EveryBoundary,
    /// That, and a second crash during recovery from a first.
    Pairs,
    /// Several faults at once, drawn with the seed.
    Random,
}

impl PlanChoice {
    /// The name used in records and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EveryBoundary => "every-boundary",
            Self::Pairs => "pairs",
            Self::Random => "random",
        }
    }
}

/// What to run, on what, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// Cells, in order.
    pub cells: Vec<Selected>,
    /// Places by the name of the system in the pipelines; embedded where nothing
    /// is said.
    pub places: BTreeMap<String, SystemPlace>,
    /// Messages fed in each trial; as many as the pipeline says where absent.
    pub messages: Option<u32>,
    /// Seed.
    pub seed: u64,
    /// Trials at once.
    pub jobs: usize,
    /// Which faults are put where.
    pub plan: PlanChoice,
    /// All points instead of representatives.
    pub exhaustive: bool,
    /// Pairs run for each cell at most.
    pub pairs_max: u32,
    /// Trials drawn for each cell. Absent: a hundred, or as many as
    /// [`max_time`](Self::max_time) allows.
    pub trials: Option<u32>,
    /// Faults in one drawn trial at most.
    pub faults_max: u32,
    /// No trial of a cell's plan begins later than this after the cell began. A
    /// plan that is cut short by it proves nothing; drawing just ends.
    pub max_time: Option<Duration>,
    /// The part of the plan that is run; all of it where absent.
    pub shard: Option<Shard>,
    /// Whether nothing more of a cell's plan is begun once something forbidden was
    /// seen.
    pub fail_fast: bool,
    /// How often each finding is run again, to see whether it comes back.
    pub replays: u32,
    /// Whether failures of earlier runs are run first.
    pub known: bool,
    /// Whether waits may be shortened for a dead client.
    pub assist: bool,
    /// Whether a window that no clock shortens is really waited for, minutes long.
    pub allow_wait: bool,
    /// The configuration that the cells came from, where they are none of the
    /// catalogue's: kept with what is found, so that it can be run again.
    pub config: Option<String>,
    /// Folder of the run store.
    pub store: PathBuf,
    /// The harness's own binary: it runs the embedded servers and the guardian as
    /// children.
    pub executable: Executable,
    /// Where embedded servers are shared with other runs on this machine; the run's
    /// own without it.
    pub shared: Option<Sharing>,
    /// Trials at once in all runs of this process that share it.
    pub turns: Option<Arc<Turns>>,
    /// Folder for temporary files of the run.
    pub temporary: PathBuf,
    /// Folder for downloads, kept between runs.
    pub cache: PathBuf,
    /// Settings of the user's environment that places need (`KAFKA_HOME`).
    pub settings: BTreeMap<String, String>,
    /// The command line, without secrets.
    pub command: Vec<String>,
    /// Becomes true when the run is to end.
    pub cancelled: watch::Receiver<bool>,
}

impl Options {
    /// `cells` on embedded systems, with default settings. `executable` is a binary
    /// that has the `exactly` command's hidden subcommands, or does their work when a
    /// variable of its environment says so.
    pub fn new(executable: impl Into<Executable>, cells: Vec<Selected>) -> Self {
        // Never cancelled: the receiver outlives its sender.
        let (_, cancelled) = watch::channel(false);
        Self {
            cells,
            places: BTreeMap::new(),
            messages: None,
            seed: 1,
            jobs: default_jobs(),
            plan: PlanChoice::default(),
            exhaustive: false,
            pairs_max: PAIRS_MAX,
            trials: None,
            faults_max: FAULTS_MAX,
            max_time: None,
            shard: None,
            fail_fast: false,
            replays: REPLAYS,
            known: true,
            assist: true,
            allow_wait: false,
            config: None,
            store: PathBuf::from(".exactly"),
            executable: executable.into(),
            shared: None,
            turns: None,
            temporary: std::env::temp_dir(),
            cache: std::env::temp_dir().join("exactly-cache"),
            settings: BTreeMap::new(),
            command: Vec::new(),
            cancelled,
        }
    }

    /// The pipelines, with as many messages as are asked for.
    pub(crate) fn pipelines(&self) -> impl Iterator<Item = Pipeline> {
        self.cells.iter().map(|cell| {
            let mut pipeline = cell.pipeline.clone();
            let own = pipeline.feed.messages;
            pipeline.feed.messages = self.messages.unwrap_or(own);
            pipeline
        })
    }

    /// Where embedded servers are shared, and the program that keeps them.
    pub(crate) fn sharing(&self) -> Option<(Sharing, Executable)> {
        let shared = self.shared.clone()?;
        Some((shared, self.executable.clone()))
    }

    pub(crate) fn planning(&self) -> Planning {
        match self.plan {
            PlanChoice::EveryBoundary => Planning::EveryBoundary,
            PlanChoice::Pairs => Planning::Pairs {
                most: self.pairs_max as usize,
            },
            PlanChoice::Random => Planning::Random {
                trials: self.trials,
                faults_max: self.faults_max,
            },
        }
    }

    /// Where the systems of `cell` run, as `--on` takes it; those that are
    /// embedded are left out.
    pub(crate) fn places_of(&self, cell: &Selected) -> BTreeMap<String, String> {
        let placed = cell.pipeline.systems.iter().filter_map(|system| {
            let place = self.places.get(&system.name)?;
            let elsewhere = *place != SystemPlace::Embedded;
            elsewhere.then(|| (system.name.clone(), place.to_string()))
        });
        placed.collect()
    }
}

/// Trials spend most of their time waiting: two for each processor.
fn default_jobs() -> usize {
    2 * std::thread::available_parallelism().map_or(1, usize::from)
}
