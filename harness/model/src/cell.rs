//! What is claimed of a pipeline: the cell of the claims matrix.

use crate::{Code, Observer, Schedule};
use serde::{Deserialize, Serialize};

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
        use Code::{D3, G1, I2, L1, T3, V1, X1};
        match self {
            Self::ExactlyOnce => vec![L1, D3, G1, T3, I2, V1, X1],
            Self::AtLeastOnce => vec![L1, G1, I2, V1, X1],
            Self::AtMostOnce => vec![D3, G1, I2, V1, X1],
            Self::None => vec![G1, I2, V1],
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
    /// Schedules that must fire for a verdict to mean anything.
    pub witnesses: Vec<Schedule>,
}

impl Cell {
    /// `claim/variant`.
    pub fn id(&self) -> String {
        format!("{}/{}", self.claim, self.variant)
    }
}
