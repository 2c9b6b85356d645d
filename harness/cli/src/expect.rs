//! `--expect FILE`: makes a measurement a check.

use crate::json::placed;
use crate::select::nearest_of;
use exactly::{Expectations, compare};
use exactly_model::{Report, Verdict, exit};

/// What a report comes to, with or without expectations.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Outcome {
    /// Expectations that do not hold, in words.
    pub broken: Vec<String>,
    /// What was not decided, though nobody expected that, in words.
    pub undecided: Vec<String>,
}

impl Outcome {
    /// The exit code: a broken expectation is certain and comes before a cell
    /// that is not decided.
    pub fn exit_code(&self) -> u8 {
        match (self.broken.is_empty(), self.undecided.is_empty()) {
            (false, _) => exit::REFUTED,
            (true, false) => exit::INCONCLUSIVE,
            (true, true) => exit::DONE,
        }
    }
}

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
/// measurement has no wrong result. A cell that the place cannot hold is not
/// undecided; only where nothing else was selected is nothing decided.
pub(crate) fn outcome(report: &Report, expectations: Option<&Expectations>) -> Outcome {
    let mut outcome = Outcome::default();
    let mut held = false;
    for (claim, variant) in report.variants() {
        let id = format!("{}/{}", claim.id, variant.id);
        let expectation = expectations.and_then(|e| e.cells.get(&id));
        let foreseen = expectation.and_then(|e| e.verdict) == Some(variant.verdict);
        held |= variant.verdict != Verdict::NotHosted || foreseen;
        let why = match variant.verdict {
            Verdict::Inconclusive if !foreseen => {
                let reason = variant.reason.map_or(String::new(), |r| format!(": {r}"));
                format!("{id} is inconclusive{reason}")
            }
            Verdict::NotHosted if !foreseen && expectation.is_some() => {
                format!("{id} is not hosted here, so that nothing is known of it")
            }
            _ => continue,
        };
        outcome.undecided.push(why);
    }
    if report.variants().next().is_none() {
        outcome
            .undecided
            .push("no cell was run, so that nothing is decided".into());
    } else if !held && outcome.undecided.is_empty() {
        outcome
            .undecided
            .push("no cell that was selected can be held here; `--on` names other places".into());
    }
    let mismatches = expectations.map(|e| compare(report, e));
    for mismatch in mismatches.into_iter().flatten() {
        // Nothing is known of an undecided cell, so that nothing is broken by it.
        if !mismatch.undecided {
            outcome.broken.push(mismatch.to_string());
        }
    }
    outcome
}

#[cfg(test)]
mod tests;
