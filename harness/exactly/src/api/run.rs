//! Runs a check, blocking, from any thread of a test.

use super::checked::{CheckError, Checked};
use super::pipeline::Pipeline;
use super::surroundings::{self, REPLAY, shown};
use crate::keeper::Sharing;
use crate::{Check, Options, ReplayOptions};
use exactly_engine::cell::Turns;
use exactly_model::{Guarantee, SCHEDULE_SCHEMA, ScheduleFile};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

/// How long a shared server stays after its last user: the next test of a binary that
/// runs each in a process of its own begins sooner.
const LINGER: Duration = Duration::from_secs(5);
/// Trials at once where each test has a process of its own, of which there is one for
/// each processor.
const JOBS_PER_PROCESS: usize = 2;
/// How often a finding is run again.
const REPEATS: u32 = 3;

/// Trials at once in all checks of this process.
static TURNS: LazyLock<Arc<Turns>> = LazyLock::new(|| Arc::new(Turns::new(processors() * 2)));

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

pub(super) fn check(pipeline: Pipeline, guarantee: Guarantee) -> Result<Checked, CheckError> {
    if let Some(wrong) = pipeline.wrong {
        return Err(CheckError::Asked(wrong));
    }
    let Pipeline {
        mut config,
        sql,
        jobs,
        store,
        ..
    } = pipeline;
    config.expect.all.guarantee = Some(guarantee);
    let here = std::env::current_dir().map_err(|error| {
        CheckError::Asked(format!(
            "cannot tell in which folder the test runs: {error}"
        ))
    })?;
    let mut check = config.check(&here, &surroundings::variable)?;
    for system in &mut check.selected.pipeline.systems {
        if let Some(statements) = sql.get(&system.name) {
            system.setup.sql.clone_from(statements);
        }
    }
    let options = options(&check, jobs, store)?;
    for note in check.notes() {
        eprintln!("exactly: {note}");
    }
    let told = Told {
        name: check.selected.cell.variant.clone(),
        guarantee,
        command: surroundings::command_of_test(),
    };
    match schedule(&check, &options)? {
        Some((what, file)) => again(told, what, file, options),
        None => planned(told, options),
    }
}

/// What messages need to know beside what came of it.
struct Told {
    name: String,
    guarantee: Guarantee,
    command: String,
}

fn planned(told: Told, options: Options) -> Result<Checked, CheckError> {
    let outcome = block_on(|| crate::evaluate(options, |_| {}))?;
    let outcome = outcome.map_err(|error| ended(error, None))?;
    if let Some(error) = outcome.error {
        return Err(ended(error, Some(&outcome.folder)));
    }
    Ok(Checked {
        name: told.name,
        guarantee: told.guarantee,
        command: told.command,
        report: outcome.report,
        folder: outcome.folder,
        again: None,
    })
}

fn again(
    told: Told,
    what: String,
    file: ScheduleFile,
    options: Options,
) -> Result<Checked, CheckError> {
    let store = options.store.clone();
    let asked = ReplayOptions {
        file,
        repeat: REPEATS,
        options,
    };
    let outcome = block_on(|| crate::replay(asked, |_| {}))?;
    let mut outcome = outcome.map_err(|error| ended(error, None))?;
    if let Some(error) = outcome.error.take() {
        return Err(ended(error, Some(&outcome.folder)));
    }
    Ok(Checked {
        name: told.name,
        guarantee: told.guarantee,
        command: told.command,
        report: crate::judge(&outcome.folder, &store)?,
        folder: outcome.folder.clone(),
        again: Some((what, outcome)),
    })
}

fn ended(error: crate::Error, folder: Option<&Path>) -> CheckError {
    let recorded = folder.map_or(String::new(), |folder| {
        format!("\n\nwhat was recorded before is in {}", shown(folder))
    });
    CheckError::Run { error, recorded }
}

fn options(
    check: &Check,
    jobs: Option<usize>,
    store: Option<PathBuf>,
) -> Result<Options, CheckError> {
    let executable = surroundings::executable().map_err(CheckError::Asked)?;
    let mut options = check.options(executable);
    let own = store.or_else(|| Some(surroundings::target_folder()?.join("exactly")));
    options.store = own.unwrap_or_else(|| PathBuf::from(".exactly"));
    options.cache = surroundings::cache_folder();
    options.settings = surroundings::settings();
    options.command = vec![surroundings::command_of_test()];
    options.turns = jobs.is_none().then(|| Arc::clone(&TURNS));
    options.jobs = jobs.unwrap_or(match surroundings::is_process_per_test() {
        true => JOBS_PER_PROCESS,
        false => 2 * processors(),
    });
    options.shared = Some(Sharing {
        folder: shared_folder(),
        cache: options.cache.clone(),
        linger: LINGER,
    });
    Ok(options)
}

/// Processes that are the same build of the same test binary share servers: what runs
/// there is what they were built with.
fn shared_folder() -> PathBuf {
    let mut build = DefaultHasher::new();
    if let Ok(program) = surroundings::program() {
        let metadata = std::fs::metadata(&program).ok();
        metadata
            .and_then(|m| Some((m.len(), m.modified().ok()?)))
            .hash(&mut build);
        program.hash(&mut build);
    }
    let name = format!("exactly-{}-{:016x}", surroundings::user(), build.finish());
    std::env::temp_dir().join(name)
}

/// The one schedule that is to be run instead of a plan: what it is called, and its
/// file.
fn schedule(
    check: &Check,
    options: &Options,
) -> Result<Option<(String, ScheduleFile)>, CheckError> {
    let what = match (&check.schedule, surroundings::variable(REPLAY)) {
        (Some(path), _) => path.display().to_string(),
        (None, Some(id)) => id,
        (None, None) => return Ok(None),
    };
    let (path, text) = crate::find_schedule(&what, &options.store)?;
    let wrong = |why: String| CheckError::Asked(format!("schedule {}: {why}", path.display()));
    let file: ScheduleFile = serde_json::from_str(&text).map_err(|e| wrong(e.to_string()))?;
    if file.schema != SCHEDULE_SCHEMA || file.messages == 0 || file.faults.is_empty() {
        let why = format!("it is no {SCHEDULE_SCHEMA} with messages and faults");
        return Err(wrong(why));
    }
    // What is another pipeline's says nothing of this one, which runs as always.
    let other = file
        .cell
        .as_ref()
        .is_some_and(|cell| *cell != check.selected.id());
    Ok((check.schedule.is_some() || !other).then_some((what, file)))
}

/// Runs what `begin` answers to its end on a thread of its own: the test may be in a
/// runtime, which another one must not block.
fn block_on<T, F>(begin: impl FnOnce() -> F + Send) -> Result<T, CheckError>
where
    T: Send,
    F: Future<Output = T>,
{
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.enable_all().build();
    let runtime =
        runtime.map_err(|error| CheckError::Asked(format!("cannot start a runtime: {error}")))?;
    let ended = std::thread::scope(|scope| scope.spawn(|| runtime.block_on(begin())).join());
    match ended {
        Ok(outcome) => Ok(outcome),
        Err(panic) => std::panic::resume_unwind(panic),
    }
}
