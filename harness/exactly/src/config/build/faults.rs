//! Which faults are put where.

use super::systems::System;
use crate::PlanChoice;
use crate::config::error::{Key, Wrong, quoted, quoted_path};
use crate::config::file::Faults;
use crate::config::values::{Kind, Plan, by_name, plannable};
use exactly_model::FaultKind;
use std::path::{Path, PathBuf};

/// Pairs at most, as on the command line.
const PAIRS_MAX: u32 = 100_000;
/// Drawn trials at most, as on the command line.
const TRIALS_MAX: u32 = 500_000;
/// Faults in one drawn trial at most, as on the command line.
const AT_ONCE_MAX: u32 = 8;

pub(super) fn kinds(given: &Faults, systems: &[System]) -> Result<Vec<FaultKind>, Wrong> {
    let key = Key::of("faults").name("kinds");
    let Some(given) = given.kinds.as_deref() else {
        return Ok(plannable().collect());
    };
    if given.is_empty() {
        let what = "is empty: name at least one kind, or leave it out for all that apply";
        return Err(Wrong::at(&key, what));
    }
    for (n, kind) in given.iter().enumerate() {
        if !plannable().chain(by_name()).any(|known| known == *kind) {
            let what = format!(
                "{kind} can't be planned: it needs a point to wait for; write a schedule and run \
                 it with plan = {{ file = \"...\" }}"
            );
            return Err(Wrong::at(&key.index(n), what));
        }
        needs(*kind, systems).map_err(|what| Wrong::at(&key.index(n), what))?;
    }
    Ok(given.to_vec())
}

/// Refuses a kind that is asked for by name where no system says what it needs: it
/// would strike nowhere.
fn needs(kind: FaultKind, systems: &[System]) -> Result<(), String> {
    let any = |has: fn(&System) -> bool| systems.iter().any(has);
    match kind {
        FaultKind::DelayReply if !any(|s| s.used.client_timeout_ms.is_some()) => Err(
            "delay-reply applies nowhere: give a system its `client_timeout`, or leave the kind out"
                .into(),
        ),
        FaultKind::SlowHandler if !any(|s| s.used.lease_ms.is_some()) => Err(
            "slow-handler applies nowhere: give a system its `lease`, or leave the kind out".into(),
        ),
        FaultKind::ExpireHorizon if !any(|s| s.kind == Kind::Sqs) => Err(
            "expire-horizon applies nowhere: of the systems only SQS forgets after a time; leave \
             the kind out"
                .into(),
        ),
        FaultKind::Replay if !any(gives_up) => Err(
            "replay applies nowhere: give the queue that is fed a `dead_letter_queue` and \
             `max_receives`, or leave the kind out"
                .into(),
        ),
        _ => Ok(()),
    }
}

/// Whether messages of a queue are put aside.
fn gives_up(system: &System) -> bool {
    let mut queues = system.used.setup.queues.iter();
    queues.any(|queue| queue.dead_letters.is_some())
}

/// Operations that come and go with a timer.
pub(super) fn timers(given: &[String], systems: &[System]) -> Result<Vec<String>, Wrong> {
    let key = Key::of("faults").name("timers");
    for (n, timer) in given.iter().enumerate() {
        let named = timer
            .split_once(' ')
            .filter(|(_, operation)| !operation.trim().is_empty());
        let system = named.map(|(system, _)| system);
        let known = systems.iter().any(|s| system == Some(s.used.name.as_str()));
        if !known {
            let what = format!(
                "{} names no operation: write a system and an operation, as in \"{} OffsetCommit\"",
                quoted(timer),
                systems.first().map_or("k", |s| s.used.name.as_str())
            );
            return Err(Wrong::at(&key.index(n), what));
        }
    }
    Ok(given.to_vec())
}

/// The plan, or the file with the one schedule.
pub(super) fn plan(faults: &Faults, folder: &Path) -> Result<(PlanChoice, Option<PathBuf>), Wrong> {
    let key = Key::of("faults");
    let given = [
        ("pairs_max", faults.pairs_max.is_some(), "pairs"),
        ("trials", faults.trials.is_some(), "random"),
        ("faults_max", faults.faults_max.is_some(), "random"),
    ];
    let named = match faults.plan {
        Plan::EveryBoundary => "every-boundary",
        Plan::Pairs => "pairs",
        Plan::Random => "random",
        Plan::File(_) => "file",
    };
    let stray = given
        .iter()
        .find(|(_, given, plan)| *given && *plan != named);
    if let Some((name, _, plan)) = stray {
        let what = format!("belongs to plan = \"{plan}\"; write that, or leave it out");
        return Err(Wrong::at(&key.name(name), what));
    }
    for (name, given, most) in [
        ("pairs_max", faults.pairs_max, PAIRS_MAX),
        ("trials", faults.trials, TRIALS_MAX),
        ("faults_max", faults.faults_max, AT_ONCE_MAX),
    ] {
        if let Some(given) = given.filter(|given| !(1..=most).contains(given)) {
            return Err(Wrong::at(
                &key.name(name),
                format!("is {given}: 1 to {most}"),
            ));
        }
    }
    Ok(match &faults.plan {
        Plan::EveryBoundary => (PlanChoice::EveryBoundary, None),
        Plan::Pairs => (PlanChoice::Pairs, None),
        Plan::Random => (PlanChoice::Random, None),
        Plan::File(file) => {
            let path = folder.join(file);
            if !path.is_file() {
                let what = format!("there is no file {}", quoted_path(&path));
                return Err(Wrong::at(&key.name("plan").name("file"), what));
            }
            none_given(&key, faults)?;
            (PlanChoice::EveryBoundary, Some(path))
        }
    })
}

/// Refuses what one schedule has no use for.
fn none_given(key: &Key, faults: &Faults) -> Result<(), Wrong> {
    let strays = [
        ("kinds", faults.kinds.is_some()),
        ("exhaustive", faults.exhaustive),
    ];
    match strays.iter().find(|(_, given)| *given) {
        None => Ok(()),
        Some((name, _)) => Err(Wrong::at(
            &key.name(name),
            "belongs to a plan that is drawn up: the schedule names its own faults; leave it out",
        )),
    }
}
