//! `--expect FILE`: makes a measurement a check.

use crate::json::placed;
use crate::select::nearest_of;
use exactly::{Expectations, compare};
use exactly_model::{Inconclusive, Report, Verdict};
use exactly_report::{Outcome, Remark, is_check};

/// Reads a file's text (`exactly.expect/1`, see docs/exit-codes.md). Errors
/// read after the file's name.
pub(crate) fn parse(text: &str) -> Result<Expectations, String> {
    let expectations: Expectations = serde_json::from_str(text).map_err(|error| placed(&error))?;
    expectations.check().map_err(|error| error.to_string())?;
    Ok(expectations)
}

/// Refuses cells that are not among `known`, with the nearest name that is.
pub(crate) fn check_names(expectations: &Expectations, known: &[String]) -> Result<(), String> {
    match expectations.cells.keys().find(|id| !known.contains(id)) {
        None => Ok(()),
        Some(id) => {
            let nearest = nearest_of(known.iter().map(|n| (n.as_str(), n.as_str())), id);
            let hint = nearest.map_or(String::new(), |n| format!("; did you mean {n:?}?"));
            Err(format!("no cell is called {id:?}{hint}"))
        }
    }
}

/// What `report` comes to. Without expectations only undecided cells count: a
/// measurement has no wrong result, a check of somebody's own pipelines has one.
/// A cell that the place cannot hold is not undecided; only where nothing else
/// was selected is nothing decided.
pub(crate) fn outcome(report: &Report, expectations: Option<&Expectations>) -> Outcome {
    if expectations.is_none() && is_check(report) {
        return Outcome::of_check(report);
    }
    let mut outcome = Outcome::default();
    let mut held = false;
    for (claim, variant) in report.variants() {
        let id = format!("{}/{}", claim.id, variant.id);
        let expectation = expectations.and_then(|e| e.cells.get(&id));
        let foreseen = expectation.and_then(|e| e.verdict) == Some(variant.verdict);
        held |= variant.verdict != Verdict::NotHosted || foreseen;
        let why = match variant.verdict {
            // A shard has done its part: what is put together decides.
            Verdict::Inconclusive if variant.reason == Some(Inconclusive::Partial) => continue,
            Verdict::Inconclusive if !foreseen => {
                let reason = variant.reason.map_or(String::new(), |r| format!(": {r}"));
                format!("{id} is inconclusive{reason}")
            }
            Verdict::NotHosted if !foreseen && expectation.is_some() => {
                format!("{id} is not hosted here, so that nothing is known of it")
            }
            _ => continue,
        };
        outcome.undecided.push(Remark::on(id, why));
    }
    if report.variants().next().is_none() {
        let why = "no cell was run, so that nothing is decided";
        outcome.undecided.push(Remark::on_the_run(why));
    } else if !held && outcome.undecided.is_empty() {
        let why = "no cell that was selected can be held here; `--on` names other places";
        outcome.undecided.push(Remark::on_the_run(why));
    }
    let mismatches = expectations.map(|e| compare(report, e));
    for mismatch in mismatches.into_iter().flatten() {
        // Nothing is known of an undecided cell, so that nothing is broken by it.
        if !mismatch.undecided {
            let why = mismatch.to_string();
            outcome.broken.push(Remark::on(mismatch.cell, why));
        }
    }
    outcome
}

#[cfg(test)]
mod tests;
