//! Which counterexample stands for a code, and how often it came back.

use crate::fold::Trial;
use exactly_model::{Code, Counterexample, FaultKind, Reproduced, TrialKind};
use std::collections::BTreeMap;

/// For each forbidden code one counterexample: of a trial whose finding came
/// back when it was run again, if there is one; else of one that was not run
/// again; one that did not come back is the last choice. Among equals the one with
/// the fewest faults, then the fewest messages, then the plainest kinds of fault
/// (everyone knows what a kill is), then the first.
///
/// `closer` are the valid trials that look closer at one of `valid`.
pub(crate) fn counterexamples(
    valid: &[(u32, &Trial)],
    closer: &[(u32, &Trial)],
) -> Vec<Counterexample> {
    type Rank = (Return, usize, u32, Vec<FaultKind>, u32);
    let mut best: BTreeMap<Code, (Rank, Counterexample)> = BTreeMap::new();
    for (number, trial) in valid {
        let looks: Vec<(u32, &Trial)> = closer
            .iter()
            .copied()
            .filter(|(_, closer)| closer.start.of == Some(*number))
            .collect();
        for found in of_trial(trial) {
            let shown = smallest(found, &looks);
            let reproduced = reproduced(shown, &looks);
            let rank = (
                Return::of(reproduced),
                shown.schedule.faults.len(),
                shown.messages,
                kinds(shown),
                *number,
            );
            if best.get(&found.code).is_none_or(|(known, _)| rank < *known) {
                let shown = Counterexample {
                    reproduced,
                    ..shown.clone()
                };
                best.insert(found.code, (rank, shown));
            }
        }
    }
    best.into_values().map(|(_, shown)| shown).collect()
}

/// The kinds of its faults, in the order of the documentation: the plainest first.
fn kinds(shown: &Counterexample) -> Vec<FaultKind> {
    let faults = shown.schedule.faults.iter();
    faults.map(|fault| fault.kind).collect()
}

/// Whether a finding came back, the best first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Return {
    Seen,
    NotTried,
    Never,
}

impl Return {
    fn of(reproduced: Option<Reproduced>) -> Self {
        match reproduced {
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

/// The shortest way to what `found` shows: the fewest faults, then the fewest
/// messages, then the first trial; itself where none is shorter.
fn smallest<'a>(found: &'a Counterexample, looks: &[(u32, &'a Trial)]) -> &'a Counterexample {
    looks
        .iter()
        .filter(|(_, trial)| trial.start.kind == TrialKind::Shrink)
        .flat_map(|(_, trial)| of_trial(trial))
        .filter(|shrunk| shrunk.code == found.code)
        .min_by_key(|shrunk| (shrunk.schedule.faults.len(), shrunk.messages, shrunk.trial))
        .unwrap_or(found)
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
