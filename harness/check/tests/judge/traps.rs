//! One test for each trap that a published checker fell into (the list at the
//! end of ANOMALIES).

use crate::support::*;
use exactly_check::{Fold, exit_code};
use exactly_model::*;

/// A duplicate test written `count < 1` is never true.
#[test]
fn trap_duplicate_test_that_is_never_true() {
    for beyond in 1..4 {
        let mut history = clean(1, 6, 2);
        (0..beyond).for_each(|_| double(&mut history, 2));
        let judgement = judge(&history);
        assert_eq!(found(&judgement, Code::D3), 1);
        assert_eq!(judgement.tallies[0].1.duplicated, beyond);
        assert_eq!(judgement.tallies[0].1.lost, 0);
    }
}

/// A result keyed by one type and looked up by another: the loop body never
/// runs, and nothing is wrong with nothing.
#[test]
fn trap_result_keyed_by_one_type_and_looked_up_by_another() {
    // The observer that the effects name is not the one that is declared.
    for name in ["Orders", "orders ", "0", ""] {
        let mut script = Script::upheld(Guarantee::None);
        for trial in &mut script.trials {
            trial.sinks[0].observer = name.into();
        }
        let variant = script.variant();
        assert_eq!(variant.reason, Some(Inconclusive::HarnessError), "{name:?}");
        assert!(!variant.matches);
    }
    // Ids that look alike: the same sequence in another run or trial is not
    // the message.
    for (run, trial) in [(RUN + 1, 1), (RUN, 99)] {
        let mut history = clean(1, 6, 2);
        effects(&mut history)[2] = bare_effect(run, trial, 2, 2);
        assert_eq!(found(&judge(&history), Code::L1), 1);
    }
}

/// An accumulator built and dropped: what each trial found must arrive.
#[test]
fn trap_accumulator_built_and_dropped() {
    let mut script = Script::upheld(Guarantee::ExactlyOnce);
    for (trial, seq) in [(1, 0), (2, 1), (4, 2), (5, 3)] {
        double(script.trial(trial), seq);
        lose(script.trial(trial), 5);
        script.trial(trial).attempts[4].outcome = Outcome::Unknown;
        let stranger = bare_effect(RUN + 1, trial, 0, 90);
        effects(script.trial(trial)).push(stranger);
        effects(script.trial(trial))[4].checksum = Some(1);
    }
    let variant = script.variant();
    let tally = variant.sinks[0].tally;
    assert_eq!(
        (tally.attempted, tally.ok, tally.unknown, tally.lost),
        (30, 26, 4, 4)
    );
    assert_eq!(
        (
            tally.duplicated,
            tally.phantom,
            tally.corrupted,
            tally.recovered
        ),
        (4, 4, 4, 4)
    );
    let count = |code| {
        let anomaly = variant.anomalies.iter().find(|a| a.code == code).unwrap();
        (anomaly.count, anomaly.trials)
    };
    for code in [Code::L1, Code::D3, Code::G1, Code::I2, Code::G4] {
        assert_eq!(count(code), (4, 4), "{code}");
    }
    assert_eq!(variant.anomalies[0].ids, ["1-5", "2-5", "4-5", "5-5"]);
    assert_eq!(variant.trials, (5, 4));
}

/// A vacuity guard that compares a thing with itself is always content: ours
/// looks at what was sent and seen, not at what was planned.
#[test]
fn trap_vacuity_guard_that_compares_a_thing_with_itself() {
    // Nothing sent, nothing seen, nothing lost, nothing double.
    let mut script = Script::upheld(Guarantee::ExactlyOnce);
    for number in 1..=5 {
        let old = script.trial(number).clone();
        *script.trial(number) = TrialHistory {
            kind: old.kind,
            schedule: old.schedule,
            faults: old.faults,
            ..clean(number, 0, 2)
        };
    }
    let variant = script.variant();
    assert_eq!(variant.reason, Some(Inconclusive::NotExercised));
    assert!(!variant.matches);

    // All sent, nothing acknowledged, nothing seen: as many losses as effects.
    let mut script = Script::upheld(Guarantee::ExactlyOnce);
    for trial in &mut script.trials {
        for attempt in &mut trial.attempts {
            attempt.outcome = Outcome::Unknown;
        }
        effects(trial).clear();
    }
    let variant = script.variant();
    assert_eq!(variant.reason, Some(Inconclusive::NotExercised));
    assert!(!variant.matches);

    // Planned faults that all missed.
    let mut script = Script::upheld(Guarantee::ExactlyOnce);
    for trial in &mut script.trials {
        for fault in &mut trial.faults {
            fault.state = FaultState::Missed;
        }
    }
    assert_eq!(script.variant().reason, Some(Inconclusive::NotExercised));
}

