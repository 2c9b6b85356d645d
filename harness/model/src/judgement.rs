//! What the judge says.

use crate::{Code, Guarantee, Schedule};
use serde::{Deserialize, Serialize};

/// Counters of one sink. Units: ids, unless said otherwise.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Tally {
    /// Messages sent.
    pub attempted: u64,
    /// Acknowledged.
    pub ok: u64,
    /// Certainly failed.
    pub failed: u64,
    /// Outcome unknown.
    pub unknown: u64,
    /// Effects seen (effects).
    pub effects: u64,
    /// Acknowledged ids without an effect, quiescence proven.
    pub lost: u64,
    /// Effects beyond the declared cardinality (effects).
    pub duplicated: u64,
    /// Ids whose first effect is out of order.
    pub reordered: u64,
    /// Effects of ids never attempted (effects).
    pub phantom: u64,
    /// Ids whose content differs from what was sent.
    pub corrupted: u64,
    /// Unknown attempts that did happen.
    pub recovered: u64,
    /// Positions delivered again.
    pub redelivered: u64,
    /// Effects of aborted transactions (effects).
    #[serde(default)]
    pub aborted_seen: u64,
    /// Ids of which a unit holds a part.
    #[serde(default)]
    pub torn: u64,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.attempted += other.attempted;
        self.ok += other.ok;
        self.failed += other.failed;
        self.unknown += other.unknown;
        self.effects += other.effects;
        self.lost += other.lost;
        self.duplicated += other.duplicated;
        self.reordered += other.reordered;
        self.phantom += other.phantom;
        self.corrupted += other.corrupted;
        self.recovered += other.recovered;
        self.redelivered += other.redelivered;
        self.aborted_seen += other.aborted_seen;
        self.torn += other.torn;
    }
}

/// An anomaly of one trial at one sink.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Anomaly {
    /// Its code.
    pub code: Code,
    /// The sink; empty for what belongs to no sink (D2, V1).
    pub sink: String,
    /// Sequences of the affected messages, ascending. Empty where no id of the
    /// trial is affected (a phantom, a stuck pipeline).
    pub ids: Vec<u32>,
    /// How often: ids, or effects where ids cannot be named.
    pub count: u64,
    /// Whether it is the primary code of its ids. Others stand beside it as
    /// evidence.
    pub primary: bool,
    /// In words, with the first id as the example.
    pub detail: String,
}

/// A code that could not be decided, and what was missing.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Undecidable {
    /// The code.
    pub code: Code,
    /// The missing evidence.
    pub missing: String,
    /// The sink it is missing at; empty where it concerns all of them.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sink: String,
}

/// What the judge says of one trial.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Judgement {
    /// Trial.
    pub trial: u32,
    /// Counters per sink, in the order of the cell's observers.
    pub tallies: Vec<(String, Tally)>,
    /// Anomalies, ordered by code, then sink.
    pub anomalies: Vec<Anomaly>,
    /// What could not be decided.
    pub undecidable: Vec<Undecidable>,
    /// Whether the trial is evidence at all (no harness error, audits complete).
    pub valid: bool,
    /// Why it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invalid_because: Option<String>,
}

impl Judgement {
    /// The codes found, each once, in order.
    pub fn codes(&self) -> Vec<Code> {
        let mut codes: Vec<Code> = self.anomalies.iter().map(|a| a.code).collect();
        codes.sort_unstable();
        codes.dedup();
        codes
    }
}

/// The verdict on the asserted sentence.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// No forbidden anomaly, within the stated bounds.
    Upheld,
    /// At least one recorded violation with complete evidence.
    Refuted,
    /// Neither; see the reason.
    Inconclusive,
    /// This place cannot hold the cell; see the reason in its bounds.
    NotHosted,
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Upheld => "upheld",
            Self::Refuted => "refuted",
            Self::Inconclusive => "inconclusive",
            Self::NotHosted => "not-hosted",
        })
    }
}

/// Why a verdict is inconclusive, in the order of precedence.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Inconclusive {
    /// The harness failed, or the run was cut short.
    HarnessError,
    /// Evidence that a forbidden code needs is not there.
    Undecidable,
    /// A witness did not fire, a class was never faulted, or the pipeline did
    /// nothing at all.
    NotExercised,
    /// Trials differ without complete evidence.
    Flaky,
    /// A part of the plan: others have run, or will run, the rest.
    Partial,
}

impl std::fmt::Display for Inconclusive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::HarnessError => "harness-error",
            Self::Undecidable => "undecidable",
            Self::NotExercised => "not-exercised",
            Self::Flaky => "flaky",
            Self::Partial => "partial",
        })
    }
}

/// What was measured at one sink over all trials of a cell.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SinkResult {
    /// Observer.
    pub id: String,
    /// Kind.
    pub kind: crate::SinkKind,
    /// Guarantee measured.
    pub guarantee: Guarantee,
    /// Counters.
    pub tally: Tally,
}

/// The engine hands each finished trial to a judge that it is given: it acts, it
/// never decides.
pub trait Judge: Send + Sync {
    /// Judges one trial.
    fn judge(&self, history: &crate::TrialHistory) -> Judgement;
    /// The next candidate on the way from `found`, which shows an anomaly, to a
    /// 1-minimal schedule with the fewest messages; `None` when there is nothing
    /// left to try. `tried` are the candidates run so far, in order, and whether
    /// each showed the anomaly.
    fn next_shrink(&self, found: &Candidate, tried: &[(Candidate, bool)]) -> Option<Candidate>;
}

/// A schedule and the size of the batch it is run with.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Candidate {
    /// Faults.
    pub schedule: Schedule,
    /// Messages fed.
    pub messages: u32,
}
