//! From a [`Config`] to what the engine runs, or to what is wrong with it.

mod expectation;
mod feed;
mod processes;
mod sinks;
mod systems;

use super::error::{Key, Wrong};
use super::file::{Config, Hooks, Limits};
use super::values::{Plan, Time};
use super::{ConfigError, Env};
use crate::{Options, PlanChoice, Selected};
use exactly_engine::supervisor::Executable;
use exactly_model::{Cell, FaultKind, Hooks as HookScripts, Pipeline, SystemPlace, UserCommand};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;
use systems::System;

/// How long a command of the user's may take, where nothing is said.
const SCRIPT_WITHIN: Time = Time::from_secs(30);
/// The quiet window: a client of any language may be at work for so long without
/// anything moving.
const QUIET: Time = Time::from_millis(300);
/// How long nothing may move while there is work left: sessions and reconnects of
/// clients that nobody tuned for it.
const STUCK: Time = Time::from_secs(30);
/// Claim id of every check.
pub const CLAIM: &str = exactly_model::CHECK_CLAIM;

/// A configuration that can be run.
#[derive(Clone, PartialEq, Debug)]
pub struct Check {
    /// The pipeline and what is expected of it.
    pub selected: Selected,
    /// Where its systems run, by name.
    pub places: BTreeMap<String, SystemPlace>,
    /// The file it came from.
    pub file: Option<PathBuf>,
    /// The one schedule that it is to run, instead of a plan.
    pub schedule: Option<PathBuf>,
    plan: PlanChoice,
    exhaustive: bool,
    pairs_max: Option<u32>,
    trials: Option<u32>,
    faults_max: Option<u32>,
    seed: Option<u64>,
    max_time: Option<Duration>,
    notes: Vec<String>,
}

impl Check {
    /// Options that run it. What the caller says afterwards goes first.
    pub fn options(&self, executable: impl Into<Executable>) -> Options {
        let mut options = Options::new(executable, vec![self.selected.clone()]);
        options.places.clone_from(&self.places);
        options.plan = self.plan;
        options.exhaustive = self.exhaustive;
        options.pairs_max = self.pairs_max.unwrap_or(options.pairs_max);
        options.trials = self.trials;
        options.faults_max = self.faults_max.unwrap_or(options.faults_max);
        options.seed = self.seed.unwrap_or(options.seed);
        options.max_time = self.max_time;
        options.config = self.file.as_ref().map(|file| file.display().to_string());
        options
    }

    /// Puts systems elsewhere than the file says: `place`, or `SYSTEM=place` with
    /// the name or the kind of a system. `Err` says in words why not.
    pub fn put(&mut self, given: &str) -> Result<(), String> {
        let (name, place) = match given.split_once('=') {
            Some((name, place)) => (Some(name), place),
            None => (None, given),
        };
        let place = super::values::place(place)?;
        let systems = &self.selected.pipeline.systems;
        let meant = |system: &&exactly_model::SystemUse| {
            name.is_none_or(|name| system.name == name || system.kind == name)
        };
        let meant: Vec<_> = systems.iter().filter(meant).collect();
        if let (true, Some(name)) = (meant.is_empty(), name) {
            let names = systems.iter().map(|system| system.name.as_str());
            let hint = super::error::meant(names, name);
            return Err(format!("no system is called {name:?}{hint}"));
        }
        let local = matches!(place, SystemPlace::Local { .. });
        let has = |kind: &str| !local || kind == "kafka";
        for system in meant {
            match (has(&system.kind), name) {
                (true, _) => drop(self.places.insert(system.name.clone(), place.clone())),
                (false, None) => {}
                (false, Some(name)) => {
                    return Err(format!("{name} has no place `local` yet"));
                }
            }
        }
        Ok(())
    }

    /// What is worth knowing before it runs: what can't be decided with this
    /// configuration, and what would change that.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }
}

