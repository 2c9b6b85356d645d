//! Running one schedule again.

use crate::overseer::{Live, Shown};
use crate::session::Session;
use crate::{Error, Options, Progress};
use exactly_engine::cell::Planning;
use exactly_model::{Candidate, Code, Counterexample, ScheduleFile};
use std::path::PathBuf;

/// What to run again.
#[derive(Clone, Debug)]
pub struct ReplayOptions {
    /// The schedule, with the size of the batch and the seed.
    pub file: ScheduleFile,
    /// How often it is run.
    pub repeat: u32,
    /// On what, and how. It has one cell, on which the schedule is run; places are
    /// these, not those of the file.
    pub options: Options,
}

/// What came of it.
#[derive(Debug)]
pub struct ReplayOutcome {
    /// Trials in which every fault fired and the code showed: the file's, or any
    /// that the cell forbids where it names none.
    pub k: u32,
    /// Trials that were run.
    pub n: u32,
    /// Trials in which every fault fired. A schedule that did not fire has shown
    /// nothing.
    pub fired: u32,
    /// How it came about.
    pub counterexample: Option<Counterexample>,
    /// Why it was not run as often as asked for, where the cell says so: the place
    /// does not host it, or refuses it.
    pub cut_short: Option<String>,
    /// Folder of the run.
    pub folder: PathBuf,
    /// What ended it early.
    pub error: Option<Error>,
}

/// Runs the schedule as often as asked for. Only a run that could not begin is an
/// `Err`.
pub async fn replay(
    asked: ReplayOptions,
    tell: impl FnMut(&Progress) + Send + 'static,
) -> Result<ReplayOutcome, Error> {
    let ReplayOptions { file, repeat, .. } = asked;
    let options = Options {
        messages: Some(file.messages),
        seed: file.seed,
        max_time: None,
        ..asked.options
    };
    if options.cells.len() != 1 {
        return Err(Error::Config {
            what: format!("a schedule runs on one cell, not {}", options.cells.len()),
            hint: "name the cell that it belongs to".into(),
        });
    }
    let live = Live::new(1, Box::new(tell));
    let candidate = Candidate {
        schedule: file.schedule(),
        messages: file.messages,
    };
    let session = Session {
        options: &options,
        plan: "schedule",
        planning: Planning::Schedule { candidate, repeat },
        known: Vec::new(),
    };
    let ended = session.run(&live).await?;
    let trials = live.trials();
    let (k, n, fired) = count(&trials, file.code);
    Ok(ReplayOutcome {
        k,
        n,
        fired,
        counterexample: counterexample(&live, file.code),
        cut_short: live.cut_short(0),
        folder: ended.run.folder,
        error: ended.error,
    })
}

/// Trials that fired and show it, all trials, and trials that fired.
fn count(trials: &[Shown], code: Option<Code>) -> (u32, u32, u32) {
    let of = |shows: &dyn Fn(&Shown) -> bool| {
        let n = trials.iter().filter(|trial| shows(trial)).count();
        u32::try_from(n).unwrap_or(u32::MAX)
    };
    let shows = |trial: &Shown| match code {
        Some(code) => trial.codes.contains(&code),
        None => !trial.codes.is_empty(),
    };
    (
        of(&|trial| trial.fired && shows(trial)),
        of(&|_| true),
        of(&|trial| trial.fired),
    )
}

fn counterexample(live: &Live, code: Option<Code>) -> Option<Counterexample> {
    let report = live.report();
    let (_, variant) = report.variants().next()?;
    let mut shown = variant.counterexamples.iter();
    shown
        .find(|shown| code.is_none_or(|code| shown.code == code))
        .cloned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use Code::{D3, L1, T3};

    #[test]
    fn a_schedule_that_did_not_fire_has_shown_nothing() {
        let trial = |fired, codes: &[Code]| Shown {
            fired,
            codes: codes.into(),
        };
        let trials = [
            trial(true, &[D3, T3]),
            trial(false, &[D3]),
            trial(true, &[L1]),
            trial(true, &[]),
        ];
        assert_eq!(count(&trials, Some(D3)), (1, 4, 3));
        assert_eq!(count(&trials, Some(T3)), (1, 4, 3));
        assert_eq!(count(&trials, None), (2, 4, 3));
        assert_eq!(count(&[], None), (0, 0, 0));
    }
}
