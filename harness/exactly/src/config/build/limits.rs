//! Limits, and commands around each trial.

use super::command::Ground;
use crate::config::error::{Key, Wrong};
use crate::config::file::{Hooks, Limits};
use crate::config::values::Time;
use exactly_model::Hooks as Scripts;

/// The quiet window: a client of any language may be at work for so long without
/// anything moving.
const QUIET: Time = Time::from_millis(300);
/// How long nothing may move while there is work left: sessions and reconnects of
/// clients that nobody tuned for it.
const STUCK: Time = Time::from_secs(30);

/// Limits of a trial.
pub(super) fn limits(given: &Limits) -> Result<exactly_model::Limits, Wrong> {
    let usual = exactly_model::Limits::default();
    let of = |time: Option<Time>, usual: u64| time.map_or(usual, Time::millis);
    let limits = exactly_model::Limits {
        quiet_ms: of(given.quiet, QUIET.millis()),
        stuck_ms: of(given.stuck, STUCK.millis()),
        trial_ms: of(given.trial, usual.trial_ms),
        output_bytes: given.output_bytes.unwrap_or(usual.output_bytes),
    };
    let key = Key::of("limits");
    if limits.quiet_ms >= limits.trial_ms {
        let what = "is no shorter than a trial may last: no trial could come to rest";
        return Err(Wrong::at(&key.name("quiet"), what));
    }
    if given.stuck.is_some() && limits.stuck_ms >= limits.trial_ms {
        let what = "is no shorter than a trial may last: none would ever count as stuck";
        return Err(Wrong::at(&key.name("stuck"), what));
    }
    if limits.output_bytes > 1 << 30 {
        let what = "is more than 1 GiB, for each life of each process";
        return Err(Wrong::at(&key.name("output_bytes"), what));
    }
    Ok(limits)
}

/// Commands around each trial.
pub(super) fn hooks(given: &Hooks, ground: &Ground<'_>) -> Result<Scripts, Wrong> {
    let key = Key::of("hooks");
    let of = |name: &str, command: &Option<Vec<String>>| {
        let script = command
            .as_ref()
            .map(|command| ground.script(&key.name(name), command, given.within));
        script.transpose()
    };
    if given.before_trial.is_none() && given.after_trial.is_none() && given.within.is_some() {
        let what = "belongs to `before_trial` or `after_trial`: leave it out";
        return Err(Wrong::at(&key.name("within"), what));
    }
    Ok(Scripts {
        before_trial: of("before_trial", &given.before_trial)?,
        after_trial: of("after_trial", &given.after_trial)?,
    })
}
