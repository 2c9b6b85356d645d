//! From a [`Config`] to what the engine runs, or to what is wrong with it.

mod command;
mod expectation;
mod faults;
mod feed;
mod limits;
mod processes;
mod queues;
mod redis;
mod sinks;
mod systems;

use super::error::{Key, Wrong, quoted};
use super::file::Config;
use super::values::Time;
use super::{ConfigError, Env};
use crate::{Options, PlanChoice, Selected};
use command::Ground;
use exactly_engine::supervisor::Executable;
use exactly_model::{Cell, Pipeline, SystemPlace};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;
use systems::System;

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

/// The kinds of system that can be started from what is installed here.
const LOCAL: [&str; 4] = ["kafka", "postgres", "sqs", "redis"];

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
            return Err(format!("no system is called {}{hint}", quoted(name)));
        }
        let local = matches!(place, SystemPlace::Local { .. });
        let has = |kind: &str| !local || LOCAL.contains(&kind);
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
    let ground = Ground {
        folder: &folder,
        placeholders: placeholders(&systems),
        env,
    };
    let processes = processes::all(&config.processes, &ground)?;
    processes::reach_all(&config.processes, &systems)?;
    let (feed, positions) = feed::of(&config.feed, &systems, &ground)?;
    let observers = sinks::all(&config.observe, &systems, &ground)?;
    let mut notes = Vec::new();
    let has_topics = systems.iter().any(|system| {
        let setup = &system.used.setup;
        !setup.topics.is_empty() || !setup.queues.is_empty()
    });
    if feed.by.is_some() && feed.system.is_empty() && has_topics {
        notes.push(
            "feed.command says not where it sends messages: give `system` and `to` if that is a \
             topic or a queue; what is left to read there is not counted otherwise, and a slow start after a \
             crash may look like a loss"
                .into(),
        );
    }
    notes.extend(systems.iter().filter_map(queues::note_short_lease));
    let expected = expectation::of(&config.expect, &observers, &feed, &mut notes)?;
    let given = &config.faults;
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
        kinds: faults::kinds(given, &systems)?,
        timers: faults::timers(&given.timers, &systems)?,
        limits: limits::limits(&config.limits)?,
        hooks: limits::hooks(&config.hooks, &ground)?,
        processes,
        feed,
        observers,
        positions,
        systems: systems.iter().map(|system| system.used.clone()).collect(),
    };
    let places = systems.into_iter().map(|s| (s.used.name, s.place));
    let (plan, schedule) = faults::plan(given, &folder)?;
    Ok(Check {
        selected: Selected { cell, pipeline },
        places: places.collect(),
        file: None,
        schedule,
        plan,
        exhaustive: given.exhaustive,
        pairs_max: given.pairs_max,
        trials: given.trials,
        faults_max: given.faults_max,
        seed: given.seed,
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
            format!(
                "{} is no name: use up to {LENGTH_MAX} of a-z, 0-9 and -",
                quoted(name)
            ),
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
                "{} is no name: begin with a letter, and use up to {LENGTH_MAX} letters, \
                 digits, - and _",
                quoted(name)
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
