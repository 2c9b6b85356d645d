//! `--expect FILE`: makes a measurement a check.

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
    let expectations: Expectations =
        serde_json::from_str(text).map_err(|error| error.to_string())?;
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
/// measurement has no wrong result.
pub(crate) fn outcome(report: &Report, expectations: Option<&Expectations>) -> Outcome {
    let mut outcome = Outcome::default();
    let mut open = Vec::new();
    for (claim, variant) in report.variants() {
        let id = format!("{}/{}", claim.id, variant.id);
        let expected = expectations.and_then(|e| e.cells.get(&id)?.verdict);
        if variant.verdict == Verdict::Inconclusive && expected != Some(Verdict::Inconclusive) {
            let reason = variant.reason.map_or(String::new(), |r| format!(": {r}"));
            outcome
                .undecided
                .push(format!("{id} is inconclusive{reason}"));
            open.push(id);
        }
    }
    if report.variants().next().is_none() {
        outcome
            .undecided
            .push("no cell was run, so that nothing is decided".into());
    }
    let mismatches = expectations.map(|e| compare(report, e));
    for mismatch in mismatches.into_iter().flatten() {
        // Nothing is known of an undecided cell, so that nothing is broken by it.
        if !open.contains(&mismatch.cell) {
            outcome.broken.push(mismatch.to_string());
        }
    }
    outcome
}

#[cfg(test)]
mod tests;