impl Config {
    /// What is to be run; `folder` is the one that paths are relative to. Variables
    /// are looked up with `env`.
    pub fn check(&self, folder: &Path, env: Env<'_>) -> Result<Check, ConfigError> {
        check(self, folder, env).map_err(|wrong| ConfigError {
            file: None,
            line: None,
            key: wrong.key.to_string(),
            what: wrong.what,
        })
    }
}

pub(super) fn check(config: &Config, folder: &Path, env: Env<'_>) -> Result<Check, Wrong> {
    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.into());
    let name = pipeline_name(config.name.as_deref(), &folder)?;
    let systems = systems::all(&config.systems, &folder, env)?;
    let placeholders = placeholders(&systems);
    let processes = processes::all(&config.processes, &folder, &placeholders)?;
    processes::reach_all(&config.processes, &systems)?;
    let (feed, positions) = feed::of(&config.feed, &systems, &placeholders, &folder)?;
    let observers = sinks::all(&config.observe, &systems, &placeholders, &folder)?;
    let mut notes = Vec::new();
    let expected = expectation::of(&config.expect, &observers, &feed, &mut notes)?;
    let faults = &config.faults;
    let cell = Cell {
        claim: CLAIM.into(),
        variant: name,
        sentence: expected.sentence,
        asserted: expected.asserted,
        forbidden: expected.forbidden,
        expected: expected.asserted,
        expected_at: expected.asserted_at.clone(),
        observers: observers.clone(),
        witnesses: Vec::new(),
        needs: Vec::new(),
        units: Vec::new(),
        asserted_at: expected.asserted_at,
        forbidden_at: expected.forbidden_at,
        allowed: expected.allowed,
    };
    let pipeline = Pipeline {
        kinds: kinds(faults.kinds.as_deref())?,
        timers: timers(&faults.timers, &systems)?,
        limits: limits(&config.limits)?,
        hooks: hooks(&config.hooks, &folder, &placeholders)?,
        processes,
        feed,
        observers,
        positions,
        systems: systems.iter().map(|system| system.used.clone()).collect(),
    };
    let places = systems.into_iter().map(|s| (s.used.name, s.place));
    let (plan, schedule) = plan(config, &folder)?;
    Ok(Check {
        selected: Selected { cell, pipeline },
        places: places.collect(),
        file: None,
        schedule,
        plan,
        exhaustive: faults.exhaustive,
        pairs_max: faults.pairs_max,
        trials: faults.trials,
        faults_max: faults.faults_max,
        seed: faults.seed,
        max_time: config.limits.run.map(Time::duration),
        notes,
    })
}

/// The name given, or the folder's.
fn pipeline_name(given: Option<&str>, folder: &Path) -> Result<String, Wrong> {
    const LENGTH_MAX: usize = 60;
    let sound = |name: &str| {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        !name.is_empty()
            && name.len() <= LENGTH_MAX
            && name.bytes().all(allowed)
            && !name.starts_with('-')
    };
    let Some(name) = given else {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let slug: String = name
            .to_lowercase()
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .collect();
        let slug: String = slug.trim_matches('-').chars().take(LENGTH_MAX).collect();
        return Ok(if sound(&slug) {
            slug
        } else {
            "pipeline".into()
        });
    };
    match sound(name) {
        true => Ok(name.into()),
        false => Err(Wrong::at(
            &Key::of("name"),
            format!("{name:?} is no name: use up to {LENGTH_MAX} of a-z, 0-9 and -"),
        )),
    }
}

/// Refuses names that would not survive where they go: points, files, topics.
fn check_name(key: &Key, name: &str) -> Result<(), Wrong> {
    const LENGTH_MAX: usize = 40;
    let starts = name.bytes().next().is_some_and(|b| b.is_ascii_alphabetic());
    let sound = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    match starts && name.len() <= LENGTH_MAX && name.bytes().all(sound) {
        true => Ok(()),
        false => Err(Wrong::at(
            key,
            format!(
                "{name:?} is no name: begin with a letter, and use up to {LENGTH_MAX} letters, \
                 digits, - and _"
            ),
        )),
    }
}

