//! Finds processes in `/proc`.

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use std::collections::BTreeSet;
use std::fs;

/// All descendants of `pid`, without itself. What has been adopted by another
/// process since is found by its mark instead.
pub fn descendants(pid: u32) -> BTreeSet<u32> {
    let mut found = BTreeSet::new();
    let mut queue = vec![pid];
    while let Some(parent) = queue.pop() {
        let Ok(tasks) = fs::read_dir(format!("/proc/{parent}/task")) else {
            continue;
        };
        for task in tasks.flatten() {
            let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
            for child in children
                .split_ascii_whitespace()
                .filter_map(|c| c.parse().ok())
            {
                if found.insert(child) {
                    queue.push(child);
                }
            }
        }
    }
    found
}

/// Processes whose environment, as it was when they were started, holds
/// `name=value`. Zombies have none left.
pub fn marked(name: &str, value: &str) -> Vec<u32> {
    let needle = format!("{name}={value}");
    let own = std::process::id();
    numbered_processes()
        .filter(|pid| *pid != own)
        .filter(|pid| has_variable(*pid, needle.as_bytes()))
        .collect()
}

/// Whether the environment of `pid` holds exactly `variable` (`NAME=value`).
pub fn has_variable(pid: u32, variable: &[u8]) -> bool {
    fs::read(format!("/proc/{pid}/environ")).is_ok_and(|environ| {
        environ
            .split(|byte| *byte == 0)
            .any(|entry| entry == variable)
    })
}

fn numbered_processes() -> impl Iterator<Item = u32> {
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// Whether any thread of `pid` is running, or waits for a processor or a disk.
pub fn is_running(pid: u32) -> bool {
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else {
        return false;
    };
    tasks.flatten().any(|task| {
        let stat = fs::read_to_string(task.path().join("stat")).unwrap_or_default();
        // The state follows the name, which may itself hold parentheses.
        stat.rsplit_once(") ")
            .is_some_and(|(_, rest)| rest.starts_with(['R', 'D']))
    })
}

/// Whether `signal`, whose default is to end a process, is sure to end `pid`: it
/// is neither handled nor ignored nor blocked.
pub fn dies_of(pid: u32, signal: Signal) -> bool {
    let Ok(status) = fs::read_to_string(format!("/proc/{pid}/status")) else {
        return true;
    };
    let bit = 1_u64 << (signal.as_raw() - 1);
    ["SigBlk:", "SigIgn:", "SigCgt:"].iter().all(|name| {
        let mask = status.lines().find_map(|line| line.strip_prefix(name));
        mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
            .is_some_and(|mask| mask & bit == 0)
    })
}

/// Sends `signal` to one process. It may be gone already.
pub fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = to_pid(pid) {
        let _ = kill_process(pid, signal);
    }
}

/// Sends `signal` to a process group. It may be gone already.
pub fn signal_group(pid: u32, signal: Signal) {
    if let Some(pid) = to_pid(pid) {
        let _ = kill_process_group(pid, signal);
    }
}

fn to_pid(pid: u32) -> Option<Pid> {
    // 0 and 1 would mean ourselves and everyone: never.
    if pid <= 1 {
        return None;
    }
    Pid::from_raw(i32::try_from(pid).ok()?)
}
