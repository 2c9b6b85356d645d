//! `--expect FILE`: makes a measurement a check.

use crate::select::nearest_of;
use exactly_model::{Code, Guarantee, Report, VariantReport, Verdict, exit};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Schema name of an expectation file.
const EXPECT_SCHEMA: &str = "exactly.expect/1";

/// What is expected of cells: a JSON file.
///
/// ```json
/// {
///   "schema": "exactly.expect/1",
///   "cells": {
///     "ack-after-process/effect-then-ack": { "guarantee": "at-least-once", "codes": ["D3"] },
///     "ack-after-process/inbox-then-ack": { "verdict": "upheld" }
///   }
/// }
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    schema: String,
    /// By `claim/variant`. Cells of the report that are not named here are not
    /// checked; cells named here that were not run are not checked either.
    pub cells: BTreeMap<String, Expected>,
}

/// What is expected of one cell: whatever is given must hold.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// The guarantee measured at every sink.
    pub guarantee: Option<Guarantee>,
    /// The verdict on the asserted sentence.
    pub verdict: Option<Verdict>,
    /// Exactly these forbidden codes were found.
    pub codes: Option<Vec<Code>>,
}

/// What a report comes to, with or without expectations.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Outcome {
    /// Expectations that do not hold, in words.
    pub broken: Vec<String>,
    /// Cells that were not decided, though nobody expected that.
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

impl Expectation {
    /// Reads a file's text. Errors read after the file's name.
    pub fn parse(text: &str) -> Result<Self, String> {
        let expectation: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if expectation.schema != EXPECT_SCHEMA {
            return Err(format!(
                "schema {:?} is not {EXPECT_SCHEMA:?}, which this version reads",
                expectation.schema
            ));
        }
        let empty = Expected::default();
        if let Some((id, _)) = expectation.cells.iter().find(|(_, cell)| **cell == empty) {
            return Err(format!(
                "cell {id:?} expects nothing; give `guarantee`, `verdict` or `codes`"
            ));
        }
        if expectation.cells.is_empty() {
            return Err("it names no cell, so that it can never fail".into());
        }
        Ok(expectation)
    }

    /// Refuses names that are neither in the catalogue (`known`) nor in the
    /// report, and a file of which no cell was run: both would never fail.
    pub fn check_names(&self, report: &Report, known: &[String]) -> Result<(), String> {
        let run: Vec<String> = report.variants().map(|(c, v)| full(&c.id, v)).collect();
        for id in self.cells.keys() {
            if !known.contains(id) && !run.contains(id) {
                let names = known.iter().chain(&run);
                let nearest = nearest_of(names.map(|n| (n.as_str(), n.as_str())), id);
                let hint = nearest.map_or(String::new(), |n| format!("; did you mean {n:?}?"));
                return Err(format!("no cell is called {id:?}{hint}"));
            }
        }
        match self.cells.keys().any(|id| run.contains(id)) {
            true => Ok(()),
            false => Err("none of its cells was run, so that it checks nothing".into()),
        }
    }
}

/// What `report` comes to. Without an expectation only undecided cells count:
/// a measurement has no wrong result.
pub(crate) fn outcome(report: &Report, expectation: Option<&Expectation>) -> Outcome {
    let mut outcome = Outcome::default();
    for (claim, variant) in report.variants() {
        let id = full(&claim.id, variant);
        let expected = expectation.and_then(|e| e.cells.get(&id));
        let undecided = variant.verdict == Verdict::Inconclusive;
        let foreseen = expected.and_then(|e| e.verdict) == Some(Verdict::Inconclusive);
        if undecided && !foreseen {
            let reason = variant.reason.map_or(String::new(), |r| format!(": {r}"));
            outcome
                .undecided
                .push(format!("{id} is inconclusive{reason}"));
        } else if let Some(expected) = expected {
            let broken = differences(expected, variant);
            outcome
                .broken
                .extend(broken.iter().map(|d| format!("{id}: {d}")));
        }
    }
    outcome
}

fn full(claim: &str, variant: &VariantReport) -> String {
    format!("{claim}/{}", variant.id)
}

fn differences(expected: &Expected, variant: &VariantReport) -> Vec<String> {
    let mut differences = Vec::new();
    if let Some(verdict) = expected.verdict.filter(|v| *v != variant.verdict) {
        differences.push(format!("verdict {}, expected {verdict}", variant.verdict));
    }
    if let Some(guarantee) = expected.guarantee {
        for sink in variant.sinks.iter().filter(|s| s.guarantee != guarantee) {
            let measured = sink.guarantee;
            differences.push(format!(
                "measured {measured} at {}, expected {guarantee}",
                sink.id
            ));
        }
        if variant.sinks.is_empty() {
            differences.push(format!("nothing measured, expected {guarantee}"));
        }
    }
    if let Some(codes) = &expected.codes {
        let sorted = |mut codes: Vec<Code>| {
            codes.sort_unstable();
            codes.dedup();
            codes
        };
        let forbidden = variant.anomalies.iter().filter(|a| a.forbidden);
        let found = sorted(forbidden.map(|a| a.code).collect());
        if found != sorted(codes.clone()) {
            differences.push(format!(
                "found {}, expected {}",
                names(&found),
                names(codes)
            ));
        }
    }
    differences
}

fn names(codes: &[Code]) -> String {
    match codes {
        [] => "no forbidden code".into(),
        codes => {
            let names: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
            names.join(" ")
        }
    }
}

#[cfg(test)]
mod tests;
