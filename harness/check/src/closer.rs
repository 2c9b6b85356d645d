//! Which counterexample stands for a code, and how often it came back.

use crate::fold::Trial;
use exactly_model::{Code, Counterexample, FaultKind, Reproduced, TrialKind};
use std::collections::BTreeMap;

/// For each forbidden code one counterexample: one that came back whenever it was
/// run again, or nearly so, if there is one; else one that came back at all; else
/// one that was not run again; one that did not come back is the last choice.
/// Among equals the one with the fewest faults, then the fewest messages, then the
/// plainest kinds of fault (everyone knows what a kill is), then the first.
///
/// `closer` are the valid trials that look closer at one of `valid`.
pub(crate) fn counterexamples(
    valid: &[(u32, &Trial)],
    closer: &[(u32, &Trial)],
) -> Vec<Counterexample> {
    let mut best: BTreeMap<Code, (Rank, Counterexample)> = BTreeMap::new();
    for (number, trial) in valid {
        let looks: Vec<(u32, &Trial)> = closer
            .iter()
            .copied()
            .filter(|(_, closer)| closer.start.of == Some(*number))
            .collect();
        for found in of_trial(trial) {
            let (rank, shown) = best_way(found, &looks);
            // Looks have numbers of their own, which say nothing here.
            let rank = Rank {
                trial: *number,
                ..rank
            };
            if best.get(&found.code).is_none_or(|(known, _)| rank < *known) {
                best.insert(found.code, (rank, shown));
            }
        }
    }
    best.into_values().map(|(_, shown)| shown).collect()
}

/// How good a counterexample is; the least is the best.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    returns: Return,
    faults: usize,
    messages: u32,
    /// In the order of the documentation, in which the plainest come first.
    kinds: Vec<FaultKind>,
    trial: u32,
}

/// Whether a finding came back, the best first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Return {
    Reliable,
    Seen,
    NotTried,
    Never,
}

impl Return {
    fn of(reproduced: Option<Reproduced>) -> Self {
        match reproduced {
            Some(reproduced) if reproduced.is_reliable() => Self::Reliable,
            Some(reproduced) if reproduced.k > 0 => Self::Seen,
            None => Self::NotTried,
            Some(_) => Self::Never,
        }
    }
}

fn of_trial<'a>(trial: &'a Trial) -> impl Iterator<Item = &'a Counterexample> + use<'a> {
    trial.judged.iter().flat_map(|j| &j.counterexamples)
}

fn shown_by(trial: &Trial, code: Code) -> bool {
    of_trial(trial).any(|shown| shown.code == code)
}

/// The best way to what `found` shows: itself, or what a look at it was shortened
/// to. The shortest one is tried first, so the others were not run again unless
/// that one left something to chance.
fn best_way(found: &Counterexample, looks: &[(u32, &Trial)]) -> (Rank, Counterexample) {
    let shorter = looks
        .iter()
        .filter(|(_, trial)| trial.start.kind == TrialKind::Shrink)
        .flat_map(|(_, trial)| of_trial(trial))
        .filter(|shrunk| shrunk.code == found.code);
    let ways = std::iter::once(found).chain(shorter).map(|shown| {
        let reproduced = reproduced(shown, looks);
        let rank = Rank {
            returns: Return::of(reproduced),
            faults: shown.schedule.faults.len(),
            messages: shown.messages,
            kinds: shown.schedule.faults.iter().map(|f| f.kind).collect(),
            trial: shown.trial,
        };
        (rank, shown, reproduced)
    });
    let best = ways.min_by(|(one, ..), (other, ..)| one.cmp(other));
    let (rank, shown, reproduced) = best.expect("there is the one that was found");
    let shown = Counterexample {
        reproduced,
        ..shown.clone()
    };
    (rank, shown)
}

/// How often the schedule that is shown came back when it was run again.
fn reproduced(shown: &Counterexample, looks: &[(u32, &Trial)]) -> Option<Reproduced> {
    let mut reproduced = Reproduced { k: 0, n: 0 };
    for (_, trial) in looks {
        let again = trial.start.kind == TrialKind::Replay
            && trial.start.schedule == shown.schedule
            && trial.start.messages == shown.messages;
        if again {
            reproduced.n += 1;
            reproduced.k += u32::from(shown_by(trial, shown.code));
        }
    }
    (reproduced.n > 0).then_some(reproduced)
}
