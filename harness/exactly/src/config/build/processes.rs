//! The processes of a configuration.

use super::check_name;
use super::systems::System;
use crate::config::error::{Key, Wrong};
use crate::config::file;
use crate::config::templates::check_process;
use crate::config::values::{Ready, Time};
use exactly_model::{Process, Ready as WhenReady, ReadyWhen, Restart, Stop};
use std::collections::BTreeSet;
use std::path::Path;

/// Processes of one pipeline at most, each instance counted.
const PROCESSES_MAX: u32 = 16;
/// How long a process may take to be ready, where nothing is said.
const READY_WITHIN: Time = Time::from_secs(20);
/// Restarts in one trial at most.
const RESTARTS_MAX: u32 = 1000;

pub(super) fn all(
    given: &[file::Process],
    folder: &Path,
    placeholders: &BTreeSet<String>,
) -> Result<Vec<Process>, Wrong> {
    let key = Key::of("process");
    if given.is_empty() {
        return Err(Wrong::at(
            &key,
            "there is none: name at least one [[process]]",
        ));
    }
    let mut processes: Vec<Process> = Vec::new();
    let mut names = BTreeSet::new();
    for (n, process) in given.iter().enumerate() {
        let key = key.index(n);
        check_name(&key.name("name"), &process.name)?;
        if !(1..=PROCESSES_MAX).contains(&process.instances) {
            let what = format!("is {}: 1 to {PROCESSES_MAX}", process.instances);
            return Err(Wrong::at(&key.name("instances"), what));
        }
        let one = one(&key, process, folder, placeholders)?;
        for instance in instances(one, process.instances) {
            if !names.insert(instance.name.clone()) {
                let what = format!("{:?} is there twice", instance.name);
                return Err(Wrong::at(&key.name("name"), what));
            }
            processes.push(instance);
        }
    }
    if processes.len() > PROCESSES_MAX as usize {
        let what = format!("there are {}: {PROCESSES_MAX} at most", processes.len());
        return Err(Wrong::at(&key, what));
    }
    Ok(processes)
}

/// Each instance is a process of its own: its points are its own.
fn instances(process: Process, n: u32) -> Vec<Process> {
    if n == 1 {
        return vec![process];
    }
    let numbered = |i| Process {
        name: format!("{}-{i}", process.name),
        ..process.clone()
    };
    (1..=n).map(numbered).collect()
}

fn one(
    key: &Key,
    given: &file::Process,
    folder: &Path,
    placeholders: &BTreeSet<String>,
) -> Result<Process, Wrong> {
    let dir = match &given.dir {
        None => folder.to_path_buf(),
        Some(dir) => folder.join(dir),
    };
    if !dir.is_dir() {
        let what = format!("there is no folder {}", dir.display());
        return Err(Wrong::at(&key.name("dir"), what));
    }
    let env_key = key.name("env");
    for (name, value) in &given.env {
        let key = env_key.name(name);
        if name.is_empty() || name.contains(['=', '\0']) {
            return Err(Wrong::at(
                &env_key,
                format!("{name:?} is no name of a variable"),
            ));
        }
        if value.contains('\0') {
            return Err(Wrong::at(&key, "a variable cannot hold a NUL"));
        }
        check_process(value, placeholders).map_err(|what| Wrong::at(&key, what))?;
    }
    if given.restart.max > RESTARTS_MAX {
        let what = format!("is {}: {RESTARTS_MAX} at most", given.restart.max);
        return Err(Wrong::at(&key.name("restart").name("max"), what));
    }
    Ok(Process {
        name: given.name.clone(),
        command: command(&key.name("command"), &given.command, &dir, placeholders)?,
        env: given.env.clone(),
        dir: Some(dir.display().to_string()),
        local_state: given.local_state.clone(),
        ready: ready(&key.name("ready"), &given.ready, placeholders)?,
        stop: Stop {
            signal: given.stop.signal.into(),
            grace_ms: given.stop.grace.millis(),
        },
        restart: Restart {
            max: given.restart.max,
            delay_ms: given.restart.delay.millis(),
        },
    })
}

