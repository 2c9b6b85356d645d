//! Coverage per class: what struck each of them, and what that showed.

use super::verdict::check;
use crate::support::*;
use exactly_model::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

const COMMIT: &str = "pg COMMIT";
const ACK: &str = "k OffsetCommit topic.orders";

/// The entry of the class that is called `label`.
fn class<'a>(variant: &'a VariantReport, label: &str) -> &'a ClassReport {
    let mut all = variant.points.by_class.iter();
    let found = all.find(|entry| entry.class.to_string() == label);
    found.unwrap_or_else(|| panic!("no class {label}"))
}

/// Trials there, and those of them that violated.
fn trials(variant: &VariantReport, label: &str) -> (u64, u64) {
    let entry = class(variant, label);
    (entry.trials, entry.violated)
}

/// A trial of its own that kills once at each of `points`.
fn struck(number: u32, points: &[Point]) -> TrialHistory {
    let kill = |point| Fault::new(FaultKind::Kill, Phase::After, Selector::from(point));
    let mut trial = clean(number, 6, 2);
    trial.schedule.faults = points.iter().map(kill).collect();
    let points = points.iter().cloned();
    trial.faults = (0..).zip(points).map(|(n, at)| fired(n, at)).collect();
    trial
}

#[test]
fn each_class_has_its_entry() {
    let variant = check(|_| {});
    assert_eq!(variant.points.by_class.len(), 2);
    for label in [COMMIT, ACK] {
        let entry = class(&variant, label);
        assert_eq!((entry.found, entry.fired), (6, 1), "{label}");
        assert_eq!(entry.kinds, BTreeMap::from([(FaultKind::Kill, 1)]));
        assert_eq!((entry.faults(), entry.trials, entry.violated), (1, 1, 0));
        assert_eq!((entry.codes.len(), &entry.exempt), (0, &None));
    }
}

