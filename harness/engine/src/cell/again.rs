//! Another trial for what was planned and struck nothing: a point that every
//! fault-free run showed may still stay away once, and a kind of fault that never
//! fired at an operation leaves its cell undecided.

use super::rounds::Rounds;
use crate::EngineError;
use crate::trial::{Finished, Ordered};
use exactly_model::{Fault, FaultKind, Phase, TrialKind};
use std::collections::BTreeMap;

/// Rounds of other trials at most: what stays away in all of them is not there.
const ROUNDS_MAX: usize = 2;

/// Faults that stand for each other: of one kind, at one operation.
type Alike<'a> = (FaultKind, Phase, &'a str, &'a str, Option<&'a str>);

impl Rounds<'_> {
    /// Runs what is [`unstruck`] in the trials from `first` on once more. Answers
    /// how many trials there was no time for.
    pub async fn strike_again(&mut self, first: usize) -> Result<usize, EngineError> {
        let mut left = 0;
        for _ in 0..ROUNDS_MAX {
            let queue = unstruck(&self.all[first..]);
            if queue.is_empty() {
                break;
            }
            let ran = self.run_in_time(queue).await?;
            left += ran.iter().filter(|trial| trial.is_none()).count();
        }
        Ok(left)
    }
}

/// One planned trial of each kind of fault and operation of which no fault fired. A
/// client that does not ask again in one trial does not in another: nothing is ever
/// overtaken there.
fn unstruck(trials: &[Finished]) -> Vec<Ordered> {
    let overtakes = |trial: &Finished| {
        let mut faults = trial.schedule.faults.iter();
        faults.any(|fault| fault.kind == FaultKind::HoldAndOvertake)
    };
    let is_planned = |t: &&Finished| t.kind == TrialKind::Planned && !overtakes(t);
    let planned = || trials.iter().filter(is_planned);
    let mut by_kind: BTreeMap<Alike<'_>, Option<&Finished>> = BTreeMap::new();
    for trial in planned().filter(|trial| !trial.all_fired) {
        for fault in &trial.schedule.faults {
            by_kind.entry(alike(fault)).or_insert(Some(trial));
        }
    }
    for trial in planned().filter(|trial| trial.all_fired) {
        for fault in &trial.schedule.faults {
            by_kind.insert(alike(fault), None);
        }
    }
    let mut chosen: Vec<&Finished> = by_kind.into_values().flatten().collect();
    chosen.sort_by_key(|trial| trial.number);
    chosen.dedup_by_key(|trial| trial.number);
    let again = |trial: &Finished| Ordered {
        messages: Some(trial.messages),
        ..Ordered::new(TrialKind::Planned, trial.schedule.clone())
    };
    chosen.into_iter().map(again).collect()
}

fn alike(fault: &Fault) -> Alike<'_> {
    let point = &fault.point;
    (
        fault.kind,
        fault.phase,
        &point.system,
        &point.operation,
        point.target.as_deref(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use exactly_model::{Schedule, Selector, SettleHow};

    /// Of one fault at message `id`.
    fn trial(
        number: u32,
        kind: TrialKind,
        (fault, phase, operation, id): (FaultKind, Phase, &str, u32),
        all_fired: bool,
    ) -> Finished {
        let point = Selector {
            ids: Some(vec![id]),
            ..Selector::new("s", operation)
        };
        Finished {
            number,
            kind,
            schedule: Schedule {
                faults: vec![Fault::new(fault, phase, point)],
            },
            messages: 6,
            observed: Vec::new(),
            all_fired,
            how: SettleHow::Quiescent,
            scopes: BTreeMap::new(),
            snapshots: BTreeMap::new(),
        }
    }

    fn again(trials: &[Finished]) -> Vec<String> {
        let queue = unstruck(trials);
        queue.iter().map(|o| o.schedule.to_string()).collect()
    }

    #[test]
    fn what_never_struck_gets_another_trial_and_its_like_do_not() {
        use FaultKind::{DropReply, Kill, Terminate};
        use Phase::{After, Before};
        use TrialKind::{Planned, Recovery};
        let trials = [
            trial(1, Planned, (Kill, Before, "A", 0), true),
            // Its like struck.
            trial(2, Planned, (Kill, Before, "A", 1), false),
            trial(3, Planned, (Kill, After, "A", 1), false),
            // One stands for both.
            trial(4, Planned, (Kill, After, "A", 2), false),
            trial(5, Planned, (Kill, After, "B", 1), false),
            trial(6, Planned, (DropReply, After, "A", 1), false),
            // No point of the plan that calibration made.
            trial(7, Recovery, (Terminate, Before, "C", 0), false),
        ];
        let wanted = [
            "kill after s A {1}",
            "kill after s B {1}",
            "drop-reply after s A {1}",
        ];
        assert_eq!(again(&trials), wanted);
        let mut trials = Vec::from(trials);
        trials.push(trial(8, Planned, (Kill, After, "A", 1), true));
        assert_eq!(again(&trials), wanted[1..]);
        assert!(again(&trials[..1]).is_empty());
    }
}