/// A command that runs in `dir`.
pub(super) fn command(
    key: &Key,
    given: &[String],
    dir: &Path,
    placeholders: &BTreeSet<String>,
) -> Result<Vec<String>, Wrong> {
    let Some(program) = given.first().filter(|program| !program.is_empty()) else {
        let what =
            "is empty: write the program and its arguments, as in [\"python3\", \"worker.py\"]";
        return Err(Wrong::at(key, what));
    };
    for (n, part) in given.iter().enumerate() {
        if part.contains('\0') {
            return Err(Wrong::at(&key.index(n), "an argument cannot hold a NUL"));
        }
        check_process(part, placeholders).map_err(|what| Wrong::at(&key.index(n), what))?;
    }
    let mut command = given.to_vec();
    if program.contains('/') && !program.contains('{') {
        let path = dir.join(program);
        if !path.is_file() {
            let what = format!("there is no program {}; is it built?", path.display());
            return Err(Wrong::at(&key.index(0), what));
        }
        command[0] = path.display().to_string();
    }
    Ok(command)
}

fn ready(key: &Key, given: &Ready, placeholders: &BTreeSet<String>) -> Result<WhenReady, Wrong> {
    let mut signs = Vec::new();
    if let Some(text) = &given.log {
        if text.is_empty() || text.contains('\n') {
            let what = "is no part of a line: write a text that it prints when it is ready";
            return Err(Wrong::at(&key.name("log"), what));
        }
        signs.push(ReadyWhen::Log(text.clone()));
    }
    if let Some(address) = &given.tcp {
        let key = key.name("tcp");
        check_process(address, placeholders).map_err(|what| Wrong::at(&key, what))?;
        if !address.contains(':') {
            return Err(Wrong::at(
                &key,
                "is no address: write host:port, as in 127.0.0.1:{port.http}",
            ));
        }
        signs.push(ReadyWhen::Tcp(address.clone()));
    }
    if let Some(url) = &given.http {
        let key = key.name("http");
        check_process(url, placeholders).map_err(|what| Wrong::at(&key, what))?;
        if !url.starts_with("http://") {
            let what = "is no URL: write http://127.0.0.1:{port.http}/path (without TLS)";
            return Err(Wrong::at(&key, what));
        }
        signs.push(ReadyWhen::Http(url.clone()));
    }
    match given.first_exchange {
        Some(true) => signs.push(ReadyWhen::FirstExchange),
        Some(false) => {
            let what = "is false: leave it out";
            return Err(Wrong::at(&key.name("first_exchange"), what));
        }
        None => {}
    }
    if signs.len() > 1 {
        return Err(Wrong::at(
            key,
            "has several signs: keep one of log, tcp, http and first_exchange",
        ));
    }
    Ok(WhenReady {
        when: signs.pop().unwrap_or(ReadyWhen::FirstExchange),
        within_ms: given.within.unwrap_or(READY_WITHIN).millis(),
    })
}

/// Refuses a system that no process is told of: what goes there would go around its
/// boundary.
pub(super) fn reach_all(given: &[file::Process], systems: &[System]) -> Result<(), Wrong> {
    for system in systems {
        let name = &system.used.name;
        let told = given.iter().any(|process| {
            let texts = process.command.iter().chain(process.env.values());
            let mut texts = texts.into_iter();
            let leads = ["address", "url", "jdbc_url", "port"];
            texts.any(|text| {
                let mut leads = leads.iter();
                leads.any(|lead| text.contains(&format!("{{{name}.{lead}}}")))
            })
        });
        if !told {
            let lead = match system.used.kind.as_str() {
                "postgres" => "url",
                _ => "address",
            };
            let what = format!(
                "no process is told where it is: put {{{name}.{lead}}} into its command or env, or \
                 leave the system out"
            );
            return Err(Wrong::at(&Key::of("systems").name(name), what));
        }
    }
    Ok(())
}
