//! The counters of a sink, as columns.

use exactly_model::Tally;

/// How much of a table is kept to make it fit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fit {
    /// A column for each counter that is not zero everywhere.
    Whole,
    /// No columns for what is legal.
    WithoutLegal,
    /// No columns for what is rare either: it stands below what was measured.
    Folded,
}

/// A counter that has a column where it is not zero everywhere.
pub(crate) struct Counter {
    /// One entry a line.
    pub header: &'static [&'static str],
    /// In sentences.
    pub name: &'static str,
    /// What is counted.
    pub of: fn(&Tally) -> u64,
    /// Allowed by every guarantee: shown, never coloured.
    pub legal: bool,
    /// Has its column even where all are zero.
    pub always: bool,
}

const fn counter(
    header: &'static [&'static str],
    name: &'static str,
    of: fn(&Tally) -> u64,
) -> Counter {
    Counter {
        header,
        name,
        of,
        legal: false,
        always: false,
    }
}

/// All of them, in the order of their columns.
pub(crate) const COUNTERS: [Counter; 9] = [
    Counter {
        always: true,
        ..counter(&["lost"], "lost", |t| t.lost)
    },
    Counter {
        always: true,
        ..counter(&["doubled"], "doubled", |t| t.duplicated)
    },
    counter(&["re-", "ordered"], "reordered", |t| t.reordered),
    counter(&["phantom"], "phantom", |t| t.phantom),
    counter(&["aborted", "seen"], "aborted seen", |t| t.aborted_seen),
    counter(&["torn"], "torn", |t| t.torn),
    counter(&["corrupt"], "corrupted", |t| t.corrupted),
    Counter {
        legal: true,
        ..counter(&["re-", "delivered"], "redelivered", |t| t.redelivered)
    },
    Counter {
        legal: true,
        ..counter(&["re-", "covered"], "recovered", |t| t.recovered)
    },
];

impl Counter {
    /// Whether it has a column of its own in a table that fits so.
    pub fn has_column(&self, fit: Fit) -> bool {
        match fit {
            Fit::Whole => true,
            Fit::WithoutLegal => !self.legal,
            Fit::Folded => self.always,
        }
    }

    /// Whether it stands below what was measured instead.
    pub fn is_folded(&self, fit: Fit) -> bool {
        fit == Fit::Folded && !self.legal && !self.always
    }
}
