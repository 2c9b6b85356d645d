//! The processes of a configuration.

use super::check_name;
use super::command::Ground;
use super::systems::System;
use crate::config::error::{Key, Wrong, quoted, quoted_path};
use crate::config::file;
use crate::config::values::{Ready, Time};
use exactly_model::{Process, Ready as WhenReady, ReadyWhen, Restart, Stop};
use std::collections::BTreeSet;

/// Processes of one pipeline at most, each instance counted.
const PROCESSES_MAX: u32 = 16;
/// How long a process may take to be ready, where nothing is said.
const READY_WITHIN: Time = Time::from_secs(20);
/// Restarts in one trial at most.
const RESTARTS_MAX: u32 = 1000;
/// Variables by which the engine tells its own processes.
const RESERVED: [&str; 2] = ["EXACTLY_RUN", "EXACTLY_TRIAL"];

pub(super) fn all(given: &[file::Process], ground: &Ground<'_>) -> Result<Vec<Process>, Wrong> {
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
        let one = one(&key, process, ground)?;
        for instance in instances(one, process.instances) {
            if !names.insert(instance.name.clone()) {
                let what = format!("{} is there twice", quoted(&instance.name));
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

fn one(key: &Key, given: &file::Process, ground: &Ground<'_>) -> Result<Process, Wrong> {
    let dir = match &given.dir {
        None => ground.folder.to_path_buf(),
        Some(dir) => ground.folder.join(dir),
    };
    if !dir.is_dir() {
        let what = format!("there is no folder {}", quoted_path(&dir));
        return Err(Wrong::at(&key.name("dir"), what));
    }
    for (name, value) in &given.env {
        variable(&key.name("env").name(name), (name, value), ground)?;
    }
    for (n, path) in given.local_state.iter().enumerate() {
        if path.trim().is_empty() {
            let what = "is empty: name a file or a folder that it keeps state in";
            return Err(Wrong::at(&key.name("local_state").index(n), what));
        }
    }
    if given.restart.max > RESTARTS_MAX {
        let what = format!("is {}: {RESTARTS_MAX} at most", given.restart.max);
        return Err(Wrong::at(&key.name("restart").name("max"), what));
    }
    let path = given.env.get("PATH").map(String::as_str);
    Ok(Process {
        name: given.name.clone(),
        command: ground.command(&key.name("command"), &given.command, &dir, path)?,
        env: given.env.clone(),
        dir: Some(dir.display().to_string()),
        local_state: given.local_state.clone(),
        ready: ready(&key.name("ready"), &given.ready, ground)?,
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

/// Refuses what no environment can hold, and what it must not.
fn variable(key: &Key, (name, value): (&str, &str), ground: &Ground<'_>) -> Result<(), Wrong> {
    if name.is_empty() || name.contains(['=', '\0']) {
        let what = format!("{} is no name of a variable", quoted(name));
        return Err(Wrong::at(key, what));
    }
    if RESERVED.contains(&name) {
        let what = "belongs to exactly, which tells its processes by it; call yours something else";
        return Err(Wrong::at(key, what));
    }
    if value.contains('\0') {
        return Err(Wrong::at(key, "a variable cannot hold a NUL"));
    }
    ground.check(key, value)
}

fn ready(key: &Key, given: &Ready, ground: &Ground<'_>) -> Result<WhenReady, Wrong> {
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
        ground.check(&key, address)?;
        if !is_address(address) {
            return Err(Wrong::at(
                &key,
                "is no address: write host:port, as in 127.0.0.1:{port.http}",
            ));
        }
        signs.push(ReadyWhen::Tcp(address.clone()));
    }
    if let Some(url) = &given.http {
        let key = key.name("http");
        ground.check(&key, url)?;
        if !is_url(url) {
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

/// `host:port`, either of which may be a placeholder.
fn is_address(text: &str) -> bool {
    if text.ends_with('}') && !text.contains(':') {
        // As in `{k.address}`.
        return text.starts_with('{');
    }
    text.rsplit_once(':').is_some_and(|(host, port)| {
        let is_host = !host.is_empty() && !host.contains(['/', ' ']);
        let is_port = port.parse::<u16>().is_ok_and(|port| port > 0);
        is_host && (is_port || port.starts_with('{'))
    })
}

/// `http://host:port[/path]`.
fn is_url(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("http://") else {
        return false;
    };
    let host = rest.split('/').next().unwrap_or_default();
    is_address(host)
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
                    || text.contains(&format!("{{{name}.queue_url."))
            })
        });
        if !told {
            let lead = match system.used.kind.as_str() {
                "kafka" => "address",
                _ => "url",
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
