//! What is wrong with a trial that had no fault, and what to do about it.

use crate::config::CLAIM;
use exactly_check::FinishedTrial;
use exactly_model::{Cell, Code, SettleHow};

/// Why a fault-free trial is no ground to plan on.
pub(super) fn unclean(cell: &Cell, finished: &FinishedTrial, forbidden: &[Code]) -> Option<String> {
    let (judgement, trial) = (&finished.judgement, finished.history.trial);
    if !judgement.valid {
        let why = judgement
            .invalid_because
            .as_deref()
            .unwrap_or("it is not valid");
        return Some(format!("trial {trial} had no fault: {why}"));
    }
    let mut tallies = judgement.tallies.iter();
    let nothing = tallies.all(|(_, tally)| tally.effects == 0);
    // A pipeline that takes nothing is stuck, but that is not how to call it.
    let only_stuck = forbidden.iter().all(|code| *code == Code::V1);
    let wrong = !(forbidden.is_empty() || nothing && only_stuck);
    if wrong {
        let codes: Vec<&str> = forbidden.iter().map(|code| code.as_str()).collect();
        return Some(format!(
            "trial {trial} had no fault and showed {}: the pipeline is wrong without any{}",
            codes.join(", "),
            advice(cell, forbidden.iter().filter_map(|code| on(*code)))
        ));
    }
    let settled = finished.history.settle.as_ref();
    if settled.is_some_and(|settle| settle.how == SettleHow::Limit) {
        // It may have been about to.
        return None;
    }
    let mut tallies = judgement.tallies.iter();
    if tallies.any(|(_, tally)| tally.attempted > 0 && tally.ok == 0) {
        return Some(format!(
            "trial {trial} had no fault and nothing that was sent was acknowledged: nobody can tell \
             what should have an effect"
        ));
    }
    let idle = judgement
        .tallies
        .iter()
        .find(|(_, tally)| tally.attempted == 0 || tally.effects == 0);
    idle.map(|(sink, _)| {
        format!(
            "trial {trial} had no fault and no effects at {sink}: the pipeline did nothing{}",
            advice(cell, [IDLE].into_iter())
        )
    })
}

/// What is not forbidden and looks as if the observer were wrong.
pub(super) fn suspicious(
    cell: &Cell,
    finished: &FinishedTrial,
    forbidden: &[Code],
) -> Option<String> {
    let trial = finished.history.trial;
    let mut anomalies = finished.judgement.anomalies.iter();
    let doubled = anomalies.find(|anomaly| anomaly.code == Code::D3)?;
    if !finished.judgement.valid || forbidden.contains(&Code::D3) {
        return None;
    }
    Some(format!(
        "trial {trial} had no fault and doubled effects at {}{}",
        doubled.sink,
        advice(cell, on(Code::D3).into_iter())
    ))
}

/// What nothing at all may come from.
const IDLE: &str = "is it told the trial's names ({k.topic.NAME}, {k.group}), does it read from the \
                    beginning, and does the observer look where it writes?";

/// What else than the pipeline may be wrong, where nothing was broken.
fn on(code: Code) -> Option<&'static str> {
    match code {
        Code::L1 => Some(
            "if it drops messages on purpose, say so with feed.accept; if it writes elsewhere, let \
             the observer look there",
        ),
        Code::D3 => Some(
            "look at the observer first: a query that joins shows a row several times; if a message \
             is to have several effects, say so with effects_per_message",
        ),
        Code::G1 => Some(
            "the observer shows ids that were never sent, or messages that feed.accept says are \
             dropped: let it show the id that the message came with",
        ),
        Code::I2 => Some(
            "the observer's key, seq or checksum are not the message's: let it show those that came \
             with it, or none",
        ),
        Code::V1 => Some(
            "work is left that it does not take: if it needs longer, say so with limits.stuck; if it \
             never commits, name where it keeps its position with feed.positions",
        ),
        _ => None,
    }
}

/// Advice about a configuration, which only a check has.
fn advice<'a>(cell: &Cell, hints: impl Iterator<Item = &'a str>) -> String {
    match cell.claim == CLAIM {
        true => hints.map(|hint| format!("; {hint}")).collect(),
        false => String::new(),
    }
}
