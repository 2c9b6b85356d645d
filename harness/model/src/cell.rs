//! What is claimed of a pipeline: the cell of the claims matrix.

use crate::{Code, Observer, Schedule};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The class of delivery measured at a sink, or asserted of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Guarantee {
    /// No loss, no duplicate effect.
    ExactlyOnce,
    /// No loss; duplicates seen.
    AtLeastOnce,
    /// No duplicate effect; losses seen.
    AtMostOnce,
    /// Both losses and duplicates seen.
    None,
}

impl Guarantee {
    /// The guarantee that goes with what was seen.
    pub const fn measured(lost: bool, duplicated: bool) -> Self {
        match (lost, duplicated) {
            (false, false) => Self::ExactlyOnce,
            (false, true) => Self::AtLeastOnce,
            (true, false) => Self::AtMostOnce,
            (true, true) => Self::None,
        }
    }

    /// The name used in files and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ExactlyOnce => "exactly-once",
            Self::AtLeastOnce => "at-least-once",
            Self::AtMostOnce => "at-most-once",
            Self::None => "none",
        }
    }

    /// The codes that contradict the guarantee when it is asserted of effects.
    pub fn forbids(self) -> Vec<Code> {
        use Code::{D3, D4, D6, G1, G2, I1, I2, L1, L7, T1, T2, T3, V1, X1};
        match self {
            Self::ExactlyOnce => vec![L1, L7, D3, D4, D6, G1, G2, T1, T2, T3, I1, I2, V1, X1],
            Self::AtLeastOnce => vec![L1, L7, D6, G1, G2, I1, I2, V1, X1],
            Self::AtMostOnce => vec![D3, D4, G1, G2, I1, I2, V1, X1],
            Self::None => vec![G1, G2, I1, I2, V1],
        }
    }
}

impl std::fmt::Display for Guarantee {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// One cell: a pipeline, what is asserted of it, what the catalogue expects.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Cell {
    /// Claim id (`ack-after-process`).
    pub claim: String,
    /// Variant id.
    pub variant: String,
    /// The sentence people say.
    pub sentence: String,
    /// The guarantee that the sentence claims.
    pub asserted: Guarantee,
    /// The codes that refute it.
    pub forbidden: Vec<Code>,
    /// What the catalogue predicts will be measured.
    pub expected: Guarantee,
    /// Sinks and their cardinalities.
    pub observers: Vec<Observer>,
    /// What it predicts of single sinks, where that differs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub expected_at: BTreeMap<String, Guarantee>,
    /// Schedules that must fire for a verdict to mean anything.
    pub witnesses: Vec<Schedule>,
    /// What a place must have for the cell to be decided on it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<Need>,
    /// Sinks that get a message in one step: all of a group have it, or none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub units: Vec<Vec<String>>,
    /// What is asserted of single sinks, where that differs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub asserted_at: BTreeMap<String, Guarantee>,
    /// The codes that refute it at single sinks, where they differ.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub forbidden_at: BTreeMap<String, Vec<Code>>,
    /// Codes that would refute it and that whoever asserts it puts up with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed: Vec<Allowed>,
}

/// A code that is put up with, and why.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Allowed {
    /// The code.
    pub code: Code,
    /// Why it is no harm here, in the words of whoever allows it.
    pub reason: String,
}

/// What a cell needs of a place.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Need {
    /// Session and transaction timeouts: somebody takes what a silent client
    /// holds.
    Leases,
    /// Several members in one consumer group.
    Members,
    /// Transactions, in versions that the pipelines' client speaks.
    Transactions,
    /// A clock that can be moved past a dedup window.
    Horizon,
    /// A server that can be killed, and started again.
    Outages,
}

impl std::fmt::Display for Need {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Leases => "session and transaction timeouts",
            Self::Members => "several members in one group",
            Self::Transactions => "transactions",
            Self::Horizon => "a clock that can be moved past a dedup window",
            Self::Outages => "a server that can be killed and started again",
        })
    }
}

impl Cell {
    /// Whether `code` at `sink` refutes what is asserted. What belongs to no sink
    /// (an empty name) is a matter of the whole cell.
    pub fn forbids(&self, code: Code, sink: &str) -> bool {
        self.forbidden_at
            .get(sink)
            .unwrap_or(&self.forbidden)
            .contains(&code)
    }

    /// Whether `code` refutes it anywhere.
    pub fn forbids_anywhere(&self, code: Code) -> bool {
        let mut all = self.forbidden_at.values().chain([&self.forbidden]);
        all.any(|codes| codes.contains(&code))
    }

    /// What the catalogue predicts at `sink`.
    pub fn expected_at(&self, sink: &str) -> Guarantee {
        self.expected_at.get(sink).copied().unwrap_or(self.expected)
    }

    /// `claim/variant`.
    pub fn id(&self) -> String {
        format!("{}/{}", self.claim, self.variant)
    }
}
