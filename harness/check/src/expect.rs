//! Expectations: what turns a measurement into a check.

use exactly_model::{Code, CodeClass, Guarantee, Report, VariantReport, Verdict};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Schema name of an expectation file.
pub const EXPECT_SCHEMA: &str = "exactly.expect/1";

/// An expectation file:
///
/// ```json
/// {
///   "schema": "exactly.expect/1",
///   "cells": {
///     "a-claim/a-variant": {
///       "guarantee": "at-least-once",
///       "verdict": "refuted",
///       "codes": ["D3"],
///       "allow": [{"code": "D2", "reason": "redelivery is fine here"}]
///     }
///   }
/// }
/// ```
///
/// Unknown keys and unknown codes are refused. Read it with serde, then call
/// [`check`](Self::check) for what a type cannot say.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectations {
    /// [`EXPECT_SCHEMA`].
    pub schema: String,
    /// By `claim/variant`.
    pub cells: BTreeMap<String, Expectation>,
}

/// What is expected of one cell; what is not said is not checked.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// Measured at every sink.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guarantee: Option<Guarantee>,
    /// The verdict on the asserted sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// Codes that must have been found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<Code>,
    /// Codes that may be found as well. Where this list is given, even empty,
    /// every other code is a mismatch, those that are only counted (G4, L4)
    /// apart. Who allows D2 allows the O4 that comes with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow: Option<Vec<Allowed>>,
}

/// A code that is tolerated, and why.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allowed {
    /// The code.
    pub code: Code,
    /// Why it is fine; must not be empty.
    pub reason: String,
}

/// What is wrong with an expectation file.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ExpectationError {
    /// Another schema, or a newer major version of this one.
    #[error("read expectations of schema '{0}': this version reads '{EXPECT_SCHEMA}'")]
    Schema(String),
    /// A code is allowed without a reason.
    #[error("allow {code} for {cell} without a reason: say why it is fine")]
    NoReason {
        /// The cell.
        cell: String,
        /// The code.
        code: Code,
    },
    /// Nothing is expected: a check that cannot fail.
    #[error("check {0}: nothing is expected of it, add a guarantee, a verdict or codes")]
    Nothing(String),
    /// The file names no cell: a check that cannot fail.
    #[error("check expectations: no cell is named")]
    NoCell,
}

impl Expectations {
    /// Checks what the type cannot say.
    pub fn check(&self) -> Result<(), ExpectationError> {
        if self.schema != EXPECT_SCHEMA {
            return Err(ExpectationError::Schema(self.schema.clone()));
        }
        if self.cells.is_empty() {
            return Err(ExpectationError::NoCell);
        }
        for (cell, expectation) in &self.cells {
            if *expectation == Expectation::default() {
                return Err(ExpectationError::Nothing(cell.clone()));
            }
            let mut allowed = expectation.allow.iter().flatten();
            if let Some(allowed) = allowed.find(|allowed| allowed.reason.trim().is_empty()) {
                return Err(ExpectationError::NoReason {
                    cell: cell.clone(),
                    code: allowed.code,
                });
            }
        }
        Ok(())
    }
}

/// An expectation that does not hold.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Mismatch {
    /// `claim/variant`.
    pub cell: String,
    /// What was expected.
    pub expected: String,
    /// What was found instead.
    pub found: String,
    /// Whether the cell was not decided, so that the expectation is not broken
    /// either: it is open.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub undecided: bool,
}

impl std::fmt::Display for Mismatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}: expected {}, found {}",
            self.cell, self.expected, self.found
        )
    }
}

/// What of `expectations` does not hold in `report`, in the order of the cells.
///
/// A cell that was not run, or where nothing was measured, fulfils nothing. A
/// cell that is inconclusive, or that its place cannot hold, neither fulfils nor
/// breaks anything, unless that is what was expected of it.
pub fn compare(report: &Report, expectations: &Expectations) -> Vec<Mismatch> {
    let mut mismatches = Vec::new();
    for (cell, expectation) in &expectations.cells {
        let variant = report
            .variants()
            .find(|(claim, variant)| format!("{}/{}", claim.id, variant.id) == *cell)
            .map(|(_, variant)| variant);
        let open = [Verdict::Inconclusive, Verdict::NotHosted];
        let undecided = variant.is_some_and(|variant| {
            open.contains(&variant.verdict) && expectation.verdict != Some(variant.verdict)
        });
        let found = match variant {
            Some(variant) if undecided && variant.verdict == Verdict::NotHosted => {
                vec![(
                    "a result".to_owned(),
                    format!("not-hosted: {}", variant.bounds),
                )]
            }
            Some(variant) => differences(variant, expectation),
            None => vec![("a result".to_owned(), "no such cell in the run".to_owned())],
        };
        mismatches.extend(found.into_iter().map(|(expected, found)| Mismatch {
            cell: cell.clone(),
            expected,
            found,
            undecided,
        }));
    }
    mismatches
}

/// Pairs of expected and found.
fn differences(variant: &VariantReport, expectation: &Expectation) -> Vec<(String, String)> {
    let mut differences = Vec::new();
    if let Some(guarantee) = expectation.guarantee {
        // Nothing lost and nothing doubled among nothing is not exactly-once.
        if variant.sinks.iter().all(|sink| sink.tally.effects == 0) {
            differences.push((guarantee.to_string(), "no effect at any sink".to_owned()));
        }
        for sink in &variant.sinks {
            if sink.guarantee != guarantee {
                differences.push((
                    format!("{guarantee} at '{}'", sink.id),
                    sink.guarantee.to_string(),
                ));
            }
        }
    }
    if let Some(verdict) = expectation.verdict
        && variant.verdict != verdict
    {
        differences.push((verdict.to_string(), variant.verdict.to_string()));
    }
    let found: BTreeSet<Code> = variant.anomalies.iter().map(|a| a.code).collect();
    for code in &expectation.codes {
        if !found.contains(code) {
            differences.push((format!("{code} ({})", code.name()), list(&found)));
        }
    }
    if let Some(allow) = &expectation.allow {
        let named = |code: Code| {
            expectation.codes.contains(&code) || allow.iter().any(|allowed| allowed.code == code)
        };
        let fine = |code: &Code| {
            code.class() == CodeClass::Info
                || named(*code)
                // A redelivery goes back to what came before: who allows the one
                // allows the other.
                || (*code == Code::O4 && named(Code::D2) && found.contains(&Code::D2))
        };
        for code in found.iter().filter(|code| !fine(code)) {
            differences.push((format!("no {code}"), format!("{code} ({})", code.name())));
        }
    }
    differences
}

fn list(codes: &BTreeSet<Code>) -> String {
    if codes.is_empty() {
        return "no anomaly".to_owned();
    }
    let codes: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
    format!("only {}", codes.join(", "))
}
