//! What came of a check.

use super::message;
use crate::{ConfigError, Error, FindError, JudgeError, ReplayOutcome};
use exactly_model::{Guarantee, Report, VariantReport, Verdict};
use std::path::{Path, PathBuf};

/// A check could not be run, or not to its end. Nothing is known of the pipeline.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// What was asked for is wrong.
    #[error("{0}")]
    Asked(String),
    /// So is what was put together.
    #[error("{0}")]
    Config(#[from] ConfigError),
    /// The run ended early.
    #[error("{error}{recorded}")]
    Run {
        /// What ended it.
        error: Error,
        /// Where the record is, if there is one; reads after the error.
        recorded: String,
    },
    /// The schedule that was asked for could not be had.
    #[error("{0}")]
    Find(#[from] FindError),
    /// The record of the run could not be read back.
    #[error("{0}")]
    Judge(#[from] JudgeError),
}

/// What came of a check.
#[derive(Debug)]
pub struct Checked {
    pub(super) name: String,
    pub(super) guarantee: Guarantee,
    pub(super) report: Report,
    pub(super) folder: PathBuf,
    /// Where one schedule was run instead of a plan: what it is called, and what came
    /// of it.
    pub(super) again: Option<(String, ReplayOutcome)>,
    /// The command that runs this test again.
    pub(super) command: String,
}

impl Checked {
    /// The report: counters, coverage, bounds, counterexamples.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// The folder of the run's record, from which `exactly judge` comes to the same
    /// report.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The verdict on what was asserted.
    pub fn verdict(&self) -> Verdict {
        self.variant()
            .map_or(Verdict::Inconclusive, |variant| variant.verdict)
    }

    /// Why the assertion fails, as the panic's message has it; `None` where it holds.
    /// What could not be decided fails too: it is no pass.
    pub fn failure(&self) -> Option<String> {
        if let Some((what, outcome)) = &self.again {
            return message::ran_again(self, what, outcome);
        }
        let Some(variant) = self.variant() else {
            return Some(message::nothing_ran(self));
        };
        match variant.verdict {
            Verdict::Upheld => None,
            Verdict::Refuted => Some(message::refuted(self, variant)),
            Verdict::Inconclusive | Verdict::NotHosted => Some(message::undecided(self, variant)),
        }
    }

    pub(super) fn variant(&self) -> Option<&VariantReport> {
        self.report.variants().next().map(|(_, variant)| variant)
    }

    pub(super) fn sentence(&self) -> &str {
        self.report
            .claims
            .first()
            .map_or("", |claim| &claim.sentence)
    }
}
