//! Schedule files (`exactly.schedule/1`): by hand, or kept by a run.

use crate::json::placed;
use crate::select::nearest_of;
use exactly_model::{
    Fault, FaultKind, Pipeline, SCHEDULE_SCHEMA, SEQUENCE_MAX, ScheduleFile, Selector,
};

/// Faults of one schedule at most.
const FAULTS_MAX: usize = 16;
/// The longest that one fault may last: ten minutes.
const DURATION_MS_MAX: u64 = 600_000;
/// A client that asks more often than that is not going to give up.
const TIMES_MAX: u32 = 100;

/// Reads a file's text. Errors read after the file's name and say where: line
/// and column, or the key.
pub(crate) fn parse(text: &str) -> Result<ScheduleFile, String> {
    let file: ScheduleFile = serde_json::from_str(text).map_err(|error| placed(&error))?;
    if file.schema != SCHEDULE_SCHEMA {
        return Err(format!(
            "`schema` is {:?}, and this version reads {SCHEDULE_SCHEMA:?}",
            file.schema
        ));
    }
    if file.messages == 0 || file.messages > SEQUENCE_MAX {
        return Err(format!(
            "`messages` is {}: feed 1 to {SEQUENCE_MAX}",
            file.messages
        ));
    }
    if file.faults.is_empty() {
        return Err("`faults` is empty: a schedule has at least one".into());
    }
    if file.faults.len() > FAULTS_MAX {
        return Err(format!(
            "`faults` has {} entries: a schedule has {FAULTS_MAX} at most",
            file.faults.len()
        ));
    }
    for (number, fault) in file.faults.iter().enumerate() {
        check(fault, file.messages).map_err(|(key, why)| {
            let dot = if key.is_empty() { "" } else { "." };
            format!("`faults[{number}]{dot}{key}` {why}")
        })?;
    }
    Ok(file)
}

/// Refuses systems and processes that `pipeline` does not have: such a point
/// never comes.
pub(crate) fn check_names(file: &ScheduleFile, pipeline: &Pipeline) -> Result<(), String> {
    let systems: Vec<&str> = pipeline.systems.iter().map(|s| s.name.as_str()).collect();
    let processes: Vec<&str> = pipeline.processes.iter().map(|p| p.name.as_str()).collect();
    for (number, fault) in file.faults.iter().enumerate() {
        let selectors = [
            ("point", Some(&fault.point)),
            ("until", fault.until.as_ref()),
        ];
        for (key, selector) in selectors {
            let Some(selector) = selector else { continue };
            let at = |what: &str| format!("`faults[{number}].{key}.{what}`");
            known(&at("system"), &selector.system, &systems)?;
            if let Some(process) = &selector.process {
                known(&at("process"), process, &processes)?;
            }
        }
    }
    Ok(())
}

fn known(at: &str, name: &str, names: &[&str]) -> Result<(), String> {
    if names.contains(&name) {
        return Ok(());
    }
    let nearest = nearest_of(names.iter().map(|n| (*n, *n)), name);
    let hint = nearest.map_or(String::new(), |n| format!("; did you mean {n:?}?"));
    Err(format!(
        "{at} is {name:?}, and the pipeline has none of that name{hint}"
    ))
}

/// What is wrong with one fault: the key and why.
fn check(fault: &Fault, messages: u32) -> Result<(), (&'static str, String)> {
    let kind = fault.kind;
    if !kind.phases().contains(&fault.phase) {
        let legal: Vec<String> = kind
            .phases()
            .iter()
            .map(|p| format!("{p:?}").to_lowercase())
            .collect();
        return Err((
            "phase",
            format!("is {}: {kind} strikes {}", fault.phase, legal.join(" or ")),
        ));
    }
    match (kind, &fault.until) {
        (FaultKind::Hold, None) => {
            return Err((
                "until",
                "is missing: a hold says which exchange ends it".into(),
            ));
        }
        (FaultKind::Hold, _) | (FaultKind::HoldAndOvertake, _) | (_, None) => {}
        (kind, Some(_)) => {
            return Err((
                "until",
                format!("is there: only what is held has one, and this is {kind}"),
            ));
        }
    }
    match fault.times {
        Some(_) if !kind.repeats() => {
            let what = format!(
                "is there: only a fault of a request or of its reply strikes again, and this is {kind}"
            );
            return Err(("times", what));
        }
        Some(times) if !(1..=TIMES_MAX).contains(&times) => {
            return Err(("times", format!("is {times}: 1 to {TIMES_MAX}")));
        }
        _ => {}
    }
    if fault.nodes.is_some() && !kind.strikes_system() {
        return Err((
            "nodes",
            format!("is there: {kind} strikes no node of a system"),
        ));
    }
    if let Some(ms) = fault.duration_ms.filter(|ms| *ms > DURATION_MS_MAX) {
        return Err(("duration_ms", format!("is {ms}: {DURATION_MS_MAX} at most")));
    }
    fed(&fault.point, messages).map_err(|why| ("point", why))?;
    match &fault.until {
        Some(until) => fed(until, messages).map_err(|why| ("until", why)),
        None => Ok(()),
    }
}

/// A point of a message that is not fed never comes.
fn fed(selector: &Selector, messages: u32) -> Result<(), String> {
    let named = selector.ids.iter().flatten().chain(&selector.covers);
    match named.max() {
        Some(highest) if *highest >= messages => Err(format!(
            "names message {highest}, and with `messages` {messages} the last one is {}",
            messages - 1
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
