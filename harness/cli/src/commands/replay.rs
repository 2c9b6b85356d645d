//! `exactly replay`: runs one schedule again and counts how often it shows its
//! anomaly.

use super::running::{self, Watch, ids, selected};
use crate::args::{Format, ReplayArgs};
use crate::failure::Failure;
use crate::place::{PlaceError, Places};
use crate::progress::Display;
use crate::schedule;
use crate::select::{nearest_of, select};
use crate::terminal;
use exactly::{ReplayOptions, ReplayOutcome, find_schedule};
use exactly_claims::Claim;
use exactly_model::{Reproduced, ScheduleFile, exit, redact};
use serde_json::json;
use std::path::Path;

pub(super) fn run(catalogue: Vec<Claim>, args: &ReplayArgs) -> Result<u8, Failure> {
    let asked = asked(catalogue, args)?;
    let said = Said {
        what: args.what.clone(),
        repeat: args.repeat,
        format: args.format,
    };
    run_asked(asked, &said)
}

fn run_asked(asked: ReplayOptions, args: &Said) -> Result<u8, Failure> {
    let told = Told {
        what: &args.what,
        cell: asked.options.cells[0].id(),
        file: asked.file.clone(),
        repeat: args.repeat,
    };
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let (outcome, failure) = super::block_on(&mut runtime, replay(asked))??;
    let folder = outcome.folder.display();
    super::tell(&format!("recorded in {folder}"));
    if failure.is_none() || outcome.n > 0 {
        super::print(&match args.format {
            Format::Human => told.human(&outcome),
            Format::Json => told.json(&outcome),
        })?;
    }
    match failure {
        Some(failure) => Err(failure),
        None => Ok(told.exit_code(&outcome)),
    }
}

/// Runs a schedule that a configuration names.
pub(super) fn run_schedule(asked: ReplayOptions, format: Format) -> Result<u8, Failure> {
    let args = Said {
        what: "the schedule".into(),
        repeat: asked.repeat,
        format,
    };
    run_asked(asked, &args)
}

/// What was asked for, as far as it is told at the end.
struct Said {
    what: String,
    repeat: u32,
    format: Format,
}

/// Runs it, with progress on stderr, until it is done or a signal ends it.
async fn replay(mut asked: ReplayOptions) -> Result<(ReplayOutcome, Option<Failure>), Failure> {
    let watch = Watch::start(Display::stderr().of_repeated(asked.repeat))?;
    asked.options.cancelled = watch.cancelled.clone();
    let mut outcome = exactly::replay(asked, watch.teller()).await?;
    let failure = watch.end(outcome.error.take());
    Ok((outcome, failure))
}

/// Checks arguments and file before anything is started.
fn asked(catalogue: Vec<Claim>, args: &ReplayArgs) -> Result<ReplayOptions, Failure> {
    let (path, text) = find_schedule(&args.what, &args.course.out)?;
    let wrong = |why: String| Failure::Config(format!("schedule {}: {why}", path.display()));
    let file = schedule::parse(&text).map_err(wrong)?;
    if let (Some(config), None) = (&file.config, &args.cell) {
        return asked_of_check(Path::new(config), &file, args);
    }
    let claims = cell_of(catalogue, args, &file, &path)?;
    let places = Places::read(&args.places)
        .map_err(|error| Failure::Usage(error.to_string()))?
        .or_recorded(&file.places)
        .map_err(|error| match error {
            PlaceError::Elsewhere { .. } => Failure::Usage(format!("{}: {error}", args.what)),
            error => wrong(format!("`places`: {error}")),
        })?;
    let mut options = running::options(places, &args.course)?;
    options.cells = selected(&claims, options.executable.program());
    schedule::check_names(&file, &options.cells[0].pipeline).map_err(wrong)?;
    Ok(ReplayOptions {
        file,
        repeat: args.repeat,
        options,
    })
}

/// A finding of somebody's own pipeline: its configuration says what is run.
fn asked_of_check(
    config: &Path,
    file: &ScheduleFile,
    args: &ReplayArgs,
) -> Result<ReplayOptions, Failure> {
    let env = |name: &str| std::env::var(name).ok();
    let check = exactly::config::load(config, &env);
    let mut check = check.map_err(|error| Failure::Config(error.to_string()))?;
    for given in &args.places.on {
        let put = check.put(given);
        put.map_err(|why| Failure::Usage(format!("--on {}: {why}", redact(given))))?;
    }
    let wrong = |why| Failure::Config(format!("schedule {}: {why}", args.what));
    schedule::check_names(file, &check.selected.pipeline).map_err(wrong)?;
    let mut options = check.options(running::executable()?);
    running::apply(&mut options, &args.course);
    Ok(ReplayOptions {
        file: file.clone(),
        repeat: args.repeat,
        options,
    })
}

