//! Names of a trial.

use exactly_adapter::TrialNames;

/// `x7-12`: what the ids of a trial begin with.
pub(crate) fn name_of(names: TrialNames) -> String {
    format!("x{}-{}", names.run, names.trial)
}

/// Reads it back.
pub(crate) fn trial_of(name: &str) -> Option<TrialNames> {
    let (run, trial) = name.strip_prefix('x')?.split_once('-')?;
    Some(TrialNames {
        run: run.parse().ok()?,
        trial: trial.parse().ok()?,
    })
}