#[test]
fn a_class_that_no_fault_struck_is_listed_too() {
    type Bend = (fn(&mut Script), Option<&'static str>);
    let bends: [Bend; 4] = [
        (|_| {}, None),
        (
            |s| {
                s.plan.as_mut().unwrap().not_applicable =
                    vec!["k OffsetCommit topic.orders: never alone".into()];
            },
            Some("never alone"),
        ),
        (
            |s| s.plan.as_mut().unwrap().unstable = vec![ACK.into()],
            Some("its points come and go"),
        ),
        (
            |s| s.cell.pipeline.timers = vec!["k OffsetCommit".into()],
            Some("a timer's, which strikes when it wants"),
        ),
    ];
    for (bend, exempt) in bends {
        let variant = check(|s| {
            s.trials.pop();
            bend(s);
        });
        let entry = class(&variant, ACK);
        assert_eq!((entry.found, entry.fired, entry.faults()), (6, 0, 0));
        assert_eq!((entry.trials, entry.violated), (0, 0));
        assert_eq!(entry.exempt.as_deref(), exempt);
        assert_eq!(class(&variant, COMMIT).faults(), 1);
    }
    // A fault that is missed has struck nothing.
    let variant = check(|s| s.trial(5).faults[0].state = FaultState::Missed);
    assert_eq!(class(&variant, ACK).faults(), 0);
    assert_eq!(trials(&variant, ACK), (0, 0));
}

#[test]
fn a_violation_is_charged_to_the_class_that_was_struck() {
    let variant = check(|s| double(s.trial(4), 2));
    assert_eq!(variant.verdict, Verdict::Refuted);
    assert_eq!(trials(&variant, COMMIT), (1, 1));
    assert_eq!(class(&variant, COMMIT).codes, [Code::D3]);
    assert_eq!(trials(&variant, ACK), (1, 0));
    assert!(class(&variant, ACK).codes.is_empty());
    // Without a fault there is no class to charge.
    let variant = check(|s| lose(s.trial(2), 3));
    assert_eq!(variant.trials, (5, 1));
    assert_eq!(
        (trials(&variant, COMMIT), trials(&variant, ACK)),
        ((1, 0), (1, 0))
    );
}

#[test]
fn what_is_not_forbidden_is_no_violation() {
    let mut script = Script::upheld(Guarantee::AtLeastOnce);
    double(script.trial(4), 2);
    let variant = script.variant();
    assert_eq!(variant.anomalies[0].code, Code::D3);
    assert_eq!(trials(&variant, COMMIT), (1, 0));
    assert!(class(&variant, COMMIT).codes.is_empty());
}

#[test]
fn a_trial_with_several_faults_counts_at_each_class_once() {
    let points = [
        point("COMMIT", &[1]),
        point("COMMIT", &[3]),
        point("OffsetCommit", &[3]),
    ];
    for kind in [TrialKind::Pair, TrialKind::Random, TrialKind::Known] {
        let variant = check(|s| {
            let mut several = struck(6, &points);
            several.kind = kind;
            double(&mut several, 1);
            s.trials.push(several);
        });
        let (commit, ack) = (class(&variant, COMMIT), class(&variant, ACK));
        assert_eq!((commit.faults(), commit.fired), (3, 3), "{kind:?}");
        assert_eq!((ack.faults(), ack.fired), (2, 2));
        assert_eq!((commit.trials, commit.violated), (2, 1));
        assert_eq!((ack.trials, ack.violated), (2, 1));
        assert_eq!(
            (&commit.codes, &ack.codes),
            (&vec![Code::D3], &vec![Code::D3])
        );
    }
}

#[test]
fn a_witness_counts_with_each_of_its_kinds() {
    let variant = check(|s| {
        let hold = Fault::hold(
            Selector::new("pg", "COMMIT").covering(2),
            Selector::new("k", "OffsetCommit").covering(2),
        );
        let mut witness = struck(6, &[point("COMMIT", &[2]), point("OffsetCommit", &[2])]);
        witness.kind = TrialKind::Witness;
        witness.schedule.faults[0] = hold;
        witness.faults[0].kind = FaultKind::Hold;
        s.cell.info.witnesses = vec![witness.schedule.clone()];
        lose(&mut witness, 2);
        s.trials.push(witness);
    });
    assert_eq!(variant.points.witnesses, (1, 1));
    let kinds = [(FaultKind::Kill, 1), (FaultKind::Hold, 1)];
    assert_eq!(class(&variant, COMMIT).kinds, BTreeMap::from(kinds));
    assert_eq!(class(&variant, COMMIT).fired, 1);
    assert_eq!(
        class(&variant, ACK).kinds,
        BTreeMap::from([(FaultKind::Kill, 2)])
    );
    for label in [COMMIT, ACK] {
        assert_eq!(trials(&variant, label), (2, 1));
        assert!(class(&variant, label).codes.contains(&Code::L1));
    }
}

#[test]
fn trials_that_are_no_evidence_do_not_count() {
    // It would show something, but something is wrong with the trial.
    let variant = check(|s| {
        double(s.trial(4), 2);
        s.trial(4).error = Some("postgres went away".into());
    });
    assert_eq!(
        (class(&variant, COMMIT).faults(), trials(&variant, COMMIT)),
        (0, (0, 0))
    );
    // It only looks closer at what another one showed.
    for kind in [TrialKind::Shrink, TrialKind::Replay] {
        let variant = check(|s| {
            double(s.trial(4), 2);
            let mut closer = struck(6, &[point("COMMIT", &[2])]);
            closer.kind = kind;
            double(&mut closer, 2);
            s.trials.push(closer);
            s.of.insert(6, 4);
        });
        assert_eq!(class(&variant, COMMIT).faults(), 1, "{kind:?}");
        assert_eq!(trials(&variant, COMMIT), (1, 1));
    }
}

#[test]
fn a_point_that_was_not_planned_counts_at_its_class() {
    let variant = check(|s| s.trial(5).faults = vec![fired(0, point("OffsetCommit", &[1, 2]))]);
    let entry = class(&variant, ACK);
    assert_eq!((entry.found, entry.fired, entry.faults()), (6, 0, 1));
    assert_eq!(trials(&variant, ACK), (1, 0));
}

#[test]
fn a_point_at_two_places_counts_at_both() {
    let variant = check(|s| {
        double(s.trial(4), 2);
        s.plan.as_mut().unwrap().points.push(PlannedPoint {
            point: point("COMMIT", &[2]),
            place: Place::Startup,
            representative: true,
        });
    });
    let startup = class(&variant, "pg COMMIT (startup)");
    assert_eq!((startup.found, startup.fired, startup.faults()), (1, 1, 1));
    assert_eq!((startup.trials, startup.violated), (1, 1));
    assert_eq!(trials(&variant, COMMIT), (1, 1));
    assert_eq!(variant.points.classes_fired, 3);
}

proptest! {
    /// Faults and violations at random: each class has what was put there.
    #[test]
    fn what_was_planted_at_a_class_is_counted_there(
        planted in proptest::collection::vec(
            (proptest::collection::vec((any::<bool>(), 0_u32..8), 0..4), any::<bool>()),
            1..12,
        )
    ) {
        let operation = |commit: bool| if commit { "COMMIT" } else { "OffsetCommit" };
        let mut script = Script::upheld(Guarantee::ExactlyOnce);
        script.trials.truncate(3);
        for (number, (faults, violates)) in (4..).zip(&planted) {
            let points: Vec<Point> =
                faults.iter().map(|(commit, id)| point(operation(*commit), &[*id])).collect();
            let mut trial = struck(number, &points);
            if *violates {
                double(&mut trial, 2);
            }
            script.trials.push(trial);
        }
        let variant = script.variant();
        for (label, commit) in [(COMMIT, true), (ACK, false)] {
            let entry = class(&variant, label);
            let there = |faults: &[(bool, u32)]| faults.iter().any(|(c, _)| *c == commit);
            let ids = planted.iter().flat_map(|(faults, _)| faults);
            let mut ids: Vec<u32> =
                ids.filter(|(c, _)| *c == commit).map(|(_, id)| *id).collect();
            prop_assert_eq!(entry.faults(), ids.len() as u64);
            // Six messages are planned; what is beyond them is no point.
            ids.retain(|id| *id < 6);
            ids.sort_unstable();
            ids.dedup();
            prop_assert_eq!(entry.fired as usize, ids.len());
            let at = planted.iter().filter(|(faults, _)| there(faults));
            prop_assert_eq!(entry.trials, at.clone().count() as u64);
            let violated = at.filter(|(_, violates)| *violates).count() as u64;
            prop_assert_eq!(entry.violated, violated);
            prop_assert_eq!(entry.codes.is_empty(), violated == 0);
        }
        let struck = variant.points.by_class.iter().filter(|entry| entry.faults() > 0);
        prop_assert_eq!(variant.points.classes_fired as usize, struck.count());
    }
}
