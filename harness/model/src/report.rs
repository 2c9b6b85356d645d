//! `exactly.report/1`: what a run ends in.

use crate::{
    Allowed, Code, FaultKind, Guarantee, Inconclusive, PointClass, Schedule, SinkResult,
    SystemInfo, Undecidable, Verdict,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Schema name of a report.
pub const REPORT_SCHEMA: &str = "exactly.report/1";

/// The claim under which a check of somebody's own pipelines is reported: its
/// variants are the pipelines.
pub const CHECK_CLAIM: &str = "check";

/// A report.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Report {
    /// [`REPORT_SCHEMA`].
    pub schema: String,
    /// Name and version of the tool.
    pub tool: String,
    /// Run id.
    pub run: String,
    /// Seed.
    pub seed: u64,
    /// Plan.
    pub plan: String,
    /// Systems.
    pub systems: Vec<SystemInfo>,
    /// Claims.
    pub claims: Vec<ClaimReport>,
}

impl Report {
    /// All variants, in order, with their claim.
    pub fn variants(&self) -> impl Iterator<Item = (&ClaimReport, &VariantReport)> {
        self.claims
            .iter()
            .flat_map(|claim| claim.variants.iter().map(move |v| (claim, v)))
    }
}

/// A claim with its variants.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ClaimReport {
    /// Claim id.
    pub id: String,
    /// The sentence people say.
    pub sentence: String,
    /// Variants.
    pub variants: Vec<VariantReport>,
}

/// A cell of the matrix.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct VariantReport {
    /// Variant id.
    pub id: String,
    /// The guarantee that the sentence claims.
    pub asserted: Guarantee,
    /// What the catalogue predicts.
    pub expected: Guarantee,
    /// What it predicts of single sinks, where that differs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub expected_at: BTreeMap<String, Guarantee>,
    /// What is asserted of single sinks, where that differs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub asserted_at: BTreeMap<String, Guarantee>,
    /// Codes that are put up with, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed: Vec<Allowed>,
    /// Whether every sink measured what the catalogue predicts.
    pub matches: bool,
    /// Verdict on the asserted sentence.
    pub verdict: Verdict,
    /// Why it is inconclusive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Inconclusive>,
    /// The verdict as a sentence, with its boundary and bounds.
    pub bounds: String,
    /// What was seen or is missing, in words and without the bounds; empty where
    /// it is upheld.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// Sinks.
    pub sinks: Vec<SinkResult>,
    /// Coverage.
    pub points: PointsReport,
    /// Trials judged, and how many of them showed a forbidden code.
    pub trials: (u64, u64),
    /// Anomalies over all trials.
    pub anomalies: Vec<AnomalyReport>,
    /// Codes that could not be decided.
    pub undecidable: Vec<Undecidable>,
    /// One per forbidden code: the first, with the fewest faults.
    pub counterexamples: Vec<Counterexample>,
    /// What the harness did to shorten waits.
    pub assists: Vec<String>,
    /// Remarks, those that cap the verdict first.
    pub notes: Vec<String>,
}

/// Coverage of a cell.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct PointsReport {
    /// Classes with at least one fired fault.
    pub classes_fired: u32,
    /// Classes found.
    pub classes: u32,
    /// Points with at least one fired fault.
    pub fired: u32,
    /// Points found.
    pub found: u32,
    /// Faults planned, and how many of them fired.
    pub faults: (u32, u32),
    /// Witnesses declared, and how many of them fired.
    pub witnesses: (u32, u32),
    /// Faults that did not fire, in words.
    pub missed: Vec<String>,
    /// What does not apply, in words.
    pub not_applicable: Vec<String>,
    /// Points that come and go.
    pub unstable: Vec<String>,
    /// Most point-making exchanges in flight at once.
    pub max_in_flight: u32,
    /// Cuts that exist, and cuts tested.
    pub cuts: (u64, u64),
    /// Pairs of faults that exist over class representatives, and pairs of which
    /// both fired.
    #[serde(default)]
    pub pairs: (u64, u64),
    /// The same per class, in the order of the classes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by_class: Vec<ClassReport>,
}

/// Coverage of one class, over the trials that are evidence.
///
/// A trial with several faults counts at each class that it struck: which of
/// its faults broke something, one trial alone cannot say. So does a fault at a
/// point that stands at several places, because its record does not say at
/// which of them it struck.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ClassReport {
    /// The class.
    pub class: PointClass,
    /// Points of it that were found.
    pub found: u32,
    /// Points of it with at least one fired fault.
    pub fired: u32,
    /// Fired faults, by kind; a kind that never fired there is absent. More may
    /// have fired than there are points, at points that calibration did not
    /// show too.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub kinds: BTreeMap<FaultKind, u64>,
    /// Trials with a fired fault there.
    pub trials: u64,
    /// Those of them that showed a forbidden code.
    pub violated: u64,
    /// The forbidden codes that they showed, each once, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<Code>,
    /// Why no fault need strike there: its points come and go, it is a timer's,
    /// or nothing applies to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exempt: Option<String>,
}

impl ClassReport {
    /// Fired faults of every kind.
    pub fn faults(&self) -> u64 {
        self.kinds.values().sum()
    }
}

/// An anomaly over all trials of a cell.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AnomalyReport {
    /// Code.
    pub code: Code,
    /// Sink.
    pub sink: String,
    /// Ids (or effects) affected, over all trials.
    pub count: u64,
    /// Trials that showed it.
    pub trials: u64,
    /// Whether the cell's sentence forbids it.
    pub forbidden: bool,
    /// The first twenty ids, as `trial-sequence`.
    pub ids: Vec<String>,
}

/// How a violation came about.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Counterexample {
    /// Id of the finding ([`crate::finding_id`]): the same in every run.
    pub id: String,
    /// Trial whose evidence is shown.
    #[serde(default)]
    pub trial: u32,
    /// The forbidden code it shows.
    pub code: Code,
    /// Its schedule.
    pub schedule: Schedule,
    /// Messages fed.
    pub messages: u32,
    /// What happened, one step a line.
    pub evidence: Vec<Step>,
    /// What was found, in words.
    pub finding: String,
    /// How often it came back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reproduced: Option<Reproduced>,
}

/// How often a finding came back when its schedule was run again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Reproduced {
    /// Runs that showed it.
    pub k: u32,
    /// Runs.
    pub n: u32,
}

impl Reproduced {
    /// Nine times of ten at least: whoever runs it again can count on it.
    pub fn is_reliable(self) -> bool {
        self.n > 0 && u64::from(self.k) * 10 >= u64::from(self.n) * 9
    }
}

/// A step of a counterexample.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Step {
    /// Milliseconds since the trial's first step, times 1000.
    pub at_us: u64,
    /// Incarnation (0 for the harness).
    pub incarnation: u32,
    /// What happened.
    pub what: String,
    /// Whether the fault struck here.
    pub fault: bool,
}