/// Every placeholder of a system there is.
fn placeholders(systems: &[System]) -> BTreeSet<String> {
    let of = |system: &System| {
        let name = system.used.name.clone();
        let own = system.placeholders.iter();
        own.map(move |own| format!("{name}.{own}"))
            .collect::<Vec<_>>()
    };
    systems.iter().flat_map(of).collect()
}

fn kinds(given: Option<&[FaultKind]>) -> Result<Vec<FaultKind>, Wrong> {
    let key = Key::of("faults").name("kinds");
    let Some(given) = given else {
        return Ok(super::values::plannable().collect());
    };
    if given.is_empty() {
        let what = "is empty: name at least one kind, or leave it out for all that apply";
        return Err(Wrong::at(&key, what));
    }
    for (n, kind) in given.iter().enumerate() {
        if !super::values::plannable().any(|known| known == *kind) {
            let what = format!(
                "{kind} can't be planned: it needs a point to wait for; write a schedule and run \
                 it with plan = {{ file = \"...\" }}"
            );
            return Err(Wrong::at(&key.index(n), what));
        }
    }
    Ok(given.to_vec())
}

fn timers(given: &[String], systems: &[System]) -> Result<Vec<String>, Wrong> {
    let key = Key::of("faults").name("timers");
    for (n, timer) in given.iter().enumerate() {
        let system = timer.split_once(' ').map(|(system, _)| system);
        let known = systems.iter().any(|s| system == Some(s.used.name.as_str()));
        if !known {
            let what = format!(
                "{timer:?} names no operation: write a system and an operation, as in \"{} OffsetCommit\"",
                systems.first().map_or("k", |s| s.used.name.as_str())
            );
            return Err(Wrong::at(&key.index(n), what));
        }
    }
    Ok(given.to_vec())
}

fn limits(given: &Limits) -> Result<exactly_model::Limits, Wrong> {
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
    if limits.output_bytes > 1 << 30 {
        let what = "is more than 1 GiB, for each life of each process";
        return Err(Wrong::at(&key.name("output_bytes"), what));
    }
    Ok(limits)
}

fn hooks(
    given: &Hooks,
    folder: &Path,
    placeholders: &BTreeSet<String>,
) -> Result<HookScripts, Wrong> {
    let key = Key::of("hooks");
    let of = |name: &str, command: &Option<Vec<String>>| {
        let script = command.as_ref().map(|command| {
            let key = key.name(name);
            script(&key, command, given.within, folder, placeholders)
        });
        script.transpose()
    };
    Ok(HookScripts {
        before_trial: of("before_trial", &given.before_trial)?,
        after_trial: of("after_trial", &given.after_trial)?,
    })
}

/// A command of the user's at `key`.
fn script(
    key: &Key,
    command: &[String],
    within: Option<Time>,
    folder: &Path,
    placeholders: &BTreeSet<String>,
) -> Result<UserCommand, Wrong> {
    Ok(UserCommand {
        command: processes::command(key, command, folder, placeholders)?,
        dir: Some(folder.display().to_string()),
        within_ms: within.unwrap_or(SCRIPT_WITHIN).millis(),
    })
}

fn plan(config: &Config, folder: &Path) -> Result<(PlanChoice, Option<PathBuf>), Wrong> {
    let faults = &config.faults;
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
    Ok(match &faults.plan {
        Plan::EveryBoundary => (PlanChoice::EveryBoundary, None),
        Plan::Pairs => (PlanChoice::Pairs, None),
        Plan::Random => (PlanChoice::Random, None),
        Plan::File(file) => {
            let path = folder.join(file);
            if !path.is_file() {
                let what = format!("there is no file {}", path.display());
                return Err(Wrong::at(&key.name("plan").name("file"), what));
            }
            (PlanChoice::EveryBoundary, Some(path))
        }
    })
}