/// The claim with the one variant that the schedule is run on.
fn cell_of(
    catalogue: Vec<Claim>,
    args: &ReplayArgs,
    file: &ScheduleFile,
    path: &Path,
) -> Result<Vec<Claim>, Failure> {
    let (name, said): (&str, &dyn Fn(String) -> Failure) = match (&args.cell, &file.cell) {
        (Some(cell), _) => (cell, &|why| Failure::Usage(format!("--cell: {why}"))),
        (None, Some(cell)) => (cell, &|why| {
            Failure::Config(format!("schedule {}: `cell`: {why}", path.display()))
        }),
        (None, None) => {
            let why = "names no cell; say which variant it is run on with --cell CLAIM/VARIANT";
            return Err(Failure::Usage(format!("schedule {} {why}", path.display())));
        }
    };
    let known = ids(&catalogue);
    if !known.iter().any(|id| id == name) {
        let nearest = nearest_of(known.iter().map(|id| (id.as_str(), id.as_str())), name);
        let hint = nearest.map_or(String::new(), |n| format!("; did you mean `{n}`?"));
        return Err(said(format!("no variant is called {name:?}{hint}")));
    }
    select(catalogue, &[name.to_string()]).map_err(|error| said(error.to_string()))
}

/// What is said at the end.
struct Told<'a> {
    what: &'a str,
    cell: String,
    file: ScheduleFile,
    repeat: u32,
}

impl Told<'_> {
    /// It came back; it fired each time and never did; or nothing can be said.
    fn exit_code(&self, outcome: &ReplayOutcome) -> u8 {
        match outcome.k {
            1.. => exit::REFUTED,
            0 if outcome.n == self.repeat && outcome.fired == outcome.n => exit::DONE,
            0 => exit::INCONCLUSIVE,
        }
    }

    fn human(&self, outcome: &ReplayOutcome) -> String {
        let style = terminal::stdout_style();
        let example = outcome.counterexample.as_ref().filter(|_| outcome.k > 0);
        let mut text = match example {
            Some(example) => exactly_report::counterexample(&self.cell, example, style),
            None => {
                let words = exactly_report::schedule_in_words(&self.file.schedule());
                let (cell, messages) = (&self.cell, self.file.messages);
                let line = format!("{cell}, messages fed: {messages}; {words}");
                exactly_report::wrapped(&line, style)
            }
        };
        let line = format!("\n{}: {}", self.what, self.verdict(outcome));
        text.push_str(&exactly_report::wrapped(&line, style));
        text
    }

    fn verdict(&self, outcome: &ReplayOutcome) -> String {
        let ReplayOutcome { k, n, fired, .. } = outcome;
        let looked_for = match self.file.code {
            Some(code) => format!("{code} {}", code.name()),
            None => "what its claim forbids".into(),
        };
        let fired = format!("every fault fired in {fired} of {n}");
        let mut verdict = match self.exit_code(outcome) {
            exit::REFUTED => format!("showed {looked_for}, reproduced {k} of {n}; {fired}"),
            exit::DONE => format!("never showed {looked_for}; {fired}"),
            _ => format!("says nothing of {looked_for}; {fired}"),
        };
        if let Some(why) = &outcome.cut_short {
            verdict.push_str(&format!("; {why}"));
        }
        verdict
    }

    fn json(&self, outcome: &ReplayOutcome) -> String {
        let mut counterexample = outcome.counterexample.clone();
        if let Some(example) = &mut counterexample {
            example.reproduced = Some(Reproduced {
                k: outcome.k,
                n: outcome.n,
            });
        }
        let run = outcome.folder.file_name().unwrap_or_default();
        let answer = json!({
            "schema": "exactly.replay/1",
            "what": self.what,
            "cell": self.cell,
            "code": self.file.code,
            "run": run.to_string_lossy(),
            "asked": self.repeat,
            "repeated": outcome.n,
            "fired": outcome.fired,
            "reproduced": outcome.k,
            "cut_short": outcome.cut_short,
            "counterexample": counterexample,
        });
        format!("{answer:#}\n")
    }
}

#[cfg(test)]
mod tests;