/// A timeout subtracted from the expected count as if it had certainly failed
/// hides a loss behind an unknown attempt that did happen.
#[test]
fn trap_timeout_subtracted_as_if_certainly_failed() {
    let mut history = clean(1, 6, 2);
    history.attempts[1].outcome = Outcome::Unknown;
    lose(&mut history, 3);
    // Six sent, one timed out, five effects: the sum is right.
    let judgement = judge(&history);
    assert_eq!(
        primary(&judgement),
        [(Code::L1, vec![3]), (Code::G4, vec![1])]
    );
    let tally = judgement.tallies[0].1;
    assert_eq!((tally.unknown, tally.failed, tally.ok), (1, 0, 5));

    // Without its effect it is neither lost nor failed, and with two it is
    // double.
    let mut history = clean(1, 6, 2);
    history.attempts[1].outcome = Outcome::Unknown;
    let mut without = history.clone();
    lose(&mut without, 1);
    assert_eq!(judge(&without).anomalies, []);
    double(&mut history, 1);
    assert_eq!(primary(&judge(&history)), [(Code::D3, vec![1])]);
}

/// A drain that stops at N messages misses the late duplicate.
#[test]
fn trap_drain_that_stopped_at_n_and_missed_the_late_duplicate() {
    // N effects for N messages, but one is lost and one double.
    let mut history = clean(1, 6, 2);
    lose(&mut history, 3);
    double(&mut history, 2);
    assert_eq!(effects(&mut history).len(), history.attempts.len());
    let judgement = judge(&history);
    assert_eq!(
        primary(&judgement),
        [(Code::L1, vec![3]), (Code::D3, vec![2])]
    );

    // Everything arrived, but nobody waited for rest: D3 is not ruled out.
    let mut script = Script::upheld(Guarantee::ExactlyOnce);
    script.trial(4).settle = Some(settle(SettleHow::Limit, 0));
    assert_eq!(script.variant().reason, Some(Inconclusive::Undecidable));

    // It shows up after the trial, in its own sweep or in a later trial.
    let mut script = Script::upheld(Guarantee::ExactlyOnce);
    let mut seen = script.trial(4).sinks[0].effects.clone();
    seen.push(bare_effect(RUN, 4, 1, 99));
    script.sweep(4, &seen);
    assert_eq!(script.variant().verdict, Verdict::Refuted);
    let mut script = Script::upheld(Guarantee::ExactlyOnce);
    effects(script.trial(5)).push(bare_effect(RUN, 1, 1, 99));
    assert_eq!(script.variant().verdict, Verdict::Refuted);
}

/// Exit code 0 from the command that re-judges a stored run.
#[test]
fn trap_exit_code_zero_from_rejudging_a_stored_run() {
    let mut refuted = Script::upheld(Guarantee::ExactlyOnce);
    double(refuted.trial(4), 2);
    let mut cut = Script::upheld(Guarantee::ExactlyOnce);
    cut.end = None;
    let mut undecidable = Script::upheld(Guarantee::ExactlyOnce);
    undecidable.trial(4).settle = None;
    for (script, code) in [
        (Script::upheld(Guarantee::ExactlyOnce), exit::DONE),
        (refuted, exit::DONE),
        (cut, exit::INCONCLUSIVE),
        (undecidable, exit::INCONCLUSIVE),
    ] {
        let live = fold(&script.records());
        // What the store keeps, and what is read back from it.
        let stored: Vec<String> = script
            .records()
            .iter()
            .map(|record| serde_json::to_string(record).unwrap())
            .collect();
        let mut again = Fold::new();
        for line in &stored {
            again.push(&serde_json::from_str(line).unwrap());
        }
        assert_eq!(again.report(), live.report());
        assert_eq!(exit_code(&again.report()), code);
        assert_eq!(exit_code(&live.report()), code);
    }
    // An empty store proves nothing.
    assert_eq!(exit_code(&Fold::new().report()), exit::INCONCLUSIVE);
}
